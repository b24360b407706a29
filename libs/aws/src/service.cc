#include "squall/aws/service.h"

#include <array>

namespace squall::aws {
namespace {

using wire::Protocol;

constexpr Service json(ServiceId id,
                       std::string_view name,
                       Protocol protocol,
                       std::string_view target,
                       std::string_view settings_name = {}) {
    return {id, name, settings_name.empty() ? name : settings_name, name, protocol, target, {}};
}

constexpr Service query(ServiceId id, std::string_view name, std::string_view version) {
    return {id, name, name, name, Protocol::query, {}, version};
}

constexpr std::array<Service, service_count> services = {{
    json(ServiceId::ecs, "ecs", Protocol::json_1_1, "AmazonEC2ContainerServiceV20141113"),
    json(ServiceId::ssm, "ssm", Protocol::json_1_1, "AmazonSSM"),
    {ServiceId::ec2, "ec2", "ec2", "ec2", Protocol::ec2, {}, "2016-11-15"},
    query(ServiceId::sts, "sts", "2011-06-15"),
    {ServiceId::cloudwatch,
     "cloudwatch",
     "cloudwatch",
     "monitoring",
     Protocol::json_1_0,
     "GraniteServiceVersion20100801",
     {},
     /*was_query=*/true},
    {ServiceId::sqs, "sqs", "sqs", "sqs", Protocol::json_1_0, "AmazonSQS", {}, /*was_query=*/true},
    query(ServiceId::sns, "sns", "2010-03-31"),
    json(ServiceId::events, "events", Protocol::json_1_1, "AWSEvents", "eventbridge"),
    {ServiceId::autoscaling,
     "autoscaling",
     "auto_scaling",
     "autoscaling",
     Protocol::query,
     {},
     "2011-01-01"},
    json(ServiceId::dynamodb, "dynamodb", Protocol::json_1_0, "DynamoDB_20120810"),
    json(ServiceId::logs, "logs", Protocol::json_1_1, "Logs_20140328", "cloudwatch_logs"),
}};

} // namespace

const Service& service(ServiceId id) { return services.at(static_cast<std::size_t>(id)); }

} // namespace squall::aws
