#include "session_world.h"

#include "helper_files.h"
#include "squall/aws/http_sender.h"
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
      events_(session_->client()),
      http_(aws::settings_through_proxies(aws::Environment::from_process())),
      canary_(aws::settings_through_proxies(aws::Environment::from_process())),
      world_{ecs_,
             ssm_,
             sts_,
             cloudwatch_,
             events_,
             *clock_,
             session_->region().name,
             std::move(endpoint),
             [this] { return session_->client().call_counts(); },
             helpers_beside_squall(),
             [this](const std::string& bucket,
                    const std::string& key,
                    Seconds valid,
                    Deadline deadline,
                    std::stop_token stop) -> Result<std::string> {
                 auto url = session_->s3().presigned_get({bucket, key}, valid, deadline, stop);
                 if (!url) return fail(aws::to_error(url.error()));
                 return std::move(*url);
             },
             [this](const std::string& bucket,
                    const std::string& key,
                    Deadline deadline,
                    std::stop_token stop) {
                 return session_->s3().has_object({bucket, key}, deadline, stop);
             },
             &canary_,
             [this](const wire::Url& server,
                    const wire::HttpRequest& request,
                    Deadline deadline,
                    const std::stop_token& stop) {
                 return http_.send(server, request, deadline, stop);
             }} {}

Result<std::unique_ptr<SessionWorld>>
SessionWorld::open(const Access& access, const std::string& role_session, std::stop_token stop) {
    auto clock = std::make_unique<SystemClock>();
    aws::SessionOptions options;
    options.environment = aws::Environment::from_process();
    options.region = access.region;
    options.assume_role_arn = access.assume_role_arn;
    options.credentials_file = access.credentials_file;
    options.role_session = role_session;
    options.seed = std::random_device{}();
    auto session = aws::Session::open(std::move(options), *clock, Deadline::in(open_limit), stop);
    if (!session) return fail(session.error());
    std::string endpoint = (*session)->endpoints().of(aws::ServiceId::ecs).url.origin();
    return std::unique_ptr<SessionWorld>(
        new SessionWorld(std::move(clock), std::move(*session), std::move(endpoint)));
}

} // namespace squall::app
