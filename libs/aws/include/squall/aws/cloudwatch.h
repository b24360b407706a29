// Amazon CloudWatch: alarms as far as we read them, and metrics of our own.
#pragma once

#include "squall/aws/client.h"

#include <map>
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

struct MetricDatum {
    std::string name;
    std::map<std::string, std::string> dimensions;
    double value = 0;
    std::string unit; // Count, Seconds, …; empty: None
    WallTime timestamp;
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

    // In as many calls as it takes, compressed where that is worth it. Values that are no numbers
    // are invalid_input: CloudWatch would refuse everything that goes with them. A call that fails
    // ends it, and what went out before is in.
    [[nodiscard]] Outcome<void> put_metric_data(std::string_view name_space,
                                                std::span<const MetricDatum> data,
                                                Deadline deadline,
                                                const std::stop_token& stop);

private:
    Client& client_;
};

} // namespace squall::aws
