// What an experiment reaches outside its own process: AWS, and time.
#pragma once

#include "squall/aws/cloudwatch.h"
#include "squall/aws/ecs.h"
#include "squall/aws/ssm.h"
#include "squall/aws/sts.h"
#include "squall/base/clock.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace squall::experiment {

// References outlive the World. One thread.
struct World {
    aws::Ecs& ecs;
    aws::Ssm& ssm;
    aws::Sts& sts;
    aws::CloudWatch& cloudwatch;
    Clock& clock;
    std::string region;
    std::string endpoint; // of ECS, as an origin: tells one world from another
    // Requests sent so far, by "service:Operation".
    std::function<std::map<std::string, std::uint64_t>()> call_counts;
};

} // namespace squall::experiment
