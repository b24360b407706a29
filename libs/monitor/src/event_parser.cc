#include "squall/monitor/event_parser.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <cmath>

namespace squall::monitor {
namespace {

constexpr double epoch_seconds_max = 9.2e9;

// Container instances have no zone of their own: it is one of their attributes.
Traits traits_of(const json::Value& instance) {
    Traits traits;
    for (const auto& attribute : json::array_at(instance, "attributes")) {
        const std::string_view name = json::string_at(attribute, "name");
        const std::string_view value = json::string_at(attribute, "value");
        if (!name.starts_with("ecs.")) continue;
        if (name == "ecs.availability-zone") traits.availability_zone = value;
        if (name == "ecs.subnet-id") traits.subnet = value;
        if (name == "ecs.ami-id") traits.ami = value;
        if (name == "ecs.instance-type") traits.instance_type = value;
    }
    const json::Value& versions = json::at(instance, "versionInfo");
    traits.agent_version = json::string_at(versions, "agentVersion");
    traits.docker_version = json::string_at(versions, "dockerVersion");
    traits.capacity_provider = json::string_at(instance, "capacityProviderName");
    return traits;
}

// The new form names the cluster: arn:…:container-instance/CLUSTER/ID.
std::string cluster_of(std::string_view arn) {
    constexpr std::string_view kind = ":container-instance/";
    const auto at = arn.find(kind);
    if (at == std::string_view::npos) return {};
    const auto [cluster, id] = split_once(arn.substr(at + kind.size()), '/');
    if (id.empty()) return {};
    return fmt::format("{}:cluster/{}", arn.substr(0, at), cluster);
}

WallTime impaired_since(const json::Value& instance) {
    const json::Value& health = json::at(instance, "healthStatus");
    for (const auto& check : json::array_at(health, "details")) {
        if (json::string_at(check, "type") == "AGENT_CONNECTIVITY"
            && json::string_at(check, "status") == "IMPAIRED")
            return time_of(json::at(check, "lastStatusChange"));
    }
    return unknown_time;
}

Result<Input> health_change(const json::Value& detail, const json::Value& check) {
    AgentHealthChanged change;
    change.arn = json::string_at(detail, "containerInstanceArn");
    change.cluster_arn = json::string_at(detail, "clusterArn");
    change.ec2_instance_id = json::string_at(detail, "ec2InstanceId");
    change.is_impaired = json::string_at(check, "status") == "IMPAIRED";
    change.since = time_of(json::at(check, "lastStatusChange"));
    if (change.cluster_arn.empty()) change.cluster_arn = cluster_of(change.arn);
    if (change.arn.empty() || change.cluster_arn.empty() || change.ec2_instance_id.empty())
        return fail(Errc::invalid_input,
                    "a health change that does not say of which container instance");
    // "Agent disconnected since 2026-07-29T22:34:13Z": before ECS made up its mind.
    const std::string_view why = json::string_at(check, "statusReason");
    if (const auto at = why.rfind("since "); change.is_impaired && at != std::string_view::npos) {
        const auto said = parse_time(why.substr(at + 6));
        if (said) change.since = *said;
    }
    return Input(std::move(change));
}

Result<std::optional<Input>> of_ecs(std::string_view type, const json::Value& detail) {
    if (type == "ECS Container Instance State Change") {
        auto report = parse_container_instance(detail, json::string_at(detail, "clusterArn"));
        if (!report) return fail(report.error());
        return std::optional<Input>(InstanceChanged{std::move(*report)});
    }
    if (type != "ECS Container Instance Health Change") return std::nullopt;
    for (const auto& check : json::array_at(detail, "healthChecks")) {
        if (json::string_at(check, "type") != "AGENT_CONNECTIVITY") continue;
        const std::string_view status = json::string_at(check, "status");
        if (status != "IMPAIRED" && status != "OK") continue;
        auto change = health_change(detail, check);
        if (!change) return fail(change.error());
        return std::optional<Input>(std::move(*change));
    }
    return std::nullopt;
}

// `at`: the event's own time.
Result<std::optional<Input>> of_ec2(std::string_view type, const json::Value& detail, WallTime at) {
    const std::string id(json::string_at(detail, "instance-id"));
    const bool is_spot = type == "EC2 Spot Instance Interruption Warning";
    const bool is_state = type == "EC2 Instance State-change Notification";
    if (!is_spot && !is_state) return std::nullopt;
    if (id.empty())
        return fail(Errc::invalid_input, "an EC2 event that does not say of which instance");
    if (is_spot) return std::optional<Input>(EndAnnounced{id, EndAnnounced::By::spot});
    return std::optional<Input>(
        Ec2StateChanged{id, std::string(json::string_at(detail, "state")), at});
}

Result<std::optional<Input>> of_auto_scaling(std::string_view type, const json::Value& detail) {
    const bool is_end = type == "EC2 Instance-terminate Lifecycle Action"
                        || type == "EC2 Instance Terminate Successful";
    if (!is_end) return std::nullopt;
    const std::string id(json::string_at(detail, "EC2InstanceId"));
    if (id.empty())
        return fail(Errc::invalid_input,
                    "an Auto Scaling event that does not say of which instance");
    return std::optional<Input>(EndAnnounced{id, EndAnnounced::By::scale_in});
}

Result<std::optional<Input>> of_squall(std::string_view type, const json::Value& detail) {
    if (type != window_detail_type) return std::nullopt;
    Window window;
    window.id = json::string_at(detail, "run");
    window.cluster = json::string_at(detail, "cluster");
    window.from = time_of(json::at(detail, "from"));
    window.until = time_of(json::at(detail, "until"));
    window.why = json::string_at(detail, "why");
    for (const auto& node : json::array_at(detail, "nodes"))
        window.nodes.emplace_back(json::string_of(node));
    if (window.id.empty() || (window.cluster.empty() && window.nodes.empty())
        || window.from == unknown_time || window.until == unknown_time)
        return fail(Errc::invalid_input,
                    "an experiment's window without run, cluster or nodes, from or until");
    return std::optional<Input>(std::move(window));
}

} // namespace

json::Object window_detail(const Window& window) {
    return {{"run", window.id},
            {"cluster", window.cluster},
            {"nodes", json::Array(window.nodes.begin(), window.nodes.end())},
            {"from", rfc3339_millis(window.from)},
            {"until", rfc3339_millis(window.until)},
            {"why", window.why}};
}

WallTime time_of(const json::Value& value) {
    if (value.is_string()) return parse_time(json::string_of(value)).value_or(unknown_time);
    if (!value.is_number()) return unknown_time;
    const double seconds = value.to_number<double>();
    if (!(seconds > -epoch_seconds_max && seconds < epoch_seconds_max)) return unknown_time;
    return from_epoch_seconds(seconds);
}

Result<InstanceReport> parse_container_instance(const json::Value& instance,
                                                std::string_view cluster_arn) {
    InstanceReport report;
    report.arn = json::string_at(instance, "containerInstanceArn");
    report.cluster_arn = cluster_arn;
    if (report.cluster_arn.empty()) report.cluster_arn = cluster_of(report.arn);
    report.ec2_instance_id = json::string_at(instance, "ec2InstanceId");
    report.version = json::integer_at(instance, "version", unknown_version);
    report.status = json::string_at(instance, "status");
    report.updated_at = time_of(json::at(instance, "updatedAt"));
    report.registered_at = time_of(json::at(instance, "registeredAt"));
    report.impaired_since = impaired_since(instance);
    const json::Value& connected = json::at(instance, "agentConnected");
    if (report.arn.empty() || report.cluster_arn.empty() || report.ec2_instance_id.empty()
        || !connected.is_bool())
        return fail(Errc::invalid_input,
                    "a container instance without containerInstanceArn, clusterArn, ec2InstanceId "
                    "or agentConnected");
    report.agent_connected = connected.get_bool();
    report.traits = traits_of(instance);
    return report;
}

Result<std::optional<Input>> parse_event(const json::Value& event) {
    if (!event.is_object() || !json::at(event, "detail").is_object())
        return fail(Errc::invalid_input, "an event is a JSON object with \"detail\"");
    const std::string_view source = json::string_at(event, "source");
    const std::string_view type = json::string_at(event, "detail-type");
    const json::Value& detail = json::at(event, "detail");
    if (source == "aws.ecs") return of_ecs(type, detail);
    if (source == "aws.ec2") return of_ec2(type, detail, time_of(json::at(event, "time")));
    if (source == "aws.autoscaling") return of_auto_scaling(type, detail);
    if (source == window_source) return of_squall(type, detail);
    return std::nullopt;
}

} // namespace squall::monitor
