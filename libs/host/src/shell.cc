#include "squall/host/shell.h"

namespace squall::host {

std::string document_of(Shell shell) {
    return shell == Shell::powershell ? "AWS-RunPowerShellScript" : "AWS-RunShellScript";
}

} // namespace squall::host
