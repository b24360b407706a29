// What one service of the cloud hands to another: a rule to its targets, a topic to its queues.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/json.h"

#include <functional>
#include <string>

namespace squall::lab {

struct Delivery {
    std::string body;
    std::string group_id; // of FIFO queues; empty elsewhere
    std::string
        source_arn; // the rule or topic that hands it on: queue and topic policies ask for it
    WallTime now;
    std::string deduplication_id = {}; // of FIFO queues
    json::Object attributes = {};      // of the message, as SQS's MessageAttributes
};

// False where this region has no such queue, topic, log group or bus, or where it takes nothing
// from this source. Never blocks; what leaves the lab (HTTP) goes out later.
using Deliver = std::function<bool(const std::string& target_arn, const Delivery&)>;

} // namespace squall::lab
