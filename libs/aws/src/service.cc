#include "squall/aws/service.h"

#include <array>

namespace squall::aws {
namespace {

using wire::Protocol;

constexpr std::array<Service, service_count> services = {{
    {ServiceId::ecs, "ecs", "ecs", Protocol::json_1_1, "AmazonEC2ContainerServiceV20141113", {}},
    {ServiceId::ssm, "ssm", "ssm", Protocol::json_1_1, "AmazonSSM", {}},
    {ServiceId::ec2, "ec2", "ec2", Protocol::ec2, {}, "2016-11-15"},
    {ServiceId::sts, "sts", "sts", Protocol::query, {}, "2011-06-15"},
    {ServiceId::cloudwatch, "cloudwatch", "monitoring", Protocol::query, {}, "2010-08-01"},
}};

} // namespace

const Service& service(ServiceId id) { return services.at(static_cast<std::size_t>(id)); }

} // namespace squall::aws
