// Metric data of one region: what was put, by metric, unit and minute, as far back as CloudWatch
// keeps it in this detail. Values, and what keeps them in bounds.
#pragma once

#include "squall/base/clock.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace squall::lab::cloudwatch {

// Name and value, in the order of the names.
using Dimensions = std::map<std::string, std::string>;

struct MetricName {
    std::string name_space;
    std::string name;
    Dimensions dimensions;

    // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy takes the 0 that <=> compares with for one
    auto operator<=>(const MetricName&) const = default;
};

// What is known of the values of a span of time.
struct Statistics {
    // AWS keeps 150 different values of one call; beyond this there are no percentiles.
    static constexpr std::size_t values_max = 500;

    double count = 0;
    double sum = 0;
    double minimum = 0;
    double maximum = 0;
    std::map<double, double> counts; // of each value
    bool has_all_values = true;      // false: percentiles cannot be told

    void add_value(double value, double times);
    // Of values that were summed up before they came.
    void add(const Statistics& other);

    // SampleCount, Average, Sum, Minimum, Maximum, or p0 to p100; nothing where it cannot be told.
    [[nodiscard]] std::optional<double> value_of(std::string_view statistic) const;
    [[nodiscard]] static bool is_statistic(std::string_view statistic);
    // "p99.9"
    [[nodiscard]] static std::optional<double> percentile_of(std::string_view statistic);
};

struct Series {
    std::map<std::int64_t, Statistics> spans; // by the second each begins in
    std::int64_t last_put = 0;
};

class MetricStore {
public:
    static constexpr std::size_t series_max = 10'000;
    static constexpr std::size_t spans_max = 400'000; // of all series
    static constexpr std::chrono::hours seconds_kept{3};
    static constexpr std::chrono::hours minutes_kept{24 * 15};
    // A metric without new data is listed so long.
    static constexpr std::chrono::hours listed{24 * 14};

    // Below the minute where `resolution` is 1. False where there is no room for one more metric.
    bool put(const MetricName& metric,
             const std::string& unit,
             WallTime when,
             std::int64_t resolution,
             const Statistics& statistics);
    // Data below the minute becomes data of the minute, and what is too old is forgotten.
    void age(WallTime now);

    using ByUnit = std::map<std::string, Series>;

    [[nodiscard]] const std::map<MetricName, ByUnit>& all() const { return all_; }

    // The spans of a metric from `start` on and before `end`, in periods; of one unit, or of all of
    // them together.
    [[nodiscard]] std::map<std::int64_t, Statistics> in_periods(const MetricName& metric,
                                                                std::string_view unit,
                                                                std::int64_t start,
                                                                std::int64_t end,
                                                                std::int64_t period) const;
    [[nodiscard]] std::vector<std::string> units_of(const MetricName& metric) const;

private:
    void drop_oldest();

    std::map<MetricName, ByUnit> all_;
    std::size_t spans_ = 0;
};

[[nodiscard]] std::int64_t epoch_of(WallTime when);

} // namespace squall::lab::cloudwatch
