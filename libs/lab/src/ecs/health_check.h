// The `healthCheck` of a container definition, within AWS's limits:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
#pragma once

#include "ecs/store.h"

namespace squall::lab::ecs {

// ClientException for one that cannot be. A first word other than CMD and CMD-SHELL is let pass, as
// by AWS: the container's health then stays UNKNOWN.
[[nodiscard]] Found<void> check_health_check(const json::Value& container);

// Puts in what it leaves out: 30 s of interval, 5 s of timeout, 3 retries.
void put_health_check_defaults(json::Object& container);

} // namespace squall::lab::ecs
