// A message of SQS as its queue keeps it.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/json.h"

#include <cstdint>
#include <optional>
#include <string>

namespace squall::lab::sqs {

// What a sender gives.
struct Letter {
    std::string body;
    json::Object attributes;    // MessageAttributes
    std::string attributes_md5; // in hexadecimal; empty without attributes
    std::string trace_header;   // AWSTraceHeader, the one system attribute that senders may set
    std::string group_id;       // of FIFO queues, and of standard ones that share fairly
    std::string deduplication_id;
    std::string sender_id;
    std::optional<Seconds> delay; // nothing: the queue's own

    // What counts for MaximumMessageSize.
    [[nodiscard]] std::size_t size() const;
};

struct Message {
    enum class State { delayed, visible, in_flight };

    std::uint64_t number = 0; // in the order of arrival, for one queue
    std::string id;
    std::string body_md5;
    Letter letter;
    std::string sequence_number; // of FIFO queues
    WallTime sent;
    WallTime kept_since; // what the retention period counts from
    std::optional<WallTime> first_received;
    WallTime last_received;
    int receive_count = 0;
    State state = State::visible;
    WallTime visible_at;            // unless it is visible
    std::uint64_t receipt = 0;      // of the newest receive; 0 before the first
    std::string dead_letter_source; // the ARN of the queue that gave up
};

} // namespace squall::lab::sqs
