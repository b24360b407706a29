#include "fleet.h"

#include "squall/base/json.h"
#include "squall/base/time_text.h"

#include <fmt/format.h>

#include <array>

namespace squall::bench {
namespace {

constexpr Millis period{25 * 60 * 1000};
// A host returns when so many others have left after it.
constexpr std::size_t others_between = 4;
constexpr Millis gap{500};
constexpr std::int64_t begins_ms = 1'769'900'400'000;
constexpr std::string_view cluster_arn = "arn:aws:ecs:us-east-1:111122223333:cluster/production-a";
constexpr std::string_view launch = "2026-01-31T23:00:00Z";

// Names without a value, as an agent registers them.
constexpr std::array capabilities{
    "capability.secrets.asm.environment-variables",
    "capability.branch-cni-plugin-version",
    "capability.ecr-endpoint",
    "capability.docker-plugin.local",
    "capability.task-cpu-mem-limit",
    "capability.secrets.ssm.bootstrap.log-driver",
    "capability.efsAuth",
    "capability.full-sync",
    "capability.container-health-check",
    "capability.execution-role-awslogs",
    "capability.execution-role-ecr-pull",
    "capability.container-ordering",
    "capability.env-files.s3",
    "capability.pid-ipc-namespace-sharing",
    "capability.aws-appmesh",
    "capability.task-eia",
    "capability.logging-driver.awsfirelens.log-driver-buffer-limit",
    "capability.firelens.fluentbit",
    "capability.firelens.options.config.s3",
    "capability.service-connect-v1",
};

std::string attributes(const monitor::Traits& traits) {
    std::string list;
    for (const char* name : capabilities)
        list += fmt::format(R"({{"name":"ecs.{}"}},)", name);
    for (int minor = 17; minor <= 44; ++minor)
        list += fmt::format(R"({{"name":"com.amazonaws.ecs.capability.docker-remote-api.1.{}"}},)",
                            minor);
    const auto with_value = [&](std::string_view name, std::string_view value) {
        list += fmt::format(R"({{"name":"ecs.{}","value":"{}"}},)", name, value);
    };
    with_value("vpc-id", "vpc-0a1b2c3d4e5f60718");
    with_value("os-type", "linux");
    with_value("cpu-architecture", "x86_64");
    with_value("availability-zone", traits.availability_zone);
    with_value("subnet-id", traits.subnet);
    with_value("ami-id", traits.ami);
    with_value("instance-type", traits.instance_type);
    list.pop_back();
    return list;
}

constexpr std::string_view resources =
    R"([{"name":"CPU","type":"INTEGER","integerValue":4096},)"
    R"({"name":"MEMORY","type":"INTEGER","integerValue":15731},)"
    R"({"name":"PORTS","type":"STRINGSET","stringSetValue":["22","2376","2375","51678","51679"]},)"
    R"({"name":"PORTS_UDP","type":"STRINGSET","stringSetValue":[]}])";

} // namespace

WallTime fleet_begins() { return WallTime(Millis(begins_ms)); }

monitor::InstanceReport Fleet::report(std::size_t host) const {
    static constexpr std::array types{"m6i.large", "m6i.xlarge", "c6i.xlarge", "r6i.large"};
    monitor::InstanceReport report;
    report.arn = fmt::format(
        "arn:aws:ecs:us-east-1:111122223333:container-instance/production-a/{:032x}", host + 1);
    report.cluster_arn = cluster_arn;
    report.ec2_instance_id = fmt::format("i-{:017x}", host + 1);
    report.status = "ACTIVE";
    report.version = 1;
    report.agent_connected = true;
    report.registered_at = fleet_begins() - Seconds(86'400);
    report.traits = {fmt::format("us-east-1{}", static_cast<char>('a' + host % 3)),
                     fmt::format("subnet-{:017x}", host % 12),
                     fmt::format("ami-{:017x}", host % 2),
                     types.at(host % types.size()),
                     "1.105.1",
                     "DockerVersion: 25.0.13",
                     "production-a-capacity"};
    return report;
}

std::vector<monitor::Input> Fleet::poll() const {
    monitor::Polled polled;
    polled.cluster_arn = cluster_arn;
    polled.asked_at = fleet_begins() - Seconds(1);
    for (std::size_t host = 0; host < size_; ++host)
        polled.reports.push_back(report(host));
    std::vector<monitor::Input> inputs;
    inputs.emplace_back(monitor::ClustersSeen{{{std::string(cluster_arn), true}}});
    inputs.emplace_back(std::move(polled));
    return inputs;
}

WallTime Fleet::leaves_at(std::size_t step) const { return fleet_begins() + period * step / size_; }

Rotation Fleet::next() {
    const bool is_return = std::exchange(is_return_next_, !is_return_next_);
    if (is_return && step_ > others_between) {
        const std::size_t left = step_ - 1 - others_between;
        const auto turn = static_cast<std::int64_t>(left / size_);
        return {left % size_, leaves_at(left) + gap, 2 * turn + 3, true};
    }
    is_return_next_ = true;
    const std::size_t leaving = step_++;
    const auto turn = static_cast<std::int64_t>(leaving / size_);
    return {leaving % size_, leaves_at(leaving), 2 * turn + 2, false};
}

monitor::Input Fleet::input(const Rotation& rotation) const {
    monitor::InstanceChanged event{report(rotation.host)};
    event.report.agent_connected = rotation.is_connected;
    event.report.version = rotation.version;
    event.report.updated_at = rotation.at;
    return event;
}

std::string Fleet::text(const Rotation& rotation) const {
    const auto host = report(rotation.host);
    const std::string when = rfc3339_millis(rotation.at);
    std::string text = fmt::format(
        R"({{"version":"0","id":"8952ba83-7be2-4ab5-9c32-{:012x}","detail-type":)"
        R"("ECS Container Instance State Change","source":"aws.ecs","account":"111122223333",)"
        R"("time":"{}","region":"us-east-1","resources":["{}"],"detail":{{"agentConnected":{},)",
        rotation.version,
        when,
        host.arn,
        rotation.is_connected);
    text += fmt::format(R"("attributes":[{}],"clusterArn":"{}","containerInstanceArn":"{}",)"
                        R"("ec2InstanceId":"{}","registeredResources":{},"remainingResources":{},)",
                        attributes(host.traits),
                        host.cluster_arn,
                        host.arn,
                        host.ec2_instance_id,
                        resources,
                        resources);
    text += fmt::format(
        R"("status":"{}","version":{},"versionInfo":{{"agentHash":"9f3a3b52","agentVersion":"{}",)"
        R"("dockerVersion":"{}"}},"registeredAt":"{}","capacityProviderName":"{}",)"
        R"("updatedAt":"{}"}}}})",
        host.status,
        rotation.version,
        host.traits.agent_version,
        host.traits.docker_version,
        launch,
        host.traits.capacity_provider,
        when);
    return text;
}

} // namespace squall::bench
