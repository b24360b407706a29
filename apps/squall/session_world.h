// The real world: AWS over the network, and the system's clock.
#pragma once

#include "squall/aws/session.h"
#include "squall/experiment/world.h"
#include "url_canary.h"

#include <memory>

namespace squall::app {

class SessionWorld {
public:
    // What a fault's tunables say of it; empty where they say nothing.
    struct Access {
        std::string region;
        std::string assume_role_arn;
        std::string credentials_file; // in place of every other source of credentials
    };

    // `role_session` names the session where a role is assumed.
    [[nodiscard]] static Result<std::unique_ptr<SessionWorld>>
    open(const Access& access, const std::string& role_session, std::stop_token stop);
    SessionWorld(const SessionWorld&) = delete;
    SessionWorld& operator=(const SessionWorld&) = delete;

    [[nodiscard]] experiment::World& world() { return world_; }

    [[nodiscard]] aws::S3& s3() { return session_->s3(); }

private:
    SessionWorld(std::unique_ptr<SystemClock> clock,
                 std::unique_ptr<aws::Session> session,
                 std::string endpoint);

    std::unique_ptr<SystemClock> clock_;
    std::unique_ptr<aws::Session> session_;
    aws::Ecs ecs_;
    aws::Ssm ssm_;
    aws::Sts sts_;
    aws::CloudWatch cloudwatch_;
    aws::Events events_;
    transport::HttpClient http_; // to who is not AWS
    UrlCanary canary_;
    experiment::World world_;
};

} // namespace squall::app
