// The state as JSON, in pieces that a store keeps as rows: a host, an incident, and the rest.
#pragma once

#include "squall/base/json.h"
#include "squall/monitor/state.h"

namespace squall::monitor {

[[nodiscard]] json::Object saved(const Host& host);
[[nodiscard]] json::Object saved(const Incident& incident);
// Windows, clusters, and how the APIs answer.
[[nodiscard]] json::Object saved_rest(const State& state);

// The other way. In any order, into a state that has nothing of the same key. What cannot be read
// is an error: a row that somebody has damaged.
[[nodiscard]] Result<void> restore_host(State& state, const json::Object& row);
[[nodiscard]] Result<void> restore_incident(State& state, const json::Object& row);
[[nodiscard]] Result<void> restore_rest(State& state, const json::Object& row);
// After all rows: questions that were under way when the process ended are asked again.
void resume(State& state, WallTime now);

} // namespace squall::monitor
