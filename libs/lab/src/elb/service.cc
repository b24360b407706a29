#include "elb/service.h"

#include "api/query_answer.h"
#include "squall/base/text.h"

#include <algorithm>
#include <regex>

namespace squall::lab::elb {
namespace {

constexpr std::size_t attributes_max = 20;

json::Object metrics_of(const Counts& counts, const TargetGroup& group) {
    std::int64_t healthy = 0;
    std::int64_t unhealthy = 0;
    for (const auto& [id, target] : group.targets) {
        if (target.drains_until) continue;
        healthy += target.health.is_healthy() ? 1 : 0;
        unhealthy += target.health.is_unhealthy() ? 1 : 0;
    }
    std::uint64_t answered = 0;
    json::Object metrics{{"RequestCount", counts.requests}};
    for (std::size_t digit = 2; digit <= 5; ++digit) {
        metrics[fmt::format("HTTPCode_Target_{}XX_Count", digit)] = counts.target_answers[digit];
        answered += counts.target_answers[digit];
    }
    metrics["HTTPCode_ELB_5XX_Count"] = counts.elb_502 + counts.elb_503 + counts.elb_504;
    metrics["HTTPCode_ELB_502_Count"] = counts.elb_502;
    metrics["HTTPCode_ELB_503_Count"] = counts.elb_503;
    metrics["HTTPCode_ELB_504_Count"] = counts.elb_504;
    metrics["TargetConnectionErrorCount"] = counts.connection_errors;
    metrics["TargetResponseTime"] =
        answered == 0 ? 0.0 : counts.response_seconds / static_cast<double>(answered);
    metrics["HealthyHostCount"] = healthy;
    metrics["UnHealthyHostCount"] = unhealthy;
    return metrics;
}

json::Array describe_targets(const TargetGroup& group) {
    json::Array targets;
    for (const auto& [id, target] : group.targets) {
        const bool drains = target.drains_until.has_value();
        targets.push_back(json::Object{{"id", id.id},
                                       {"port", id.port},
                                       {"state", drains ? "draining" : target.health.state()},
                                       {"description", drains ? "" : target.health.description()}});
    }
    return targets;
}

} // namespace

std::optional<Answer> Service::call(const ApiCall& call) {
    static const OperationTable<Service> operations{
        {"CreateLoadBalancer", &Service::create_load_balancer},
        {"DescribeLoadBalancers", &Service::describe_load_balancers},
        {"DeleteLoadBalancer", &Service::delete_load_balancer},
        {"ModifyLoadBalancerAttributes", &Service::modify_load_balancer_attributes},
        {"DescribeLoadBalancerAttributes", &Service::describe_load_balancer_attributes},
        {"CreateListener", &Service::create_listener},
        {"DescribeListeners", &Service::describe_listeners},
        {"DeleteListener", &Service::delete_listener},
        {"CreateTargetGroup", &Service::create_target_group},
        {"ModifyTargetGroup", &Service::modify_target_group},
        {"DescribeTargetGroups", &Service::describe_target_groups},
        {"DeleteTargetGroup", &Service::delete_target_group},
        {"ModifyTargetGroupAttributes", &Service::modify_target_group_attributes},
        {"DescribeTargetGroupAttributes", &Service::describe_target_group_attributes},
        {"RegisterTargets", &Service::register_targets},
        {"DeregisterTargets", &Service::deregister_targets},
        {"DescribeTargetHealth", &Service::describe_target_health},
    };
    return call_operation(*this, operations, call);
}

std::string Service::new_arn(const std::string& resource) const {
    return fmt::format(
        "arn:aws:elasticloadbalancing:{}:{}:{}/{}", region_, account_, resource, random_hex(16));
}

Result<TargetGroup*, wire::ServiceError> Service::group_of(const ApiCall& call) {
    const auto found = groups_.find(call.form.get("TargetGroupArn"));
    if (found == groups_.end())
        return refuse("TargetGroupNotFound", "One or more target groups not found");
    return &found->second;
}

Result<LoadBalancer*, wire::ServiceError> Service::load_balancer_of(const ApiCall& call) {
    const auto found = load_balancers_.find(call.form.get("LoadBalancerArn"));
    if (found == load_balancers_.end())
        return refuse("LoadBalancerNotFound", "One or more load balancers not found");
    return &found->second;
}

std::vector<const Listener*> Service::listeners_to(std::string_view group_arn) const {
    std::vector<const Listener*> found;
    for (const auto& [arn, listener] : listeners_) {
        if (listener.target_group_arn == group_arn) found.push_back(&listener);
    }
    return found;
}

bool Service::is_in_use(const TargetGroup& group) const { return !listeners_to(group.arn).empty(); }

json::Array Service::describe() {
    json::Array all;
    for (const auto& [arn, listener] : listeners_) {
        const auto load_balancer = load_balancers_.find(listener.load_balancer_arn);
        const auto group = groups_.find(listener.target_group_arn);
        if (load_balancer == load_balancers_.end() || group == groups_.end()) continue;
        all.push_back(json::Object{
            {"name", load_balancer->second.name},
            {"url",
             listener.open_port == 0 ? "" : fmt::format("http://127.0.0.1:{}", listener.open_port)},
            {"target_group", group->second.name},
            {"metrics",
             metrics_of(traffic_ == nullptr ? Counts{} : traffic_->counts(arn), group->second)},
            {"targets", describe_targets(group->second)}});
    }
    return all;
}

tl::unexpected<wire::ServiceError> invalid(std::string message) {
    return refuse("ValidationError", std::move(message));
}

bool is_name(const std::string& name) {
    static const std::regex pattern("[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?");
    return std::regex_match(name, pattern);
}

Result<std::int64_t, wire::ServiceError>
number_at(const ApiCall& call, const char* name, std::int64_t known, std::pair<int, int> limits) {
    const std::string_view text = call.form.get(name);
    if (text.empty()) return known;
    const auto number = to_integer(text);
    if (!number || *number < limits.first || *number > limits.second)
        return invalid(fmt::format(
            "{} '{}' must be in the range [{}-{}]", name, text, limits.first, limits.second));
    return *number;
}

std::vector<std::pair<std::string, std::string>> attributes_of(const ApiCall& call) {
    std::vector<std::pair<std::string, std::string>> attributes;
    for (std::size_t i = 1; i <= attributes_max; ++i) {
        const std::string at = fmt::format("Attributes.member.{}.", i);
        if (!call.form.has(at + "Key")) break;
        attributes.emplace_back(call.form.get(at + "Key"), call.form.get(at + "Value"));
    }
    return attributes;
}

Answer attributes_answer(const ApiCall& call,
                         const std::vector<std::pair<std::string, std::string>>& attributes) {
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        xml.element("Attributes", [&] {
            for (const auto& [key, value] : attributes) {
                xml.element("member", [&, &key = key, &value = value] {
                    xml.leaf("Key", key);
                    xml.leaf("Value", value);
                });
            }
        });
    });
}

} // namespace squall::lab::elb
