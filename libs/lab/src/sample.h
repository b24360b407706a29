// What a lab has when it is up, besides its instances: a cluster, a task definition, and a service
// behind a load balancer.
#pragma once

#include "cloud/cloud.h"
#include "squall/lab/lab.h"

namespace squall::lab {

// By the same calls that a user would make. The service has a task for each host that can take one.
[[nodiscard]] Result<void> make_sample(Cloud& cloud, const LabOptions& options);

} // namespace squall::lab
