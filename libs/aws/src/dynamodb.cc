#include "squall/aws/dynamodb.h"

#include "pages.h"
#include "squall/base/text.h"

namespace squall::aws {
namespace {

constexpr std::size_t batch_max = 100;

json::Object of_table(const std::string& table) { return {{"TableName", table}}; }

json::Object of_key(const TableKey& key) {
    return {{"TableName", key.table}, {"Key", to_json(key.key)}};
}

// Where `member` is what the expression is for: ConditionExpression, KeyConditionExpression.
void add(json::Object& input, std::string_view member, const Expression& expression) {
    if (!expression.text.empty()) input[member] = expression.text;
    if (!expression.names.empty()) {
        json::Object names;
        for (const auto& [name, attribute] : expression.names)
            names[name] = attribute;
        input["ExpressionAttributeNames"] = std::move(names);
    }
    if (!expression.values.empty()) input["ExpressionAttributeValues"] = to_json(expression.values);
}

ApiError unusable(std::string_view operation, const Error& why) {
    return not_answered(fmt::format("dynamodb:{}", operation),
                        {Errc::failed, "the answer is unusable: " + why.message});
}

// Adds all items of `answers` to `into`.
Outcome<void>
take_items(std::string_view operation, const json::Array& answers, std::vector<Item>& into) {
    for (const auto& answer : answers) {
        auto item = item_from_json(answer);
        if (!item) return fail(unusable(operation, item.error()));
        into.push_back(std::move(*item));
    }
    return {};
}

json::Object input_of(const ItemQuery& query) {
    json::Object input = of_table(query.table);
    if (!query.index.empty()) input["IndexName"] = query.index;
    add(input, "KeyConditionExpression", query.key_condition);
    if (!query.filter.empty()) input["FilterExpression"] = query.filter;
    if (query.backward) input["ScanIndexForward"] = false;
    if (query.consistent_read) input["ConsistentRead"] = true;
    // With a filter it would count what the filter takes away.
    if (query.items_max != 0 && query.filter.empty()) input["Limit"] = query.items_max;
    return input;
}

json::Object encode(const TransactWrite& write) {
    using Kind = TransactWrite::Kind;
    json::Object object = of_table(write.table);
    object[write.kind == Kind::put ? "Item" : "Key"] = to_json(write.item);
    if (write.kind == Kind::update) object["UpdateExpression"] = write.update;
    add(object, "ConditionExpression", write.condition);
    switch (write.kind) {
    case Kind::put:
        return {{"Put", std::move(object)}};
    case Kind::update:
        return {{"Update", std::move(object)}};
    case Kind::remove:
        return {{"Delete", std::move(object)}};
    case Kind::check:
        break;
    }
    return {{"ConditionCheck", std::move(object)}};
}

} // namespace

Outcome<std::optional<Item>>
DynamoDb::get_item(const TableKey& key, Deadline deadline, const std::stop_token& stop) {
    json::Object input = of_key(key);
    input["ConsistentRead"] = true;
    const auto answer = client_.call_json(ServiceId::dynamodb, "GetItem", input, deadline, stop);
    if (!answer) return fail(answer.error());
    const json::Value& found = json::at(*answer, "Item");
    if (found.is_null()) return std::optional<Item>();
    auto item = item_from_json(found);
    if (!item) return fail(unusable("GetItem", item.error()));
    return std::optional(std::move(*item));
}

Outcome<void> DynamoDb::put_item(const std::string& table,
                                 const Item& item,
                                 const Expression& condition,
                                 Deadline deadline,
                                 const std::stop_token& stop) {
    json::Object input = of_table(table);
    input["Item"] = to_json(item);
    add(input, "ConditionExpression", condition);
    const auto answer = client_.call_json(ServiceId::dynamodb, "PutItem", input, deadline, stop);
    if (!answer) return fail(answer.error());
    return {};
}

Outcome<Item>
DynamoDb::update_item(const ItemUpdate& update, Deadline deadline, const std::stop_token& stop) {
    json::Object input = of_key(update.of);
    input["UpdateExpression"] = update.update;
    add(input, "ConditionExpression", update.condition);
    input["ReturnValues"] = "ALL_NEW";
    const auto answer = client_.call_json(ServiceId::dynamodb, "UpdateItem", input, deadline, stop);
    if (!answer) return fail(answer.error());
    auto item = item_from_json(json::at(*answer, "Attributes"));
    if (!item) return fail(unusable("UpdateItem", item.error()));
    return std::move(*item);
}

Outcome<void> DynamoDb::delete_item(const TableKey& key,
                                    const Expression& condition,
                                    Deadline deadline,
                                    const std::stop_token& stop) {
    json::Object input = of_key(key);
    add(input, "ConditionExpression", condition);
    const auto answer = client_.call_json(ServiceId::dynamodb, "DeleteItem", input, deadline, stop);
    if (!answer) return fail(answer.error());
    return {};
}

Outcome<std::vector<Item>>
DynamoDb::query(const ItemQuery& query, Deadline deadline, const std::stop_token& stop) {
    json::Object input = input_of(query);
    std::vector<Item> items;
    for (int page = 0; page < pages_max; ++page) {
        const auto answer = client_.call_json(ServiceId::dynamodb, "Query", input, deadline, stop);
        if (!answer) return fail(answer.error());
        auto taken = take_items("Query", json::array_at(*answer, "Items"), items);
        if (!taken) return fail(taken.error());
        if (query.items_max != 0 && items.size() >= query.items_max) {
            items.resize(query.items_max);
            return items;
        }
        const json::Value& last = json::at(*answer, "LastEvaluatedKey");
        if (last.is_null()) return items;
        if (last == json::at(input, "ExclusiveStartKey"))
            return fail(unusable("Query", {Errc::failed, "a page begins where it ended"}));
        input["ExclusiveStartKey"] = last;
    }
    return fail(unusable("Query",
                         {Errc::failed, fmt::format("it does not end after {} pages", pages_max)}));
}

Outcome<std::vector<Item>> DynamoDb::batch_get(const std::string& table,
                                               std::span<const Item> keys,
                                               Deadline deadline,
                                               const std::stop_token& stop) {
    std::vector<Item> items;
    for (std::size_t at = 0; at < keys.size(); at += batch_max) {
        json::Array asked;
        for (const auto& key : keys.subspan(at, std::min(batch_max, keys.size() - at)))
            asked.push_back(to_json(key));
        while (!asked.empty()) {
            const std::size_t count = asked.size();
            const json::Object of_this{{"Keys", std::move(asked)}, {"ConsistentRead", true}};
            const auto answer = client_.call_json(ServiceId::dynamodb,
                                                  "BatchGetItem",
                                                  {{"RequestItems", {{table, of_this}}}},
                                                  deadline,
                                                  stop);
            if (!answer) return fail(answer.error());
            const json::Value& found = json::at(*answer, "Responses");
            auto taken = take_items("BatchGetItem", json::array_at(found, table), items);
            if (!taken) return fail(taken.error());
            const json::Value& left = json::at(*answer, "UnprocessedKeys");
            asked = json::array_at(json::at(left, table), "Keys");
            // Where it can do none at all, DynamoDB answers an error, which is repeated later.
            if (asked.size() >= count)
                return fail(unusable("BatchGetItem", {Errc::failed, "it did nothing"}));
        }
    }
    return items;
}

Outcome<void> DynamoDb::transact_write_items(std::span<const TransactWrite> writes,
                                             Deadline deadline,
                                             const std::stop_token& stop) {
    SQUALL_ASSERT(!writes.empty() && writes.size() <= transaction_max);
    json::Array items;
    for (const auto& write : writes)
        items.push_back(encode(write));
    const auto answer = client_.call_json(
        ServiceId::dynamodb,
        "TransactWriteItems",
        {{"TransactItems", std::move(items)}, {"ClientRequestToken", random_uuid()}},
        deadline,
        stop);
    if (answer) return {};
    ApiError error = answer.error();
    // "… [None, ConditionalCheckFailed]": one code for each of them.
    if (error.code == "TransactionCanceledException"
        && error.message.find("ConditionalCheckFailed") != std::string::npos)
        error.kind = Errc::conflict;
    return fail(std::move(error));
}

} // namespace squall::aws
