#include "session_world.h"

#include "squall/base/text.h"

#include <random>

namespace squall::app {
namespace {

constexpr Seconds open_limit{30};

} // namespace

SessionWorld::SessionWorld(std::unique_ptr<SystemClock> clock,
                           std::unique_ptr<aws::Session> session,
                           std::string endpoint)
    : clock_(std::move(clock)),
      session_(std::move(session)),
      ecs_(session_->client()),
      ssm_(session_->client()),
      sts_(session_->client()),
      cloudwatch_(session_->client()),
      world_{ecs_,
             ssm_,
             sts_,
             cloudwatch_,
             *clock_,
             session_->region().name,
             std::move(endpoint),
             [this] {
                 return session_->client().call_counts();
             }} {}

Result<std::unique_ptr<SessionWorld>> SessionWorld::open(const std::string& region,
                                                         const std::string& assume_role_arn,
                                                         const std::string& role_session,
                                                         std::stop_token stop) {
    auto clock = std::make_unique<SystemClock>();
    aws::SessionOptions options;
    options.environment = aws::Environment::from_process();
    options.region = region;
    options.assume_role_arn = assume_role_arn;
    options.role_session = role_session;
    options.seed = std::random_device{}();
    auto session = aws::Session::open(std::move(options), *clock, Deadline::in(open_limit), stop);
    if (!session) return fail(session.error());
    std::string endpoint = (*session)->endpoints().of(aws::ServiceId::ecs).url.origin();
    return std::unique_ptr<SessionWorld>(
        new SessionWorld(std::move(clock), std::move(*session), std::move(endpoint)));
}

} // namespace squall::app
