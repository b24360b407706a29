#include "ecs/service_text.h"

#include <algorithm>
#include <array>

namespace squall::lab::ecs {
namespace {

std::string_view id_of(std::string_view arn) { return arn.substr(arn.rfind('/') + 1); }

std::string list_of(const std::vector<const Task*>& tasks) {
    std::string text;
    for (const Task* task : tasks)
        text += fmt::format(" (task {})", id_of(task->arn));
    return text;
}

// Which refusal is nearest to a yes: first those that only time or room would cure.
std::size_t distance_of(std::string_view reason) {
    constexpr std::array by_distance{std::string_view("RESOURCE:PORTS"),
                                     std::string_view("RESOURCE:ENI"),
                                     std::string_view("RESOURCE:MEMORY"),
                                     std::string_view("RESOURCE:CPU"),
                                     std::string_view("AGENT"),
                                     std::string_view("DistinctInstance"),
                                     std::string_view("MemberOf"),
                                     std::string_view("ATTRIBUTE")};
    const auto found = std::find_if(by_distance.begin(), by_distance.end(), [&](auto known) {
        return reason.starts_with(known);
    });
    return static_cast<std::size_t>(found - by_distance.begin());
}

const std::pair<std::string, std::string>* closest(const Placement& placement) {
    const auto& refusals = placement.refusals;
    const auto found =
        std::min_element(refusals.begin(), refusals.end(), [](const auto& a, const auto& b) {
            return distance_of(a.second) < distance_of(b.second);
        });
    return found == refusals.end() ? nullptr : &*found;
}

std::string lack_text(std::string_view reason) {
    if (reason == "RESOURCE:CPU") return "has insufficient CPU units available.";
    if (reason == "RESOURCE:MEMORY") return "has insufficient memory available.";
    if (reason == "RESOURCE:PORTS") return "is already using a port required by your task.";
    if (reason == "ATTRIBUTE") return "is missing an attribute required by your task.";
    return fmt::format("encountered error \"{}\".", reason);
}

} // namespace

std::string started_text(const std::vector<const Task*>& tasks) {
    return fmt::format("has started {} tasks:{}.", tasks.size(), list_of(tasks));
}

std::string stopped_text(const std::vector<const Task*>& tasks) {
    return fmt::format("has stopped {} running tasks:{}.", tasks.size(), list_of(tasks));
}

std::string stopped_pending_text(std::size_t count) {
    return fmt::format("stopped {} pending tasks.", count);
}

std::string cannot_place_text(const Placement& placement) {
    const auto* near = closest(placement);
    const std::string why = near == nullptr
                                ? "Reason: No Container Instances were found in your cluster."
                                : fmt::format("The closest matching (container-instance {}) {}",
                                              id_of(near->first),
                                              lack_text(near->second));
    return fmt::format("was unable to place a task because no container instance met all of its "
                       "requirements. {}{}",
                       why,
                       see_manual);
}

std::string cannot_place_reason(const Placement& placement) {
    const auto* near = closest(placement);
    return near == nullptr ? "No Container Instances were found in your cluster." : near->second;
}

} // namespace squall::lab::ecs
