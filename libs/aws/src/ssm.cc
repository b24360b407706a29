#include "squall/aws/ssm.h"

#include "pages.h"
#include "ssm_decode.h"

namespace squall::aws {
namespace {

constexpr int page_size = 50;
constexpr std::size_t ids_max = 50;

// At most comment_max bytes, and no torn character at the end.
std::string cut(std::string comment) {
    if (comment.size() <= SendCommandRequest::comment_max) return comment;
    std::size_t end = SendCommandRequest::comment_max;
    while (end > 0 && (static_cast<unsigned char>(comment[end]) & 0xc0U) == 0x80U)
        --end;
    comment.resize(end);
    return comment;
}

json::Object input_of(const SendCommandRequest& request) {
    json::Object parameters;
    for (const auto& [name, values] : request.parameters)
        parameters[name] = to_json(values);
    json::Object input{{"DocumentName", request.document_name},
                       {"InstanceIds", to_json(request.instance_ids)},
                       {"TimeoutSeconds", request.timeout.count()},
                       {"MaxConcurrency", request.max_concurrency},
                       {"MaxErrors", request.max_errors},
                       {"Parameters", std::move(parameters)}};
    if (!request.comment.empty()) input["Comment"] = cut(request.comment);
    return input;
}

} // namespace

Outcome<std::vector<InstanceInformation>> Ssm::describe_instance_information(
    std::span<const std::string> instance_ids, Deadline deadline, const std::stop_token& stop) {
    std::vector<InstanceInformation> all;
    const auto take = [&](const json::Value& entry) {
        all.push_back(decode_instance_information(entry));
    };
    for (const auto& batch : batches(instance_ids, ids_max)) {
        const json::Object filter{{"Key", "InstanceIds"}, {"Values", to_json(batch)}};
        PagedCall call{ServiceId::ssm,
                       "DescribeInstanceInformation",
                       "NextToken",
                       "InstanceInformationList",
                       {{"Filters", json::Array{filter}}, {"MaxResults", page_size}}};
        auto done = for_each_entry(client_, std::move(call), deadline, stop, take);
        if (!done) return fail(done.error());
    }
    return all;
}

Outcome<std::string> Ssm::send_command(const SendCommandRequest& request,
                                       Deadline deadline,
                                       const std::stop_token& stop) {
    SQUALL_ASSERT(!request.instance_ids.empty()
                  && request.instance_ids.size() <= SendCommandRequest::instances_max);
    const auto answer =
        client_.call_json(ServiceId::ssm, "SendCommand", input_of(request), deadline, stop);
    if (!answer) return fail(answer.error());
    const auto id = json::string_at(json::at(*answer, "Command"), "CommandId");
    if (id.empty()) {
        return fail(not_answered(
            "ssm:SendCommand",
            {Errc::failed, "the answer holds no command id: the command may run all the same"}));
    }
    return std::string(id);
}

Outcome<std::vector<CommandInvocation>> Ssm::list_command_invocations(const std::string& command_id,
                                                                      bool with_details,
                                                                      Deadline deadline,
                                                                      const std::stop_token& stop) {
    PagedCall call{
        ServiceId::ssm,
        "ListCommandInvocations",
        "NextToken",
        "CommandInvocations",
        {{"CommandId", command_id}, {"Details", with_details}, {"MaxResults", page_size}}};
    std::vector<CommandInvocation> all;
    const auto take = [&](const json::Value& entry) {
        all.push_back(decode_listed_invocation(entry));
    };
    auto done = for_each_entry(client_, std::move(call), deadline, stop, take);
    if (!done) return fail(done.error());
    return all;
}

Outcome<CommandInvocation> Ssm::get_command_invocation(const std::string& command_id,
                                                       const std::string& instance_id,
                                                       const std::string& plugin,
                                                       Deadline deadline,
                                                       const std::stop_token& stop) {
    json::Object input{{"CommandId", command_id}, {"InstanceId", instance_id}};
    if (!plugin.empty()) input["PluginName"] = plugin;
    const auto answer =
        client_.call_json(ServiceId::ssm, "GetCommandInvocation", input, deadline, stop);
    if (!answer) return fail(answer.error());
    auto invocation = decode_single_invocation(*answer);
    if (invocation.status.empty()) {
        return fail(
            not_answered("ssm:GetCommandInvocation", {Errc::failed, "the answer holds no status"}));
    }
    return invocation;
}

Outcome<void> Ssm::cancel_command(const std::string& command_id,
                                  std::span<const std::string> instance_ids,
                                  Deadline deadline,
                                  const std::stop_token& stop) {
    auto rounds = batches(instance_ids, ids_max);
    if (rounds.empty()) rounds.emplace_back();
    for (const auto& batch : rounds) {
        json::Object input{{"CommandId", command_id}};
        if (!batch.empty()) input["InstanceIds"] = to_json(batch);
        // It answers {} or nothing at all.
        const auto answer =
            client_.call_text(ServiceId::ssm, "CancelCommand", json::text(input), deadline, stop);
        if (!answer) return fail(answer.error());
    }
    return {};
}

} // namespace squall::aws
