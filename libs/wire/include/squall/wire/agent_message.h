// Frames of the ECS agent's two websockets: ACS (work for the agent) and TCS (telemetry from it).
// Every message is
// {"type":T,"message":{…}}. Measured of agents 1.83.0 and 1.105.0.
#pragma once

#include "squall/base/json.h"

#include <string>
#include <string_view>

namespace squall::wire {

struct AgentMessage {
    std::string type;
    json::Object body;
};

[[nodiscard]] Result<AgentMessage> parse_agent_message(std::string_view frame);
[[nodiscard]] std::string agent_message_text(std::string_view type, const json::Object& body);

// What an agent sends on TCS is not bare JSON: signed HTTP headers, an empty line, then the
// message. This gives the part after the headers (all of it where there are none).
[[nodiscard]] std::string_view without_signed_headers(std::string_view frame);

} // namespace squall::wire
