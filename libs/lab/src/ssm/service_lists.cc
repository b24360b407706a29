// The lists of Systems Manager: what is asked for, in pages.
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "ssm/service.h"
#include "ssm/service_describe.h"

#include <algorithm>
#include <limits>

namespace squall::lab::ssm {
namespace {

Result<std::size_t, wire::ServiceError>
page_size_of(const json::Object& body, std::int64_t least, std::int64_t otherwise) {
    const auto size = json::integer_at(body, "MaxResults", otherwise);
    if (size < least || size > 50) {
        return refuse("ValidationException",
                      fmt::format("1 validation error detected: Value '{}' at 'maxResults' "
                                  "failed to satisfy constraint: Member must have value "
                                  "between {} and 50",
                                  size,
                                  least));
    }
    return static_cast<std::size_t>(size);
}

// Objects of a page, under `name`.
Answer list_of(std::string_view name, json::Array objects, const std::string& next_token) {
    json::Object object{{name, std::move(objects)}};
    if (!next_token.empty()) object["NextToken"] = next_token;
    return answer(std::move(object));
}

tl::unexpected<wire::ServiceError> no_such_page() {
    return refuse("InvalidNextToken", "The specified token is not valid.");
}

// Filters of ListCommands and ListCommandInvocations; each has to hold.
struct CommandFilter {
    std::string key;
    std::string value;
    WallTime when; // of InvokedAfter and InvokedBefore
};

using CommandFilters = std::vector<CommandFilter>;

Result<CommandFilters, wire::ServiceError> read_filters(const json::Object& body,
                                                        bool of_commands) {
    constexpr std::size_t filters_max = 5;
    CommandFilters filters;
    const json::Array& given = json::array_at(body, "Filters");
    const json::Value* list = body.if_contains("Filters");
    const bool is_list_given = list != nullptr && !list->is_null();
    if (given.size() > filters_max || (given.empty() && is_list_given))
        return refuse("ValidationException", "Filters must have between 1 and 5 members.");
    for (const auto& one : given) {
        CommandFilter filter{std::string(json::string_at(one, "key")),
                             std::string(json::string_at(one, "value")),
                             {}};
        const bool is_time = filter.key == "InvokedAfter" || filter.key == "InvokedBefore";
        const bool is_known = is_time || filter.key == "Status" || filter.key == "DocumentName"
                              || (of_commands && filter.key == "ExecutionStage");
        if (!is_known)
            return refuse("InvalidFilterKey",
                          fmt::format("The filter key {} is not valid.", filter.key));
        if (is_time) {
            const auto when = parse_time(filter.value);
            if (!when) return refuse("ValidationException", when.error().message);
            filter.when = *when;
        }
        filters.push_back(std::move(filter));
    }
    return filters;
}

bool matches(const CommandFilter& filter,
             const Command& command,
             const std::string& status,
             const std::string& details) {
    if (filter.key == "InvokedAfter") return command.requested_at >= filter.when;
    if (filter.key == "InvokedBefore") return command.requested_at < filter.when;
    if (filter.key == "DocumentName") return command.document == filter.value;
    if (filter.key == "Status") return status == filter.value || details == filter.value;
    const bool complete = command.completed() == command.invocations.size();
    return filter.value == (complete ? "Complete" : "Executing");
}

bool matches(const CommandFilters& filters,
             const Command& command,
             const std::string& status,
             const std::string& details) {
    return std::all_of(filters.begin(), filters.end(), [&](const CommandFilter& filter) {
        return matches(filter, command, status, details);
    });
}

std::string resource_type(const ManagedInstance& instance) {
    return instance.id.starts_with("mi-") ? "ManagedInstance" : "EC2Instance";
}

// Filters of DescribeInstanceInformation, in their newer and their older form.
using InstanceFilters = std::vector<std::pair<std::string, std::vector<std::string>>>;

Result<InstanceFilters, wire::ServiceError> read_instance_filters(const json::Object& body) {
    InstanceFilters filters;
    const auto read = [&](std::string_view list, std::string_view key, std::string_view values) {
        for (const auto& filter : json::array_at(body, list)) {
            auto& [name, wanted] = filters.emplace_back();
            name = json::string_at(filter, key);
            for (const auto& value : json::array_at(filter, values))
                wanted.emplace_back(json::string_of(value));
        }
    };
    read("Filters", "Key", "Values");
    read("InstanceInformationFilterList", "key", "valueSet");
    for (const auto& [name, wanted] : filters) {
        if (name != "InstanceIds" && name != "PingStatus" && name != "PlatformType"
            && name != "PlatformTypes" && name != "ResourceType" && name != "AgentVersion")
            return refuse("InvalidFilterKey", fmt::format("This lab does not filter by {}.", name));
    }
    return filters;
}

bool matches(const InstanceFilters& filters,
             const ManagedInstance& instance,
             std::string_view ping) {
    return std::all_of(filters.begin(), filters.end(), [&](const auto& filter) {
        const auto& [name, wanted] = filter;
        const std::string value = name == "InstanceIds"    ? instance.id
                                  : name == "PingStatus"   ? std::string(ping)
                                  : name == "ResourceType" ? resource_type(instance)
                                  : name == "AgentVersion" ? instance.agent_version
                                                           : instance.platform_type;
        return std::find(wanted.begin(), wanted.end(), value) != wanted.end();
    });
}

json::Object describe_instance(const ManagedInstance& instance, std::string_view ping) {
    return {{"InstanceId", instance.id},
            {"PingStatus", ping},
            {"LastPingDateTime", epoch_seconds(instance.last_contact)},
            {"AgentVersion", instance.agent_version},
            {"IsLatestVersion", true},
            {"PlatformType", instance.platform_type},
            {"PlatformName", instance.platform_name},
            {"PlatformVersion", instance.platform_version},
            {"ResourceType", resource_type(instance)},
            {"IPAddress", instance.ip_address},
            {"ComputerName", instance.computer_name}};
}

} // namespace

// Commands are listed newest first: the keys of pages count down.
std::vector<std::pair<std::string, const Command*>> Service::newest_first() const {
    std::vector<std::pair<std::string, const Command*>> commands;
    const auto newest = std::numeric_limits<std::uint64_t>::max() - forgotten_ - order_.size();
    for (std::size_t age = 1; age <= order_.size(); ++age) {
        const std::string& id = order_[order_.size() - age];
        commands.emplace_back(fmt::format("{:020}/{}", newest + age, id),
                              &commands_.find(id)->second);
    }
    return commands;
}

Answer Service::list_commands(const ApiCall& call) {
    const auto size = page_size_of(call.body, 1, 50);
    if (!size) return fail(size.error());
    const auto filters = read_filters(call.body, /*of_commands=*/true);
    if (!filters) return fail(filters.error());
    const std::string_view wanted = json::string_at(call.body, "CommandId");
    const std::string instance_id(json::string_at(call.body, "InstanceId"));
    if (!wanted.empty() && command(wanted) == nullptr)
        return refuse("InvalidCommandId", "The command id does not exist.");
    std::vector<std::string> keys;
    for (const auto& [key, known] : newest_first()) {
        if ((wanted.empty() || known->id == wanted)
            && (instance_id.empty() || known->invocations.contains(instance_id))
            && matches(*filters, *known, known->status(), known->details()))
            keys.push_back(key);
    }
    const auto page = page_of(keys, json::string_at(call.body, "NextToken"), *size);
    if (!page) return no_such_page();
    json::Array commands;
    for (const auto& key : page->keys)
        commands.push_back(describe_command(commands_.find(split_once(key, '/').second)->second));
    return list_of("Commands", std::move(commands), page->next_token);
}

Answer Service::list_command_invocations(const ApiCall& call) {
    const auto size = page_size_of(call.body, 1, 50);
    if (!size) return fail(size.error());
    const auto filters = read_filters(call.body, /*of_commands=*/false);
    if (!filters) return fail(filters.error());
    const std::string_view wanted = json::string_at(call.body, "CommandId");
    const std::string_view instance_id = json::string_at(call.body, "InstanceId");
    const bool with_plugins = json::bool_at(call.body, "Details");
    if (!wanted.empty() && command(wanted) == nullptr)
        return refuse("InvalidCommandId", "The command id does not exist.");
    std::vector<std::string> keys;
    for (const auto& [key, known] : newest_first()) {
        if (!wanted.empty() && known->id != wanted) continue;
        for (const auto& [instance, invocation] : known->invocations) {
            if ((instance_id.empty() || instance == instance_id)
                && matches(*filters, *known, invocation.status, invocation.details))
                keys.push_back(fmt::format("{}/{}", key, instance));
        }
    }
    const auto page = page_of(keys, json::string_at(call.body, "NextToken"), *size);
    if (!page) return no_such_page();
    json::Array invocations;
    for (const auto& key : page->keys) {
        const auto [id, instance] = split_once(split_once(key, '/').second, '/');
        const Command& known = commands_.find(id)->second;
        invocations.push_back(
            describe_invocation(known, known.invocations.at(std::string(instance)), with_plugins));
    }
    return list_of("CommandInvocations", std::move(invocations), page->next_token);
}

Answer Service::describe_instance_information(const ApiCall& call) {
    const auto size = page_size_of(call.body, 5, 10);
    if (!size) return fail(size.error());
    const auto filters = read_instance_filters(call.body);
    if (!filters) return fail(filters.error());
    const auto ping_of = [&](const ManagedInstance& instance) {
        return call.now - instance.last_contact <= silence_max ? "Online" : "ConnectionLost";
    };
    std::vector<std::string> ids;
    for (const auto& [id, instance] : instances_) {
        if (matches(*filters, instance, ping_of(instance))) ids.push_back(id);
    }
    const auto page = page_of(ids, json::string_at(call.body, "NextToken"), *size);
    if (!page) return no_such_page();
    json::Array list;
    for (const auto& id : page->keys) {
        const ManagedInstance& instance = instances_.find(id)->second;
        list.push_back(describe_instance(instance, ping_of(instance)));
    }
    return list_of("InstanceInformationList", std::move(list), page->next_token);
}

} // namespace squall::lab::ssm
