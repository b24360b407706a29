// What the scripts of a host are written for.
#pragma once

#include <string>

namespace squall::host {

enum class Shell { posix, powershell };

// The SSM document that runs a script for it: AWS-RunShellScript, AWS-RunPowerShellScript.
[[nodiscard]] std::string document_of(Shell shell);

} // namespace squall::host
