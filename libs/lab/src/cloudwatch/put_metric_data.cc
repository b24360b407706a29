#include "cloudwatch/metrics.h"
#include "cloudwatch/parameters.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace squall::lab::cloudwatch {
namespace {

constexpr std::size_t data_max = 1000;
constexpr std::size_t values_max = 150;
constexpr std::chrono::hours past_max{24 * 14};
constexpr std::chrono::hours future_max{2};
const double value_max = std::exp2(360);

struct Datum {
    MetricName metric;
    std::string unit;
    WallTime when;
    std::int64_t resolution = 60;
    Statistics statistics;
};

bool is_value(const std::optional<double>& value) {
    return value && std::abs(*value) <= value_max; // no NaN either
}

Result<Statistics, wire::ServiceError> statistics_of(const json::Object& given,
                                                     const std::string& where) {
    Statistics statistics;
    const bool has_value = given.contains("Value");
    const bool has_set = given.contains("StatisticValues");
    const json::Array& values = json::array_at(given, "Values");
    if (int{has_value} + int{has_set} + int{!values.empty()} > 1)
        return refuse(
            "InvalidParameterCombination",
            fmt::format("The parameters {0}.Value, {0}.StatisticValues and {0}.Values are "
                        "mutually exclusive and you have specified more than one.",
                        where));
    if (has_set) {
        const json::Object& set = json::object_at(given, "StatisticValues");
        std::array<double, 4> numbers{};
        constexpr std::array names{"SampleCount", "Sum", "Minimum", "Maximum"};
        for (std::size_t i = 0; i < names.size(); ++i) {
            const auto number = number_of(json::at(set, names.at(i)));
            if (!is_value(number))
                return missing(fmt::format("{}.StatisticValues.{}", where, names.at(i)));
            numbers.at(i) = *number;
        }
        statistics = {numbers[0], numbers[1], numbers[2], numbers[3], {}, false};
        if (statistics.count <= 0 || statistics.minimum > statistics.maximum)
            return invalid_value(
                fmt::format("The value for parameter {}.StatisticValues is invalid.", where));
        if (statistics.minimum == statistics.maximum) {
            statistics.counts[statistics.minimum] = statistics.count;
            statistics.has_all_values = true;
        }
        return statistics;
    }
    const json::Array& counts = json::array_at(given, "Counts");
    if (values.size() > values_max || (!counts.empty() && counts.size() != values.size()))
        return invalid_value(fmt::format(
            "The parameters {0}.Values and {0}.Counts must be of the same size, 150 at the most.",
            where));
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto value = number_of(values[i]);
        const auto times = counts.empty() ? std::optional(1.0) : number_of(counts[i]);
        if (!is_value(value) || !is_value(times) || *times < 0)
            return invalid_value(
                fmt::format("The value for parameter {}.Values is invalid.", where));
        if (*times > 0) statistics.add_value(*value, *times);
    }
    if (!values.empty()) return statistics;
    if (!has_value) return missing(where + ".Value");
    const auto value = number_of(json::at(given, "Value"));
    if (!is_value(value))
        return invalid_value(fmt::format("The value for parameter {}.Value is invalid.", where));
    statistics.add_value(*value, 1);
    return statistics;
}

Result<Datum, wire::ServiceError> datum_of(const json::Object& given,
                                           const std::string& name_space,
                                           const std::string& where,
                                           WallTime now) {
    Datum datum;
    auto metric = read_metric(given, name_space);
    if (!metric) return fail(metric.error());
    datum.metric = std::move(*metric);
    datum.unit = json::string_at(given, "Unit", "None");
    if (!is_unit(datum.unit))
        return invalid_value(
            fmt::format("The value {} for parameter {}.Unit is invalid.", datum.unit, where));
    datum.when = time_of(json::at(given, "Timestamp")).value_or(now);
    if (datum.when < now - past_max || datum.when > now + future_max)
        return invalid_value(
            fmt::format("The parameter {}.Timestamp must specify a time no earlier than two weeks "
                        "ago and no later than two hours from now.",
                        where));
    const auto resolution = number_of(json::at(given, "StorageResolution")).value_or(60);
    if (resolution != 1 && resolution != 60)
        return invalid_value(
            fmt::format("The parameter {}.StorageResolution must be 1 or 60.", where));
    datum.resolution = static_cast<std::int64_t>(resolution);
    auto statistics = statistics_of(given, where);
    if (!statistics) return fail(statistics.error());
    datum.statistics = std::move(*statistics);
    return datum;
}

} // namespace

// All of them, or none.
Answer Metrics::put_metric_data(const ApiCall& call) {
    const json::Object body = body_of(call);
    const std::string name_space(json::string_at(body, "Namespace"));
    if (name_space.empty()) return missing("Namespace");
    if (name_space.size() > 255 || name_space.starts_with(':'))
        return invalid_value(
            fmt::format("The value {} for parameter Namespace is invalid.", name_space));
    if (name_space.starts_with("AWS/"))
        return invalid_value("The value AWS/ for parameter Namespace is invalid.");
    const json::Array& given = json::array_at(body, "MetricData");
    if (given.empty()) return missing("MetricData");
    if (given.size() > data_max)
        return invalid_value("The collection MetricData must not have a size greater than 1000.");
    std::vector<Datum> data;
    for (const auto& one : given) {
        if (!one.is_object()) return invalid_value("A member of MetricData is a structure.");
        auto datum = datum_of(one.as_object(),
                              name_space,
                              fmt::format("MetricData.member.{}", data.size() + 1),
                              call.now);
        if (!datum) return fail(datum.error());
        data.push_back(std::move(*datum));
    }
    for (const auto& datum : data) {
        if (!store_.put(datum.metric, datum.unit, datum.when, datum.resolution, datum.statistics))
            return refuse("LimitExceeded", "This lab keeps no more metrics.");
    }
    return result(call, {});
}

} // namespace squall::lab::cloudwatch
