#include "ssm_decode.h"

#include "answer_time.h"

#include <algorithm>
#include <array>
#include <utility>

namespace squall::aws {
namespace {

std::string text_at(const json::Value& value, std::string_view key) {
    return std::string(json::string_at(value, key));
}

// An exit code is what a host says, through SSM: any number may come. -1 where it is none of ours.
int response_code_of(const json::Value& value) {
    const auto code = json::integer_at(value, "ResponseCode", -1);
    return std::in_range<int>(code) ? static_cast<int>(code) : -1;
}

// The step that tells how it went: the first that failed, else the last one. Documents for several
// platforms have a step for each, and those for another platform are skipped with Success.
const json::Value* telling_step(const json::Array& steps) {
    const auto failed = std::find_if(steps.begin(), steps.end(), [](const json::Value& step) {
        return json::string_at(step, "Status") != "Success";
    });
    if (failed != steps.end()) return &*failed;
    return steps.empty() ? nullptr : &steps.back();
}

} // namespace

bool CommandInvocation::is_over() const {
    constexpr std::array<std::string_view, 4> statuses = {
        "Success", "Failed", "TimedOut", "Cancelled"};
    constexpr std::array<std::string_view, 6> details = {"Undeliverable",
                                                         "Terminated",
                                                         "DeliveryTimedOut",
                                                         "ExecutionTimedOut",
                                                         "InvalidPlatform",
                                                         "AccessDenied"};
    return std::find(statuses.begin(), statuses.end(), status) != statuses.end()
           || std::find(details.begin(), details.end(), status_details) != details.end();
}

InstanceInformation decode_instance_information(const json::Value& value) {
    return {text_at(value, "InstanceId"),
            text_at(value, "PingStatus"),
            text_at(value, "PlatformType"),
            text_at(value, "PlatformName"),
            text_at(value, "PlatformVersion"),
            text_at(value, "AgentVersion"),
            text_at(value, "ResourceType"),
            time_at(value, "LastPingDateTime")};
}

CommandInvocation decode_listed_invocation(const json::Value& value) {
    CommandInvocation invocation;
    invocation.command_id = text_at(value, "CommandId");
    invocation.instance_id = text_at(value, "InstanceId");
    invocation.status = text_at(value, "Status");
    invocation.status_details = text_at(value, "StatusDetails");
    invocation.requested_at = time_at(value, "RequestedDateTime");
    const json::Array& steps = json::array_at(value, "CommandPlugins");
    if (const json::Value* step = telling_step(steps)) {
        invocation.response_code = response_code_of(*step);
        invocation.started_at = time_at(*step, "ResponseStartDateTime");
        invocation.finished_at = time_at(*step, "ResponseFinishDateTime");
    }
    for (const auto& step : steps)
        invocation.output += json::string_at(step, "Output");
    return invocation;
}

CommandInvocation decode_single_invocation(const json::Value& value) {
    CommandInvocation invocation;
    invocation.command_id = text_at(value, "CommandId");
    invocation.instance_id = text_at(value, "InstanceId");
    invocation.status = text_at(value, "Status");
    invocation.status_details = text_at(value, "StatusDetails");
    invocation.response_code = response_code_of(value);
    invocation.output = json::string_at(value, "StandardOutputContent");
    invocation.errors = json::string_at(value, "StandardErrorContent");
    invocation.started_at = time_at(value, "ExecutionStartDateTime");
    invocation.finished_at = time_at(value, "ExecutionEndDateTime");
    return invocation;
}

} // namespace squall::aws
