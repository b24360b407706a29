#include "runtime/health_check.h"

namespace squall::labhost::runtime {
namespace {

// A day: nobody waits longer, and sums of it stay times.
constexpr std::int64_t milliseconds_max = 24LL * 3600 * 1000;
constexpr std::int64_t nanoseconds_of_one = 1'000'000;

// Docker's times are whole nanoseconds; 0 stands for its default.
Answer<void> read_time(const json::Value& value, const char* name, Millis& time) {
    const auto nanoseconds = json::integer_at(value, name);
    if (nanoseconds == 0) return {};
    if (nanoseconds < nanoseconds_of_one)
        return refuse(400, "{} in Healthcheck cannot be less than 1ms", name);
    time = Millis(std::min(nanoseconds / nanoseconds_of_one, milliseconds_max));
    return {};
}

} // namespace

Answer<std::optional<HealthCheck>> parse_health_check(const json::Value& value) {
    const auto& test = json::array_at(value, "Test");
    if (test.empty() || json::string_of(test.front()) == "NONE")
        return std::optional<HealthCheck>();
    HealthCheck check;
    for (const auto& result : {read_time(value, "Interval", check.interval),
                               read_time(value, "Timeout", check.timeout),
                               read_time(value, "StartPeriod", check.start_period)}) {
        if (!result) return fail(result.error());
    }
    const auto retries = json::integer_at(value, "Retries");
    if (retries < 0) return refuse(400, "Retries in Healthcheck cannot be negative");
    constexpr std::int64_t retries_max = 1'000'000;
    if (retries > 0) check.retries = static_cast<int>(std::min(retries, retries_max));
    const auto kind = json::string_of(test.front());
    if (kind == "CMD-SHELL") check.argv = {"/bin/sh", "-c"};
    if (kind != "CMD-SHELL" && kind != "CMD") return std::optional(std::move(check));
    for (std::size_t i = 1; i < test.size(); ++i)
        check.argv.emplace_back(json::string_of(test[i]));
    return std::optional(std::move(check));
}

std::string_view name_of(HealthStatus status) {
    switch (status) {
    case HealthStatus::starting:
        return "starting";
    case HealthStatus::healthy:
        return "healthy";
    case HealthStatus::unhealthy:
        return "unhealthy";
    }
    return "?";
}

void Health::record(CheckResult result, const HealthCheck& check, WallTime running_since) {
    if (result.exit_code == 0) {
        failing_streak_ = 0;
        status_ = HealthStatus::healthy;
    } else if (status_ != HealthStatus::starting
               || result.started_at - running_since >= check.start_period) {
        if (++failing_streak_ >= check.retries) status_ = HealthStatus::unhealthy;
    }
    result.output.resize(std::min(result.output.size(), output_max));
    results_.push_back(std::move(result));
    if (results_.size() > log_max) results_.pop_front();
}

} // namespace squall::labhost::runtime
