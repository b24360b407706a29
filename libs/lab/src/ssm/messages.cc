// The message service between Systems Manager and the SSM agents of the hosts.
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "ssm/service.h"

namespace squall::lab::ssm {
namespace {

// Message ids name their command, instance and kind, so that nothing else has to be remembered.
std::string message_id(const Command& command, const Invocation& invocation, bool is_cancel) {
    return fmt::format(
        "aws.ssm.{}.{}.{}", command.id, invocation.instance_id, is_cancel ? "cancel" : "send");
}

json::Object
message(const Command& command, const Invocation& invocation, bool is_cancel, WallTime now) {
    const json::Object payload =
        is_cancel ? json::Object{{"CancelMessageId",
                                  message_id(command, invocation, /*is_cancel=*/false)},
                                 {"CancelCommandId", command.id}}
                  : json::Object{{"CommandId", command.id},
                                 {"DocumentName", command.document},
                                 {"Parameters", command.parameters},
                                 {"ExecutionTimeoutSeconds", command.execution_timeout.count()}};
    return {{"MessageId", message_id(command, invocation, is_cancel)},
            {"Destination", invocation.instance_id},
            {"Topic", is_cancel ? "aws.ssm.cancelCommand" : "aws.ssm.sendCommand"},
            {"CreatedDate", rfc3339_millis(now)},
            {"Payload", json::text(payload)}};
}

std::optional<WallTime> time_of(std::string_view text) {
    const auto parsed = parse_time(text);
    return parsed ? std::optional(*parsed) : std::nullopt;
}

Reply read_reply(const json::Object& payload) {
    Reply reply;
    reply.status = json::string_at(payload, "documentStatus", "Failed");
    for (const auto& [name, plugin] : json::object_at(payload, "runtimeStatus")) {
        reply.response_code = json::integer_at(plugin, "code");
        reply.standard_output = json::string_at(plugin, "standardOutput");
        reply.standard_error = json::string_at(plugin, "standardError");
        reply.output = json::string_at(plugin, "output");
        reply.started_at = time_of(json::string_at(plugin, "startDateTime"));
        reply.finished_at = time_of(json::string_at(plugin, "endDateTime"));
    }
    return reply;
}

} // namespace

std::optional<Answer> Service::message_call(const ApiCall& call) {
    static const OperationTable<Service> operations{
        {"GetMessages", &Service::get_messages},
        {"AcknowledgeMessage", &Service::acknowledge_message},
        {"FailMessage", &Service::fail_message},
        {"SendReply", &Service::send_reply},
        {"DeleteMessage", &Service::delete_message},
        {"GetEndpoint", &Service::get_endpoint},
    };
    return call_operation(*this, operations, call);
}

json::Array Service::take_messages(const std::string& instance_id, WallTime now) {
    json::Array messages;
    const auto instance = instances_.find(instance_id);
    if (instance == instances_.end()) return messages;
    instance->second.last_contact = now;
    for (const auto& [command_id, command] : unfinished_) {
        Command& known = *command;
        const auto found = known.invocations.find(instance_id);
        if (found == known.invocations.end()) continue;
        Invocation& invocation = found->second;
        if (invocation.cancel_pending)
            messages.push_back(message(known, invocation, /*is_cancel=*/true, now));
        const bool again = invocation.handed_at && now - *invocation.handed_at > visibility_timeout;
        if (invocation.status != "Pending" || (invocation.handed_at && !again)
            || (!invocation.handed_at && !known.may_dispatch()))
            continue;
        invocation.handed_at = now;
        messages.push_back(message(known, invocation, /*is_cancel=*/false, now));
    }
    return messages;
}

Answer Service::get_messages(const ApiCall& call) {
    const std::string instance_id(json::string_at(call.body, "Destination"));
    return answer({{"Destination", instance_id},
                   {"MessagesRequestId", json::string_at(call.body, "MessagesRequestId")},
                   {"Messages", take_messages(instance_id, call.now)}});
}

Service::MessageTarget Service::target_of(std::string_view id) {
    const auto parts = split(id, '.');
    if (parts.size() != 5) return {};
    Command* found = command(parts[2]);
    if (found == nullptr) return {};
    const auto invocation = found->invocations.find(parts[3]);
    if (invocation == found->invocations.end()) return {};
    return {found, &invocation->second, parts[4] == "cancel"};
}

Answer Service::acknowledge_message(const ApiCall& call) {
    const MessageTarget target = target_of(json::string_at(call.body, "MessageId"));
    if (target.command == nullptr) return refuse("InvalidMessageId", "No such message.");
    // The agent has it, but its time was up before: it must not begin.
    if (!target.is_cancel && target.invocation->is_over())
        return refuse("InvalidMessageId", "The message has expired.");
    if (target.is_cancel)
        target.invocation->cancel_pending = false;
    else
        target.command->acknowledged(*target.invocation);
    return answer({});
}

Answer Service::fail_message(const ApiCall& call) {
    const MessageTarget target = target_of(json::string_at(call.body, "MessageId"));
    if (target.command == nullptr) return refuse("InvalidMessageId", "No such message.");
    if (!target.is_cancel)
        target.command->replied(*target.invocation, {.status = "Failed", .response_code = 1});
    return answer({});
}

Answer Service::send_reply(const ApiCall& call) {
    const MessageTarget target = target_of(json::string_at(call.body, "MessageId"));
    if (target.command == nullptr) return refuse("InvalidMessageId", "No such message.");
    const auto payload = json::parse_object(json::string_at(call.body, "Payload"));
    if (!payload) return refuse("InvalidRequest", payload.error().message);
    if (json::string_at(*payload, "documentStatus") != "InProgress")
        target.command->replied(*target.invocation, read_reply(*payload));
    // A place has become free for the next instance of this command.
    for (const auto& [id, invocation] : target.command->invocations) {
        if (!invocation.is_over() && !invocation.handed_at) wake(id);
    }
    return answer({});
}

Answer Service::delete_message(const ApiCall& /*call*/) { return answer({}); }

Answer Service::get_endpoint(const ApiCall& call) {
    return answer({{"Endpoint", json::Object{{"Protocol", "http"}, {"Endpoint", call.host}}}});
}

} // namespace squall::lab::ssm
