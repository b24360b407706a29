// What is set of a queue: attributes, tags and permissions.
#include "sqs/service.h"
#include "squall/base/time_text.h"

#include <algorithm>
#include <array>

namespace squall::lab::sqs {
namespace {

constexpr std::size_t tags_max = 50;
constexpr std::size_t actions_max = 7;

std::string seconds_text(WallTime when) {
    return std::to_string(static_cast<std::int64_t>(epoch_seconds(when)));
}

// Those that AddPermission may grant.
constexpr std::array<std::string_view, 8> granted_actions{"*",
                                                          "SendMessage",
                                                          "ReceiveMessage",
                                                          "DeleteMessage",
                                                          "ChangeMessageVisibility",
                                                          "GetQueueAttributes",
                                                          "GetQueueUrl",
                                                          "ListDeadLetterSourceQueues"};

json::Object policy_document(const Attributes& attributes, const std::string& arn) {
    const auto found = attributes.find("Policy");
    auto policy =
        found == attributes.end() ? fail(Errc::not_found, "") : json::parse_object(found->second);
    if (!policy)
        return {{"Version", "2012-10-17"},
                {"Id", arn + "/SQSDefaultPolicy"},
                {"Statement", json::Array{}}};
    // One statement may stand without a list.
    if ((*policy)["Statement"].is_object())
        (*policy)["Statement"] = json::Array{(*policy)["Statement"]};
    return std::move(*policy);
}

} // namespace

Answer Service::get_queue_attributes(const ApiCall& call) {
    const auto found = queue_of(call);
    if (!found) return fail(found.error());
    Record& record = **found;
    Queue& queue = record.queue;
    queue.settle(call.now);
    Attributes all = record.attributes;
    all["QueueArn"] = record.arn;
    all["CreatedTimestamp"] = seconds_text(record.created);
    all["LastModifiedTimestamp"] = seconds_text(record.modified);
    all["ApproximateNumberOfMessages"] = std::to_string(queue.visible());
    all["ApproximateNumberOfMessagesNotVisible"] = std::to_string(queue.in_flight());
    all["ApproximateNumberOfMessagesDelayed"] = std::to_string(queue.delayed());
    json::Object chosen;
    for (const auto& value : json::array_at(call.body, "AttributeNames")) {
        const std::string_view wanted = json::string_of(value);
        if (wanted != "All" && !is_attribute(wanted))
            return refuse("InvalidAttributeName", fmt::format("Unknown Attribute {}.", wanted));
        for (const auto& [name, text] : all) {
            if (wanted == "All" || wanted == name) chosen[name] = text;
        }
    }
    if (chosen.empty()) return answer({});
    return answer({{"Attributes", std::move(chosen)}});
}

Answer Service::set_queue_attributes(const ApiCall& call) {
    const auto found = queue_of(call);
    if (!found) return fail(found.error());
    Record& record = **found;
    const json::Object& given = json::object_at(call.body, "Attributes");
    if (given.empty()) return missing_parameter("Attribute.Name");
    const auto changed = read_attributes(given, record.attributes, /*is_new=*/false);
    if (!changed) return fail(changed.error());
    if (auto conflict = conflict_of(record.arn, *changed)) return fail(std::move(*conflict));
    settle_attributes(record, *changed, call.now);
    return answer({});
}

Answer Service::tag_queue(const ApiCall& call) {
    const auto found = queue_of(call);
    if (!found) return fail(found.error());
    json::Object tags = (*found)->tags;
    for (const auto& [key, value] : json::object_at(call.body, "Tags"))
        tags[key] = value;
    if (tags.size() > tags_max)
        return invalid_parameter(fmt::format("Too many tags added for queue {}.", (*found)->name));
    (*found)->tags = std::move(tags);
    return answer({});
}

Answer Service::untag_queue(const ApiCall& call) {
    const auto found = queue_of(call);
    if (!found) return fail(found.error());
    for (const auto& key : json::array_at(call.body, "TagKeys"))
        (*found)->tags.erase(json::string_of(key));
    return answer({});
}

Answer Service::list_queue_tags(const ApiCall& call) {
    const auto found = queue_of(call);
    if (!found) return fail(found.error());
    if ((*found)->tags.empty()) return answer({});
    return answer({{"Tags", (*found)->tags}});
}

Answer Service::add_permission(const ApiCall& call) {
    const auto found = queue_of(call);
    if (!found) return fail(found.error());
    Record& record = **found;
    const std::string_view label = json::string_at(call.body, "Label");
    if (label.empty()) return missing_parameter("Label");
    const json::Array& actions = json::array_at(call.body, "Actions");
    const json::Array& accounts = json::array_at(call.body, "AWSAccountIds");
    if (actions.empty()) return missing_parameter("Actions");
    if (accounts.empty()) return missing_parameter("AWSAccountIds");
    if (actions.size() > actions_max)
        return refuse("OverLimit",
                      fmt::format("{} Actions were found, maximum allowed is {}.",
                                  actions.size(),
                                  actions_max),
                      403);
    json::Array granted;
    for (const auto& action : actions) {
        const std::string_view name = json::string_of(action);
        if (std::find(granted_actions.begin(), granted_actions.end(), name)
            == granted_actions.end())
            return invalid_parameter(
                "ActionName",
                name,
                "Please refer to the appropriate WSDL for a list of valid actions.");
        granted.emplace_back(fmt::format("SQS:{}", name));
    }
    json::Array principals;
    for (const auto& account : accounts)
        principals.emplace_back(fmt::format("arn:aws:iam::{}:root", json::string_of(account)));
    json::Object policy = policy_document(record.attributes, record.arn);
    for (const auto& statement : json::array_at(policy, "Statement")) {
        if (json::string_at(statement, "Sid") == label)
            return invalid_parameter("Label", label, "Already exists.");
    }
    policy["Statement"].as_array().push_back(
        json::Object{{"Sid", label},
                     {"Effect", "Allow"},
                     {"Principal", json::Object{{"AWS", std::move(principals)}}},
                     {"Action", std::move(granted)},
                     {"Resource", record.arn}});
    settle_attributes(record, {{"Policy", json::text(policy)}}, call.now);
    return answer({});
}

Answer Service::remove_permission(const ApiCall& call) {
    const auto found = queue_of(call);
    if (!found) return fail(found.error());
    Record& record = **found;
    const std::string_view label = json::string_at(call.body, "Label");
    json::Object policy = policy_document(record.attributes, record.arn);
    json::Array kept;
    for (const auto& statement : json::array_at(policy, "Statement")) {
        if (json::string_at(statement, "Sid") != label) kept.push_back(statement);
    }
    if (kept.size() == json::array_at(policy, "Statement").size())
        return invalid_parameter("Label", label, "can't find label.");
    const bool is_empty = kept.empty();
    policy["Statement"] = std::move(kept);
    settle_attributes(record, {{"Policy", is_empty ? "" : json::text(policy)}}, call.now);
    return answer({});
}

} // namespace squall::lab::sqs
