// The ARNs that IAM compares with the Resource of a policy, for each call.
#pragma once

#include "api/call.h"
#include "api/operations.h"

namespace squall::lab::iam {

// At least one; {"*"} for actions that know no resources. Names that a call leaves out are those
// that the service would take: the cluster `default`, the caller's own user.
[[nodiscard]] std::vector<std::string>
resources_of(const ApiCall& call, Resource kind, const std::string& account);

// The ARN of the cluster that an ECS call is about; empty where it names none.
[[nodiscard]] std::string cluster_arn_of(const ApiCall& call, const std::string& account);

} // namespace squall::lab::iam
