#include "api/form_body.h"

#include "api/query_answer.h"
#include "squall/base/text.h"

#include <algorithm>
#include <array>

namespace squall::lab {
namespace {

// PublishBatchRequestEntries.member.1.MessageAttributes.entry.1.Value.DataType has nine.
constexpr std::size_t depth_max = 12;

enum class Kind { list, map };

// SQS spells a list or map by the name of one element: Attribute.1.Name.
struct FlatName {
    std::string_view in_form;
    std::string_view in_json;
    Kind kind;
};

constexpr std::array flat_names{
    FlatName{"Attribute", "Attributes", Kind::map},
    FlatName{"Tag", "Tags", Kind::map},
    FlatName{"MessageAttribute", "MessageAttributes", Kind::map},
    FlatName{"MessageSystemAttribute", "MessageSystemAttributes", Kind::map},
    FlatName{"AttributeName", "AttributeNames", Kind::list},
    FlatName{"MessageAttributeName", "MessageAttributeNames", Kind::list},
    FlatName{"MessageSystemAttributeName", "MessageSystemAttributeNames", Kind::list},
    FlatName{"TagKey", "TagKeys", Kind::list},
    FlatName{"AWSAccountId", "AWSAccountIds", Kind::list},
    FlatName{"ActionName", "Actions", Kind::list},
    FlatName{"SendMessageBatchRequestEntry", "Entries", Kind::list},
    FlatName{"DeleteMessageBatchRequestEntry", "Entries", Kind::list},
    FlatName{"ChangeMessageVisibilityBatchRequestEntry", "Entries", Kind::list},
};

constexpr std::array<std::string_view, 5> numbers_of_sqs{
    "DelaySeconds", "VisibilityTimeout", "WaitTimeSeconds", "MaxNumberOfMessages", "MaxResults"};

// Operations of SQS and SNS that answer with a result even where nothing is in it.
constexpr std::array<std::string_view, 10> with_empty_results{"ReceiveMessage",
                                                              "ListQueues",
                                                              "ListQueueTags",
                                                              "ListDeadLetterSourceQueues",
                                                              "GetQueueAttributes",
                                                              "SendMessageBatch",
                                                              "DeleteMessageBatch",
                                                              "ChangeMessageVisibilityBatch",
                                                              "TagResource",
                                                              "UntagResource"};

template <std::size_t count>
bool is_in(const std::array<std::string_view, count>& all, std::string_view one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

// A parameter's name as a path through objects.
void put(json::Object& root, std::string_view name, const std::string& value) {
    if (static_cast<std::size_t>(std::count(name.begin(), name.end(), '.')) >= depth_max) return;
    json::Object* within = &root;
    auto [first, rest] = split_once(name, '.');
    while (!rest.empty()) {
        json::Value& next = (*within)[first];
        if (!next.is_object()) next.emplace_object();
        within = &next.get_object();
        std::tie(first, rest) = split_once(rest, '.');
    }
    // The first of several counts, as everywhere in a form.
    if (!within->contains(first)) (*within)[first] = value;
}

// {"1": …, "2": …} in the order of the numbers; nothing where other names are among them.
std::optional<json::Array> numbered(const json::Object& object) {
    std::map<std::int64_t, const json::Value*> by_number;
    for (const auto& [name, value] : object) {
        const auto number = to_integer(name);
        if (!number || *number < 0) return std::nullopt;
        by_number[*number] = &value;
    }
    json::Array array;
    for (const auto& [number, value] : by_number)
        array.push_back(*value);
    return array;
}

// [{"Name": …, "Value": …}] as an object; SNS and tags spell these two in other ways.
json::Object map_of(const json::Value& pairs) {
    json::Object map;
    if (!pairs.is_array()) return map;
    for (const auto& pair : pairs.get_array()) {
        const auto either = [&](std::initializer_list<std::string_view> names) -> json::Value {
            for (const auto name : names) {
                if (const json::Value& value = json::at(pair, name); !value.is_null()) return value;
            }
            return nullptr;
        };
        const json::Value key = either({"Name", "Key", "key"});
        if (key.is_string()) map[key.get_string()] = either({"Value", "value"});
    }
    return map;
}

json::Value settled(const json::Value& value) {
    if (!value.is_object()) return value;
    json::Object object;
    for (const auto& [name, inner] : value.get_object())
        object[name] = settled(inner);
    if (object.size() == 1 && object.begin()->key() == "member") return object.begin()->value();
    if (object.size() == 1 && object.begin()->key() == "entry")
        return map_of(object.begin()->value());
    if (auto array = numbered(object); array && !array->empty()) return *std::move(array);
    return object;
}

// One structure of SQS by the names that JSON has, and those in its lists.
json::Object of_sqs(const json::Object& structure) {
    json::Object object;
    for (const auto& member : structure) {
        const std::string_view name = member.key();
        const json::Value& value = member.value();
        const auto* const flat =
            std::find_if(flat_names.begin(), flat_names.end(), [&](const FlatName& one) {
                return one.in_form == name;
            });
        if (flat == flat_names.end()) {
            const auto number = is_in(numbers_of_sqs, name) ? to_integer(json::string_of(value))
                                                            : std::optional<std::int64_t>{};
            object[name] = number ? json::Value(*number) : value;
            continue;
        }
        if (flat->kind == Kind::map) {
            object[flat->in_json] = map_of(value);
            continue;
        }
        json::Array list;
        const json::Array one{value};
        for (const auto& element : value.is_array() ? value.get_array() : one)
            list.push_back(element.is_object() ? json::Value(of_sqs(element.get_object()))
                                               : element);
        object[flat->in_json] = std::move(list);
    }
    return object;
}

std::string leaf_text(const json::Value& value) {
    return value.is_string() ? std::string(json::string_of(value)) : json::text(value);
}

class SqsXml {
public:
    SqsXml(wire::XmlWriter& xml, std::string_view operation) : xml_(xml), operation_(operation) {}

    void members(const json::Object& object) {
        for (const auto& [name, value] : object)
            member(name, value);
    }

private:
    [[nodiscard]] std::string element_of(std::string_view list) const {
        if (list == "Successful") return operation_ + "ResultEntry";
        if (list == "Failed") return "BatchResultErrorEntry";
        if (list == "queueUrls") return "QueueUrl";
        return std::string(list.substr(0, list.size() - 1));
    }

    void member(std::string_view name, const json::Value& value) {
        if (value.is_array()) {
            for (const auto& element : value.get_array())
                leaf_or_members(element_of(name), element);
        } else if (value.is_object()) {
            // Every object inside an answer of SQS is a map, except attributes of messages.
            const char* const key = name == "Tags" ? "Key" : "Name";
            for (const auto& [entry, inner] : value.get_object()) {
                xml_.element(element_of(name), [&, &entry = entry, &inner = inner] {
                    xml_.leaf(key, entry);
                    leaf_or_members("Value", inner);
                });
            }
        } else {
            leaf_or_members(name, value);
        }
    }

    void leaf_or_members(std::string_view name, const json::Value& value) {
        if (value.is_object())
            xml_.element(name, [&] { members(value.get_object()); });
        else
            xml_.leaf(name, leaf_text(value));
    }

    wire::XmlWriter& xml_;
    std::string operation_;
};

void write_sns(wire::XmlWriter& xml, std::string_view name, const json::Value& value);

// The one map in the answers of SNS.
void write_entries(wire::XmlWriter& xml, const json::Object& map) {
    for (const auto& entry : map) {
        xml.element("entry", [&] {
            xml.leaf("key", entry.key());
            xml.leaf("value", leaf_text(entry.value()));
        });
    }
}

void write_inside(wire::XmlWriter& xml, std::string_view name, const json::Value& value) {
    if (value.is_array()) {
        for (const auto& element : value.get_array())
            write_sns(xml, "member", element);
    } else if (name == "Attributes") {
        write_entries(xml, value.get_object());
    } else {
        for (const auto& member : value.get_object())
            write_sns(xml, member.key(), member.value());
    }
}

void write_sns(wire::XmlWriter& xml, std::string_view name, const json::Value& value) {
    if (value.is_array() || value.is_object())
        xml.element(name, [&] { write_inside(xml, name, value); });
    else
        xml.leaf(name, leaf_text(value));
}

std::string_view namespace_of(std::string_view service) {
    return service == "sqs" ? "http://queue.amazonaws.com/doc/2012-11-05/"
                            : "http://sns.amazonaws.com/doc/2010-03-31/";
}

} // namespace

bool has_form_as_body(std::string_view service) { return service == "sqs" || service == "sns"; }

json::Object body_of_form(std::string_view service,
                          std::string_view operation,
                          const wire::QueryParameters& form) {
    json::Object tree;
    for (const auto& [name, value] : form.items())
        put(tree, name, value);
    json::Object body;
    for (const auto& [name, value] : tree)
        body[name] = settled(value);
    if (service != "sqs") return body;
    body = of_sqs(body);
    // The one member that SQS's JSON begins in lower case.
    if (operation == "CreateQueue" && body.contains("Tags")) body["tags"] = body["Tags"];
    return body;
}

std::string xml_of(const ApiCall& call, const json::Object& answer) {
    std::function<void(wire::XmlWriter&)> result;
    if (!answer.empty() || is_in(with_empty_results, call.operation)) {
        result = [&](wire::XmlWriter& xml) {
            if (call.service == "sqs") return SqsXml(xml, call.operation).members(answer);
            for (const auto& [name, value] : answer)
                write_sns(xml, name, value);
        };
    }
    return std::get<std::string>(*query_answer(call, namespace_of(call.service), result));
}

} // namespace squall::lab
