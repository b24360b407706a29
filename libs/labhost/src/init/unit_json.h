// A unit as the control socket shows it: the one description that all tools read.
//
// {"id", "description", "load_state": "loaded" | "bad-setting" | "not-found", "active_state",
//  "sub_state", "file_state": see unit_folder.h, "fragment", "drop_ins": [path…], "is_transient",
//  "needs_reload", "invocation", "job": {"id", "type", "is_running"} or null,
//  "after" …: [name…] for each kind of dependency,
//  "times": {"active_enter" …: {"wall", "monotonic"}},
//  "service": {…} or "timer": {…}, see unit_json.cc,
//  "processes": [{"pid", "name", "command"}…]  only where one unit was asked for}
// Times are microseconds; 0 is never.
#pragma once

#include "init/supervisor.h"
#include "init/unit_folder.h"
#include "squall/base/json.h"

#include <string>

namespace squall::labhost::init {

[[nodiscard]] json::Object unit_json(const Unit& unit, UnitFolder& folder, Instant now);
// A unit that has no file and runs not.
[[nodiscard]] json::Object missing_unit_json(const std::string& name);
[[nodiscard]] json::Array processes_json(const Unit& unit, Effects& effects);

} // namespace squall::labhost::init
