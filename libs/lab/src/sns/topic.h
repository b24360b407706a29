// Topics and subscriptions as values, and what a topic tells those who have subscribed.
#pragma once

#include "iam/policy.h"
#include "sns/filter_policy.h"
#include "squall/base/clock.h"

#include <map>
#include <set>

namespace squall::lab::sns {

using Attributes = std::map<std::string, std::string, std::less<>>;

struct Subscription {
    std::string arn;
    std::string topic_arn;
    std::string protocol; // sqs, http, email, email-json
    std::string endpoint;
    Attributes attributes; // as they were set
    std::optional<FilterPolicy> filter;
    std::string token; // until it is confirmed
    std::string host;  // by which address its subscriber knows us: for the links that it gets

    [[nodiscard]] bool is_confirmed() const { return token.empty(); }

    [[nodiscard]] bool is_raw() const {
        const auto found = attributes.find("RawMessageDelivery");
        return found != attributes.end() && found->second == "true";
    }
};

struct Topic {
    std::string name;
    std::string arn;
    Attributes attributes; // as they were set
    json::Object tags;
    std::optional<iam::Policy> policy;
    std::set<std::string> subscriptions; // their ARNs
    std::uint64_t last_sequence = 0;

    struct Published {
        WallTime until; // it is not published again before
        std::string message_id;
        std::string sequence_number;
    };

    std::map<std::string, Published> published; // of a FIFO topic, by deduplication id

    [[nodiscard]] bool is_fifo() const { return attributes.contains("FifoTopic"); }
};

// One message on its way to all who have subscribed.
struct Notification {
    std::string message_id;
    std::string subject;
    std::string message;      // for protocols that have none of their own
    json::Object by_protocol; // of MessageStructure json
    json::Object attributes;  // as SQS's MessageAttributes
    std::string group_id;
    std::string deduplication_id;
    std::string sequence_number;
    WallTime when;

    [[nodiscard]] std::string message_for(std::string_view protocol) const;
};

// The JSON that queues, HTTP endpoints and email-json get, unless they asked for the message alone.
// AWS signs it; this lab's signature is none.
[[nodiscard]] json::Object
envelope(const Notification& notification, const Topic& topic, const Subscription& subscription);
// What asks an HTTP endpoint to confirm.
[[nodiscard]] json::Object
confirmation(const Topic& topic, const Subscription& subscription, WallTime now);

} // namespace squall::lab::sns
