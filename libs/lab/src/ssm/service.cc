#include "ssm/service.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "ssm/service_describe.h"

#include <algorithm>
#include <regex>

namespace squall::lab::ssm {
namespace {

tl::unexpected<wire::ServiceError> bad_request(std::string code, std::string message) {
    return refuse(std::move(code), std::move(message));
}

bool is_instance_id(const std::string& text) {
    static const std::regex pattern("^i-([0-9a-f]{8}|[0-9a-f]{17})$|^mi-[0-9a-f]{17}$");
    return std::regex_match(text, pattern);
}

// Seconds of a document's executionTimeout; outside AWS's range the default counts.
Seconds execution_timeout_of(const json::Object& parameters) {
    const auto& values = json::array_at(parameters, "executionTimeout");
    const auto seconds = values.empty() ? std::optional<std::int64_t>(3600)
                                        : to_integer(json::string_of(values.front()));
    return Seconds(seconds.value_or(3600));
}

Result<void, wire::ServiceError> check_parameters(const json::Object& parameters) {
    static const std::regex timeout_pattern(
        "([1-9][0-9]{0,4})|(1[0-6][0-9]{4})|(17[0-1][0-9]{3})|(172[0-7][0-9]{2})|(172800)");
    for (const auto& [key, values] : parameters) {
        const std::string_view name = key;
        if (name != "commands" && name != "workingDirectory" && name != "executionTimeout") {
            return bad_request(
                "InvalidParameters",
                fmt::format("Parameters provided in the request do not match the document: {}",
                            name));
        }
        if (!values.is_array())
            return bad_request("InvalidParameters",
                               fmt::format("The value of {} is not a list.", name));
    }
    if (json::array_at(parameters, "commands").empty())
        return bad_request("InvalidParameters", "The parameter commands is required.");
    const auto& timeout = json::array_at(parameters, "executionTimeout");
    if (!timeout.empty()
        && !std::regex_match(std::string(json::string_of(timeout.front())), timeout_pattern)) {
        return bad_request("InvalidParameters",
                           "Parameter \"executionTimeout\" has value not matching its pattern.");
    }
    return {};
}

std::string elapsed_text(const Invocation& invocation) {
    if (!invocation.started_at || !invocation.finished_at) return {};
    const auto millis =
        std::chrono::duration_cast<Millis>(*invocation.finished_at - *invocation.started_at)
            .count();
    return fmt::format("PT{}S", static_cast<double>(millis) / 1000.0);
}

} // namespace

std::optional<Answer> Service::call(const ApiCall& call) {
    static const OperationTable<Service> operations{
        {"SendCommand", &Service::send_command},
        {"CancelCommand", &Service::cancel_command},
        {"ListCommands", &Service::list_commands},
        {"ListCommandInvocations", &Service::list_command_invocations},
        {"GetCommandInvocation", &Service::get_command_invocation},
        {"DescribeInstanceInformation", &Service::describe_instance_information},
        {"UpdateInstanceInformation", &Service::update_instance_information},
    };
    return call_operation(*this, operations, call);
}

Command* Service::command(std::string_view id) {
    const auto found = commands_.find(id);
    return found == commands_.end() ? nullptr : &found->second;
}

void Service::wake(const std::string& instance_id) const {
    for (const auto& listener : listeners_)
        listener(instance_id);
}

void Service::forget_old_commands() {
    while (order_.size() > commands_max) {
        commands_.erase(order_.front());
        unfinished_.erase(order_.front());
        order_.pop_front();
        ++forgotten_;
    }
}

namespace {

// InstanceIds, or Targets with the key InstanceIds: what this lab takes as an address.
Result<std::vector<std::string>, wire::ServiceError> addressed(const json::Object& body) {
    std::vector<std::string> ids;
    for (const auto& id : json::array_at(body, "InstanceIds"))
        ids.emplace_back(json::string_of(id));
    for (const auto& target : json::array_at(body, "Targets")) {
        if (!equal_ignoring_case(json::string_at(target, "Key"), "InstanceIds")) {
            return bad_request("InvalidTarget",
                               fmt::format("This lab sends to InstanceIds, not to targets by {}.",
                                           json::string_at(target, "Key")));
        }
        for (const auto& value : json::array_at(target, "Values"))
            ids.emplace_back(json::string_of(value));
    }
    if (ids.empty())
        return bad_request("ValidationException", "InstanceIds or Targets must be given.");
    if (ids.size() > 50)
        return bad_request("ValidationException",
                           "1 validation error detected: Value at 'instanceIds' failed to satisfy "
                           "constraint: Member must have length less than or equal to 50");
    for (const auto& id : ids) {
        if (!is_instance_id(id))
            return bad_request("ValidationException",
                               fmt::format("1 validation error detected: Value '[{}]' at "
                                           "'instanceIds' failed to satisfy constraint: Member "
                                           "must satisfy regular expression pattern: "
                                           "(^i-(\\w{{8}}|\\w{{17}})$)|(^mi-\\w{{17}}$)",
                                           id));
    }
    auto sorted = ids;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
        return bad_request("DuplicateInstanceId", "An instance id is given twice.");
    return ids;
}

} // namespace

Answer Service::send_command(const ApiCall& call) {
    const std::string document(json::string_at(call.body, "DocumentName"));
    if (document != "AWS-RunShellScript" && document != "AWS-RunPowerShellScript")
        return bad_request("InvalidDocument",
                           fmt::format("Document with name {} does not exist.", document));
    const auto ids = addressed(call.body);
    if (!ids) return fail(ids.error());
    const json::Object& parameters = json::object_at(call.body, "Parameters");
    if (auto checked = check_parameters(parameters); !checked) return fail(checked.error());
    const auto timeout = json::integer_at(call.body, "TimeoutSeconds", 3600);
    if (timeout < 30 || timeout > 2'592'000)
        return bad_request("ValidationException", "TimeoutSeconds must be between 30 and 2592000.");
    if (json::string_at(call.body, "Comment").size() > 100)
        return bad_request("ValidationException",
                           "Comment must have length less than or equal to 100.");
    static const std::regex share_pattern("([0-9]+|[0-9]{1,2}%|100%)");
    for (const char* member : {"MaxConcurrency", "MaxErrors"}) {
        const std::string share(json::string_at(call.body, member, "1"));
        if (share.size() > 7 || !std::regex_match(share, share_pattern))
            return bad_request("ValidationException",
                               fmt::format("{} must be a number or a percentage.", member));
    }
    std::vector<std::string> unknown;
    for (const auto& id : *ids) {
        if (!instances_.contains(id)) unknown.push_back(id);
    }
    // One id that is no managed node refuses the whole call.
    if (!unknown.empty())
        return bad_request(
            "InvalidInstanceId",
            fmt::format("Instances [[{}]] not in a valid state for account", join(unknown, ", ")));

    Command made;
    made.id = random_uuid();
    made.document = document;
    made.comment = json::string_at(call.body, "Comment");
    made.parameters = parameters;
    made.requested_at = call.now;
    made.delivery_timeout = Seconds(timeout);
    made.execution_timeout = execution_timeout_of(parameters);
    made.max_concurrency = json::string_at(call.body, "MaxConcurrency", "50");
    made.max_errors = json::string_at(call.body, "MaxErrors", "0");
    made.requested_by = call.caller.arn;
    for (const auto& id : *ids)
        made.invocations[id].instance_id = id;
    order_.push_back(made.id);
    forget_old_commands();
    Command& stored = commands_[made.id] = std::move(made);
    unfinished_[stored.id] = &stored;
    json::Object described = describe_command(stored);
    for (const auto& id : *ids)
        wake(id);
    return answer({{"Command", std::move(described)}});
}

Answer Service::cancel_command(const ApiCall& call) {
    Command* found = command(json::string_at(call.body, "CommandId"));
    if (found == nullptr) return bad_request("InvalidCommandId", "The command id does not exist.");
    std::vector<std::string> ids;
    for (const auto& id : json::array_at(call.body, "InstanceIds"))
        ids.emplace_back(json::string_of(id));
    if (ids.empty()) {
        ids = ids_of(*found);
        found->cancelled = true;
    }
    for (const auto& id : ids) {
        const auto invocation = found->invocations.find(id);
        if (invocation == found->invocations.end())
            return bad_request("InvalidInstanceId",
                               fmt::format("The command was not sent to {}.", id));
        if (found->cancel(invocation->second, call.now)) wake(id);
    }
    return answer({});
}

Answer Service::get_command_invocation(const ApiCall& call) {
    Command* found = command(json::string_at(call.body, "CommandId"));
    const auto missing = [] {
        return bad_request("InvocationDoesNotExist", "");
    };
    if (found == nullptr) return missing();
    const auto entry =
        found->invocations.find(std::string(json::string_at(call.body, "InstanceId")));
    if (entry == found->invocations.end()) return missing();
    const std::string plugin = plugin_of(*found);
    if (const auto asked = json::string_at(call.body, "PluginName");
        !asked.empty() && asked != plugin)
        return bad_request("InvalidPluginName", "The plugin name is not valid.");
    const Invocation& invocation = entry->second;
    return answer(
        {{"CommandId", found->id},
         {"InstanceId", invocation.instance_id},
         {"Comment", found->comment},
         {"DocumentName", found->document},
         {"DocumentVersion", "$DEFAULT"},
         {"PluginName", plugin},
         {"ResponseCode", invocation.response_code},
         {"ExecutionStartDateTime",
          invocation.started_at ? rfc3339_millis(*invocation.started_at) : ""},
         {"ExecutionElapsedTime", elapsed_text(invocation)},
         {"ExecutionEndDateTime",
          invocation.started_at && invocation.finished_at ? rfc3339_millis(*invocation.finished_at)
                                                          : ""},
         {"Status", invocation.status},
         {"StatusDetails", invocation.details},
         {"StandardOutputContent", invocation.standard_output},
         {"StandardOutputUrl", ""},
         {"StandardErrorContent", invocation.standard_error},
         {"StandardErrorUrl", ""},
         {"CloudWatchOutputConfig",
          json::Object{{"CloudWatchLogGroupName", ""}, {"CloudWatchOutputEnabled", false}}}});
}

Answer Service::update_instance_information(const ApiCall& call) {
    const std::string id(json::string_at(call.body, "InstanceId"));
    if (!is_instance_id(id)) return bad_request("ValidationException", "InstanceId is not valid.");
    if (!instances_.contains(id) && instances_.size() >= instances_max)
        return bad_request("LimitExceededException", "Too many managed instances.");
    ManagedInstance& instance = instances_[id];
    if (instance.id.empty()) {
        instance.id = id;
        instance.registered_at = call.now;
    }
    instance.agent_version = json::string_at(call.body, "AgentVersion");
    instance.platform_type = json::string_at(call.body, "PlatformType", "Linux");
    instance.platform_name = json::string_at(call.body, "PlatformName");
    instance.platform_version = json::string_at(call.body, "PlatformVersion");
    instance.ip_address = json::string_at(call.body, "IPAddress");
    instance.computer_name = json::string_at(call.body, "ComputerName");
    instance.last_contact = call.now;
    return answer({});
}

bool Service::is_online(std::string_view instance_id, WallTime now) const {
    const auto found = instances_.find(instance_id);
    return found != instances_.end() && now - found->second.last_contact <= silence_max;
}

void Service::lose_contact(std::string_view instance_id) {
    if (const auto found = instances_.find(instance_id); found != instances_.end())
        found->second.last_contact -= silence_max + Seconds(1);
}

void Service::tick(WallTime now) {
    std::erase_if(unfinished_, [&](const auto& entry) {
        Command& known = *entry.second;
        known.tick(now);
        return known.completed() == known.invocations.size();
    });
}

} // namespace squall::lab::ssm
