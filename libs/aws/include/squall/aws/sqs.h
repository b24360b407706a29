// Amazon SQS, as far as a worker needs it: messages in, done with, put off and sent on.
//
// What is done to many messages goes out ten at a time, which is the most that SQS takes. A message
// that SQS did not take is among the failures; a call that failed as a whole ends everything with
// its error, and what went out before it is done.
#pragma once

#include "squall/aws/client.h"
#include "squall/aws/entries.h"

#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace squall::aws {

struct SqsMessage {
    std::string message_id;
    std::string receipt_handle; // of this receipt: another one has another handle
    std::string body;
    std::int64_t approximate_receive_count = 0; // this receipt included
    std::optional<WallTime> sent_at;
    std::string message_group_id; // of FIFO queues, and of fair ones
};

struct ReceiveOptions {
    static constexpr int messages_max = 10;

    int max_number_of_messages = messages_max;
    Seconds wait_time{20};                     // the longest that SQS waits for a first message
    std::optional<Seconds> visibility_timeout; // nothing: the queue's own
};

struct VisibilityChange {
    std::string receipt_handle;
    Seconds visibility_timeout{0}; // from now; 0: anybody may have it at once
};

struct SqsEntry {
    std::string body;
    std::optional<Seconds> delay; // FIFO queues take none
    std::string message_group_id; // FIFO queues need one
    std::string message_deduplication_id;
};

// As thread-safe as its client, which must outlive it. A queue is given by its URL, which says
// which queue and not where to ask: that is the endpoint's matter.
class Sqs {
public:
    explicit Sqs(Client& client) : client_(client) {}

    // not_found (code QueueDoesNotExist) where there is none of this name.
    [[nodiscard]] Outcome<std::string>
    get_queue_url(const std::string& queue_name, Deadline deadline, const std::stop_token& stop);

    // None when the wait is over and nothing has come. A stop ends the wait at once; what SQS had
    // handed out just then is seen again after the visibility timeout.
    [[nodiscard]] Outcome<std::vector<SqsMessage>> receive_messages(const std::string& queue_url,
                                                                    const ReceiveOptions& options,
                                                                    Deadline deadline,
                                                                    const std::stop_token& stop);

    [[nodiscard]] Outcome<std::vector<EntryFailure>>
    delete_messages(const std::string& queue_url,
                    std::span<const std::string> receipt_handles,
                    Deadline deadline,
                    const std::stop_token& stop);

    [[nodiscard]] Outcome<std::vector<EntryFailure>>
    change_visibility(const std::string& queue_url,
                      std::span<const VisibilityChange> changes,
                      Deadline deadline,
                      const std::stop_token& stop);

    // In their order. A call whose answer was lost is repeated: a message may be there twice.
    [[nodiscard]] Outcome<std::vector<EntryFailure>>
    send_messages(const std::string& queue_url,
                  std::span<const SqsEntry> entries,
                  Deadline deadline,
                  const std::stop_token& stop);

    // All that the queue has, by AWS's names: ApproximateNumberOfMessages, VisibilityTimeout, …
    [[nodiscard]] Outcome<std::map<std::string, std::string>>
    queue_attributes(const std::string& queue_url, Deadline deadline, const std::stop_token& stop);

private:
    struct Batch;
    Outcome<std::vector<EntryFailure>>
    in_batches(const Batch& batch, Deadline deadline, const std::stop_token& stop);

    Client& client_;
};

} // namespace squall::aws
