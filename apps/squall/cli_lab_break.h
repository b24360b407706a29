// The command lines of `squall lab break` and `squall lab mend`.
#pragma once

#include "cli.h"

#include <functional>

namespace squall::app {

// Each adds it to `lab`. When it was given, `into` is filled in and `chosen` called. Both must
// outlive the parsing.
void add_lab_break(CLI::App& lab, LabBreakCommand& into, const std::function<void()>& chosen);
void add_lab_mend(CLI::App& lab, LabBreakCommand& into, const std::function<void()>& chosen);

} // namespace squall::app
