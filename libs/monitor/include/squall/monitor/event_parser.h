// Events as EventBridge delivers them, and container instances as ECS describes them, read into
// what the monitor understands. Tolerant: unknown members are ignored, absent ones are unknown.
#pragma once

#include "squall/base/json.h"
#include "squall/monitor/input.h"

#include <optional>

namespace squall::monitor {

// An EventBridge event, as a JSON object with "source", "detail-type" and "detail". Nothing when it
// is none that the monitor knows; an error when it is one, and says nothing usable.
[[nodiscard]] Result<std::optional<Input>> parse_event(const json::Value& event);

// A member of DescribeContainerInstances' answer. `cluster_arn`: whose it is.
[[nodiscard]] Result<InstanceReport> parse_container_instance(const json::Value& instance,
                                                              std::string_view cluster_arn);

// Numbers are seconds since 1970, texts RFC 3339; unknown_time for anything else. To the
// millisecond.
[[nodiscard]] WallTime time_of(const json::Value& value);

// The event that makes a window: what `squall run --announce` and `squall monitor mute --table` put
// on the bus.
inline constexpr std::string_view window_source = "squall";
inline constexpr std::string_view window_detail_type = "Squall Experiment Window";
[[nodiscard]] json::Object window_detail(const Window& window);

} // namespace squall::monitor
