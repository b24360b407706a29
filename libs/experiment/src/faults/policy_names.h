// How the resources of one cluster are named in an IAM policy.
#pragma once

#include "squall/experiment/tunable.h"

#include <string>
#include <string_view>

namespace squall::experiment {

struct PolicyNames {
    // From CLUSTER_NAME, a name or an ARN, and REGION.
    explicit PolicyNames(const TunableValues& values);

    // Of whichever account the cluster is in: "*" where its ARN does not say.
    [[nodiscard]] std::string
    arn(std::string_view service, std::string_view owner, const std::string& resource) const;

    std::string partition;
    std::string account;
    std::string cluster; // its name
    std::string region;
};

} // namespace squall::experiment
