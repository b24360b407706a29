#include "monitor_session.h"

#include <random>

namespace squall::app {
namespace {

constexpr Seconds open_limit{30};

} // namespace

Result<std::unique_ptr<aws::Session>> open_monitor_session(const std::string& region,
                                                           const std::string& role_arn,
                                                           Clock& clock,
                                                           const std::stop_token& stop) {
    aws::SessionOptions options;
    options.environment = aws::Environment::from_process();
    options.region = region;
    options.assume_role_arn = role_arn;
    options.role_session = "squall-monitor";
    options.seed = std::random_device{}();
    return aws::Session::open(std::move(options), clock, Deadline::in(open_limit), stop);
}

} // namespace squall::app
