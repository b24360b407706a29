#include "ecs/rollout.h"

#include <algorithm>
#include <numeric>

namespace squall::lab::ecs {
namespace {

using Tasks = std::vector<RolloutTask>;

template <class Predicate>
std::int64_t count(const Tasks& tasks, Predicate predicate) {
    return std::count_if(tasks.begin(), tasks.end(), predicate);
}

bool is_kept(const RolloutTask& task) { return task.stays && task.is_wanted && !task.is_unhealthy; }

bool leaves(const RolloutTask& task) { return task.is_wanted && !is_kept(task); }

bool is_wanted(const RolloutTask& task) { return task.is_wanted; }

bool is_well(const RolloutTask& task) { return task.is_wanted && task.is_healthy; }

// Too many that would stay: those that have come least far go first, then the youngest.
void stop_surplus(const Tasks& tasks, std::int64_t desired, std::vector<std::size_t>& stops) {
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        if (is_kept(tasks[i])) kept.push_back(i);
    }
    const auto surplus = static_cast<std::int64_t>(kept.size()) - desired;
    if (surplus <= 0) return;
    const auto order = [&](std::size_t i) {
        return std::tuple(
            tasks[i].is_healthy, tasks[i].runs, -tasks[i].created_at.time_since_epoch());
    };
    std::stable_sort(kept.begin(), kept.end(), [&](std::size_t a, std::size_t b) {
        return order(a) < order(b);
    });
    stops.insert(stops.end(), kept.begin(), kept.begin() + surplus);
}

} // namespace

RolloutLimits RolloutLimits::of(std::int64_t desired, const RolloutRules& rules, bool has_failed) {
    // What has failed replaces nobody any more: those who are there stay, however few may do.
    const auto percent = has_failed ? 100 : rules.minimum_healthy_percent;
    return {desired,
            (desired * percent + 99) / 100,
            desired * rules.maximum_percent / 100,
            !has_failed};
}

std::int64_t tasks_to_start(const Tasks& tasks, const RolloutLimits& limits) {
    if (!limits.may_start) return 0;
    const auto missing = limits.desired - count(tasks, is_kept);
    // As in AWS, one that has been told to stop takes no place, even while its agent cannot hear.
    const auto room = limits.tasks_max - count(tasks, is_wanted);
    return std::max<std::int64_t>(0, std::min(missing, room));
}

std::vector<std::size_t> tasks_to_stop(const Tasks& tasks, const RolloutLimits& limits) {
    std::vector<std::size_t> stops;
    stop_surplus(tasks, limits.desired, stops);
    auto well =
        count(tasks, is_well) - std::count_if(stops.begin(), stops.end(), [&](std::size_t i) {
            return is_well(tasks[i]);
        });
    const bool is_replaced = count(tasks, is_kept) >= limits.desired;
    bool makes_room = limits.may_start && count(tasks, is_wanted) >= limits.tasks_max;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        const RolloutTask& task = tasks[i];
        if (!leaves(task)) continue;
        if (task.is_unhealthy) {
            // Its successor first; where there is no room for one, it goes to make some.
            if (!is_replaced && !makes_room) continue;
            makes_room = false;
        } else if (!task.runs) {
            // What has not begun is missed by nobody, unless nothing comes after it.
            if (!limits.may_start && !is_replaced) continue;
        } else if (task.is_healthy) {
            if (well - 1 < limits.healthy_min) continue;
            --well;
        } else if (well < limits.healthy_min) {
            continue;
        }
        stops.push_back(i);
    }
    return stops;
}

bool is_steady(const Tasks& tasks, std::int64_t desired) {
    return count(tasks, is_kept) == desired && count(tasks, leaves) == 0
           && count(tasks, is_well) == desired;
}

bool is_blocked(const Tasks& tasks, const RolloutLimits& limits) {
    const bool is_moving = std::any_of(tasks.begin(), tasks.end(), [](const RolloutTask& task) {
        return !task.is_wanted || !(task.is_healthy || task.is_unhealthy);
    });
    return limits.may_start && !is_moving && !is_steady(tasks, limits.desired)
           && tasks_to_start(tasks, limits) == 0 && tasks_to_stop(tasks, limits).empty();
}

std::int64_t failure_threshold(std::int64_t desired) {
    constexpr std::int64_t threshold_min = 3;
    constexpr std::int64_t threshold_max = 200;
    return std::clamp((desired + 1) / 2, threshold_min, threshold_max);
}

} // namespace squall::lab::ecs
