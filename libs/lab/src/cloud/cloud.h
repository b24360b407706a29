// The AWS side of the lab as one: keys, endpoint, and a world of services for each region. Without
// sockets.
#pragma once

#include "api/breakage.h"
#include "api/endpoint.h"
#include "api/throttle.h"
#include "autoscaling/service.h"
#include "cloudwatch/alarms.h"
#include "cloudwatch/metrics.h"
#include "ec2/imds.h"
#include "ec2/instances.h"
#include "ecs/control_plane.h"
#include "elb/service.h"
#include "events/service.h"
#include "iam/service.h"
#include "logs/service.h"
#include "s3/service.h"
#include "sns/service.h"
#include "sqs/service.h"
#include "ssm/service.h"
#include "sts/service.h"

#include <memory>

namespace squall::lab {

class Cloud {
public:
    // Regions other than the lab's own are real and empty: who looks in the wrong one finds nothing
    // there.
    static constexpr std::size_t regions_max = 64;

    struct World {
        World(KeyRing& keys, const std::string& region, sns::Mailbox& mailbox, sns::Outbox& outbox);

        World(const World&) = delete;
        World& operator=(const World&) = delete;

        ecs::ControlPlane ecs;
        ssm::Service ssm;
        ec2::Instances ec2;
        autoscaling::Service auto_scaling;
        elb::Service elb;
        cloudwatch::Alarms alarms;
        sqs::Service sqs;
        sns::Service sns;
        cloudwatch::Metrics metrics;
        logs::Service logs;
        eventbridge::Service events;

        // To whatever can be a target of a rule: a queue, a topic, a log group, or another bus.
        bool deliver(const std::string& arn, const Delivery& delivery);
    };

    // What is put into S3 is kept in files of `object_folder`.
    Cloud(const std::string& account, const std::string& region, Path object_folder = {});
    Cloud(const Cloud&) = delete;
    Cloud& operator=(const Cloud&) = delete;

    [[nodiscard]] KeyRing& keys() { return keys_; }

    [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }

    [[nodiscard]] iam::Directory& directory() { return directory_; }

    // What somebody broke of the endpoint on purpose, and AWS's request rates.
    [[nodiscard]] Breakages& breakages() { return breakages_; }

    [[nodiscard]] Throttle& throttle() { return throttle_; }

    [[nodiscard]] s3::Service& s3() { return s3_; }

    // What topics of all regions have mailed, and what they have to send to HTTP endpoints.
    [[nodiscard]] const sns::Mailbox& mailbox() const { return mailbox_; }

    [[nodiscard]] sns::Outbox& outbox() { return outbox_; }

    [[nodiscard]] World& home() { return *worlds_.at(region_); }

    [[nodiscard]] const std::string& region() const { return region_; }

    void tick(WallTime now);

    // A call whose answer may wait until there is a message: what it waits for (an instance, a
    // queue's ARN), and how long.
    struct LongPoll {
        std::string awaited;
        Seconds time{0};
    };

    // An empty poll of the SSM agent's is held this long (as the real service does).
    static constexpr Seconds agent_poll_time{20};

    [[nodiscard]] std::optional<LongPoll> long_poll(const ApiCall& call);
    // When there may be a message without anybody's doing: by the end of a delay, or of a
    // visibility timeout.
    [[nodiscard]] std::optional<WallTime> next_message(const ApiCall& call);
    // Called with what a LongPoll may await, in the middle of the call that brings the message.
    void on_message(const std::function<void(const std::string& awaited)>& listener);

private:
    [[nodiscard]] std::optional<wire::ServiceError> region_problem(const ApiCall& call) const;
    World& make_world(const std::string& region);
    // Null when the region is one too many.
    World* world(const std::string& region);

    KeyRing keys_;
    std::string region_;
    Endpoint endpoint_;
    Breakages breakages_;
    Throttle throttle_;
    iam::Directory directory_;
    iam::Service iam_;
    sts::Service sts_;
    s3::Service s3_; // one for all regions: each bucket knows its own
    sns::Mailbox mailbox_;
    sns::Outbox outbox_;
    std::map<std::string, std::unique_ptr<World>> worlds_;
    std::function<void(const std::string&)> listener_;
};

} // namespace squall::lab
