#include "fake_dynamo.h"

#include "squall/base/text.h"
#include "squall/wire/protocol.h"

#include <gtest/gtest.h>

namespace squall::watch {
namespace {

using aws::Item;

wire::HttpResponse answered(const json::Object& body) {
    return {200, {{"Content-Type", "application/x-amz-json-1.0"}}, json::text(body)};
}

wire::HttpResponse refused(const std::string& code, const std::string& message) {
    return wire::error_response(wire::Protocol::json_1_0, {code, message, 400}, "request-1");
}

FakeDynamo::Key key_of(const Item& item) {
    return {std::string(aws::text_at(item, "pk")), std::string(aws::text_at(item, "sk"))};
}

Item item_at(const json::Object& input, std::string_view member) {
    return aws::item_from_json(json::at(input, member)).value();
}

// An expression's parts, and the item that it is about.
struct Scope {
    const json::Object& input;
    const Item& item;

    [[nodiscard]] std::string name(std::string_view text) const {
        return std::string(
            json::string_at(json::object_at(input, "ExpressionAttributeNames"), text));
    }

    [[nodiscard]] aws::AttributeValue value(std::string_view text) const {
        return aws::AttributeValue::from_json(
                   json::at(json::object_at(input, "ExpressionAttributeValues"), text))
            .value();
    }

    [[nodiscard]] bool has(std::string_view text) const { return item.count(name(text)) != 0; }

    [[nodiscard]] bool is_true(std::string_view text) const;
};

// At ` AND ` or ` OR ` outside of parentheses.
std::vector<std::string_view> parts(std::string_view text, std::string_view separator) {
    std::vector<std::string_view> found;
    int depth = 0;
    std::size_t from = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        depth += text[at] == '(' ? 1 : text[at] == ')' ? -1 : 0;
        if (depth != 0 || text.substr(at, separator.size()) != separator) continue;
        found.push_back(text.substr(from, at - from));
        from = at + separator.size();
    }
    found.push_back(text.substr(from));
    return found;
}

std::string_view inside(std::string_view call) {
    const auto open = call.find('(');
    return call.substr(open + 1, call.size() - open - 2);
}

bool Scope::is_true(std::string_view text) const {
    if (const auto any = parts(text, " OR "); any.size() > 1)
        return std::any_of(any.begin(), any.end(), [&](auto part) { return is_true(part); });
    if (const auto all = parts(text, " AND "); all.size() > 1)
        return std::all_of(all.begin(), all.end(), [&](auto part) { return is_true(part); });
    if (text.starts_with("(")) return is_true(inside(text));
    if (text.starts_with("attribute_exists(")) return has(inside(text));
    if (text.starts_with("attribute_not_exists(")) return !has(inside(text));
    if (text.starts_with("begins_with(")) {
        const auto [attribute, prefix] = split_once(inside(text), ',');
        return aws::text_at(item, name(attribute)).starts_with(value(trimmed(prefix)).text());
    }
    if (const auto less = parts(text, " < "); less.size() == 2)
        return has(less[0]) && aws::integer_at(item, name(less[0])) < value(less[1]).integer();
    const auto sides = parts(text, " = ");
    EXPECT_EQ(sides.size(), 2U) << "the fake cannot read: " << text;
    return has(sides[0]) && item.at(name(sides[0])) == value(sides[1]);
}

Item updated(const json::Object& input, Item item) {
    const Item before = item;
    std::string_view update = json::string_at(input, "UpdateExpression");
    EXPECT_TRUE(update.starts_with("SET "));
    for (const auto part : parts(update.substr(4), ", ")) {
        const auto sides = parts(part, " = ");
        const Scope scope{input, before};
        item[scope.name(sides[0])] = scope.value(sides[1]);
    }
    return item;
}

} // namespace

void FakeDynamo::die_at(int request, Death death) {
    dies_at_ = requests_ + request;
    death_ = death;
}

void FakeDynamo::live() {
    dies_at_ = -1;
    is_dead_ = false;
}

void FakeDynamo::before(int request, std::function<void()> run) {
    before_[requests_ + request] = std::move(run);
}

std::size_t FakeDynamo::count(const std::string& pk) const {
    std::size_t found = 0;
    for (const auto& [key, item] : items)
        found += key.first == pk ? 1U : 0U;
    return found;
}

Result<wire::HttpResponse>
FakeDynamo::send(const wire::Url&, const wire::HttpRequest& request, Deadline, std::stop_token) {
    const int number = requests_++;
    if (auto run = before_.extract(number); !run.empty()) run.mapped()();
    const auto lost = fail(Errc::unavailable, "connecting to the fake: Connection refused");
    if (is_dead_) return lost;
    is_dead_ = number == dies_at_;
    if (is_dead_ && death_ == Death::before) return lost;
    const auto operation =
        split_once(wire::header_value(request.headers, "X-Amz-Target"), '.').second;
    auto answer = this->answer(std::string(operation), json::parse_object(request.body).value());
    if (is_dead_) return lost;
    return answer;
}

bool FakeDynamo::holds(const json::Object& input, const Key& key) const {
    const auto condition = json::string_at(input, "ConditionExpression");
    static const Item nothing;
    const auto found = items.find(key);
    return condition.empty()
           || Scope{input, found == items.end() ? nothing : found->second}.is_true(condition);
}

void FakeDynamo::change(std::string_view kind, const json::Object& input) {
    if (kind == "Put") {
        Item item = item_at(input, "Item");
        EXPECT_LT(json::text(aws::to_json(item)).size(), 550'000U) << "an item has 400 KB";
        items[key_of(item)] = std::move(item);
    } else if (kind == "Delete") {
        items.erase(key_of(item_at(input, "Key")));
    } else if (kind == "Update") {
        const Item key = item_at(input, "Key");
        const auto found = items.find(key_of(key));
        items[key_of(key)] = updated(input, found == items.end() ? key : found->second);
    }
}

wire::HttpResponse FakeDynamo::transact(const json::Object& input) {
    if (tokens_.count(json::string_at(input, "ClientRequestToken")) != 0) return answered({});
    const auto& writes = json::array_at(input, "TransactItems");
    EXPECT_LE(writes.size(), 100U);
    // Bytes are a third longer as text.
    EXPECT_LE(json::text(writes).size(), 5'400'000U) << "a transaction has 4 MB";
    std::set<Key> keys;
    bool is_well = true;
    for (const auto& write : writes) {
        const auto& [kind, value] = *write.as_object().begin();
        const json::Object& part = value.as_object();
        const Key key = key_of(item_at(part, kind == "Put" ? "Item" : "Key"));
        if (!keys.insert(key).second)
            return refused("ValidationException",
                           "Transaction request cannot include multiple operations on one item");
        is_well = is_well && holds(part, key);
    }
    if (!is_well)
        return refused("TransactionCanceledException",
                       "Transaction cancelled, please refer cancellation reasons for specific "
                       "reasons [ConditionalCheckFailed]");
    for (const auto& write : writes) {
        const auto& [kind, value] = *write.as_object().begin();
        change(kind, value.as_object());
    }
    tokens_.emplace(json::string_at(input, "ClientRequestToken"));
    return answered({});
}

wire::HttpResponse FakeDynamo::query(const json::Object& input) const {
    EXPECT_TRUE(json::bool_at(input, "ConsistentRead"));
    const bool is_forward = json::bool_at(input, "ScanIndexForward", /*otherwise=*/true);
    const auto limit = std::min<std::size_t>(
        page_max, static_cast<std::size_t>(json::integer_at(input, "Limit", 1000)));
    std::vector<const Item*> found;
    for (const auto& [key, item] : items) {
        if (Scope{input, item}.is_true(json::string_at(input, "KeyConditionExpression")))
            found.push_back(&item);
    }
    if (!is_forward) std::reverse(found.begin(), found.end());
    if (const auto& start = json::at(input, "ExclusiveStartKey"); !start.is_null()) {
        const Key after = key_of(aws::item_from_json(start).value());
        const auto is_later = [&](const Item* item) {
            return is_forward ? key_of(*item) > after : key_of(*item) < after;
        };
        found.erase(found.begin(), std::find_if(found.begin(), found.end(), is_later));
    }
    json::Object page;
    json::Array taken;
    for (std::size_t i = 0; i < std::min(limit, found.size()); ++i)
        taken.push_back(aws::to_json(*found[i]));
    page["Items"] = std::move(taken);
    if (found.size() > limit)
        page["LastEvaluatedKey"] =
            aws::to_json({{"pk", found[limit - 1]->at("pk")}, {"sk", found[limit - 1]->at("sk")}});
    return answered(page);
}

wire::HttpResponse FakeDynamo::answer(const std::string& operation, const json::Object& input) {
    if (operation == "TransactWriteItems") return transact(input);
    if (operation == "Query") return query(input);
    if (operation == "BatchGetItem") {
        const auto& asked = json::object_at(input, "RequestItems");
        json::Array found;
        for (const auto& key : json::array_at(asked.begin()->value(), "Keys")) {
            const auto item = items.find(key_of(aws::item_from_json(key).value()));
            if (item != items.end()) found.push_back(aws::to_json(item->second));
        }
        return answered({{"Responses", {{asked.begin()->key(), std::move(found)}}}});
    }
    const Key key = key_of(item_at(input, operation == "PutItem" ? "Item" : "Key"));
    if (operation == "GetItem") {
        const auto item = items.find(key);
        if (item == items.end()) return answered({});
        return answered({{"Item", aws::to_json(item->second)}});
    }
    if (!holds(input, key))
        return refused("ConditionalCheckFailedException", "The conditional request failed");
    change(operation.substr(0, operation.size() - std::string_view("Item").size()), input);
    if (operation != "UpdateItem") return answered({});
    return answered({{"Attributes", aws::to_json(items.at(key))}});
}

} // namespace squall::watch
