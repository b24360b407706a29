// What was learned of a host's ways to ECS without asking for rules.
#include "afar/vpc.h"
#include "checks/agent_config.h"
#include "squall/base/text.h"

namespace squall::host {
namespace {

constexpr std::array<std::string_view, 3> ways_of_ones_own{
    "HTTP_PROXY", "HTTPS_PROXY", "ECS_BACKEND_HOST"};

std::set<std::string> groups_of(const aws::Ec2Instance& instance) {
    return {instance.group_ids.begin(), instance.group_ids.end()};
}

} // namespace

KnownOfHost
known_of_host(bool is_connected, std::span<const Look> looks, std::string_view agent_config) {
    KnownOfHost known;
    known.is_connected = is_connected;
    constexpr std::string_view prefix = "endpoint-";
    for (const Look& look : looks) {
        known.lacks_region |=
            std::any_of(look.signs.begin(), look.signs.end(), [](const Sign& sign) {
                return sign.cause == "REGION_MISSING";
            });
        if (!look.check.starts_with(prefix)) continue;
        const std::string service = look.check.substr(prefix.size());
        if (look.state == Look::State::healthy) known.reached.insert(service);
        for (const Sign& sign : look.signs) {
            for (const auto& each : ecs_services())
                if (service == each.name && sign.cause == each.cause) known.missed.insert(service);
        }
    }
    for (const std::string_view setting : ways_of_ones_own)
        known.has_other_way |= !setting_in(agent_config, setting).empty();
    return known;
}

void learn_from_neighbours(const aws::Ec2Instance& instance,
                           std::span<const aws::Ec2Instance> all,
                           const std::set<std::string>& connected,
                           KnownOfHost& known) {
    for (const auto& other : all) {
        const bool is_neighbour = other.instance_id != instance.instance_id
                                  && connected.contains(other.instance_id)
                                  && other.vpc_id == instance.vpc_id;
        if (!is_neighbour) continue;
        // An internet gateway takes those with a public address alone.
        known.subnet_is_proven |= other.subnet_id == instance.subnet_id
                                  && other.public_ip.empty() == instance.public_ip.empty();
        known.groups_are_proven |= groups_of(other) == groups_of(instance);
    }
}

} // namespace squall::host
