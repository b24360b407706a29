#include "ecs/placement_strategy.h"

#include <algorithm>
#include <functional>

namespace squall::lab::ecs {
namespace {

using Instances = std::vector<ContainerInstance*>;
using Measure = std::function<std::int64_t(const ContainerInstance&)>; // less is better

std::int64_t
count_live(const ContainerInstance& instance, const Store& store, std::string_view group) {
    const auto tasks = store.tasks_on(instance);
    return std::count_if(tasks.begin(), tasks.end(), [&](const Task* task) {
        return is_live(*task) && (group.empty() || task->group == group);
    });
}

// What `field` of a spread says of an instance: those without the attribute are one bucket.
std::string bucket_of(const ContainerInstance& instance, std::string_view field) {
    if (field == "instanceId" || field == "host") return instance.arn;
    const std::string_view name = field.substr(field.find(':') + 1);
    const auto found = std::find_if(instance.attributes.begin(),
                                    instance.attributes.end(),
                                    [&](const Attribute& one) { return one.name == name; });
    return found == instance.attributes.end() ? std::string() : found->value;
}

// How many tasks of the group there are where the instance is.
Measure
spread(std::string_view field, const Instances& all, std::string_view group, const Store& store) {
    std::map<std::string, std::int64_t> counts;
    for (const ContainerInstance* instance : all)
        counts[bucket_of(*instance, field)] += count_live(*instance, store, group);
    return [counts = std::move(counts),
            field = std::string(field)](const ContainerInstance& instance) {
        return counts.at(bucket_of(instance, field));
    };
}

// What the instance has left: the fullest first.
Measure binpack(std::string_view field, const Store& store) {
    const bool by_memory = field == "memory";
    return [by_memory, &store](const ContainerInstance& instance) {
        const Resources left = store.remaining(instance);
        return by_memory ? left.memory : left.cpu;
    };
}

// Another one for every task, and yet the same for whoever does the same again.
Measure scattered(const Store& store) {
    return [number = store.tasks.size()](const ContainerInstance& instance) {
        const auto hash = std::hash<std::string>()(fmt::format("{} {}", instance.arn, number));
        return static_cast<std::int64_t>(hash >> 1U);
    };
}

std::vector<Measure> measures_of(const json::Array& strategy,
                                 const Instances& all,
                                 std::string_view group,
                                 const Store& store) {
    std::vector<Measure> measures;
    for (const auto& step : strategy) {
        const std::string_view type = json::string_at(step, "type");
        const std::string_view field = json::string_at(step, "field");
        if (type == "spread")
            measures.push_back(spread(field, all, group, store));
        else if (type == "binpack")
            measures.push_back(binpack(field, store));
        else
            measures.push_back(scattered(store));
    }
    if (strategy.empty()) {
        measures.push_back(spread("attribute:ecs.availability-zone", all, group, store));
        measures.push_back(spread("instanceId", all, group, store));
    }
    measures.emplace_back(
        [&store](const ContainerInstance& instance) { return count_live(instance, store, {}); });
    return measures;
}

} // namespace

ContainerInstance* best_of(const Instances& candidates,
                           const Instances& all,
                           const PlacementRequest& request,
                           const Store& store) {
    if (candidates.empty()) return nullptr;
    const auto measures = measures_of(request.rules->strategy, all, request.group, store);
    const auto key_of = [&](const ContainerInstance& instance) {
        std::vector<std::int64_t> key;
        key.reserve(measures.size());
        for (const auto& measure : measures)
            key.push_back(measure(instance));
        return key;
    };
    ContainerInstance* best = candidates.front();
    auto best_key = key_of(*best);
    for (ContainerInstance* candidate : candidates) {
        auto key = key_of(*candidate);
        if (key >= best_key) continue;
        best = candidate;
        best_key = std::move(key);
    }
    return best;
}

} // namespace squall::lab::ecs
