// The messages of one queue, standard or FIFO: which may be received, which are out of sight, and
// until when. Values only: time comes in with every call, and settle() makes of it what is due.
// Everything takes O(log n) for each message that it touches.
#pragma once

#include "sqs/message.h"

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

namespace squall::lab::sqs {

struct QueueSettings {
    bool is_fifo = false;
    bool has_content_based_deduplication = false;
    bool deduplicates_by_group = false;
    Seconds delay{0};
    Seconds visibility_timeout{30};
    Seconds retention{345'600};
    Seconds wait{0}; // of a receive that does not say how long
    std::size_t message_max = 1U << 20U;
    // Of the RedrivePolicy; 0 without one.
    int receive_count_max = 0;
};

// What a receipt handle says.
struct Receipt {
    std::uint64_t number = 0;
    std::uint64_t serial = 0;

    [[nodiscard]] std::string text(std::string_view queue_arn) const;
    // Nothing where the text is no handle of this queue.
    [[nodiscard]] static std::optional<Receipt> read(std::string_view text,
                                                     std::string_view queue_arn);
};

class Queue {
public:
    static constexpr std::size_t in_flight_max = 120'000; // AWS's own quota
    static constexpr Seconds deduplication_interval{300};
    // AWS has no limit; this lab's memory has one.
    static constexpr std::size_t messages_max = 1'000'000;
    static constexpr std::size_t bytes_max = 1U << 30U;

    QueueSettings settings;

    struct Sent {
        std::string message_id;
        std::string body_md5;
        std::string sequence_number;
        bool is_new = true; // false: it was sent before, and is not kept twice
    };

    // Nothing when the queue is full.
    [[nodiscard]] std::optional<Sent> send(Letter letter, WallTime now);
    // A message of another queue, as it is. For FIFO queues its retention begins again.
    bool take_over(Message message, WallTime now);

    // At most `count` messages, which are in flight from now on. What has been received too often
    // leaves the queue instead, to `dead_letters`.
    using DeadLetters = std::function<void(Message)>;
    [[nodiscard]] std::vector<const Message*>
    receive(std::size_t count, Seconds visibility, WallTime now, const DeadLetters& dead_letters);

    enum class Change { done, gone, expired, not_in_flight, beyond_limit };

    Change remove(const Receipt& receipt, WallTime now);
    Change change_visibility(const Receipt& receipt, Seconds visibility, WallTime now);
    void purge();

    // What is due: the end of delays, of visibility timeouts and of retention.
    void settle(WallTime now);

    [[nodiscard]] bool has_visible() const { return !ready_.empty(); }

    // When settle() may make a message visible next.
    [[nodiscard]] std::optional<WallTime> next_visible() const;

    [[nodiscard]] std::size_t visible() const { return messages_.size() - in_flight_ - delayed_; }

    [[nodiscard]] std::size_t in_flight() const { return in_flight_; }

    [[nodiscard]] std::size_t delayed() const { return delayed_; }

    // Only a short poll is refused for it, and only on a standard queue.
    [[nodiscard]] bool is_over_limit() const {
        return !settings.is_fifo && in_flight_ >= in_flight_max;
    }

private:
    // The messages of one group of a FIFO queue in their order; one of them in flight blocks all.
    struct Group {
        std::set<std::uint64_t> numbers;
        std::size_t in_flight = 0;
    };

    struct Duplicate {
        Sent first;
        WallTime until;
    };

    void keep(Message message);
    void erase(std::uint64_t number);
    void set_state(Message& message, Message::State state, WallTime visible_at);
    void enter(const Message& message);
    void leave(const Message& message);
    void look_at_group(const std::string& id);
    [[nodiscard]] std::vector<std::uint64_t> next_in_turn(std::uint64_t first,
                                                          std::size_t count) const;
    [[nodiscard]] bool is_dead(const Message& message) const;
    void hand_out(Message& message, Seconds visibility, WallTime now);
    [[nodiscard]] const Sent* duplicate_of(const std::string& key, WallTime now);

    std::unordered_map<std::uint64_t, Message> messages_;
    // What may be received: messages of a standard queue; of a FIFO queue the first one of each
    // group that is not blocked.
    std::set<std::uint64_t> ready_;
    std::set<std::pair<WallTime, std::uint64_t>> waiting_; // delayed and in flight
    std::set<std::pair<WallTime, std::uint64_t>> by_age_;
    std::map<std::string, Group> groups_;
    std::unordered_map<std::string, Duplicate> duplicates_;
    std::deque<std::pair<WallTime, std::string>> duplicates_by_age_;
    std::uint64_t last_number_ = 0;
    std::uint64_t last_receipt_ = 0;
    std::size_t in_flight_ = 0;
    std::size_t delayed_ = 0;
    std::size_t bytes_ = 0;
};

} // namespace squall::lab::sqs
