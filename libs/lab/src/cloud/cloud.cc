#include "cloud/cloud.h"

#include "iam/authorize.h"

namespace squall::lab {

Cloud::Cloud(const std::string& account, const std::string& region, Path object_folder)
    : keys_(account),
      region_(region),
      endpoint_(keys_, region),
      directory_(account),
      iam_(keys_, directory_),
      sts_(keys_, directory_),
      s3_(std::move(object_folder)) {
    make_world(region);
    endpoint_.add_guard([this](const ApiCall& call) { return throttle_.refusal(call); });
    endpoint_.add_guard([this](const ApiCall& call) { return iam::refusal(directory_, call); });
    const auto in_region = [this](auto service) {
        return [this, service](const ApiCall& call) -> std::optional<Answer> {
            World* found = world(call.region);
            if (found == nullptr)
                return Answer(refuse("ThrottlingException", "This lab keeps no more regions."));
            return service(*found, call);
        };
    };
    endpoint_.add_service(
        "ecs", in_region([](World& at, const ApiCall& call) { return at.ecs.call(call); }));
    endpoint_.add_service(
        "ssm", in_region([](World& at, const ApiCall& call) { return at.ssm.call(call); }));
    endpoint_.add_service("ec2messages", in_region([](World& at, const ApiCall& call) {
                              return at.ssm.message_call(call);
                          }));
    endpoint_.add_service(
        "ec2", in_region([](World& at, const ApiCall& call) { return at.ec2.call(call); }));
    endpoint_.add_service("elasticloadbalancing", in_region([](World& at, const ApiCall& call) {
                              return at.elb.call(call);
                          }));
    endpoint_.add_service("cloudwatch", in_region([](World& at, const ApiCall& call) {
                              return at.alarms.call(call);
                          }));
    endpoint_.add_service(
        "sqs", in_region([](World& at, const ApiCall& call) { return at.sqs.call(call); }));
    endpoint_.add_service(
        "sns", in_region([](World& at, const ApiCall& call) { return at.sns.call(call); }));
    endpoint_.add_service("iam", [this](const ApiCall& call) { return iam_.call(call); });
    endpoint_.add_service("s3", [this](const ApiCall& call) { return s3_.call(call); });
    endpoint_.add_service("sts", [this](const ApiCall& call) { return sts_.call(call); });
}

Cloud::World* Cloud::world(const std::string& region) {
    if (const auto found = worlds_.find(region); found != worlds_.end()) return found->second.get();
    if (worlds_.size() >= regions_max) return nullptr;
    return &make_world(region);
}

Cloud::World& Cloud::make_world(const std::string& region) {
    World& made = *(worlds_[region] = std::make_unique<World>(keys_, region, mailbox_, outbox_));
    const auto tell = [this](const std::string& awaited) {
        if (listener_) listener_(awaited);
    };
    made.ssm.on_message(tell);
    made.sqs.on_message(tell);
    return made;
}

std::optional<Cloud::LongPoll> Cloud::long_poll(const ApiCall& call) {
    if (call.service == "ec2messages" && call.operation == "GetMessages")
        return LongPoll{std::string(json::string_at(call.body, "Destination")), agent_poll_time};
    World* at = call.service == "sqs" ? world(call.region) : nullptr;
    const auto wait = at == nullptr ? std::nullopt : at->sqs.wait_of(call);
    if (!wait) return std::nullopt;
    return LongPoll{wait->queue_arn, wait->time};
}

std::optional<WallTime> Cloud::next_message(const ApiCall& call) {
    World* at = call.service == "sqs" ? world(call.region) : nullptr;
    const auto wait = at == nullptr ? std::nullopt : at->sqs.wait_of(call);
    return wait ? at->sqs.next_visible(wait->queue_arn) : std::nullopt;
}

void Cloud::on_message(const std::function<void(const std::string& awaited)>& listener) {
    listener_ = listener;
}

void Cloud::tick(WallTime now) {
    for (auto& [region, world] : worlds_) {
        world->ecs.tick(now);
        world->ssm.tick(now);
        world->elb.tick(now);
    }
}

} // namespace squall::lab
