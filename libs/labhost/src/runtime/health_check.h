// How a container is found to be well: the Healthcheck of a create request, and what came of its
// checks so far, by Docker's rules. Pure.
#pragma once

#include "runtime/api_error.h"
#include "squall/base/clock.h"
#include "squall/base/json.h"

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace squall::labhost::runtime {

// What is left out has Docker's defaults.
struct HealthCheck {
    std::vector<std::string> argv; // empty: of a kind that Docker does not know, and never runs
    Millis interval{30'000};       // from the end of one check to the beginning of the next
    Millis timeout{30'000};        // of one check
    Millis start_period{0};        // while nothing has been well yet, failures do not count in it
    int retries = 3;               // failures in a row that make a container unhealthy
};

// Nothing where none is asked for. Errors are Docker's answers.
[[nodiscard]] Answer<std::optional<HealthCheck>> parse_health_check(const json::Value& value);

enum class HealthStatus { starting, healthy, unhealthy };

[[nodiscard]] std::string_view name_of(HealthStatus status);

struct CheckResult {
    WallTime started_at;
    WallTime ended_at;
    int exit_code = 0; // -1 where the check could not be started or took too long
    std::string output;
};

class Health {
public:
    static constexpr std::size_t log_max = 5;
    // Bytes of one result's output; the rest is cut off.
    static constexpr std::size_t output_max = 4096;

    // `running_since` is when the container was started.
    void record(CheckResult result, const HealthCheck& check, WallTime running_since);

    // Nobody checks any more: Docker calls that unhealthy.
    void ended() { status_ = HealthStatus::unhealthy; }

    [[nodiscard]] HealthStatus status() const { return status_; }

    [[nodiscard]] int failing_streak() const { return failing_streak_; }

    // Oldest first.
    [[nodiscard]] const std::deque<CheckResult>& results() const { return results_; }

private:
    HealthStatus status_ = HealthStatus::starting;
    int failing_streak_ = 0;
    std::deque<CheckResult> results_;
};

} // namespace squall::labhost::runtime
