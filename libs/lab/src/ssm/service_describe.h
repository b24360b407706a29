// Run Command's data as the API of Systems Manager shows it.
#pragma once

#include "ssm/run_command.h"

namespace squall::lab::ssm {

// aws:runShellScript or aws:runPowerShellScript: the one plugin of the command's document.
[[nodiscard]] std::string plugin_of(const Command& command);
// The instances it was sent to, in order.
[[nodiscard]] std::vector<std::string> ids_of(const Command& command);
[[nodiscard]] json::Object describe_command(const Command& command);
[[nodiscard]] json::Object
describe_invocation(const Command& command, const Invocation& invocation, bool with_plugins);

} // namespace squall::lab::ssm
