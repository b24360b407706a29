#include "cluster_view.h"

namespace squall::experiment {

Result<aws::Cluster> find_cluster(World& world,
                                  const std::string& name,
                                  const std::string& principal,
                                  Deadline deadline,
                                  const std::stop_token& stop) {
    const std::vector<std::string> names{name};
    const auto clusters = world.ecs.describe_clusters(names, deadline, stop);
    if (!clusters) return fail(aws::to_error(clusters.error()));
    if (clusters->found.empty()) {
        return fail(Errc::not_found,
                    "there is no cluster '{}' in {} (looked at {} as {}): check CLUSTER_NAME, "
                    "REGION and the account",
                    name,
                    world.region,
                    world.endpoint,
                    principal);
    }
    const aws::Cluster& cluster = clusters->found.front();
    if (cluster.status != "ACTIVE")
        return fail(Errc::refused,
                    "the cluster '{}' in {} is {}, not ACTIVE",
                    name,
                    world.region,
                    cluster.status);
    return cluster;
}

std::string zone_of(const aws::ContainerInstance& instance) {
    const auto zone = instance.attributes.find("ecs.availability-zone");
    return zone == instance.attributes.end() ? "" : zone->second;
}

const aws::InstanceInformation*
ClusterView::information(const aws::ContainerInstance& instance) const {
    const auto found = managed.find(instance.ec2_instance_id);
    return found == managed.end() ? nullptr : &found->second;
}

Result<ClusterView> look_at_cluster(World& world,
                                    const std::string& name,
                                    const std::string& expression,
                                    const std::string& principal,
                                    Deadline deadline,
                                    const std::stop_token& stop) {
    ClusterView view;
    auto cluster = find_cluster(world, name, principal, deadline, stop);
    if (!cluster) return fail(cluster.error());
    view.cluster = std::move(*cluster);
    const auto arns = world.ecs.list_container_instances(view.cluster.arn, {}, deadline, stop);
    if (!arns) return fail(aws::to_error(arns.error()));
    if (arns->empty()) {
        return fail(Errc::not_found,
                    "the cluster '{}' in {} has no container instances: this fault works on "
                    "EC2 and external instances, a Fargate cluster has none",
                    name,
                    world.region);
    }
    if (!expression.empty()) {
        auto matched =
            world.ecs.list_container_instances(view.cluster.arn, {expression, {}}, deadline, stop);
        if (!matched) return fail(aws::to_error(matched.error()));
        view.matched_expression = std::move(*matched);
    }
    auto instances =
        world.ecs.describe_container_instances(view.cluster.arn, *arns, deadline, stop);
    if (!instances) return fail(aws::to_error(instances.error()));
    view.instances = std::move(instances->found);
    std::vector<std::string> ids;
    for (const auto& instance : view.instances)
        ids.push_back(instance.ec2_instance_id);
    auto managed = world.ssm.describe_instance_information(ids, deadline, stop);
    if (!managed) return fail(aws::to_error(managed.error()));
    for (auto& information : *managed) {
        const std::string id = information.instance_id;
        view.managed[id] = std::move(information);
    }
    return view;
}

} // namespace squall::experiment
