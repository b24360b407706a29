#include "squall/wire/agent_message.h"

namespace squall::wire {

Result<AgentMessage> parse_agent_message(std::string_view frame) {
    auto object = json::parse_object(frame);
    if (!object) return fail("an agent's message", object.error());
    AgentMessage message{std::string(json::string_at(*object, "type")),
                         json::object_at(*object, "message")};
    if (message.type.empty()) return fail(Errc::invalid_input, "an agent's message has no type");
    return message;
}

std::string agent_message_text(std::string_view type, const json::Object& body) {
    return json::text(json::Object{{"type", type}, {"message", body}});
}

std::string_view without_signed_headers(std::string_view frame) {
    if (frame.starts_with('{')) return frame;
    const std::size_t end = frame.find("\r\n\r\n");
    return end == std::string_view::npos ? frame : frame.substr(end + 4);
}

} // namespace squall::wire
