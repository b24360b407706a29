// What the agent serves on its host: introspection on port 51678, and on 127.0.0.1:51679 the
// credentials and metadata that tasks reach as 169.254.170.2. I/O-free: requests in, answers out.
#pragma once

#include "agent/agent_state.h"
#include "squall/wire/http_message.h"

namespace squall::labhost {

inline constexpr std::uint16_t introspection_port = 51678;
inline constexpr std::uint16_t credentials_port = 51679;

[[nodiscard]] wire::HttpResponse introspection_answer(const AgentState& state,
                                                      const std::string& agent_version,
                                                      const wire::HttpRequest& request);
[[nodiscard]] wire::HttpResponse credentials_answer(const AgentState& state,
                                                    const wire::HttpRequest& request);

} // namespace squall::labhost
