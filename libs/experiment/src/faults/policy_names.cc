#include "faults/policy_names.h"

#include "squall/wire/arn.h"

#include <fmt/format.h>

namespace squall::experiment {

PolicyNames::PolicyNames(const TunableValues& values)
    : partition("aws"),
      account("*"),
      cluster(values.text("CLUSTER_NAME")),
      region(values.text("REGION")) {
    const auto given = wire::parse_arn(cluster);
    if (!given) return;
    partition = given->partition;
    account = given->account;
    cluster = given->id();
}

std::string PolicyNames::arn(std::string_view service,
                             std::string_view owner,
                             const std::string& resource) const {
    return fmt::format("arn:{}:{}:{}:{}:{}", partition, service, region, owner, resource);
}

} // namespace squall::experiment
