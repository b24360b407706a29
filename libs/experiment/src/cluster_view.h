// What ECS and SSM say of a cluster and its container instances, read before a plan is made.
#pragma once

#include "squall/experiment/world.h"

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace squall::experiment {

struct ClusterView {
    aws::Cluster cluster;
    std::vector<aws::ContainerInstance> instances;              // all that are registered
    std::map<std::string, aws::InstanceInformation> managed;    // by SSM, by instance id
    std::optional<std::vector<std::string>> matched_expression; // ARNs; nothing: no expression

    // Null where SSM does not manage it.
    [[nodiscard]] const aws::InstanceInformation*
    information(const aws::ContainerInstance& instance) const;
};

// Empty where it says none.
[[nodiscard]] std::string zone_of(const aws::ContainerInstance& instance);

// An ACTIVE cluster by name or ARN, or an error that says where was looked, and as whom.
[[nodiscard]] Result<aws::Cluster> find_cluster(World& world,
                                                const std::string& name,
                                                const std::string& principal,
                                                Deadline deadline,
                                                const std::stop_token& stop);

// As find_cluster, and what is in it. An
// expression of the cluster query language asks ECS as well which instances it matches.
[[nodiscard]] Result<ClusterView> look_at_cluster(World& world,
                                                  const std::string& name,
                                                  const std::string& expression,
                                                  const std::string& principal,
                                                  Deadline deadline,
                                                  const std::stop_token& stop);

} // namespace squall::experiment
