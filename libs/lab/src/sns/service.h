// Amazon SNS of one region: topics, who has subscribed to them, and what is published. Queues get
// it through a Deliver, addresses through the mailbox, HTTP endpoints through the outbox. Sees and
// gives JSON, though SNS speaks the query protocol (api/form_body.h). Single-threaded; time comes
// in with every call.
#pragma once

#include "api/call.h"
#include "api/delivery.h"
#include "sns/mailbox.h"
#include "sns/outbox.h"
#include "sns/topic.h"

namespace squall::lab::sns {

class Service {
public:
    static constexpr std::size_t topics_max = 10'000;
    static constexpr std::size_t subscriptions_max = 50'000; // of all topics
    static constexpr std::size_t message_max = 256U << 10U;
    static constexpr std::size_t subject_max = 100; // shorter than this
    static constexpr Seconds deduplication_interval{300};

    // Where what is published goes to. All must outlive the service.
    struct Ways {
        Deliver to_queues;
        Mailbox* mailbox = nullptr;
        Outbox* outbox = nullptr;
    };

    Service(std::string account, std::string region, Ways ways)
        : account_(std::move(account)), region_(std::move(region)), ways_(std::move(ways)) {}

    [[nodiscard]] std::optional<Answer> call(const ApiCall& call);

    // Publishes for another service, if the topic's policy lets it.
    bool deliver(const std::string& topic_arn, const Delivery& delivery);

private:
    // service.cc
    Answer create_topic(const ApiCall& call);
    Answer delete_topic(const ApiCall& call);
    Answer list_topics(const ApiCall& call);
    Answer get_topic_attributes(const ApiCall& call);
    Answer set_topic_attributes(const ApiCall& call);
    Answer tag_resource(const ApiCall& call);
    Answer untag_resource(const ApiCall& call);
    Answer list_tags_for_resource(const ApiCall& call);
    // subscriptions.cc
    Answer subscribe(const ApiCall& call);
    Answer confirm_subscription(const ApiCall& call);
    Answer unsubscribe(const ApiCall& call);
    Answer list_subscriptions(const ApiCall& call);
    Answer list_subscriptions_by_topic(const ApiCall& call);
    Answer get_subscription_attributes(const ApiCall& call);
    Answer set_subscription_attributes(const ApiCall& call);
    // publish.cc
    Answer publish(const ApiCall& call);
    Answer publish_batch(const ApiCall& call);

    using Published = Result<json::Object, wire::ServiceError>;

    // A message of a caller's; its id, and its sequence number in a FIFO topic.
    [[nodiscard]] Published publish_one(Topic& topic, const json::Object& entry, WallTime now);
    void send(const Topic& topic, const Notification& notification) const;
    void send_to(const Topic& topic,
                 const Subscription& subscription,
                 const Notification& notification) const;
    void ask_to_confirm(const Topic& topic, const Subscription& subscription, WallTime now) const;

    [[nodiscard]] Result<Topic*, wire::ServiceError> topic_of(const ApiCall& call,
                                                              const char* member = "TopicArn");
    [[nodiscard]] Result<Subscription*, wire::ServiceError> subscription_of(const ApiCall& call);
    [[nodiscard]] Answer page_of_subscriptions(const ApiCall& call,
                                               const std::vector<std::string>& arns) const;

    std::string account_;
    std::string region_;
    Ways ways_;
    std::map<std::string, Topic, std::less<>> topics_;               // by ARN
    std::map<std::string, Subscription, std::less<>> subscriptions_; // by ARN
};

[[nodiscard]] inline tl::unexpected<wire::ServiceError> invalid_parameter(const std::string& what) {
    return refuse("InvalidParameter", "Invalid parameter: " + what);
}

} // namespace squall::lab::sns
