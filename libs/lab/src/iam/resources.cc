#include "iam/resources.h"

#include "autoscaling/group.h"
#include "squall/base/text.h"

#include <algorithm>

namespace squall::lab::iam {
namespace {

// One call with the account it came to.
class Resources {
public:
    Resources(const ApiCall& call, const std::string& account) : call_(call), account_(account) {}

    [[nodiscard]] std::string in(std::string_view service, const std::string& resource) const {
        return fmt::format("arn:aws:{}:{}:{}:{}", service, call_.region, account_, resource);
    }

    [[nodiscard]] std::string member(std::string_view name) const {
        return std::string(json::string_at(call_.body, name));
    }

    // The names that were given, each as an ARN below `prefix`; ARNs stay as they are.
    [[nodiscard]] std::vector<std::string> ecs(const std::string& prefix,
                                               const std::vector<std::string>& names) const {
        std::vector<std::string> arns;
        arns.reserve(names.size());
        for (const auto& name : names)
            arns.push_back(name.starts_with("arn:") ? name : in("ecs", prefix + name));
        return arns;
    }

    // The members of one list, or one text, of the call's body.
    [[nodiscard]] std::vector<std::string> names(std::string_view list,
                                                 const std::string& otherwise = {}) const {
        std::vector<std::string> found;
        for (const auto& element : json::array_at(call_.body, list))
            found.emplace_back(json::string_of(element));
        if (found.empty() && !otherwise.empty()) found.push_back(otherwise);
        return found;
    }

    // "default", or the last part of the name or ARN that was given.
    [[nodiscard]] std::string cluster_name() const {
        const std::string given = member("cluster");
        return given.empty() ? "default" : given.substr(given.rfind('/') + 1);
    }

    [[nodiscard]] std::string in_cluster(std::string_view kind) const {
        return fmt::format("{}/{}/", kind, cluster_name());
    }

    // A family alone means its newest revision: any of them, for IAM's purposes here.
    [[nodiscard]] std::string task_definition() const {
        std::string given = member("taskDefinition");
        if (given.starts_with("arn:")) return given;
        return in("ecs",
                  "task-definition/" + given + (given.find(':') == std::string::npos ? ":*" : ""));
    }

    [[nodiscard]] std::string host(const std::string& id) const {
        return id.starts_with("mi-") ? in("ssm", "managed-instance/" + id)
                                     : in("ec2", "instance/" + id);
    }

    // Of EC2, Auto Scaling, Systems Manager and Elastic Load Balancing.
    [[nodiscard]] std::vector<std::string> of_machines(Resource kind) const {
        if (kind == Resource::scaling_group) return {scaling_group()};
        if (kind == Resource::load_balancing) return {load_balancing()};
        if (kind == Resource::managed_node) return {host(member("InstanceId"))};
        if (kind == Resource::command) return command();
        std::vector<std::string> arns;
        for (const auto& id : call_.form.list("InstanceId"))
            arns.push_back(in("ec2", "instance/" + id));
        // Calls that change one instance name it without a number.
        if (arns.empty() && call_.form.has("InstanceId"))
            arns.push_back(in("ec2", "instance/" + std::string(call_.form.get("InstanceId"))));
        return arns;
    }

    [[nodiscard]] std::string scaling_group() const {
        const std::string name(call_.form.get("AutoScalingGroupName"));
        if (name.empty()) return in("autoscaling", "autoScalingGroup:*:autoScalingGroupName/*");
        return autoscaling::group_arn(account_, call_.region, name);
    }

    [[nodiscard]] std::vector<std::string> command() const {
        const std::string document = member("DocumentName");
        const bool is_of_aws = document.starts_with("AWS-") || document.starts_with("Amazon");
        std::vector<std::string> arns{document.starts_with("arn:")
                                          ? document
                                          : fmt::format("arn:aws:ssm:{}:{}:document/{}",
                                                        call_.region,
                                                        is_of_aws ? "" : account_,
                                                        document)};
        for (const auto& id : names("InstanceIds"))
            arns.push_back(host(id));
        for (const auto& target : json::array_at(call_.body, "Targets")) {
            if (json::string_at(target, "Key") != "InstanceIds") {
                arns.push_back(in("ec2", "instance/*"));
                continue;
            }
            for (const auto& id : json::array_at(target, "Values"))
                arns.push_back(host(std::string(json::string_of(id))));
        }
        return arns;
    }

    // IAM has no region in its ARNs. A list is about user/, without a name.
    [[nodiscard]] std::string of_iam(const std::string& kind, std::string_view parameter) const {
        const std::string name(call_.form.get(parameter));
        if (kind == "user" && name.empty() && !call_.operation.starts_with("ListUsers"))
            return call_.caller.arn;
        return fmt::format("arn:aws:iam::{}:{}/{}", account_, kind, name);
    }

    [[nodiscard]] std::string load_balancing() const {
        for (const char* name : {"ListenerArn", "LoadBalancerArn", "TargetGroupArn"}) {
            if (call_.form.has(name)) return std::string(call_.form.get(name));
        }
        return "*";
    }

    // Of a URL its last part.
    [[nodiscard]] std::string queue() const {
        const std::string name = member("QueueName");
        const std::string url = member("QueueUrl");
        return in("sqs", name.empty() ? url.substr(url.rfind('/') + 1) : name);
    }

    [[nodiscard]] std::string topic() const {
        for (const char* name : {"TopicArn", "TargetArn", "ResourceArn"}) {
            if (std::string arn = member(name); !arn.empty()) return arn;
        }
        const std::string name = member("Name");
        return name.empty() ? "*" : in("sns", name);
    }

    [[nodiscard]] std::string event_bus(std::string_view name_or_arn) const {
        if (name_or_arn.starts_with("arn:")) return std::string(name_or_arn);
        return in("events",
                  fmt::format("event-bus/{}", name_or_arn.empty() ? "default" : name_or_arn));
    }

    // The buses of the entries of PutEvents.
    [[nodiscard]] std::vector<std::string> event_entries() const {
        std::vector<std::string> arns;
        for (const auto& entry : json::array_at(call_.body, "Entries"))
            arns.push_back(event_bus(json::string_at(entry, "EventBusName")));
        return arns;
    }

    // Rules of the default bus are named without it.
    [[nodiscard]] std::string event_rule() const {
        const std::string name = member("Rule").empty() ? member("Name") : member("Rule");
        const std::string given = member("EventBusName");
        const std::string bus = given.substr(given.rfind('/') + 1);
        return in("events",
                  bus.empty() || bus == "default" ? "rule/" + name
                                                  : fmt::format("rule/{}/{}", bus, name));
    }

    [[nodiscard]] std::string log_group() const {
        std::string name = member("logGroupName");
        if (name.empty()) name = member("logGroupIdentifier");
        if (name.starts_with("arn:")) return name;
        return in("logs", fmt::format("log-group:{}", name));
    }

    [[nodiscard]] std::vector<std::string> of_events_and_logs(Resource kind) const {
        if (kind == Resource::event_entries) return event_entries();
        if (kind == Resource::event_rule) return {event_rule()};
        if (kind == Resource::event_resource) return {member("ResourceARN")};
        if (kind == Resource::log_group) return {log_group() + ":*"};
        if (kind == Resource::log_stream)
            return {log_group() + ":log-stream:" + member("logStreamName")};
        const bool lists_rules = call_.operation.starts_with("ListRule");
        return {event_bus(member(lists_rules ? "EventBusName" : "Name"))};
    }

    // S3's ARNs have neither region nor account.
    [[nodiscard]] std::string bucket() const { return "arn:aws:s3:::" + member("Bucket"); }

    [[nodiscard]] std::string policy() const {
        std::string given(call_.form.get("PolicyArn"));
        if (!given.empty()) return given;
        return call_.operation == "ListPolicies" ? "policy path /" : of_iam("policy", "PolicyName");
    }

private:
    const ApiCall& call_;
    const std::string& account_;
};

} // namespace

std::string cluster_arn_of(const ApiCall& call, const std::string& account) {
    const Resources resources(call, account);
    if (call.service != "ecs" || resources.member("cluster").empty()) return {};
    return resources.in("ecs", "cluster/" + resources.cluster_name());
}

std::vector<std::string>
resources_of(const ApiCall& call, Resource kind, const std::string& account) {
    const Resources all(call, account);
    const auto or_any = [](std::vector<std::string> arns) {
        return arns.empty() ? std::vector<std::string>{"*"} : std::move(arns);
    };
    switch (kind) {
    case Resource::nobody_asks:
    case Resource::any:
        return {"*"};
    case Resource::cluster:
        return {all.in("ecs", "cluster/" + all.cluster_name())};
    case Resource::cluster_name: {
        const std::string name = all.member("clusterName");
        return all.ecs("cluster/", {name.empty() ? "default" : name});
    }
    case Resource::clusters:
        return all.ecs("cluster/", all.names("clusters", "default"));
    case Resource::container_instance:
        return all.ecs(all.in_cluster("container-instance"), {all.member("containerInstance")});
    case Resource::container_instances:
        return or_any(
            all.ecs(all.in_cluster("container-instance"), all.names("containerInstances")));
    case Resource::instances_of_cluster:
        return all.ecs(all.in_cluster("container-instance"), {"*"});
    case Resource::service:
        return all.ecs(all.in_cluster("service"), {all.member("service")});
    case Resource::service_name:
        return all.ecs(all.in_cluster("service"), {all.member("serviceName")});
    case Resource::services:
        return or_any(all.ecs(all.in_cluster("service"), all.names("services")));
    case Resource::task:
        return all.ecs(all.in_cluster("task"), {all.member("task")});
    case Resource::tasks:
        return or_any(all.ecs(all.in_cluster("task"), all.names("tasks")));
    case Resource::task_definition:
        return {all.task_definition()};
    case Resource::resource_arn:
        return {all.member("resourceArn")};
    case Resource::instances:
    case Resource::scaling_group:
    case Resource::load_balancing:
    case Resource::managed_node:
    case Resource::command:
        return or_any(all.of_machines(kind));
    case Resource::account:
        return {all.in("ssm", "*")};
    case Resource::user:
        return {all.of_iam("user", "UserName")};
    case Resource::role:
        return {all.of_iam("role", "RoleName")};
    case Resource::policy:
        return {all.policy()};
    case Resource::bucket:
        return {all.bucket()};
    case Resource::queue:
        return {all.queue()};
    case Resource::topic:
        return {all.topic()};
    case Resource::event_bus:
    case Resource::event_entries:
    case Resource::event_rule:
    case Resource::event_resource:
    case Resource::log_group:
    case Resource::log_stream:
        return or_any(all.of_events_and_logs(kind));
    case Resource::object:
        return {all.bucket() + "/" + all.member("Key")};
    }
    return {"*"};
}

} // namespace squall::lab::iam
