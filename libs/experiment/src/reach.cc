#include "reach.h"

#include <fmt/format.h>

namespace squall::experiment {

std::optional<Obstacle> out_of_reach(const aws::InstanceInformation* managed) {
    if (managed == nullptr)
        return Obstacle{"it is not managed by SSM",
                        "attach the policy AmazonSSMManagedInstanceCore to its instance role, and "
                        "see that amazon-ssm-agent runs"};
    if (managed->platform_type != "Linux" && managed->platform_type != "Windows")
        return Obstacle{fmt::format("unsupported: no ECS agent that squall knows runs on {}",
                                    managed->platform_type),
                        ""};
    if (managed->platform_name == "Bottlerocket")
        return Obstacle{"unsupported: on Bottlerocket, SSM commands land in a container that "
                        "cannot reach what runs on the host",
                        ""};
    if (managed->ping_status != "Online")
        return Obstacle{fmt::format("SSM cannot reach it ({})", managed->ping_status),
                        "see that the host is up, and that amazon-ssm-agent runs and reaches SSM"};
    return std::nullopt;
}

std::string platform_of(const aws::InstanceInformation* managed) {
    return managed == nullptr ? "" : managed->platform_name + " " + managed->platform_version;
}

} // namespace squall::experiment
