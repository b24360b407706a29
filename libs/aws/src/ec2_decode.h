// EC2's XML as values.
#pragma once

#include "squall/aws/ec2.h"

#include <string_view>

namespace squall::aws {

struct InstancesPage {
    std::vector<Ec2Instance> instances;
    std::string next_token;
};

[[nodiscard]] Result<InstancesPage> decode_instances(std::string_view xml);

// The instance ids that an error message speaks of, such as "The instance IDs 'i-1, i-2' do not
// exist".
[[nodiscard]] std::vector<std::string> instance_ids_in(std::string_view message);

} // namespace squall::aws
