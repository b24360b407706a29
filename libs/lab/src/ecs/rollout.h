// Which tasks of a service start and which stop next. A rolling update, a new desired count, a
// draining instance and a failed health check are one rule: some tasks stay, the others leave, and
// the deployment configuration says how many may be there and how many must be well. Pure.
#pragma once

#include "ecs/model.h"

namespace squall::lab::ecs {

// How long a task without a health check has to run before it counts as healthy. ECS waits 40 s;
// nobody waits that long for a lab.
inline constexpr Seconds settle_time{5};

// A live task of the service, as far as this matters.
struct RolloutTask {
    bool stays = false;        // of the PRIMARY deployment, on an instance that keeps its tasks
    bool is_wanted = true;     // its desired status is RUNNING
    bool runs = false;         // it has been seen running
    bool is_healthy = false;   // it runs, and has proved itself
    bool is_unhealthy = false; // a health check says so
    WallTime created_at;
};

struct RolloutLimits {
    std::int64_t desired = 0;
    std::int64_t healthy_min = 0; // rounded up, as in AWS
    std::int64_t tasks_max = 0;   // rounded down
    bool may_start = true;        // false: the deployment has failed

    [[nodiscard]] static RolloutLimits
    of(std::int64_t desired, const RolloutRules& rules, bool has_failed);
};

// How many new tasks are due now.
[[nodiscard]] std::int64_t tasks_to_start(const std::vector<RolloutTask>& tasks,
                                          const RolloutLimits& limits);

// Which of them are to stop now, by their index. Call it after the starts: an unhealthy task goes
// when its successor has come.
[[nodiscard]] std::vector<std::size_t> tasks_to_stop(const std::vector<RolloutTask>& tasks,
                                                     const RolloutLimits& limits);

// As many as desired, all of them well, and nobody else.
[[nodiscard]] bool is_steady(const std::vector<RolloutTask>& tasks, std::int64_t desired);

// True when nothing may start or stop, nothing is on its way, and yet the work is not done: the
// configuration itself stands in the way.
[[nodiscard]] bool is_blocked(const std::vector<RolloutTask>& tasks, const RolloutLimits& limits);

// Failures in a row at which the circuit breaker opens: half of the desired count, between 3 and
// 200.
[[nodiscard]] std::int64_t failure_threshold(std::int64_t desired);

} // namespace squall::lab::ecs
