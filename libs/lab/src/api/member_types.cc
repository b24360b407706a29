#include "api/member_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace squall::lab {
namespace {

enum class Type { text, texts, objects, object, integer, boolean };

struct Member {
    std::string_view name;
    Type type;
};

// A name means the same in every operation of a service, and ECS begins its names in lower case,
// Systems Manager in upper case: so one table serves both.
constexpr std::array members{
    Member{"capacityProviders", Type::texts},
    Member{"cluster", Type::text},
    Member{"clusterName", Type::text},
    Member{"clusters", Type::texts},
    Member{"containerDefinitions", Type::objects},
    Member{"containerInstance", Type::text},
    Member{"containerInstances", Type::texts},
    Member{"count", Type::integer},
    Member{"deploymentConfiguration", Type::object},
    Member{"desiredCount", Type::integer},
    Member{"desiredStatus", Type::text},
    Member{"family", Type::text},
    Member{"familyPrefix", Type::text},
    Member{"filter", Type::text},
    Member{"force", Type::boolean},
    Member{"forceNewDeployment", Type::boolean},
    Member{"group", Type::text},
    Member{"include", Type::texts},
    Member{"launchType", Type::text},
    Member{"maxResults", Type::integer},
    Member{"networkMode", Type::text},
    Member{"nextToken", Type::text},
    Member{"overrides", Type::object},
    Member{"placementConstraints", Type::objects},
    Member{"placementStrategy", Type::objects},
    Member{"propagateTags", Type::text},
    Member{"reason", Type::text},
    Member{"resourceArn", Type::text},
    Member{"schedulingStrategy", Type::text},
    Member{"service", Type::text},
    Member{"serviceName", Type::text},
    Member{"services", Type::texts},
    Member{"sort", Type::text},
    Member{"startedBy", Type::text},
    Member{"status", Type::text},
    Member{"tagKeys", Type::texts},
    Member{"tags", Type::objects},
    Member{"task", Type::text},
    Member{"taskDefinition", Type::text},
    Member{"tasks", Type::texts},
    Member{"CommandId", Type::text},
    Member{"Comment", Type::text},
    Member{"Details", Type::boolean},
    Member{"DocumentName", Type::text},
    Member{"Filters", Type::objects},
    Member{"InstanceId", Type::text},
    Member{"InstanceIds", Type::texts},
    Member{"MaxConcurrency", Type::text},
    Member{"MaxErrors", Type::text},
    Member{"MaxResults", Type::integer},
    Member{"NextToken", Type::text},
    Member{"Parameters", Type::object},
    Member{"PluginName", Type::text},
    Member{"Targets", Type::objects},
    Member{"TimeoutSeconds", Type::integer},
};

// SQS has a map where the others have a list of tags.
constexpr std::array members_of_sqs{
    Member{"AttributeNames", Type::texts},
    Member{"Attributes", Type::object},
    Member{"DelaySeconds", Type::integer},
    Member{"Entries", Type::objects},
    Member{"MaxNumberOfMessages", Type::integer},
    Member{"MaxResults", Type::integer},
    Member{"MessageAttributeNames", Type::texts},
    Member{"MessageAttributes", Type::object},
    Member{"MessageBody", Type::text},
    Member{"MessageDeduplicationId", Type::text},
    Member{"MessageGroupId", Type::text},
    Member{"MessageSystemAttributeNames", Type::texts},
    Member{"MessageSystemAttributes", Type::object},
    Member{"NextToken", Type::text},
    Member{"QueueName", Type::text},
    Member{"QueueNamePrefix", Type::text},
    Member{"QueueUrl", Type::text},
    Member{"ReceiptHandle", Type::text},
    Member{"TagKeys", Type::texts},
    Member{"Tags", Type::object},
    Member{"VisibilityTimeout", Type::integer},
    Member{"WaitTimeSeconds", Type::integer},
    Member{"tags", Type::object},
};

// Of the elements of containerDefinitions. (Some of those names mean another thing elsewhere.)
constexpr std::array container_members{
    Member{"command", Type::texts},
    Member{"dependsOn", Type::objects},
    Member{"dockerLabels", Type::object},
    Member{"entryPoint", Type::texts},
    Member{"environment", Type::objects},
    Member{"essential", Type::boolean},
    Member{"healthCheck", Type::object},
    Member{"image", Type::text},
    Member{"links", Type::texts},
    Member{"mountPoints", Type::objects},
    Member{"name", Type::text},
    Member{"portMappings", Type::objects},
    Member{"stopTimeout", Type::integer},
    Member{"systemControls", Type::objects},
    Member{"volumesFrom", Type::objects},
};

// A list whose elements are all like that.
template <class Predicate>
bool is_list_of(const json::Value& value, Predicate predicate) {
    const auto* array = value.if_array();
    return array != nullptr && std::all_of(array->begin(), array->end(), predicate);
}

bool is_of(Type type, const json::Value& value) {
    switch (type) {
    case Type::text:
        return value.is_string();
    case Type::texts:
        return is_list_of(value, [](const json::Value& one) { return one.is_string(); });
    case Type::objects:
        return is_list_of(value, [](const json::Value& one) { return one.is_object(); });
    case Type::object:
        return value.is_object();
    case Type::integer:
        return value.is_number();
    case Type::boolean:
        return value.is_bool();
    }
    return true;
}

std::string_view name_of(Type type) {
    switch (type) {
    case Type::text:
        return "a String";
    case Type::texts:
        return "a list of Strings";
    case Type::objects:
        return "a list of structures";
    case Type::object:
        return "a structure";
    case Type::integer:
        return "an Integer";
    case Type::boolean:
        return "a Boolean";
    }
    return {};
}

template <std::size_t count>
std::optional<std::string> mistyped(const std::array<Member, count>& known,
                                    const json::Value& object) {
    for (const auto& member : known) {
        const json::Value& value = json::at(object, member.name);
        if (value.is_null() || is_of(member.type, value)) continue;
        return fmt::format(
            "The value of {} can not be converted to {}", member.name, name_of(member.type));
    }
    return std::nullopt;
}

} // namespace

std::optional<std::string> mistyped_member(std::string_view service, const json::Object& body) {
    if (service == "sqs") {
        if (auto problem = mistyped(members_of_sqs, body)) return problem;
        for (const auto& entry : json::array_at(body, "Entries")) {
            if (auto problem = mistyped(members_of_sqs, entry)) return problem;
        }
        return std::nullopt;
    }
    // Its names begin in lower case, too, and mean something else: tags are a map.
    if (service == "logs") return std::nullopt;
    if (auto problem = mistyped(members, body)) return problem;
    for (const auto& container : json::array_at(body, "containerDefinitions")) {
        if (auto problem = mistyped(container_members, container)) return problem;
    }
    return std::nullopt;
}

} // namespace squall::lab
