#include "fleet_times.h"

#include "squall/aws/rate_limit.h"
#include "squall/aws/ssm.h"

#include <algorithm>
#include <cmath>

namespace squall::experiment {
namespace {

Seconds time_for(std::size_t calls, aws::Rate rate) {
    const double beyond_burst = static_cast<double>(calls) - rate.burst;
    return Seconds(
        static_cast<std::int64_t>(std::ceil(std::max(0.0, beyond_burst) / rate.per_second)));
}

} // namespace

FleetTimes fleet_times(std::size_t hosts) {
    // SSM takes, and lists, fifty hosts at a time.
    constexpr std::size_t batch = aws::SendCommandRequest::instances_max;
    const std::size_t calls = (hosts + batch - 1) / batch;
    return {time_for(calls, aws::rate_of(aws::ServiceId::ssm, "SendCommand")),
            time_for(calls, aws::rate_of(aws::ServiceId::ssm, "ListCommandInvocations"))};
}

} // namespace squall::experiment
