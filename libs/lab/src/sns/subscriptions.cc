// Who has subscribed to what, and who has confirmed it.
#include "sns/service.h"
#include "squall/base/text.h"

#include <algorithm>
#include <array>

namespace squall::lab::sns {
namespace {

constexpr std::size_t page_size = 100;
constexpr std::array<std::string_view, 9> protocols_of_aws{
    "sqs", "http", "https", "email", "email-json", "lambda", "sms", "application", "firehose"};
constexpr std::array<std::string_view, 4> protocols_here{"sqs", "http", "email", "email-json"};
constexpr std::array<std::string_view, 6> settable{"RawMessageDelivery",
                                                   "FilterPolicy",
                                                   "FilterPolicyScope",
                                                   "DeliveryPolicy",
                                                   "RedrivePolicy",
                                                   "SubscriptionRoleArn"};

template <std::size_t count>
bool is_in(const std::array<std::string_view, count>& all, std::string_view one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

// Empty where all is well.
std::string
endpoint_problem(const Topic& topic, std::string_view protocol, const std::string& endpoint) {
    if (!is_in(protocols_of_aws, protocol))
        return fmt::format("Amazon SNS does not support this protocol string: {}", protocol);
    if (!is_in(protocols_here, protocol))
        return fmt::format("Protocol Reason: this lab delivers to sqs, http, email and email-json, "
                           "and not to {}",
                           protocol);
    if (protocol == "sqs") {
        if (!endpoint.starts_with("arn:aws:sqs:")) return "SQS endpoint ARN";
        return endpoint.ends_with(".fifo") && !topic.is_fifo()
                   ? "Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
                   : "";
    }
    if (protocol == "http") {
        const auto url = wire::parse_url(endpoint);
        return url && url->scheme == "http" ? "" : "Endpoint must match the specified protocol";
    }
    return endpoint.find('@') == std::string::npos ? "Email address" : "";
}

// Empty where all is well.
std::string attribute_problem(std::string_view name, const std::string& value) {
    if (!is_in(settable, name)) return "AttributeName";
    if (name == "RawMessageDelivery" && value != "true" && value != "false")
        return "Attributes Reason: RawMessageDelivery: Invalid value";
    if (name == "FilterPolicyScope" && value != "MessageAttributes")
        return "Attributes Reason: FilterPolicyScope: this lab filters by MessageAttributes";
    if (name == "FilterPolicy" && !value.empty() && value != "{}") {
        const auto filter = FilterPolicy::parse(value);
        if (!filter) return "FilterPolicy: " + filter.error().message;
    }
    return {};
}

void set(Subscription& subscription, const std::string& name, const std::string& value) {
    subscription.attributes[name] = value;
    if (value.empty()) subscription.attributes.erase(name);
    if (name != "FilterPolicy") return;
    auto filter = FilterPolicy::parse(value);
    subscription.filter = filter ? std::optional(std::move(*filter)) : std::nullopt;
}

} // namespace

Result<Subscription*, wire::ServiceError> Service::subscription_of(const ApiCall& call) {
    const auto found = subscriptions_.find(json::string_at(call.body, "SubscriptionArn"));
    if (found == subscriptions_.end())
        return refuse("NotFound", "Subscription does not exist", 404);
    return &found->second;
}

Answer Service::subscribe(const ApiCall& call) {
    const auto found = topic_of(call);
    if (!found) return fail(found.error());
    Topic& topic = **found;
    Subscription made;
    made.protocol = json::string_at(call.body, "Protocol");
    made.endpoint = json::string_at(call.body, "Endpoint");
    if (const auto problem = endpoint_problem(topic, made.protocol, made.endpoint);
        !problem.empty())
        return invalid_parameter(problem);
    for (const auto& [name, value] : json::object_at(call.body, "Attributes")) {
        const std::string text(json::string_of(value));
        if (const auto problem = attribute_problem(name, text); !problem.empty())
            return invalid_parameter(problem);
        set(made, name, text);
    }
    const bool gives_arn = json::string_at(call.body, "ReturnSubscriptionArn") == "true";
    const auto answered = [&](const Subscription& one) {
        return answer({{"SubscriptionArn",
                        one.is_confirmed() || gives_arn ? one.arn : "pending confirmation"}});
    };
    for (const auto& arn : topic.subscriptions) {
        const Subscription& known = subscriptions_.find(arn)->second;
        if (known.protocol != made.protocol || known.endpoint != made.endpoint) continue;
        if (!made.attributes.empty() && made.attributes != known.attributes)
            return invalid_parameter(
                "Attributes Reason: Subscription already exists with different attributes");
        if (!known.is_confirmed()) ask_to_confirm(topic, known, call.now);
        return answered(known);
    }
    if (subscriptions_.size() >= subscriptions_max)
        return refuse(
            "SubscriptionLimitExceeded", "This lab keeps no more subscriptions in a region.", 403);
    made.arn = topic.arn + ":" + random_uuid();
    made.topic_arn = topic.arn;
    made.host = call.host;
    // Queues of the account are trusted; nobody reads mail here, so addresses are, too.
    if (made.protocol == "http") made.token = random_hex(64);
    topic.subscriptions.insert(made.arn);
    const Subscription& kept = subscriptions_.emplace(made.arn, std::move(made)).first->second;
    if (!kept.is_confirmed()) ask_to_confirm(topic, kept, call.now);
    return answered(kept);
}

Answer Service::confirm_subscription(const ApiCall& call) {
    const auto topic = topic_of(call);
    if (!topic) return fail(topic.error());
    const std::string_view token = json::string_at(call.body, "Token");
    for (const auto& arn : (*topic)->subscriptions) {
        Subscription& subscription = subscriptions_.find(arn)->second;
        if (token.empty() || subscription.token != token) continue;
        subscription.token.clear();
        return answer({{"SubscriptionArn", arn}});
    }
    return invalid_parameter("Token");
}

Answer Service::unsubscribe(const ApiCall& call) {
    const auto found = subscription_of(call);
    // Whoever has gone already is gone.
    if (!found) return answer({});
    const std::string arn = (*found)->arn;
    topics_.find((*found)->topic_arn)->second.subscriptions.erase(arn);
    subscriptions_.erase(arn);
    return answer({});
}

Answer Service::page_of_subscriptions(const ApiCall& call,
                                      const std::vector<std::string>& arns) const {
    const auto page = page_of(arns, json::string_at(call.body, "NextToken"), page_size);
    if (!page) return invalid_parameter("NextToken");
    json::Array subscriptions;
    for (const auto& arn : page->keys) {
        const Subscription& one = subscriptions_.find(arn)->second;
        subscriptions.push_back(
            json::Object{{"SubscriptionArn", one.is_confirmed() ? arn : "PendingConfirmation"},
                         {"Owner", account_},
                         {"Protocol", one.protocol},
                         {"Endpoint", one.endpoint},
                         {"TopicArn", one.topic_arn}});
    }
    json::Object answered{{"Subscriptions", std::move(subscriptions)}};
    if (!page->next_token.empty()) answered["NextToken"] = page->next_token;
    return answer(std::move(answered));
}

Answer Service::list_subscriptions(const ApiCall& call) {
    std::vector<std::string> arns;
    for (const auto& [arn, subscription] : subscriptions_)
        arns.push_back(arn);
    return page_of_subscriptions(call, arns);
}

Answer Service::list_subscriptions_by_topic(const ApiCall& call) {
    const auto topic = topic_of(call);
    if (!topic) return fail(topic.error());
    const auto& arns = (*topic)->subscriptions;
    return page_of_subscriptions(call, {arns.begin(), arns.end()});
}

Answer Service::get_subscription_attributes(const ApiCall& call) {
    const auto found = subscription_of(call);
    if (!found) return fail(found.error());
    const Subscription& one = **found;
    json::Object attributes{{"SubscriptionArn", one.arn},
                            {"TopicArn", one.topic_arn},
                            {"Owner", account_},
                            {"Protocol", one.protocol},
                            {"Endpoint", one.endpoint},
                            {"PendingConfirmation", one.is_confirmed() ? "false" : "true"},
                            {"ConfirmationWasAuthenticated", "false"},
                            {"RawMessageDelivery", "false"}};
    for (const auto& [name, value] : one.attributes)
        attributes[name] = value;
    return answer({{"Attributes", std::move(attributes)}});
}

Answer Service::set_subscription_attributes(const ApiCall& call) {
    const auto found = subscription_of(call);
    if (!found) return fail(found.error());
    const std::string name(json::string_at(call.body, "AttributeName"));
    const std::string value(json::string_at(call.body, "AttributeValue"));
    if (const auto problem = attribute_problem(name, value); !problem.empty())
        return invalid_parameter(problem);
    set(**found, name, value);
    return answer({});
}

} // namespace squall::lab::sns
