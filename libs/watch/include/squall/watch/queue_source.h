// Events from a queue of SQS: received by a long poll, read, and deleted once what follows from
// them is stored. A message that cannot be read stays in the queue: its redrive policy decides.
#pragma once

#include "squall/aws/sqs.h"
#include "squall/watch/inbox.h"
#include "squall/watch/trouble.h"

#include <atomic>
#include <map>
#include <mutex>
#include <string>

namespace squall::watch {

// An event as it comes in a message: by itself, or in the envelope of a topic. An error when it is
// none.
[[nodiscard]] Result<std::optional<monitor::Input>> input_of_message(std::string_view body);

class QueueSource {
public:
    // Where the queue has no dead-letter queue, a message that cannot be read is dropped after so
    // many receipts.
    static constexpr int receipts_max = 5;

    struct Counts {
        std::atomic<std::uint64_t> received{0};
        std::atomic<std::uint64_t> unreadable{0};
        std::atomic<std::int64_t> last_answer{0}; // steady clock, milliseconds
    };

    // All must outlive it.
    QueueSource(aws::Client& client, Clock& clock, std::string queue_url, Inbox& inbox);

    // Reads the queue's settings: whether there is one, and that we may use it.
    [[nodiscard]] Result<void> check(const std::stop_token& stop);

    // Until stopped; a thread of its own each.
    void receive(const std::stop_token& stop);
    void acknowledge(const std::stop_token& stop);

    // These may be deleted. From any thread.
    void done(std::vector<std::string> receipts);

    [[nodiscard]] const Counts& counts() const { return counts_; }

    // With receiving.
    [[nodiscard]] const Trouble& trouble() const { return trouble_; }

private:
    void take(const std::vector<aws::SqsMessage>& messages, const std::stop_token& stop);
    void delete_done(std::vector<std::string> receipts, const std::stop_token& stop);
    void keep_invisible(const std::stop_token& stop);

    aws::Sqs sqs_;
    Clock& clock_;
    std::string queue_url_;
    Inbox& inbox_;
    Counts counts_;
    Trouble trouble_;
    Bell bell_;
    std::mutex mutex_;
    std::vector<std::string> done_;
    std::map<std::string, SteadyTime> in_flight_; // by receipt, since when
    Seconds visibility_{30};
    bool has_dead_letter_queue_ = false;
};

} // namespace squall::watch
