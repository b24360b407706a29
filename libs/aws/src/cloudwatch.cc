#include "squall/aws/cloudwatch.h"

#include "entry_batches.h"
#include "pages.h"
#include "squall/wire/gzip.h"

#include <cmath>

namespace squall::aws {
namespace {

constexpr std::size_t names_max = 100;

// What PutMetricData takes, less what stands around the data in its body.
constexpr EntryLimits metric_limits{1000, 1'000'000 - 1000};
// From here on the SDKs compress a body.
constexpr std::size_t compressed_from = 10'240;

std::string encode(const MetricDatum& datum) {
    json::Array dimensions;
    for (const auto& [name, value] : datum.dimensions)
        dimensions.push_back(json::Object{{"Name", name}, {"Value", value}});
    const auto seconds =
        std::chrono::duration_cast<Seconds>(datum.timestamp.time_since_epoch()).count();
    json::Object object{{"MetricName", datum.name}, {"Value", datum.value}, {"Timestamp", seconds}};
    if (!dimensions.empty()) object["Dimensions"] = std::move(dimensions);
    if (!datum.unit.empty()) object["Unit"] = datum.unit;
    return json::text(object);
}

// The data are text already, because their size decides how many of them a call takes.
std::string metrics_body(std::string_view name_space, std::span<const std::string> data) {
    std::string body =
        fmt::format(R"({{"Namespace":{},"MetricData":[)", json::text(json::Value(name_space)));
    for (const auto& datum : data) {
        if (body.back() != '[') body.push_back(',');
        body += datum;
    }
    return body + "]}";
}

} // namespace

Outcome<std::vector<Alarm>> CloudWatch::describe_alarms(std::span<const std::string> names,
                                                        Deadline deadline,
                                                        const std::stop_token& stop) {
    std::vector<Alarm> alarms;
    for (const auto& batch : batches(names, names_max)) {
        const json::Object input{{"AlarmNames", to_json(batch)},
                                 // Composite alarms come only when they are asked for.
                                 {"AlarmTypes", json::Array{"MetricAlarm", "CompositeAlarm"}},
                                 // As many as names: the answer is one page.
                                 {"MaxRecords", names_max}};
        const auto answer =
            client_.call_json(ServiceId::cloudwatch, "DescribeAlarms", input, deadline, stop);
        if (!answer) return fail(answer.error());
        for (const char* kind : {"MetricAlarms", "CompositeAlarms"}) {
            for (const auto& alarm : json::array_at(*answer, kind)) {
                alarms.push_back({std::string(json::string_at(alarm, "AlarmName")),
                                  std::string(json::string_at(alarm, "AlarmArn")),
                                  std::string(json::string_at(alarm, "StateValue")),
                                  std::string(json::string_at(alarm, "StateReason"))});
            }
        }
    }
    return alarms;
}

Outcome<void> CloudWatch::put_metric_data(std::string_view name_space,
                                          std::span<const MetricDatum> data,
                                          Deadline deadline,
                                          const std::stop_token& stop) {
    constexpr std::string_view operation = "PutMetricData";
    std::vector<std::string> texts;
    std::vector<std::size_t> sizes;
    for (const auto& datum : data) {
        if (!std::isfinite(datum.value))
            return fail(not_answered(
                "cloudwatch:PutMetricData",
                {Errc::invalid_input,
                 fmt::format("{} is {}, which is no value of a metric", datum.name, datum.value)}));
        texts.push_back(encode(datum));
        sizes.push_back(texts.back().size() + 1);
    }
    for (const auto& range : entry_ranges(sizes, metric_limits)) {
        std::string body =
            metrics_body(name_space, std::span(texts).subspan(range.begin, range.size()));
        CallOptions options;
        if (body.size() >= compressed_from) {
            body = wire::gzip(body);
            options.content_encoding = "gzip";
        }
        // It answers {} or nothing at all.
        const auto answer = client_.call_text(
            ServiceId::cloudwatch, operation, std::move(body), deadline, stop, options);
        if (!answer) return fail(answer.error());
    }
    return {};
}

} // namespace squall::aws
