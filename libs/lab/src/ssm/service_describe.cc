#include "ssm/service_describe.h"

#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::lab::ssm {
namespace {

constexpr std::int64_t invocation_output_max = 2500; // of ListCommandInvocations

json::Array texts(const std::vector<std::string>& from) {
    return json::Array(from.begin(), from.end());
}

json::Object describe_plugin(const Command& command, const Invocation& invocation) {
    json::Object plugin{
        {"Name", plugin_of(command)},
        {"Status", invocation.status == "Cancelling" ? "InProgress" : invocation.status},
        {"StatusDetails", invocation.details == "Cancelling" ? "InProgress" : invocation.details},
        {"ResponseCode", invocation.response_code},
        {"Output", invocation.output.substr(0, invocation_output_max)},
        {"StandardOutputUrl", ""},
        {"StandardErrorUrl", ""},
        {"OutputS3Region", ""},
        {"OutputS3BucketName", ""},
        {"OutputS3KeyPrefix", ""}};
    if (invocation.started_at)
        plugin["ResponseStartDateTime"] = epoch_seconds(*invocation.started_at);
    if (invocation.finished_at)
        plugin["ResponseFinishDateTime"] = epoch_seconds(*invocation.finished_at);
    return plugin;
}

} // namespace

std::string plugin_of(const Command& command) {
    return command.document == "AWS-RunPowerShellScript" ? "aws:runPowerShellScript"
                                                         : "aws:runShellScript";
}

std::vector<std::string> ids_of(const Command& command) {
    std::vector<std::string> ids;
    for (const auto& [id, invocation] : command.invocations)
        ids.push_back(id);
    return ids;
}

json::Object describe_command(const Command& command) {
    return {{"CommandId", command.id},
            {"DocumentName", command.document},
            {"DocumentVersion", "$DEFAULT"},
            {"Comment", command.comment},
            {"ExpiresAfter", epoch_seconds(command.expires_after())},
            {"Parameters", command.parameters},
            {"InstanceIds", texts(ids_of(command))},
            {"Targets", json::Array{}},
            {"RequestedDateTime", epoch_seconds(command.requested_at)},
            {"Status", command.status()},
            {"StatusDetails", command.details()},
            {"OutputS3Region", ""},
            {"OutputS3BucketName", ""},
            {"OutputS3KeyPrefix", ""},
            {"MaxConcurrency", command.max_concurrency},
            {"MaxErrors", command.max_errors},
            {"TargetCount", command.invocations.size()},
            {"CompletedCount", command.completed()},
            {"ErrorCount", command.errors()},
            {"DeliveryTimedOutCount",
             std::count_if(
                 command.invocations.begin(),
                 command.invocations.end(),
                 [](const auto& entry) { return entry.second.details == "DeliveryTimedOut"; })},
            {"ServiceRole", ""},
            {"NotificationConfig",
             json::Object{{"NotificationArn", ""},
                          {"NotificationEvents", json::Array{}},
                          {"NotificationType", ""}}},
            {"CloudWatchOutputConfig",
             json::Object{{"CloudWatchLogGroupName", ""}, {"CloudWatchOutputEnabled", false}}},
            {"TimeoutSeconds", command.delivery_timeout.count()}};
}

json::Object
describe_invocation(const Command& command, const Invocation& invocation, bool with_plugins) {
    json::Object object{
        {"CommandId", command.id},
        {"InstanceId", invocation.instance_id},
        {"InstanceName", ""},
        {"Comment", command.comment},
        {"DocumentName", command.document},
        {"DocumentVersion", "$DEFAULT"},
        {"RequestedDateTime", epoch_seconds(command.requested_at)},
        {"Status", invocation.status},
        {"StatusDetails", invocation.details},
        {"StandardOutputUrl", ""},
        {"StandardErrorUrl", ""},
        {"CommandPlugins", json::Array{}},
        {"ServiceRole", ""},
        {"NotificationConfig",
         json::Object{{"NotificationArn", ""},
                      {"NotificationEvents", json::Array{}},
                      {"NotificationType", ""}}},
        {"CloudWatchOutputConfig",
         json::Object{{"CloudWatchLogGroupName", ""}, {"CloudWatchOutputEnabled", false}}}};
    if (with_plugins) object["CommandPlugins"] = json::Array{describe_plugin(command, invocation)};
    return object;
}

} // namespace squall::lab::ssm
