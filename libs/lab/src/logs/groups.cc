// Log groups, how long they keep what is in them, and their tags.
#include "logs/service.h"
#include "squall/base/time_text.h"

#include <algorithm>
#include <array>

namespace squall::lab::logs {
namespace {

constexpr std::size_t name_max = 512;
constexpr std::size_t tags_max = 50;
constexpr std::array<std::int64_t, 22> retentions{1,    3,    5,    7,    14,   30,  60,  90,
                                                  120,  150,  180,  365,  400,  545, 731, 1096,
                                                  1827, 2192, 2557, 2922, 3288, 3653};

bool is_group_name(std::string_view name) {
    return !name.empty() && name.size() <= name_max
           && std::all_of(name.begin(), name.end(), [](char c) {
                  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                         || std::string_view("._-/#").find(c) != std::string_view::npos;
              });
}

bool are_texts(const json::Object& tags) {
    return std::all_of(tags.begin(), tags.end(), [](const auto& tag) {
        return !tag.key().empty() && tag.value().is_string();
    });
}

} // namespace

Answer Service::create_log_group(const ApiCall& call) {
    const std::string name(json::string_at(call.body, "logGroupName"));
    if (!is_group_name(name))
        return invalid_parameter(
            fmt::format("1 validation error detected: Value '{}' at 'logGroupName' failed to "
                        "satisfy constraint: Member must satisfy regular expression pattern: "
                        "[\\.\\-_/#A-Za-z0-9]+",
                        name));
    const json::Object& tags = json::object_at(call.body, "tags");
    if (tags.size() > tags_max || !are_texts(tags))
        return invalid_parameter(
            "A log group can have at most 50 tags, and their values are texts.");
    if (store_.groups.contains(name))
        return refuse("ResourceAlreadyExistsException", "The specified log group already exists");
    if (store_.groups.size() >= Store::groups_max)
        return refuse("LimitExceededException", "This lab keeps no more log groups.");
    LogGroup& group = store_.groups[name];
    group.created_at = call.now;
    group.tags = tags;
    return answer({});
}

Answer Service::delete_log_group(const ApiCall& call) {
    if (const auto group = group_of(call); !group) return fail(group.error());
    store_.drop_group(group_name_in(call));
    return answer({});
}

json::Object Service::describe(const std::string& name, const LogGroup& group) const {
    json::Object object{{"logGroupName", name},
                        {"creationTime", epoch_millis(group.created_at)},
                        {"metricFilterCount", 0},
                        {"arn", arn_of(name) + ":*"},
                        {"logGroupArn", arn_of(name)},
                        {"logGroupClass", "STANDARD"},
                        {"storedBytes", group.bytes()}};
    if (group.retention_days) object["retentionInDays"] = *group.retention_days;
    return object;
}

Answer Service::describe_log_groups(const ApiCall& call) {
    const auto limit = limit_of(call, 50);
    if (!limit) return fail(limit.error());
    const auto prefix = json::string_at(call.body, "logGroupNamePrefix");
    const auto part = json::string_at(call.body, "logGroupNamePattern");
    if (!prefix.empty() && !part.empty())
        return invalid_parameter(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
    std::vector<std::string> names;
    for (const auto& [name, group] : store_.groups) {
        if (name.starts_with(prefix) && name.find(part) != std::string::npos) names.push_back(name);
    }
    const auto page = page_of(names, json::string_at(call.body, "nextToken"), *limit);
    if (!page) return invalid_parameter("The specified nextToken is invalid.");
    json::Array groups;
    for (const auto& name : page->keys)
        groups.push_back(describe(name, store_.groups.find(name)->second));
    json::Object members{{"logGroups", std::move(groups)}};
    if (!page->next_token.empty()) members["nextToken"] = page->next_token;
    return answer(std::move(members));
}

Answer Service::put_retention_policy(const ApiCall& call) {
    const auto group = group_of(call);
    if (!group) return fail(group.error());
    const auto days = json::integer_at(call.body, "retentionInDays");
    if (days < 1 || std::find(retentions.begin(), retentions.end(), days) == retentions.end())
        return invalid_parameter(
            "The specified retention period is not one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, "
            "180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 and 3653 days.");
    (*group)->retention_days = days;
    store_.expire(call.now);
    return answer({});
}

Answer Service::delete_retention_policy(const ApiCall& call) {
    const auto group = group_of(call);
    if (!group) return fail(group.error());
    (*group)->retention_days.reset();
    return answer({});
}

// By the ARN of TagResource, or by the name of the older TagLogGroup.
Service::Found<LogGroup*> Service::tagged_group(const ApiCall& call) {
    const auto arn = json::string_at(call.body, "resourceArn");
    if (arn.empty()) return group_of(call);
    const auto found = store_.groups.find(name_in(arn));
    if (found == store_.groups.end())
        return refuse("ResourceNotFoundException", "The specified resource does not exist.");
    return &found->second;
}

Answer Service::tag_resource(const ApiCall& call) {
    const auto group = tagged_group(call);
    if (!group) return fail(group.error());
    const json::Object& given = json::object_at(call.body, "tags");
    if (!are_texts(given)) return invalid_parameter("The values of tags are texts.");
    json::Object merged = (*group)->tags;
    for (const auto& [key, value] : given)
        merged[key] = value;
    if (merged.size() > tags_max)
        return refuse("TooManyTagsException", "A log group can have at most 50 tags.");
    (*group)->tags = std::move(merged);
    return answer({});
}

Answer Service::untag_resource(const ApiCall& call) {
    const auto group = tagged_group(call);
    if (!group) return fail(group.error());
    const bool is_named = call.operation == "UntagLogGroup";
    for (const auto& key : json::array_at(call.body, is_named ? "tags" : "tagKeys"))
        (*group)->tags.erase(json::string_of(key));
    return answer({});
}

Answer Service::list_tags(const ApiCall& call) {
    const auto group = tagged_group(call);
    if (!group) return fail(group.error());
    return answer({{"tags", (*group)->tags}});
}

} // namespace squall::lab::logs
