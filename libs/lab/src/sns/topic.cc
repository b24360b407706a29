#include "sns/topic.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/wire/http_message.h"

namespace squall::lab::sns {
namespace {

std::string link(const Subscription& subscription, const std::string& query) {
    return fmt::format("http://{}/?{}", subscription.host, query);
}

// No certificate of AWS's stands behind it: who checks it finds that out.
void add_signature(json::Object& object, const Subscription& subscription) {
    object["SignatureVersion"] = "1";
    object["Signature"] = to_base64("squall lab: not a signature of AWS");
    object["SigningCertURL"] =
        fmt::format("http://{}/SimpleNotificationService.pem", subscription.host);
}

} // namespace

std::string Notification::message_for(std::string_view protocol) const {
    return std::string(json::string_at(by_protocol, protocol, message));
}

json::Object
envelope(const Notification& notification, const Topic& topic, const Subscription& subscription) {
    json::Object object{{"Type", "Notification"}, {"MessageId", notification.message_id}};
    if (!notification.sequence_number.empty())
        object["SequenceNumber"] = notification.sequence_number;
    object["TopicArn"] = topic.arn;
    if (!notification.subject.empty()) object["Subject"] = notification.subject;
    object["Message"] = notification.message_for(subscription.protocol);
    object["Timestamp"] = rfc3339_millis(notification.when);
    add_signature(object, subscription);
    object["UnsubscribeURL"] =
        link(subscription,
             "Action=Unsubscribe&SubscriptionArn=" + wire::percent_encoded(subscription.arn));
    json::Object attributes;
    for (const auto& [name, value] : notification.attributes) {
        const std::string_view type = json::string_at(value, "DataType");
        attributes[name] = json::Object{
            {"Type", type},
            {"Value",
             json::string_at(value, type.starts_with("Binary") ? "BinaryValue" : "StringValue")}};
    }
    if (!attributes.empty()) object["MessageAttributes"] = std::move(attributes);
    return object;
}

json::Object confirmation(const Topic& topic, const Subscription& subscription, WallTime now) {
    json::Object object{
        {"Type", "SubscriptionConfirmation"},
        {"MessageId", random_uuid()},
        {"Token", subscription.token},
        {"TopicArn", topic.arn},
        {"Message",
         fmt::format("You have chosen to subscribe to the topic {}.\nTo confirm the subscription, "
                     "visit the SubscribeURL included in this message.",
                     topic.arn)},
        {"SubscribeURL",
         link(subscription,
              fmt::format("Action=ConfirmSubscription&TopicArn={}&Token={}",
                          wire::percent_encoded(topic.arn),
                          subscription.token))},
        {"Timestamp", rfc3339_millis(now)}};
    add_signature(object, subscription);
    return object;
}

} // namespace squall::lab::sns
