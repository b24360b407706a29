// Amazon CloudWatch Logs, as far as we write to it.
#pragma once

#include "squall/aws/client.h"

#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace squall::aws {

struct LogStream {
    std::string group; // must be there
    std::string name;  // is made where it is missing
};

struct LogEvent {
    WallTime timestamp;
    std::string message; // empty ones are left out: CloudWatch would refuse all that goes with them
};

// As thread-safe as its client, which must outlive it.
class Logs {
public:
    explicit Logs(Client& client) : client_(client) {}

    // In as many calls as it takes, in the order of their times. How many were not taken, because
    // they are too old (14 days, or the group's retention) or over two hours in the future.
    [[nodiscard]] Outcome<std::size_t> put_log_events(const LogStream& stream,
                                                      std::vector<LogEvent> events,
                                                      Deadline deadline,
                                                      const std::stop_token& stop);

private:
    Outcome<json::Value> put(const LogStream& stream,
                             std::span<const LogEvent> events,
                             Deadline deadline,
                             const std::stop_token& stop);

    Client& client_;
};

} // namespace squall::aws
