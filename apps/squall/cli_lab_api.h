// The command line of `squall lab api`.
#pragma once

#include "cli.h"

#include <functional>

namespace squall::app {

// Adds it to `lab`. When it was given, `into` is filled in and `chosen` called. Both must outlive
// the parsing.
void add_lab_api(CLI::App& lab, LabApiCommand& into, const std::function<void()>& chosen);

} // namespace squall::app
