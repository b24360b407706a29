// How a target is, by its health checks, with the words that DescribeTargetHealth has for it. Pure.
#pragma once

#include "squall/base/clock.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace squall::lab::elb {

// What came of one health check.
struct CheckOutcome {
    enum class Kind { answered, timed_out, failed };

    Kind kind = Kind::failed;
    int status = 0; // of answered
};

// How many checks in a row it takes.
struct HealthThresholds {
    std::int64_t healthy = 5;
    std::int64_t unhealthy = 2;
};

class TargetHealth {
public:
    // A new target is healthy after its first good check; one that was unhealthy needs as many in a
    // row as the threshold says, and a healthy one as many bad ones. True if the state is another
    // now.
    bool note(const CheckOutcome& outcome, std::string_view matcher, HealthThresholds thresholds);

    [[nodiscard]] bool is_healthy() const { return state_ == State::healthy; }

    [[nodiscard]] bool is_unhealthy() const { return state_ == State::unhealthy; }

    [[nodiscard]] bool was_checked() const { return was_checked_; }

    // initial, healthy, unhealthy
    [[nodiscard]] std::string_view state() const;
    // Elb.InitialHealthChecking, Target.ResponseCodeMismatch, …; empty when it is healthy.
    [[nodiscard]] std::string_view reason() const;
    [[nodiscard]] std::string description() const;

private:
    enum class State { initial, healthy, unhealthy };

    State state_ = State::initial;
    CheckOutcome last_;
    bool was_checked_ = false;
    std::int64_t in_a_row_ = 0; // outcomes that speak against the state
};

// "200", "200,202", "200-299". Nothing where it cannot be meant.
[[nodiscard]] bool is_matcher(std::string_view matcher);
[[nodiscard]] bool matches(std::string_view matcher, int status);

} // namespace squall::lab::elb
