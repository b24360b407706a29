#include "ecs/model.h"

#include <algorithm>

namespace squall::lab::ecs {
namespace {

bool counts(const Container& container) {
    return container.essential && container.has_health_check;
}

} // namespace

const Attribute* ContainerInstance::attribute(std::string_view name) const {
    const auto found = std::find_if(
        attributes.begin(), attributes.end(), [&](const auto& one) { return one.name == name; });
    return found == attributes.end() ? nullptr : &*found;
}

std::string_view ContainerInstance::attribute_value(std::string_view name) const {
    const Attribute* found = attribute(name);
    return found == nullptr ? std::string_view() : found->value;
}

std::string_view ContainerInstance::launch_type() const {
    return attribute("ecs.capability.external") == nullptr ? "EC2" : "EXTERNAL";
}

bool Task::is_checked() const { return std::any_of(containers.begin(), containers.end(), counts); }

std::string_view Task::health() const {
    bool all_are_healthy = is_checked();
    for (const auto& container : containers) {
        if (!counts(container)) continue;
        if (container.health == "UNHEALTHY") return "UNHEALTHY";
        all_are_healthy = all_are_healthy && container.health == "HEALTHY";
    }
    return all_are_healthy ? "HEALTHY" : "UNKNOWN";
}

} // namespace squall::lab::ecs
