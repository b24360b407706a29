// Where the instances of Auto Scaling groups come from.
#pragma once

#include "squall/base/result.h"

#include <string>

namespace squall::lab::autoscaling {

class Launcher {
public:
    virtual ~Launcher() = default;

    // The id of one more instance for this group, which EC2 knows by then.
    [[nodiscard]] virtual Result<std::string> launch(const std::string& group) = 0;
};

} // namespace squall::lab::autoscaling
