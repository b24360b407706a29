// What a monitor knows, for programs: what its API answers, and what a function's table has.
#pragma once

#include "squall/aws/events.h"
#include "squall/base/json.h"
#include "squall/monitor/state.h"
#include "squall/watch/store.h"

#include <optional>
#include <string>

namespace squall::watch {

// "clusters", "agents", those that are "away" (the longest first, a hundred at the most),
// "incidents", the "windows" that are open at `now`, and the "outbox": how
// many messages wait, by channel.
[[nodiscard]] json::Object overview(const monitor::State& state, Store& store, WallTime now);

// "node", "records" (one for each cluster), "timeline", oldest first. Errc::not_found where nothing
// is known of it.
[[nodiscard]] Result<json::Object>
explanation(const monitor::State& state, Store& store, const std::string& node);

// Nobody remembers for longer what was muted.
inline constexpr Seconds window_max{7 * 86400};

// What is wrong with a window that somebody asks for now (`window.from`), for people.
[[nodiscard]] std::optional<std::string> not_a_window(const monitor::Window& window);

// What a window is over and the monitor does not know, for people: silence over something that is
// not there would leave what was meant as loud as before.
[[nodiscard]] std::optional<std::string> unknown_in(const monitor::State& state,
                                                    const monitor::Window& window);

// "id", "cluster", "nodes", "from", "until", "why".
[[nodiscard]] json::Object window_json(const monitor::Window& window);

// What a monitor takes for this window when it comes with its events.
[[nodiscard]] aws::EventEntry event_of(const monitor::Window& window);

} // namespace squall::watch
