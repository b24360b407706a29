#include "refused_resources.h"

#include "squall/base/json.h"
#include "squall/base/text.h"
#include "squall/wire/arn.h"
#include "squall/wire/query.h"

#include <algorithm>

namespace squall::aws {
namespace {

// ARNs as this account would have them.
class ArnMaker {
public:
    ArnMaker(std::string_view principal, std::string_view region) : region_(region) {
        if (region.starts_with("cn-")) partition_ = "aws-cn";
        if (region.starts_with("us-gov-")) partition_ = "aws-us-gov";
        const auto caller = wire::parse_arn(principal);
        if (!caller) return;
        partition_ = caller->partition;
        account_ = caller->account;
    }

    [[nodiscard]] std::string
    make(std::string_view service, std::string_view account, std::string_view resource) const {
        return fmt::format("arn:{}:{}:{}:{}:{}", partition_, service, region_, account, resource);
    }

    [[nodiscard]] std::string ours(std::string_view service, std::string_view resource) const {
        return make(service, account_, resource);
    }

    // Of a cluster by name or ARN; `kind` is cluster, or container-instance and the like.
    [[nodiscard]] std::string
    in_cluster(std::string_view cluster, std::string_view kind, std::string_view rest) const {
        auto arn = wire::parse_arn(cluster);
        const std::string name(arn ? arn->id() : cluster);
        const std::string resource = fmt::format("{}/{}{}", kind, name, rest);
        if (!arn) return ours("ecs", resource);
        arn->resource = resource;
        return arn->text();
    }

private:
    std::string_view region_;
    std::string partition_ = "aws";
    std::string account_ = "*";
};

std::vector<std::string> resources_of_send_command(const json::Object& input,
                                                   const ArnMaker& arns) {
    // AWS's own documents have no account; the star matches that too.
    std::vector<std::string> resources{arns.make(
        "ssm", "*", fmt::format("document/{}", json::string_at(input, "DocumentName", "*")))};
    const auto& ids = json::array_at(input, "InstanceIds");
    const auto has = [&](std::string_view prefix) {
        return std::any_of(ids.begin(), ids.end(), [&](const json::Value& id) {
            return json::string_of(id).starts_with(prefix);
        });
    };
    if (has("i-") || ids.empty()) resources.push_back(arns.ours("ec2", "instance/*"));
    if (has("mi-")) resources.push_back(arns.ours("ssm", "managed-instance/*"));
    return resources;
}

std::vector<std::string>
resources_on_ecs(std::string_view action, const json::Object& input, const ArnMaker& arns) {
    const std::string_view cluster = json::string_at(input, "cluster", "default");
    if (action == "ecs:ListContainerInstances") return {arns.in_cluster(cluster, "cluster", "")};
    if (action == "ecs:DescribeContainerInstances" || action == "ecs:UpdateContainerInstancesState")
        return {arns.in_cluster(cluster, "container-instance", "/*")};
    if (action == "ecs:DescribeServices") return {arns.in_cluster(cluster, "service", "/*")};
    std::vector<std::string> resources;
    if (action == "ecs:DescribeClusters") {
        for (const auto& one : json::array_at(input, "clusters"))
            resources.push_back(arns.in_cluster(json::string_of(one), "cluster", ""));
    }
    return resources;
}

// "https://sqs.us-east-1.amazonaws.com/123456789012/alarms" is that account's queue `alarms`.
std::vector<std::string> queue_of(const json::Object& input, const ArnMaker& arns) {
    if (const auto name = json::string_at(input, "QueueName"); !name.empty())
        return {arns.ours("sqs", name)};
    const auto parts = split(json::string_at(input, "QueueUrl"), '/');
    if (parts.size() < 2 || parts.back().empty()) return {};
    return {arns.make("sqs", parts[parts.size() - 2], parts.back())};
}

// What is given by its ARN, or by a name that belongs to this account.
std::string arn_of(std::string_view name,
                   std::string_view service,
                   std::string_view kind,
                   const ArnMaker& arns) {
    if (wire::parse_arn(name)) return std::string(name);
    return arns.ours(service, fmt::format("{}/{}", kind, name));
}

std::vector<std::string> buses_of(const json::Object& input, const ArnMaker& arns) {
    std::vector<std::string> buses;
    for (const auto& entry : json::array_at(input, "Entries")) {
        const auto name = json::string_at(entry, "EventBusName", "default");
        auto bus = arn_of(name, "events", "event-bus", arns);
        if (std::find(buses.begin(), buses.end(), bus) == buses.end())
            buses.push_back(std::move(bus));
    }
    return buses;
}

std::vector<std::string> tables_of(const json::Object& input, const ArnMaker& arns) {
    std::vector<std::string> tables;
    if (const auto name = json::string_at(input, "TableName"); !name.empty())
        tables.push_back(arn_of(name, "dynamodb", "table", arns));
    for (const auto& member : json::object_at(input, "RequestItems"))
        tables.push_back(arn_of(member.key(), "dynamodb", "table", arns));
    return tables;
}

} // namespace

std::string action_of(ServiceId id, std::string_view operation) {
    constexpr std::string_view batch = "Batch";
    if (id == ServiceId::sqs && operation.ends_with(batch)) operation.remove_suffix(batch.size());
    return std::string(operation);
}

std::vector<std::string> needed_resources(const ApiError& error, const RefusedCall& call) {
    // Where AWS refuses something else than the operation, the call's input says nothing about it.
    if (error.action != action_of(call.id, error.operation)) return {};
    const ArnMaker arns(error.principal, call.region);
    if (call.id == ServiceId::ec2 && error.action == "ec2:TerminateInstances")
        return {arns.ours("ec2", "instance/*")};
    if (call.id == ServiceId::sns) {
        const auto form = wire::QueryParameters::parse(call.body);
        if (!form || !form->has("TopicArn")) return {};
        return {std::string(form->get("TopicArn"))};
    }
    if (service(call.id).target.empty()) return {};
    const auto input = json::parse_object(call.body);
    if (!input) return {};
    switch (call.id) {
    case ServiceId::ecs:
        return resources_on_ecs(error.action, *input, arns);
    case ServiceId::ssm:
        if (error.action == "ssm:SendCommand") return resources_of_send_command(*input, arns);
        return {};
    case ServiceId::sqs:
        return queue_of(*input, arns);
    case ServiceId::events:
        return buses_of(*input, arns);
    case ServiceId::dynamodb:
        return tables_of(*input, arns);
    case ServiceId::logs:
        return {arns.ours(
            "logs", fmt::format("log-group:{}:*", json::string_at(*input, "logGroupName", "*")))};
    default:
        return {};
    }
}

} // namespace squall::aws
