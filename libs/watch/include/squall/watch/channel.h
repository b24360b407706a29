// Where notices go. Each channel is asked by a thread of its own, so that one that hangs holds up
// no other.
#pragma once

#include "squall/aws/cloudwatch.h"
#include "squall/aws/sns.h"
#include "squall/transport/http_client.h"
#include "squall/watch/store.h"

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace squall::watch {

class Channel {
public:
    Channel() = default;
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    virtual ~Channel() = default;

    [[nodiscard]] virtual std::string_view name() const = 0;
    [[nodiscard]] virtual bool takes(const monitor::Decision& decision) const = 0;

    // True: an entry is begun in the store before it is sent, and one that was begun and not
    // finished is not sent again. For what does something, and not only tells of it.
    [[nodiscard]] virtual bool is_at_most_once() const { return false; }

    // What came of it, in words, where there is something to say; the timeline keeps it of what was
    // done at most once. An error of Errc::invalid_input will not go away by trying again.
    [[nodiscard]] virtual Result<std::string> send(const OutboxEntry& entry,
                                                   const std::stop_token& stop) = 0;
};

// People subscribe to a topic. The key travels as a message attribute, too.
[[nodiscard]] std::unique_ptr<Channel> sns_channel(aws::Client& client, std::string topic_arn);
// POST of the notice's object, with the key as Idempotency-Key. Any 2xx is an answer.
[[nodiscard]] std::unique_ptr<Channel> webhook_channel(wire::Url url);
// A command gets the notice's object on standard input and in the file that SQUALL_NOTICE_FILE
// names, and what matters of it in its environment. At most once for each phase of an incident.
[[nodiscard]] std::unique_ptr<Channel> command_channel(std::string command, Seconds limit);
// CloudWatch's ECSAgentFailuresCount in ECS/ECSAgentFailures, by ClusterName and by NodeName.
[[nodiscard]] std::unique_ptr<Channel> metrics_channel(aws::Client& client, Clock& clock);
// Does what the ladder asks for: restarts, drains, terminates.
[[nodiscard]] std::unique_ptr<Channel> action_channel(aws::Client& client, Clock& clock);

} // namespace squall::watch
