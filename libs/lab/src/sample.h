// What a lab has when it is up, besides its instances: a cluster, a task definition, and a service
// behind a load balancer.
#pragma once

#include "cloud/cloud.h"
#include "squall/lab/lab.h"

#include <string>

namespace squall::lab {

// By the same calls that a user would make: all but the service. The target group's ARN.
[[nodiscard]] Result<std::string> make_sample(Cloud& cloud, const LabOptions& options);

// It has a task for each host that can take one; made once they are registered, since ECS places
// what it can at once: the first one there would get the others' tasks.
[[nodiscard]] Result<void>
make_sample_service(Cloud& cloud, const LabOptions& options, const std::string& target_group);

} // namespace squall::lab
