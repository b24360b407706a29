// CloudWatch's metrics of one region: put, listed, and read as statistics of periods. There is no
// metric math. Speaks both of CloudWatch's protocols (parameters.h).
#pragma once

#include "api/call.h"
#include "cloudwatch/series.h"

namespace squall::lab::cloudwatch {

class Metrics {
public:
    [[nodiscard]] std::optional<Answer> call(const ApiCall& call);
    // One more of something that happens in the lab itself.
    void count(const MetricName& metric, WallTime now);
    void tick(WallTime now);

private:
    // put_metric_data.cc
    Answer put_metric_data(const ApiCall& call);
    // metrics.cc
    Answer list_metrics(const ApiCall& call);
    Answer get_metric_statistics(const ApiCall& call);
    // get_metric_data.cc
    Answer get_metric_data(const ApiCall& call);

    MetricStore store_;
    WallTime next_aging_;
};

// What the operations share.
using Checked = Result<void, wire::ServiceError>;

[[nodiscard]] tl::unexpected<wire::ServiceError> missing(std::string_view parameter);
// Namespace, MetricName and Dimensions of a structure.
[[nodiscard]] Result<MetricName, wire::ServiceError> read_metric(const json::Object& structure,
                                                                 const std::string& name_space);
// 1, 5, 10, 20, 30, or whole minutes.
[[nodiscard]] Checked check_period(std::int64_t period);
[[nodiscard]] bool is_unit(std::string_view unit);

} // namespace squall::lab::cloudwatch
