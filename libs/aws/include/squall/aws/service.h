// The AWS services that are called, and what their wire needs. One row for each.
#pragma once

#include "squall/wire/protocol.h"

#include <cstddef>
#include <string_view>

namespace squall::aws {

enum class ServiceId { ecs, ssm, ec2, sts, cloudwatch };

inline constexpr std::size_t service_count = 5;

struct Service {
    ServiceId id = ServiceId::ecs;
    // In IAM's actions, [services] sections and, in capitals, AWS_ENDPOINT_URL_<SERVICE>: for these
    // services it is one word.
    std::string_view name;
    std::string_view signing_name; // in host names and signatures
    wire::Protocol protocol = wire::Protocol::json_1_1;
    std::string_view target;  // json: X-Amz-Target without ".Operation"
    std::string_view version; // query and ec2: the Version parameter
};

[[nodiscard]] const Service& service(ServiceId id);

} // namespace squall::aws
