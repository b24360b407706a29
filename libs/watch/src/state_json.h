// Parts of a report.
#pragma once

#include "squall/base/json.h"
#include "squall/monitor/state.h"
#include "squall/watch/store.h"

namespace squall::watch {

[[nodiscard]] json::Object incident_json(const monitor::Incident& incident);
[[nodiscard]] json::Object host_json(const monitor::Host& host);
[[nodiscard]] json::Object timeline_json(const TimelineEntry& entry);
// "connected", "disconnected", …: how many of each.
[[nodiscard]] json::Object counts_json(const monitor::State& state);

} // namespace squall::watch
