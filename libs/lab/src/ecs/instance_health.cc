// The health of container instances: what their agents say of the container runtime, and whether
// there are agents to say anything.
#include "ecs/control_plane.h"
#include "squall/base/time_text.h"

namespace squall::lab::ecs {
namespace {

json::Object check(std::string_view type,
                   std::string_view status,
                   WallTime changed_at,
                   WallTime updated_at,
                   json::Value reason) {
    return {{"type", type},
            {"status", status},
            {"lastStatusChange", rfc3339_seconds(changed_at)},
            {"lastUpdated", rfc3339_seconds(updated_at)},
            {"statusReason", std::move(reason)}};
}

} // namespace

void ControlPlane::record_health(const ContainerInstance& instance,
                                 json::Object check,
                                 WallTime now) {
    json::Object detail{{"clusterArn", store_.arn("cluster/" + instance.cluster)},
                        {"containerInstanceArn", instance.arn},
                        {"capacityProviderName", nullptr},
                        {"ec2InstanceId", instance.ec2_instance_id},
                        {"overallStatus", check["status"]},
                        {"healthChecks", json::Array{std::move(check)}}};
    events_.record("ECS Container Instance Health Change", instance.arn, std::move(detail), now);
}

void ControlPlane::watch_connectivity(WallTime now) {
    for (auto& [arn, instance] : store_.instances) {
        if (instance.agent_connected || instance.is_connectivity_impaired
            || !instance.disconnected_at || now - *instance.disconnected_at < connectivity_patience)
            continue;
        instance.is_connectivity_impaired = true;
        const std::string since = rfc3339_seconds(*instance.disconnected_at);
        record_health(instance,
                      check("AGENT_CONNECTIVITY",
                            "IMPAIRED",
                            *instance.disconnected_at,
                            now,
                            json::Value("Agent disconnected since " + since)),
                      now);
    }
}

void ControlPlane::connectivity_restored(ContainerInstance& instance, WallTime now) {
    instance.disconnected_at.reset();
    if (!std::exchange(instance.is_connectivity_impaired, false)) return;
    record_health(instance, check("AGENT_CONNECTIVITY", "OK", now, now, nullptr), now);
}

void ControlPlane::apply_runtime_status(ContainerInstance& instance,
                                        const json::Object& message,
                                        WallTime now) {
    for (const auto& status : json::array_at(message, "statuses")) {
        if (json::string_at(status, "type") != "ContainerRuntime") continue;
        const std::string before = instance.runtime_status;
        instance.runtime_status = json::string_at(status, "status", "OK");
        instance.runtime_updated = from_epoch_seconds(json::number_at(status, "lastUpdated"));
        instance.runtime_changed = from_epoch_seconds(json::number_at(status, "lastStatusChange"));
        if (instance.runtime_status == before) continue;
        record_health(instance,
                      check("CONTAINER_RUNTIME",
                            instance.runtime_status,
                            *instance.runtime_changed,
                            *instance.runtime_updated,
                            nullptr),
                      now);
    }
}

} // namespace squall::lab::ecs
