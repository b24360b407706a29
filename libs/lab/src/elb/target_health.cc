#include "elb/target_health.h"

#include "squall/base/text.h"

#include <algorithm>

namespace squall::lab::elb {
namespace {

// Statuses that a load balancer can be told to take for good.
constexpr std::int64_t status_min = 200;
constexpr std::int64_t status_max = 499;

struct StatusRange {
    std::int64_t first = 0;
    std::int64_t last = 0;
};

StatusRange range_of(std::string_view part) {
    const auto [first, last] = split_once(part, '-');
    const std::int64_t from = to_integer(first).value_or(0);
    return {from, part.find('-') == std::string_view::npos ? from : to_integer(last).value_or(0)};
}

} // namespace

bool is_matcher(std::string_view matcher) {
    const auto parts = split(matcher, ',');
    return std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
        const auto [first, last] = range_of(part);
        return first >= status_min && first <= last && last <= status_max;
    });
}

bool matches(std::string_view matcher, int status) {
    const auto parts = split(matcher, ',');
    return std::any_of(parts.begin(), parts.end(), [&](const std::string& part) {
        const auto [first, last] = range_of(part);
        return first <= status && status <= last;
    });
}

bool TargetHealth::note(const CheckOutcome& outcome,
                        std::string_view matcher,
                        HealthThresholds thresholds) {
    const bool is_good =
        outcome.kind == CheckOutcome::Kind::answered && matches(matcher, outcome.status);
    was_checked_ = true;
    if (!is_good) last_ = outcome; // why it is not healthy
    if (is_good && state_ == State::initial) {
        state_ = State::healthy;
        in_a_row_ = 0;
        return true;
    }
    const bool is_as_before =
        state_ == (is_good ? State::healthy : State::unhealthy); // never so while it is initial
    if (is_as_before) {
        in_a_row_ = 0;
        return false;
    }
    if (++in_a_row_ < (is_good ? thresholds.healthy : thresholds.unhealthy)) return false;
    state_ = is_good ? State::healthy : State::unhealthy;
    in_a_row_ = 0;
    return true;
}

std::string_view TargetHealth::state() const {
    if (state_ == State::initial) return "initial";
    return state_ == State::healthy ? "healthy" : "unhealthy";
}

std::string_view TargetHealth::reason() const {
    if (state_ == State::healthy) return {};
    if (state_ == State::initial)
        return was_checked_ ? "Elb.InitialHealthChecking" : "Elb.RegistrationInProgress";
    switch (last_.kind) {
    case CheckOutcome::Kind::answered:
        return "Target.ResponseCodeMismatch";
    case CheckOutcome::Kind::timed_out:
        return "Target.Timeout";
    case CheckOutcome::Kind::failed:
        return "Target.FailedHealthChecks";
    }
    return {};
}

std::string TargetHealth::description() const {
    if (state_ == State::healthy) return {};
    if (state_ == State::initial)
        return was_checked_ ? "Initial health checks in progress"
                            : "Target registration is in progress";
    switch (last_.kind) {
    case CheckOutcome::Kind::answered:
        return fmt::format("Health checks failed with these codes: [{}]", last_.status);
    case CheckOutcome::Kind::timed_out:
        return "Request timed out";
    case CheckOutcome::Kind::failed:
        return "Health checks failed";
    }
    return {};
}

} // namespace squall::lab::elb
