// A fault explained: its tunables and permissions, for people and for programs.
#pragma once

#include "squall/experiment/fault.h"

#include <string>

namespace squall::app {

[[nodiscard]] json::Object fault_json(const experiment::FaultDescription& description);
[[nodiscard]] std::string fault_text(const experiment::FaultDescription& description);

} // namespace squall::app
