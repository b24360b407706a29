#include "cloudwatch/metrics.h"

#include "cloudwatch/parameters.h"
#include "squall/base/text.h"

#include <algorithm>
#include <array>

namespace squall::lab::cloudwatch {
namespace {

constexpr std::size_t dimensions_max = 30;
constexpr std::size_t filters_max = 10;
constexpr std::size_t page_max = 500;
constexpr std::int64_t points_max = 1440;
constexpr Seconds aging_interval{60};
constexpr std::chrono::hours recently{3};

constexpr std::array units{"Seconds",
                           "Microseconds",
                           "Milliseconds",
                           "Bytes",
                           "Kilobytes",
                           "Megabytes",
                           "Gigabytes",
                           "Terabytes",
                           "Bits",
                           "Kilobits",
                           "Megabits",
                           "Gigabits",
                           "Terabits",
                           "Percent",
                           "Count",
                           "Bytes/Second",
                           "Kilobytes/Second",
                           "Megabytes/Second",
                           "Gigabytes/Second",
                           "Terabytes/Second",
                           "Bits/Second",
                           "Kilobits/Second",
                           "Megabits/Second",
                           "Gigabits/Second",
                           "Terabits/Second",
                           "Count/Second",
                           "None"};

// Names sort as metrics do, so that a page's token finds its place again.
std::string key_of(const MetricName& metric) {
    std::string key = metric.name_space + '\x1f' + metric.name;
    for (const auto& [name, value] : metric.dimensions)
        key += '\x1f' + name + '\x1e' + value;
    return key;
}

bool matches(const MetricName& metric, const json::Array& filters) {
    return std::all_of(filters.begin(), filters.end(), [&](const json::Value& filter) {
        const auto found = metric.dimensions.find(std::string(json::string_at(filter, "Name")));
        const auto value = json::string_at(filter, "Value");
        return found != metric.dimensions.end() && (value.empty() || found->second == value);
    });
}

json::Object describe(const MetricName& metric) {
    json::Array dimensions;
    for (const auto& [name, value] : metric.dimensions)
        dimensions.push_back(json::Object{{"Name", name}, {"Value", value}});
    return {{"Namespace", metric.name_space},
            {"MetricName", metric.name},
            {"Dimensions", std::move(dimensions)}};
}

std::int64_t last_put(const MetricStore::ByUnit& by_unit) {
    std::int64_t last = 0;
    for (const auto& [unit, series] : by_unit)
        last = std::max(last, series.last_put);
    return last;
}

// What GetMetricStatistics asks for.
struct Question {
    MetricName metric;
    std::int64_t start = 0;
    std::int64_t end = 0;
    std::int64_t period = 0;
    std::vector<std::string> statistics;
    std::vector<std::string> percentiles;
    std::string unit;
};

Result<Question, wire::ServiceError> question_of(const ApiCall& call) {
    const json::Object body = body_of(call);
    Question question;
    for (const char* member : {"Namespace", "MetricName", "StartTime", "EndTime", "Period"}) {
        if (!body.contains(member)) return missing(member);
    }
    auto metric = read_metric(body, std::string(json::string_at(body, "Namespace")));
    if (!metric) return fail(metric.error());
    question.metric = std::move(*metric);
    const auto start = time_of(json::at(body, "StartTime"));
    const auto end = time_of(json::at(body, "EndTime"));
    if (!start || !end) return invalid_value("StartTime and EndTime must be times.");
    if (*start >= *end)
        return refuse("InvalidParameterCombination",
                      "The parameter StartTime must be less than the parameter EndTime.");
    question.start = epoch_of(*start);
    question.end = epoch_of(*end);
    question.period = static_cast<std::int64_t>(number_of(json::at(body, "Period")).value_or(0));
    if (const auto checked = check_period(question.period); !checked) return fail(checked.error());
    const std::int64_t points = (question.end - question.start) / question.period;
    if (points > points_max)
        return refuse("InvalidParameterCombination",
                      fmt::format("You have requested up to {} datapoints, which exceeds the limit "
                                  "of {}. You may reduce the datapoints requested by increasing "
                                  "Period, or decreasing the time range.",
                                  points,
                                  points_max));
    for (const auto& one : json::array_at(body, "Statistics")) {
        if (!Statistics::is_statistic(json::string_of(one)))
            return invalid_value(fmt::format("{} is no statistic.", json::text(one)));
        question.statistics.emplace_back(json::string_of(one));
    }
    for (const auto& one : json::array_at(body, "ExtendedStatistics")) {
        if (!Statistics::percentile_of(json::string_of(one)))
            return invalid_value(fmt::format(
                "{}: of the extended statistics this lab knows p0 to p100.", json::text(one)));
        question.percentiles.emplace_back(json::string_of(one));
    }
    if (question.statistics.empty() && question.percentiles.empty())
        return refuse("MissingParameter",
                      "The parameter Statistics or ExtendedStatistics is required.");
    question.unit = json::string_at(body, "Unit");
    return question;
}

json::Object describe_point(const Question& question, const Statistics& statistics) {
    json::Object point;
    for (const auto& name : question.statistics)
        if (const auto value = statistics.value_of(name)) point[name] = *value;
    json::Object extended;
    for (const auto& name : question.percentiles)
        if (const auto value = statistics.value_of(name)) extended[name] = *value;
    if (!extended.empty()) point["ExtendedStatistics"] = std::move(extended);
    return point;
}

} // namespace

tl::unexpected<wire::ServiceError> missing(std::string_view parameter) {
    return refuse("MissingParameter", fmt::format("The parameter {} is required.", parameter));
}

bool is_unit(std::string_view unit) {
    return std::find(units.begin(), units.end(), unit) != units.end();
}

Checked check_period(std::int64_t period) {
    constexpr std::array below_a_minute{1, 5, 10, 20, 30};
    constexpr std::int64_t day = 86'400;
    const bool is_short =
        std::find(below_a_minute.begin(), below_a_minute.end(), period) != below_a_minute.end();
    if (is_short || (period > 0 && period <= day && period % 60 == 0)) return {};
    return invalid_value("Period must be 1, 5, 10, 20, 30, or a multiple of 60, up to a day.");
}

Result<MetricName, wire::ServiceError> read_metric(const json::Object& structure,
                                                   const std::string& name_space) {
    MetricName metric{name_space, std::string(json::string_at(structure, "MetricName")), {}};
    if (metric.name.empty()) return missing("MetricName");
    if (metric.name.size() > 255)
        return invalid_value("The parameter MetricName must be shorter than 256 characters.");
    const json::Array& dimensions = json::array_at(structure, "Dimensions");
    if (dimensions.size() > dimensions_max)
        return invalid_value("The collection Dimensions must not have a size greater than 30.");
    for (const auto& one : dimensions) {
        const std::string name(json::string_at(one, "Name"));
        const std::string value(json::string_at(one, "Value"));
        if (name.empty() || name.size() > 255 || name.starts_with(':') || value.empty()
            || value.size() > 1024)
            return invalid_value("A dimension has a name of 1 to 255 and a value of 1 to 1024 "
                                 "characters.");
        if (!metric.dimensions.emplace(name, value).second)
            return invalid_value(fmt::format("The dimension {} is given twice.", name));
    }
    return metric;
}

std::optional<Answer> Metrics::call(const ApiCall& call) {
    static const OperationTable<Metrics> operations{
        {"PutMetricData", &Metrics::put_metric_data},
        {"ListMetrics", &Metrics::list_metrics},
        {"GetMetricStatistics", &Metrics::get_metric_statistics},
        {"GetMetricData", &Metrics::get_metric_data},
    };
    return call_operation(*this, operations, call);
}

void Metrics::count(const MetricName& metric, WallTime now) {
    Statistics once;
    once.add_value(1, 1);
    store_.put(metric, "Count", now, 60, once);
}

void Metrics::tick(WallTime now) {
    if (now < next_aging_) return;
    next_aging_ = now + aging_interval;
    store_.age(now);
}

Answer Metrics::list_metrics(const ApiCall& call) {
    const json::Object body = body_of(call);
    const json::Array& filters = json::array_at(body, "Dimensions");
    if (filters.size() > filters_max)
        return invalid_value("The collection Dimensions must not have a size greater than 10.");
    const auto active = json::string_at(body, "RecentlyActive");
    if (!active.empty() && active != "PT3H") return invalid_value("RecentlyActive must be PT3H.");
    const auto name_space = json::string_at(body, "Namespace");
    const auto name = json::string_at(body, "MetricName");
    std::map<std::string, const MetricName*> found;
    for (const auto& [metric, by_unit] : store_.all()) {
        const bool is_asked = (name_space.empty() || metric.name_space == name_space)
                              && (name.empty() || metric.name == name) && matches(metric, filters);
        if (is_asked && (active.empty() || last_put(by_unit) >= epoch_of(call.now - recently)))
            found[key_of(metric)] = &metric;
    }
    std::vector<std::string> keys;
    for (const auto& [key, metric] : found)
        keys.push_back(key);
    const auto page = page_of(keys, json::string_at(body, "NextToken"), page_max);
    if (!page) return invalid_value("The next token specified is invalid.");
    json::Array metrics;
    for (const auto& key : page->keys)
        metrics.push_back(describe(*found.at(key)));
    json::Object members{{"Metrics", std::move(metrics)}};
    if (!page->next_token.empty()) members["NextToken"] = page->next_token;
    return result(call, members);
}

Answer Metrics::get_metric_statistics(const ApiCall& call) {
    const auto question = question_of(call);
    if (!question) return fail(question.error());
    json::Array points;
    // Data of different units are different data, of one name.
    for (const auto& unit : store_.units_of(question->metric)) {
        if (!question->unit.empty() && question->unit != unit) continue;
        for (const auto& [begin, statistics] : store_.in_periods(
                 question->metric, unit, question->start, question->end, question->period)) {
            json::Object point = describe_point(*question, statistics);
            if (point.empty()) continue;
            point["Timestamp"] = time_value(call, WallTime(Seconds(begin)));
            point["Unit"] = unit;
            points.push_back(std::move(point));
        }
    }
    return result(call, {{"Label", question->metric.name}, {"Datapoints", std::move(points)}});
}

} // namespace squall::lab::cloudwatch
