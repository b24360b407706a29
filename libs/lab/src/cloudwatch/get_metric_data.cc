#include "cloudwatch/metrics.h"
#include "cloudwatch/parameters.h"
#include "squall/base/text.h"

#include <algorithm>
#include <array>
#include <set>

namespace squall::lab::cloudwatch {
namespace {

constexpr std::size_t queries_max = 500;
constexpr std::int64_t points_max = 100'800;

tl::unexpected<wire::ServiceError> invalid_query(std::string message) {
    return refuse("ValidationError", std::move(message));
}

struct Query {
    std::string id;
    std::string label;
    MetricName metric;
    std::string statistic;
    std::string unit;
    std::int64_t period = 60;
    bool is_returned = true;
    std::vector<std::pair<std::int64_t, double>> points; // in the order that is asked for
};

bool is_id(std::string_view id) {
    const auto is_small = [](char c) {
        return c >= 'a' && c <= 'z';
    };
    return !id.empty() && id.size() <= 255 && is_small(id.front())
           && std::all_of(id.begin(), id.end(), [&](char c) {
                  return is_small(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                         || c == '_';
              });
}

Result<Query, wire::ServiceError> query_of(const json::Object& given) {
    Query query;
    query.id = json::string_at(given, "Id");
    if (!is_id(query.id))
        return invalid_query(fmt::format(
            "The value '{}' for parameter MetricDataQueries Id is not matching the expected "
            "pattern ^[a-z][a-zA-Z0-9_]*$.",
            query.id));
    if (given.contains("Expression"))
        return invalid_query(fmt::format("Error in expression '{}': this lab computes no metric "
                                         "math; ask for its metrics with MetricStat.",
                                         query.id));
    const json::Object& stat = json::object_at(given, "MetricStat");
    if (stat.empty())
        return invalid_query(
            fmt::format("The query {} has neither MetricStat nor Expression.", query.id));
    const json::Object& metric = json::object_at(stat, "Metric");
    auto read = read_metric(metric, std::string(json::string_at(metric, "Namespace")));
    if (!read) return fail(read.error());
    query.metric = std::move(*read);
    query.statistic = json::string_at(stat, "Stat");
    if (!Statistics::is_statistic(query.statistic) && !Statistics::percentile_of(query.statistic))
        return invalid_query(fmt::format("The value {} for parameter MetricDataQueries Stat is not "
                                         "supported; of the extended statistics this lab knows p0 "
                                         "to p100.",
                                         query.statistic));
    query.unit = json::string_at(stat, "Unit");
    query.period = static_cast<std::int64_t>(number_of(json::at(stat, "Period")).value_or(0));
    if (const auto checked = check_period(query.period); !checked) return fail(checked.error());
    query.label = json::string_at(given, "Label", query.metric.name);
    query.is_returned = bool_of(json::at(given, "ReturnData"), true);
    return query;
}

Result<std::vector<Query>, wire::ServiceError> queries_of(const json::Array& given) {
    if (given.empty()) return missing("MetricDataQueries");
    if (given.size() > queries_max)
        return invalid_query("The collection MetricDataQueries must not have a size greater than "
                             "500.");
    std::vector<Query> queries;
    std::set<std::string> ids;
    for (const auto& one : given) {
        if (!one.is_object()) return invalid_query("A query is a structure.");
        auto query = query_of(one.as_object());
        if (!query) return fail(query.error());
        if (!ids.insert(query->id).second)
            return invalid_query(fmt::format(
                "The values for parameter id in MetricDataQueries are not unique: {}.", query->id));
        queries.push_back(std::move(*query));
    }
    return queries;
}

// The results with as many points as fit, from the place where the page before ended.
Result<json::Object, wire::ServiceError> page_of_results(const ApiCall& call,
                                                         const std::vector<Query>& queries,
                                                         std::string_view token,
                                                         std::size_t size) {
    std::vector<std::string> places;
    for (std::size_t i = 0; i < queries.size(); ++i) {
        for (std::size_t at = 0; at < queries[i].points.size(); ++at)
            places.push_back(fmt::format("{:03}:{:06}", i, at));
    }
    const auto page = page_of(places, token, size);
    if (!page) return refuse("InvalidNextToken", "The next token specified is invalid.");
    const std::set<std::string> on_page(page->keys.begin(), page->keys.end());
    json::Array results;
    for (std::size_t i = 0; i < queries.size(); ++i) {
        const Query& query = queries[i];
        if (!query.is_returned) continue;
        json::Array times;
        json::Array values;
        for (std::size_t at = 0; at < query.points.size(); ++at) {
            if (!on_page.contains(fmt::format("{:03}:{:06}", i, at))) continue;
            times.push_back(time_value(call, WallTime(Seconds(query.points[at].first))));
            values.emplace_back(query.points[at].second);
        }
        const bool has_last =
            query.points.empty() || page->next_token.empty()
            || page->keys.back() >= fmt::format("{:03}:{:06}", i, query.points.size() - 1);
        results.push_back(json::Object{{"Id", query.id},
                                       {"Label", query.label},
                                       {"Timestamps", std::move(times)},
                                       {"Values", std::move(values)},
                                       {"StatusCode", has_last ? "Complete" : "PartialData"}});
    }
    json::Object members{{"MetricDataResults", std::move(results)}, {"Messages", json::Array{}}};
    if (!page->next_token.empty()) members["NextToken"] = page->next_token;
    return members;
}

} // namespace

Answer Metrics::get_metric_data(const ApiCall& call) {
    const json::Object body = body_of(call);
    auto queries = queries_of(json::array_at(body, "MetricDataQueries"));
    if (!queries) return fail(queries.error());
    const auto start = time_of(json::at(body, "StartTime"));
    const auto end = time_of(json::at(body, "EndTime"));
    if (!start) return missing("StartTime");
    if (!end) return missing("EndTime");
    if (*start >= *end)
        return invalid_query("The parameter StartTime must be less than the parameter EndTime.");
    const auto scan = json::string_at(body, "ScanBy", "TimestampDescending");
    if (scan != "TimestampDescending" && scan != "TimestampAscending")
        return invalid_query("ScanBy must be TimestampDescending or TimestampAscending.");
    const auto size = static_cast<std::int64_t>(
        number_of(json::at(body, "MaxDatapoints")).value_or(static_cast<double>(points_max)));
    if (size < 1 || size > points_max)
        return invalid_query("MaxDatapoints must be between 1 and 100800.");
    for (Query& query : *queries) {
        if (!query.is_returned) continue;
        const auto periods = store_.in_periods(
            query.metric, query.unit, epoch_of(*start), epoch_of(*end), query.period);
        for (const auto& [begin, statistics] : periods) {
            if (const auto value = statistics.value_of(query.statistic))
                query.points.emplace_back(begin, *value);
        }
        if (scan == "TimestampDescending") std::reverse(query.points.begin(), query.points.end());
    }
    auto members = page_of_results(
        call, *queries, json::string_at(body, "NextToken"), static_cast<std::size_t>(size));
    if (!members) return fail(members.error());
    return result(call, *members);
}

} // namespace squall::lab::cloudwatch
