// The SSM agent of a lab host.
#pragma once

#include <string>
#include <vector>

namespace squall::labhost {

// The role "ssm-agent": polls for messages and runs what it is sent, five commands at a time.
[[nodiscard]] int ssm_agent_main(const std::vector<std::string>& arguments);

} // namespace squall::labhost
