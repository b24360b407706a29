#include "sns/service.h"

#include "squall/base/text.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace squall::lab::sns {
namespace {

constexpr std::size_t name_max = 256;
constexpr std::size_t tags_max = 50;
constexpr std::size_t page_size = 100;
constexpr std::string_view fifo_suffix = ".fifo";

constexpr std::array<std::string_view, 10> settable{"DisplayName",
                                                    "Policy",
                                                    "DeliveryPolicy",
                                                    "KmsMasterKeyId",
                                                    "SignatureVersion",
                                                    "TracingConfig",
                                                    "FifoTopic",
                                                    "FifoThroughputScope",
                                                    "ContentBasedDeduplication",
                                                    "ArchivePolicy"};

bool is_name(std::string_view name, bool is_fifo) {
    if (name.size() > name_max || name.ends_with(fifo_suffix) != is_fifo) return false;
    if (is_fifo) name.remove_suffix(fifo_suffix.size());
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    });
}

std::optional<wire::ServiceError> attribute_problem(std::string_view name, std::string_view value) {
    if (std::find(settable.begin(), settable.end(), name) == settable.end())
        return invalid_parameter("AttributeName").value();
    if (name == "Policy" && !value.empty()) {
        const auto policy = iam::parse_policy(value, iam::PolicyKind::resource);
        if (!policy) return invalid_parameter("Policy Error: " + policy.error().message).value();
    }
    return std::nullopt;
}

void set(Topic& topic, const std::string& name, const std::string& value) {
    topic.attributes[name] = value;
    // FifoTopic=false is what a topic is without it.
    if (value.empty() || (name == "FifoTopic" && value != "true")) topic.attributes.erase(name);
    if (name != "Policy") return;
    auto policy = iam::parse_policy(value, iam::PolicyKind::resource);
    topic.policy = policy ? std::optional(std::move(*policy)) : std::nullopt;
}

// What AWS gives a topic whose owner has said nothing: the owner's account may do everything. It
// lets no other service in.
std::string default_policy(const std::string& arn, const std::string& account) {
    json::Array actions;
    for (const char* action : {"GetTopicAttributes",
                               "SetTopicAttributes",
                               "AddPermission",
                               "RemovePermission",
                               "DeleteTopic",
                               "Subscribe",
                               "ListSubscriptionsByTopic",
                               "Publish"})
        actions.emplace_back(fmt::format("SNS:{}", action));
    const json::Object owner{{"StringEquals", json::Object{{"AWS:SourceOwner", account}}}};
    return json::text(
        json::Object{{"Version", "2008-10-17"},
                     {"Id", "__default_policy_ID"},
                     {"Statement",
                      json::Array{json::Object{{"Sid", "__default_statement_ID"},
                                               {"Effect", "Allow"},
                                               {"Principal", json::Object{{"AWS", "*"}}},
                                               {"Action", std::move(actions)},
                                               {"Resource", arn},
                                               {"Condition", owner}}}}});
}

json::Object tags_of(const json::Array& tags) {
    json::Object read;
    for (const auto& tag : tags)
        read[json::string_at(tag, "Key")] = json::string_at(tag, "Value");
    return read;
}

} // namespace

std::optional<Answer> Service::call(const ApiCall& call) {
    static const OperationTable<Service> operations{
        {"CreateTopic", &Service::create_topic},
        {"DeleteTopic", &Service::delete_topic},
        {"ListTopics", &Service::list_topics},
        {"GetTopicAttributes", &Service::get_topic_attributes},
        {"SetTopicAttributes", &Service::set_topic_attributes},
        {"TagResource", &Service::tag_resource},
        {"UntagResource", &Service::untag_resource},
        {"ListTagsForResource", &Service::list_tags_for_resource},
        {"Subscribe", &Service::subscribe},
        {"ConfirmSubscription", &Service::confirm_subscription},
        {"Unsubscribe", &Service::unsubscribe},
        {"ListSubscriptions", &Service::list_subscriptions},
        {"ListSubscriptionsByTopic", &Service::list_subscriptions_by_topic},
        {"GetSubscriptionAttributes", &Service::get_subscription_attributes},
        {"SetSubscriptionAttributes", &Service::set_subscription_attributes},
        {"Publish", &Service::publish},
        {"PublishBatch", &Service::publish_batch},
    };
    return call_operation(*this, operations, call);
}

Result<Topic*, wire::ServiceError> Service::topic_of(const ApiCall& call, const char* member) {
    const std::string_view arn = json::string_at(call.body, member);
    const auto parts = std::count(arn.begin(), arn.end(), ':') + 1;
    if (parts < 6)
        return invalid_parameter(
            fmt::format("{} Reason: An ARN must have at least 6 elements, not {}", member, parts));
    const auto found = topics_.find(arn);
    if (found == topics_.end()) return refuse("NotFound", "Topic does not exist", 404);
    return &found->second;
}

Answer Service::create_topic(const ApiCall& call) {
    const std::string name(json::string_at(call.body, "Name"));
    const json::Object& given = json::object_at(call.body, "Attributes");
    const bool is_fifo = json::string_at(given, "FifoTopic") == "true";
    if (!is_name(name, is_fifo)) return invalid_parameter("Topic Name");
    for (const auto& [attribute, value] : given) {
        if (auto problem = attribute_problem(attribute, json::string_of(value)))
            return fail(std::move(*problem));
    }
    Topic made;
    made.name = name;
    made.arn = fmt::format("arn:aws:sns:{}:{}:{}", region_, account_, name);
    for (const auto& [attribute, value] : given)
        set(made, attribute, std::string(json::string_of(value)));
    made.tags = tags_of(json::array_at(call.body, "Tags"));
    if (const auto known = topics_.find(made.arn); known != topics_.end()) {
        for (const auto& [attribute, value] : made.attributes) {
            const auto has = known->second.attributes.find(attribute);
            if (has == known->second.attributes.end() || has->second != value)
                return invalid_parameter(
                    "Attributes Reason: Topic already exists with different attributes");
        }
        if (!made.tags.empty() && made.tags != known->second.tags)
            return invalid_parameter("Tags Reason: Topic already exists with different tags");
        return answer({{"TopicArn", made.arn}});
    }
    if (topics_.size() >= topics_max)
        return refuse("TopicLimitExceeded", "This lab keeps no more topics in a region.", 403);
    const std::string arn = made.arn;
    topics_.emplace(arn, std::move(made));
    return answer({{"TopicArn", arn}});
}

// Deleting what is not there is no error.
Answer Service::delete_topic(const ApiCall& call) {
    const auto found = topics_.find(json::string_at(call.body, "TopicArn"));
    if (found == topics_.end()) return answer({});
    for (const auto& arn : found->second.subscriptions)
        subscriptions_.erase(arn);
    topics_.erase(found);
    return answer({});
}

Answer Service::list_topics(const ApiCall& call) {
    std::vector<std::string> arns;
    for (const auto& [arn, topic] : topics_)
        arns.push_back(arn);
    const auto page = page_of(arns, json::string_at(call.body, "NextToken"), page_size);
    if (!page) return invalid_parameter("NextToken");
    json::Array topics;
    for (const auto& arn : page->keys)
        topics.push_back(json::Object{{"TopicArn", arn}});
    json::Object answered{{"Topics", std::move(topics)}};
    if (!page->next_token.empty()) answered["NextToken"] = page->next_token;
    return answer(std::move(answered));
}

Answer Service::get_topic_attributes(const ApiCall& call) {
    const auto found = topic_of(call);
    if (!found) return fail(found.error());
    const Topic& topic = **found;
    const auto confirmed = std::count_if(
        topic.subscriptions.begin(), topic.subscriptions.end(), [&](const std::string& arn) {
            return subscriptions_.find(arn)->second.is_confirmed();
        });
    const auto pending = static_cast<std::ptrdiff_t>(topic.subscriptions.size()) - confirmed;
    json::Object attributes{{"TopicArn", topic.arn},
                            {"Owner", account_},
                            {"DisplayName", ""},
                            {"Policy", default_policy(topic.arn, account_)},
                            {"SubscriptionsConfirmed", std::to_string(confirmed)},
                            {"SubscriptionsPending", std::to_string(pending)},
                            {"SubscriptionsDeleted", "0"}};
    if (topic.is_fifo()) attributes["ContentBasedDeduplication"] = "false";
    for (const auto& [name, value] : topic.attributes)
        attributes[name] = value;
    return answer({{"Attributes", std::move(attributes)}});
}

Answer Service::set_topic_attributes(const ApiCall& call) {
    const auto found = topic_of(call);
    if (!found) return fail(found.error());
    const std::string name(json::string_at(call.body, "AttributeName"));
    const std::string value(json::string_at(call.body, "AttributeValue"));
    if (name == "FifoTopic") return invalid_parameter("AttributeName");
    if (auto problem = attribute_problem(name, value)) return fail(std::move(*problem));
    set(**found, name, value);
    return answer({});
}

Answer Service::tag_resource(const ApiCall& call) {
    const auto found = topics_.find(json::string_at(call.body, "ResourceArn"));
    if (found == topics_.end()) return refuse("ResourceNotFound", "Resource does not exist", 404);
    json::Object tags = found->second.tags;
    for (const auto& [key, value] : tags_of(json::array_at(call.body, "Tags")))
        tags[key] = value;
    if (tags.size() > tags_max)
        return refuse("TagLimitExceeded",
                      "Could not complete request: tag quota of per resource exceeded");
    found->second.tags = std::move(tags);
    return answer({});
}

Answer Service::untag_resource(const ApiCall& call) {
    const auto found = topics_.find(json::string_at(call.body, "ResourceArn"));
    if (found == topics_.end()) return refuse("ResourceNotFound", "Resource does not exist", 404);
    for (const auto& key : json::array_at(call.body, "TagKeys"))
        found->second.tags.erase(json::string_of(key));
    return answer({});
}

Answer Service::list_tags_for_resource(const ApiCall& call) {
    const auto found = topics_.find(json::string_at(call.body, "ResourceArn"));
    if (found == topics_.end()) return refuse("ResourceNotFound", "Resource does not exist", 404);
    json::Array tags;
    for (const auto& [key, value] : found->second.tags)
        tags.push_back(json::Object{{"Key", key}, {"Value", value}});
    return answer({{"Tags", std::move(tags)}});
}

} // namespace squall::lab::sns
