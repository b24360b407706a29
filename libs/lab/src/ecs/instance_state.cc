// Draining: an instance that takes no new tasks and gives away those of services (rollout.h).
#include "ecs/control_plane.h"
#include "ecs/describe.h"
#include "ecs/parameters.h"

namespace squall::lab::ecs {
namespace {

constexpr std::size_t instances_per_call_max = 10;

} // namespace

Answer ControlPlane::update_container_instances_state(const ApiCall& call) {
    const auto cluster = store_.cluster(json::string_at(call.body, "cluster"));
    if (!cluster) return fail(cluster.error());
    const auto references = texts_at(call.body, "containerInstances", instances_per_call_max);
    if (!references) return fail(references.error());
    if (references->empty()) return invalid_parameter("Container instances cannot be empty.");
    const std::string_view status = json::string_at(call.body, "status");
    if (status != "ACTIVE" && status != "DRAINING")
        return invalid_parameter("Container instances can be made ACTIVE or DRAINING.");
    json::Array instances;
    json::Array failures;
    for (const auto& reference : *references) {
        ContainerInstance* instance = store_.instance(**cluster, reference);
        if (instance == nullptr) {
            failures.push_back(describe_missing_instance(**cluster, reference, store_));
            continue;
        }
        if (instance->status != status) {
            instance->status = status;
            changed(*instance, call.now);
        }
        instances.push_back(describe_instance(*instance, store_, {}));
    }
    for (auto& [arn, service] : store_.services) {
        if (service.cluster == (*cluster)->name) schedule(service, call.now);
    }
    return answer(
        {{"containerInstances", std::move(instances)}, {"failures", std::move(failures)}});
}

} // namespace squall::lab::ecs
