// Questions to a monitor that is a function: its table has the answers, and its event bus takes
// what it is to be told.
#pragma once

#include "cli.h"
#include "squall/base/clock.h"
#include "squall/base/json.h"

namespace squall::app {

// As the API of a monitor on this machine answers.
[[nodiscard]] Result<json::Object> status_of_table(const MonitorPlaceArguments& place);
[[nodiscard]] Result<json::Object> explanation_of_table(const MonitorPlaceArguments& place,
                                                        const std::string& node);
[[nodiscard]] Result<json::Object> mute_by_bus(const MonitorMuteCommand& command, Millis length);
[[nodiscard]] Result<json::Object> unmute_by_bus(const MonitorUnmuteCommand& command);

} // namespace squall::app
