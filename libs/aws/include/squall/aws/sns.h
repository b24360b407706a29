// Amazon SNS, as far as we tell people and programs something through it.
#pragma once

#include "squall/aws/client.h"

#include <map>
#include <stop_token>
#include <string>
#include <string_view>

namespace squall::aws {

struct Notification {
    std::string topic_arn;
    std::string subject; // of e-mails; as sns_subject makes it; empty: none
    std::string message;
    std::map<std::string, std::string> attributes; // what subscriptions filter by
    std::string message_group_id;                  // FIFO topics need one
    std::string message_deduplication_id;
};

// `text` as a subject that SNS takes: ASCII, one line, at most 99 characters. What ASCII has no
// letter for becomes '?', and a text that was cut ends with "...". Empty when nothing is left.
[[nodiscard]] std::string sns_subject(std::string_view text);

// As thread-safe as its client, which must outlive it.
class Sns {
public:
    explicit Sns(Client& client) : client_(client) {}

    // The message's id. A subject that SNS would refuse is made legal.
    [[nodiscard]] Outcome<std::string>
    publish(const Notification& notification, Deadline deadline, const std::stop_token& stop);

    [[nodiscard]] Outcome<bool>
    has_topic(const std::string& topic_arn, Deadline deadline, const std::stop_token& stop);

private:
    Client& client_;
};

} // namespace squall::aws
