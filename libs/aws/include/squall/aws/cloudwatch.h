// Amazon CloudWatch, as far as we read it: alarms.
#pragma once

#include "squall/aws/client.h"

#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace squall::aws {

struct Alarm {
    std::string name;
    std::string arn;
    std::string state; // OK, ALARM, INSUFFICIENT_DATA
    std::string state_reason;
};

// As thread-safe as its client, which must outlive it.
class CloudWatch {
public:
    explicit CloudWatch(Client& client) : client_(client) {}

    // Metric and composite alarms of these names. CloudWatch leaves out those that it does not
    // have, without a word. No names: no call.
    [[nodiscard]] Outcome<std::vector<Alarm>> describe_alarms(std::span<const std::string> names,
                                                              Deadline deadline,
                                                              const std::stop_token& stop);

private:
    Client& client_;
};

} // namespace squall::aws
