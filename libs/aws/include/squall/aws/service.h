// The AWS services that are called, and what their wire needs. One row for each.
#pragma once

#include "squall/wire/protocol.h"

#include <cstddef>
#include <string_view>

namespace squall::aws {

enum class ServiceId {
    ecs,
    ssm,
    ec2,
    sts,
    cloudwatch,
    sqs,
    sns,
    events,
    autoscaling,
    dynamodb,
    logs
};

inline constexpr std::size_t service_count = 11;

struct Service {
    ServiceId id = ServiceId::ecs;
    std::string_view name;          // in IAM's actions
    std::string_view settings_name; // in [services] sections and, in capitals, AWS_ENDPOINT_URL_
    std::string_view signing_name;  // in host names and signatures
    wire::Protocol protocol = wire::Protocol::json_1_1;
    std::string_view target;  // json: X-Amz-Target without ".Operation"
    std::string_view version; // query and ec2: the Version parameter
    // json: of a service that once spoke query, and answers with that protocol's codes when asked.
    bool was_query = false;
};

[[nodiscard]] const Service& service(ServiceId id);

} // namespace squall::aws
