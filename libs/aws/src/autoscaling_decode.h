// Auto Scaling's XML as values.
#pragma once

#include "squall/aws/autoscaling.h"

#include <string_view>

namespace squall::aws {

template <class T>
struct AutoScalingPage {
    std::vector<T> found;
    std::string next_token;
};

// Errors are answers that are something else.
[[nodiscard]] Result<AutoScalingPage<AutoScalingInstance>>
decode_auto_scaling_instances(std::string_view xml);
[[nodiscard]] Result<AutoScalingPage<AutoScalingGroup>>
decode_auto_scaling_groups(std::string_view xml);

} // namespace squall::aws
