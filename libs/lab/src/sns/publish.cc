// What is published, and how it goes to each of those who have subscribed.
#include "sns/service.h"
#include "squall/base/text.h"

#include <algorithm>
#include <set>

namespace squall::lab::sns {
namespace {

constexpr std::size_t batch_max = 10;
constexpr std::size_t batch_id_max = 80;

// One line of printable ASCII, or nothing.
bool is_subject(std::string_view subject) {
    return subject.size() < Service::subject_max
           && std::all_of(
               subject.begin(), subject.end(), [](char c) { return c >= ' ' && c <= '~'; })
           && !subject.starts_with(' ');
}

std::optional<wire::ServiceError> attributes_problem(const json::Object& attributes) {
    for (const auto& [name, value] : attributes) {
        const std::string_view type = json::string_at(value, "DataType");
        const bool is_binary = type.starts_with("Binary");
        if (!is_binary && !type.starts_with("String") && !type.starts_with("Number"))
            return wire::ServiceError{
                "ParameterValueInvalid",
                fmt::format("The message attribute '{}' has an invalid message attribute type, the "
                            "set of supported type prefixes is Binary, Number, and String.",
                            std::string_view(name))};
        if (json::string_at(value, is_binary ? "BinaryValue" : "StringValue").empty())
            return wire::ServiceError{
                "ParameterValueInvalid",
                fmt::format("The message attribute '{}' must contain non-empty message attribute "
                            "value for message attribute type '{}'.",
                            std::string_view(name),
                            type)};
    }
    return std::nullopt;
}

Result<Notification, wire::ServiceError> read_notification(const json::Object& entry) {
    Notification made;
    made.message = json::string_at(entry, "Message");
    made.subject = json::string_at(entry, "Subject");
    made.attributes = json::object_at(entry, "MessageAttributes");
    made.group_id = json::string_at(entry, "MessageGroupId");
    made.deduplication_id = json::string_at(entry, "MessageDeduplicationId");
    if (made.message.empty()) return invalid_parameter("Empty message");
    if (made.message.size() > Service::message_max) return invalid_parameter("Message too long");
    if (entry.contains("Subject") && (made.subject.empty() || !is_subject(made.subject)))
        return invalid_parameter("Subject");
    if (auto problem = attributes_problem(made.attributes)) return fail(std::move(*problem));
    const std::string_view structure = json::string_at(entry, "MessageStructure");
    if (structure.empty()) return made;
    if (structure != "json") return invalid_parameter("MessageStructure");
    auto by_protocol = json::parse_object(made.message);
    if (!by_protocol)
        return invalid_parameter("Message Structure - JSON message body failed to parse");
    if (!json::at(*by_protocol, "default").is_string())
        return invalid_parameter("Message Structure - No default entry in JSON message body");
    made.by_protocol = std::move(*by_protocol);
    made.message = json::string_at(made.by_protocol, "default");
    return made;
}

// localhost is this machine, as numbers: the loop asks no name server.
wire::Url numeric(wire::Url url) {
    if (url.host == "localhost") url.host = "127.0.0.1";
    return url;
}

Post post_of(const Subscription& subscription,
             std::string_view type,
             const std::string& message_id,
             std::string body,
             WallTime now) {
    Post post;
    post.due = now;
    const auto url = wire::parse_url(subscription.endpoint);
    SQUALL_ASSERT(url); // Subscribe has read it
    post.url = numeric(*url);
    post.request = {"POST",
                    url->target,
                    {{"Host", url->host_header()},
                     {"Content-Type", "text/plain; charset=UTF-8"},
                     {"User-Agent", "Amazon Simple Notification Service Agent"},
                     {"x-amz-sns-message-type", std::string(type)},
                     {"x-amz-sns-message-id", message_id},
                     {"x-amz-sns-topic-arn", subscription.topic_arn}},
                    std::move(body)};
    return post;
}

bool is_batch_id(std::string_view id) {
    return !id.empty() && std::all_of(id.begin(), id.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    });
}

std::optional<wire::ServiceError> batch_problem(const json::Array& entries) {
    if (entries.empty())
        return wire::ServiceError{"EmptyBatchRequest",
                                  "The batch request doesn't contain any entries."};
    if (entries.size() > batch_max)
        return wire::ServiceError{"TooManyEntriesInBatchRequest",
                                  "The batch request contains more entries than permissible."};
    std::set<std::string_view> ids;
    std::size_t total = 0;
    for (const auto& entry : entries) {
        const std::string_view id = json::string_at(entry, "Id");
        if (id.size() > batch_id_max)
            return wire::ServiceError{
                "InvalidBatchEntryId",
                fmt::format("The Id of a batch entry in the batch request is too long: {}", id)};
        if (!is_batch_id(id))
            return wire::ServiceError{"InvalidBatchEntryId",
                                      fmt::format("The Id of a batch entry in the batch request "
                                                  "contains an impermissible character: {}",
                                                  id)};
        if (!ids.insert(id).second)
            return wire::ServiceError{"BatchEntryIdsNotDistinct",
                                      "Two or more batch entries in the request have the same Id."};
        total += json::string_at(entry, "Message").size();
    }
    if (total <= Service::message_max) return std::nullopt;
    return wire::ServiceError{
        "BatchRequestTooLong",
        "The length of all the messages put together is more than the limit."};
}

} // namespace

Service::Published Service::publish_one(Topic& topic, const json::Object& entry, WallTime now) {
    auto read = read_notification(entry);
    if (!read) return fail(std::move(read.error()));
    Notification& notification = *read;
    notification.when = now;
    notification.message_id = random_uuid();
    if (!topic.is_fifo()) {
        send(topic, notification);
        return json::Object{{"MessageId", notification.message_id}};
    }
    if (notification.group_id.empty())
        return invalid_parameter("The MessageGroupId parameter is required for FIFO topics");
    const auto has = topic.attributes.find("ContentBasedDeduplication");
    if (notification.deduplication_id.empty()) {
        if (has == topic.attributes.end() || has->second != "true")
            return invalid_parameter("The topic should either have ContentBasedDeduplication "
                                     "enabled or MessageDeduplicationId provided explicitly");
        notification.deduplication_id = sha256_hex(notification.message);
    }
    std::erase_if(topic.published, [&](const auto& one) { return one.second.until <= now; });
    const auto [known, is_new] = topic.published.try_emplace(notification.deduplication_id);
    if (is_new) {
        notification.sequence_number = fmt::format("{:020}", ++topic.last_sequence * 1000);
        known->second = {
            now + deduplication_interval, notification.message_id, notification.sequence_number};
        send(topic, notification);
    }
    return json::Object{{"MessageId", known->second.message_id},
                        {"SequenceNumber", known->second.sequence_number}};
}

Answer Service::publish(const ApiCall& call) {
    const char* const member = call.body.contains("TopicArn") ? "TopicArn" : "TargetArn";
    const auto topic = topic_of(call, member);
    if (!topic) return fail(topic.error());
    auto published = publish_one(**topic, call.body, call.now);
    if (!published) return fail(std::move(published.error()));
    return answer(std::move(*published));
}

Answer Service::publish_batch(const ApiCall& call) {
    const auto topic = topic_of(call);
    if (!topic) return fail(topic.error());
    const json::Array& entries = json::array_at(call.body, "PublishBatchRequestEntries");
    if (auto problem = batch_problem(entries)) return fail(std::move(*problem));
    json::Array successful;
    json::Array failed;
    for (const auto& entry : entries) {
        const std::string id(json::string_at(entry, "Id"));
        auto published = publish_one(**topic, entry.as_object(), call.now);
        if (published) {
            (*published)["Id"] = id;
            successful.emplace_back(std::move(*published));
        } else {
            failed.push_back(json::Object{{"Id", id},
                                          {"SenderFault", true},
                                          {"Code", published.error().code},
                                          {"Message", published.error().message}});
        }
    }
    return answer({{"Successful", std::move(successful)}, {"Failed", std::move(failed)}});
}

bool Service::deliver(const std::string& topic_arn, const Delivery& delivery) {
    const auto found = topics_.find(topic_arn);
    if (found == topics_.end() || !found->second.policy) return false;
    const iam::Context context{{"aws:sourcearn", delivery.source_arn},
                               {"aws:sourceaccount", account_}};
    const std::string_view principal =
        delivery.source_arn.starts_with("arn:aws:events:") ? "events.amazonaws.com" : "";
    if (iam::decide_for_service(
            *found->second.policy, principal, {"sns:Publish", topic_arn}, context)
        != iam::Decision::allow)
        return false;
    json::Object entry{{"Message", delivery.body}};
    if (!delivery.group_id.empty()) entry["MessageGroupId"] = delivery.group_id;
    if (!delivery.deduplication_id.empty())
        entry["MessageDeduplicationId"] = delivery.deduplication_id;
    if (!delivery.attributes.empty()) entry["MessageAttributes"] = delivery.attributes;
    return publish_one(found->second, entry, delivery.now).has_value();
}

void Service::send(const Topic& topic, const Notification& notification) const {
    for (const auto& arn : topic.subscriptions) {
        const Subscription& subscription = subscriptions_.find(arn)->second;
        if (!subscription.is_confirmed()) continue;
        if (subscription.filter && !subscription.filter->wants(notification.attributes)) continue;
        send_to(topic, subscription, notification);
    }
}

void Service::send_to(const Topic& topic,
                      const Subscription& subscription,
                      const Notification& notification) const {
    const bool is_raw = subscription.is_raw();
    const std::string message = notification.message_for(subscription.protocol);
    const auto whole = [&] {
        return json::text(envelope(notification, topic, subscription));
    };
    if (subscription.protocol == "sqs") {
        Delivery delivery{is_raw ? message : whole(),
                          notification.group_id,
                          topic.arn,
                          notification.when,
                          notification.deduplication_id};
        if (is_raw) delivery.attributes = notification.attributes;
        // A queue that is not there, or takes nothing from this topic, gets nothing: so in AWS.
        static_cast<void>(ways_.to_queues(subscription.endpoint, delivery));
    } else if (subscription.protocol == "http") {
        Post post = post_of(subscription,
                            "Notification",
                            notification.message_id,
                            is_raw ? message : whole(),
                            notification.when);
        post.request.headers.push_back({"x-amz-sns-subscription-arn", subscription.arn});
        if (is_raw) post.request.headers.push_back({"x-amz-sns-rawdelivery", "true"});
        ways_.outbox->add(std::move(post));
    } else {
        ways_.mailbox->add(
            {notification.when,
             subscription.endpoint,
             topic.arn,
             notification.subject.empty() ? "AWS Notification Message" : notification.subject,
             subscription.protocol == "email-json" ? whole() : message});
    }
}

void Service::ask_to_confirm(const Topic& topic,
                             const Subscription& subscription,
                             WallTime now) const {
    const json::Object asked = confirmation(topic, subscription, now);
    ways_.outbox->add(post_of(subscription,
                              "SubscriptionConfirmation",
                              std::string(json::string_at(asked, "MessageId")),
                              json::text(asked),
                              now));
}

} // namespace squall::lab::sns
