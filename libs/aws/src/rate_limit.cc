#include "squall/aws/rate_limit.h"

#include <algorithm>

namespace squall::aws {
namespace {

enum class RateClass {
    ecs_clusters,
    ecs_instances_and_tasks,
    ecs_services,
    ecs_changes,
    ssm_reads,
    ssm_commands,
    ec2_reads,
    sts,
    cloudwatch_reads,
    ec2_changes,
    cloudwatch_metrics,
    sns_messages,
    events,
    autoscaling,
    logs,
    unlimited,
};

// Four fifths of what AWS publishes for ECS, for EC2's unfiltered reads and its changes. Where AWS
// allows more in some regions than in others it is of the smallest ones. What SSM, STS and Auto
// Scaling allow is not published: these are modest, and a ThrottlingException is repeated anyway.
constexpr std::array<Rate, 16> rates = {{
    {40, 16}, // of 50, 20/s
    {80, 16}, // of 100, 20/s
    {80, 16}, // of 100, 20/s
    {40, 4},  // of 50, 5/s, the lowest of the modifying classes
    {20, 10},
    {20, 10},
    {40, 8}, // of 50, 10/s
    {50, 25},
    {9, 7},     // of 9/s for DescribeAlarms
    {40, 4},    // of 50, 5/s
    {120, 120}, // of 150/s
    {240, 240}, // of 300/s
    {320, 320}, // of 400/s
    {20, 10},
    {600, 600}, // of 800/s
    {1e6, 1e6},
}};

RateClass class_of(ServiceId service, std::string_view operation) {
    switch (service) {
    case ServiceId::ecs:
        if (operation == "DescribeServices" || operation == "ListServices")
            return RateClass::ecs_services;
        if (operation == "DescribeClusters" || operation == "ListClusters")
            return RateClass::ecs_clusters;
        return operation.starts_with("Describe") || operation.starts_with("List")
                   ? RateClass::ecs_instances_and_tasks
                   : RateClass::ecs_changes;
    case ServiceId::ssm:
        return operation == "SendCommand" || operation == "CancelCommand" ? RateClass::ssm_commands
                                                                          : RateClass::ssm_reads;
    case ServiceId::ec2:
        return operation.starts_with("Describe") ? RateClass::ec2_reads : RateClass::ec2_changes;
    case ServiceId::sts:
        return RateClass::sts;
    case ServiceId::cloudwatch:
        return operation == "PutMetricData" ? RateClass::cloudwatch_metrics
                                            : RateClass::cloudwatch_reads;
    case ServiceId::sns:
        return RateClass::sns_messages;
    case ServiceId::events:
        return RateClass::events;
    case ServiceId::autoscaling:
        return RateClass::autoscaling;
    case ServiceId::logs:
        return RateClass::logs;
    case ServiceId::sqs:
    case ServiceId::dynamodb:
        return RateClass::unlimited;
    }
    return RateClass::sts;
}

std::size_t index_of(RateClass rate_class) { return static_cast<std::size_t>(rate_class); }

} // namespace

std::optional<SteadyTime> Pace::reserve(SteadyTime now, SteadyTime latest) {
    using Time = std::chrono::duration<double>;
    const auto interval =
        std::chrono::duration_cast<Steady::duration>(Time(1.0 / rate_.per_second));
    const auto full =
        std::chrono::duration_cast<Steady::duration>(Time(rate_.burst / rate_.per_second));
    const SteadyTime next_full_at = std::max(full_at_, now) + interval;
    const SteadyTime start = std::max(now, next_full_at - full);
    if (start > latest) return std::nullopt;
    full_at_ = next_full_at;
    return start;
}

Rate rate_of(ServiceId service, std::string_view operation) {
    return rates.at(index_of(class_of(service, operation)));
}

RateLimits::RateLimits() {
    for (std::size_t i = 0; i < class_count; ++i)
        paces_.at(i).emplace(rates.at(i));
}

std::optional<SteadyTime> RateLimits::reserve(ServiceId service,
                                              std::string_view operation,
                                              SteadyTime now,
                                              SteadyTime latest) {
    const std::lock_guard lock(mutex_);
    return paces_.at(index_of(class_of(service, operation)))->reserve(now, latest);
}

} // namespace squall::aws
