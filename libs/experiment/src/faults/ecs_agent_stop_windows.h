// What ecs-agent-stop has a Windows host do, through AWS-RunPowerShellScript: the same steps, the
// same records and the same lines of JSON as on Linux (ecs_agent_stop_scripts.h), with the service
// AmazonECS in place of the unit and a scheduled task in place of the timer. For Windows PowerShell
// 5.1, which every ECS-optimized AMI since Windows Server 2016 has.
//
// No Windows host runs in our tests: they hold these scripts against what was read by eye
// (tests/data/windows).
#pragma once

#include <string>
#include <vector>

namespace squall::experiment {

[[nodiscard]] std::string windows_stop_script(const std::string& run,
                                              const std::string& issued_at,
                                              const std::string& not_after,
                                              const std::string& restore_at,
                                              const std::string& longest);

[[nodiscard]] std::string windows_start_script(const std::string& run,
                                               const std::string& not_after,
                                               const std::string& is_certain);

[[nodiscard]] std::string windows_list_script();
[[nodiscard]] std::string windows_removal_script(const std::vector<std::string>& runs);

} // namespace squall::experiment
