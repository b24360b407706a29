#include "cloud/cloud.h"

#include "api/operations.h"
#include "iam/authorize.h"
#include "squall/base/text.h"

namespace squall::lab {

Cloud::World::World(KeyRing& keys,
                    const std::string& region,
                    sns::Mailbox& mailbox,
                    sns::Outbox& outbox)
    : ecs(keys, region),
      auto_scaling(
          keys.account(),
          region,
          ec2,
          [this](std::string_view type, json::Array resources, json::Object detail, WallTime now) {
              events.put("aws.autoscaling", type, std::move(resources), std::move(detail), now);
          }),
      elb(keys.account(), region, ec2),
      alarms(keys.account(), region),
      sqs(keys.account(), region),
      sns(keys.account(),
          region,
          {[this](const std::string& arn, const Delivery& delivery) {
               return sqs.deliver(arn, delivery);
           },
           &mailbox,
           &outbox}),
      logs(keys.account(), region),
      events(keys.account(), region) {
    ecs.use_target_groups(&elb);
    ecs.events().on_event(
        [this](const json::Object& event, WallTime now) { events.put(event, now); });
    events.use(Deliver([this](const std::string& arn, const Delivery& delivery) {
        return deliver(arn, delivery);
    }));
    const std::string arn = fmt::format("arn:aws:ec2:{}:{}:instance/", region, keys.account());
    ec2.on_state([this, arn](const ec2::Instance& instance, WallTime now) {
        events.put("aws.ec2",
                   "EC2 Instance State-change Notification",
                   {json::Value(arn + instance.id)},
                   {{"instance-id", instance.id}, {"state", instance.state}},
                   now);
    });
    // Here AWS names the zone, and no account.
    ec2.on_interruption([this](const ec2::Instance& instance, WallTime now) {
        events.put("aws.ec2",
                   "EC2 Spot Instance Interruption Warning",
                   {json::Value(fmt::format(
                       "arn:aws:ec2:{}:instance/{}", instance.availability_zone, instance.id))},
                   {{"instance-id", instance.id}, {"instance-action", "terminate"}},
                   now);
    });
    events.use([this](std::string_view metric, const std::string& rule, WallTime now) {
        metrics.count({"AWS/Events", std::string(metric), {{"RuleName", rule}}}, now);
    });
}

bool Cloud::World::deliver(const std::string& arn, const Delivery& delivery) {
    const auto parts = split(arn, ':');
    const std::string service = parts.size() > 2 ? parts[2] : std::string();
    if (service == "sqs") return sqs.deliver(arn, delivery);
    if (service == "sns") return sns.deliver(arn, delivery);
    if (service == "logs") return logs.deliver(arn, delivery);
    if (service == "events") return events.deliver(arn, delivery);
    return false;
}

Cloud::Cloud(const std::string& account, const std::string& region, Path object_folder)
    : keys_(account),
      region_(region),
      endpoint_(keys_, region),
      directory_(account),
      iam_(keys_, directory_),
      sts_(keys_, directory_),
      s3_(std::move(object_folder)) {
    make_world(region);
    endpoint_.add_guard([this](const ApiCall& call) { return region_problem(call); });
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
    endpoint_.add_service("autoscaling", in_region([](World& at, const ApiCall& call) {
                              return at.auto_scaling.call(call);
                          }));
    endpoint_.add_service("elasticloadbalancing", in_region([](World& at, const ApiCall& call) {
                              return at.elb.call(call);
                          }));
    endpoint_.add_service("cloudwatch", in_region([](World& at, const ApiCall& call) {
                              auto answered = at.alarms.call(call);
                              return answered ? answered : at.metrics.call(call);
                          }));
    endpoint_.add_service(
        "sqs", in_region([](World& at, const ApiCall& call) { return at.sqs.call(call); }));
    endpoint_.add_service(
        "sns", in_region([](World& at, const ApiCall& call) { return at.sns.call(call); }));
    endpoint_.add_service(
        "events", in_region([](World& at, const ApiCall& call) { return at.events.call(call); }));
    endpoint_.add_service(
        "logs", in_region([](World& at, const ApiCall& call) { return at.logs.call(call); }));
    endpoint_.add_service("iam", [this](const ApiCall& call) { return iam_.call(call); });
    endpoint_.add_service("s3", [this](const ApiCall& call) { return s3_.call(call); });
    endpoint_.add_service("sts", [this](const ApiCall& call) { return sts_.call(call); });
}

// On loopback, where people's tools are, the signature tells which region is meant. The hosts'
// agents call the endpoint of one region by its own address, and it takes no other's signatures.
std::optional<wire::ServiceError> Cloud::region_problem(const ApiCall& call) const {
    const Operation* operation = find_operation(call.service, call.operation);
    const bool is_of_ecs_agent =
        operation != nullptr && operation->is_of_agents && call.service == "ecs";
    const bool is_regional = !call.host.starts_with("127.") && !call.host.starts_with("localhost");
    if (!is_of_ecs_agent || !is_regional || call.region == region_) return std::nullopt;
    return wire::ServiceError{
        "InvalidSignatureException",
        fmt::format("Credential should be scoped to a valid region, not '{}'.", call.region)};
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
        world->ec2.tick(now);
        world->auto_scaling.tick(now);
        world->ssm.tick(now);
        world->elb.tick(now);
        world->events.tick(now);
        world->logs.tick(now);
        world->metrics.tick(now);
    }
}

} // namespace squall::lab
