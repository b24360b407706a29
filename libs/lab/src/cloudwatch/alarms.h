// CloudWatch's alarms of one region: made, set and described. No metric moves them: an alarm has
// INSUFFICIENT_DATA, as in AWS one without data has, until SetAlarmState gives it another state.
// Speaks the query protocol of today's tools and the JSON of newer ones.
#pragma once

#include "api/call.h"

#include <map>

namespace squall::lab::cloudwatch {

class Alarms {
public:
    static constexpr std::size_t alarms_max = 5000; // AWS's quota of a region

    Alarms(std::string account, std::string region)
        : account_(std::move(account)), region_(std::move(region)) {}

    [[nodiscard]] std::optional<Answer> call(const ApiCall& call);

private:
    struct Alarm {
        json::Object definition; // as it was put
        std::string state = "INSUFFICIENT_DATA";
        std::string reason = "Unchecked: Initial alarm creation";
        WallTime configured_at;
        WallTime state_at;
    };

    Answer put_metric_alarm(const ApiCall& call);
    Answer describe_alarms(const ApiCall& call);
    Answer set_alarm_state(const ApiCall& call);
    Answer delete_alarms(const ApiCall& call);
    [[nodiscard]] json::Object
    describe(const std::string& name, const Alarm& alarm, const ApiCall& call) const;

    std::string account_;
    std::string region_;
    std::map<std::string, Alarm, std::less<>> alarms_; // by name
};

} // namespace squall::lab::cloudwatch
