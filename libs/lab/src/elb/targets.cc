// Targets: registered, checked, routed to, drained.
#include "api/query_answer.h"
#include "elb/service.h"
#include "squall/base/text.h"

#include <algorithm>

namespace squall::lab::elb {
namespace {

// Targets.member.N.Id and .Port.
std::vector<TargetId> targets_of(const ApiCall& call, const TargetGroup& group) {
    std::vector<TargetId> targets;
    for (std::size_t i = 1; i <= Service::targets_max; ++i) {
        const std::string at = fmt::format("Targets.member.{}.", i);
        if (!call.form.has(at + "Id")) break;
        const auto port = to_integer(call.form.get(at + "Port")).value_or(group.port);
        targets.push_back(
            {std::string(call.form.get(at + "Id")), static_cast<std::uint16_t>(port)});
    }
    return targets;
}

struct Said {
    std::string_view state;
    std::string_view reason;
    std::string description;
};

void write(wire::XmlWriter& xml, const TargetId& id, const std::string& port, const Said& said) {
    xml.element("member", [&] {
        xml.element("Target", [&] {
            xml.leaf("Id", id.id);
            xml.leaf("Port", std::to_string(id.port));
        });
        xml.leaf("HealthCheckPort", port);
        xml.element("TargetHealth", [&] {
            xml.leaf("State", said.state);
            if (!said.reason.empty()) xml.leaf("Reason", said.reason);
            if (!said.description.empty()) xml.leaf("Description", said.description);
        });
    });
}

std::string check_port(const TargetGroup& group, const TargetId& id) {
    return group.check.port == "traffic-port" ? std::to_string(id.port) : group.check.port;
}

Said said_of(const Target* target, bool is_in_use) {
    if (target == nullptr)
        return {"unused", "Target.NotRegistered", "Target is not registered to the target group"};
    if (target->drains_until)
        return {
            "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"};
    if (!is_in_use)
        return {"unused",
                "Target.NotInUse",
                "Target group is not configured to receive traffic from the load balancer"};
    return {target->health.state(), target->health.reason(), target->health.description()};
}

} // namespace

std::optional<std::string> Service::address_of(const TargetGroup& group, const TargetId& id) const {
    if (group.target_type == "ip") {
        if (ec2::mac_of_address(id.id).empty()) return std::nullopt;
        return id.id;
    }
    const auto found = instances_.all.find(id.id);
    if (found == instances_.all.end() || found->second.state != "running") return std::nullopt;
    return found->second.private_ip;
}

void Service::register_target(TargetGroup& group, const TargetId& id, WallTime now) {
    const auto address = address_of(group, id);
    if (!address) return;
    Target& target = group.targets[id];
    if (!target.address.empty() && !target.drains_until) return; // once more is no mistake
    target = Target{*address, {}, now, std::nullopt, target.is_being_checked, std::nullopt};
    route_to(group);
}

void Service::deregister_target(TargetGroup& group, const TargetId& id, WallTime now) {
    const auto found = group.targets.find(id);
    if (found == group.targets.end() || found->second.drains_until) return;
    found->second.drains_until = now + group.deregistration_delay;
    route_to(group);
}

Answer Service::register_targets(const ApiCall& call) {
    const auto found = group_of(call);
    if (!found) return fail(found.error());
    TargetGroup& group = **found;
    const auto targets = targets_of(call, group);
    if (targets.empty()) return invalid("At least one target must be specified");
    for (const auto& id : targets) {
        if (address_of(group, id)) continue;
        if (group.target_type == "ip")
            return invalid(fmt::format("The IP address '{}' is not a valid IPv4 address", id.id));
        return refuse("InvalidTarget",
                      fmt::format("The following targets are not in a running state: '{}'", id.id));
    }
    if (group.targets.size() + targets.size() > targets_max)
        return refuse("TooManyTargets", "The limit of targets has been reached");
    for (const auto& id : targets)
        register_target(group, id, call.now);
    return query_answer(call, xmlns, [](wire::XmlWriter&) {});
}

Answer Service::deregister_targets(const ApiCall& call) {
    const auto found = group_of(call);
    if (!found) return fail(found.error());
    for (const auto& id : targets_of(call, **found))
        deregister_target(**found, id, call.now);
    return query_answer(call, xmlns, [](wire::XmlWriter&) {});
}

Answer Service::describe_target_health(const ApiCall& call) {
    const auto found = group_of(call);
    if (!found) return fail(found.error());
    const TargetGroup& group = **found;
    auto asked = targets_of(call, group);
    if (asked.empty()) {
        for (const auto& [id, target] : group.targets)
            asked.push_back(id);
    }
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        xml.element("TargetHealthDescriptions", [&] {
            for (const auto& id : asked) {
                const auto target = group.targets.find(id);
                elb::write(xml,
                           id,
                           check_port(group, id),
                           said_of(target == group.targets.end() ? nullptr : &target->second,
                                   is_in_use(group)));
            }
        });
    });
}

// Those that get requests: the healthy ones; all of them where none is healthy any more.
std::vector<Endpoint> Service::open_targets(const TargetGroup& group) const {
    std::vector<Endpoint> healthy;
    std::vector<Endpoint> unhealthy;
    for (const auto& [id, target] : group.targets) {
        if (target.drains_until) continue;
        if (target.health.is_healthy()) healthy.push_back({target.address, id.port});
        if (target.health.is_unhealthy()) unhealthy.push_back({target.address, id.port});
    }
    return healthy.empty() ? unhealthy : healthy;
}

void Service::route_to(const TargetGroup& group) {
    if (traffic_ == nullptr) return;
    for (const Listener* listener : listeners_to(group.arn)) {
        const auto load_balancer = load_balancers_.find(listener->load_balancer_arn);
        if (load_balancer == load_balancers_.end()) continue;
        traffic_->route({listener->arn,
                         group.arn,
                         open_targets(group),
                         load_balancer->second.idle_timeout,
                         listener->port});
    }
}

void Service::tick(WallTime now) {
    for (auto& [arn, group] : groups_) {
        std::erase_if(group.targets, [&](const auto& entry) {
            const auto& drains_until = entry.second.drains_until;
            return drains_until && now >= *drains_until && !entry.second.is_being_checked;
        });
        if (!is_in_use(group)) continue;
        for (auto& [id, target] : group.targets) {
            if (!target.health.is_unhealthy())
                target.unhealthy_since.reset();
            else if (!target.unhealthy_since)
                target.unhealthy_since = now;
            if (!target.drains_until && !target.is_being_checked && now >= target.next_check)
                check(group, id, target, now);
        }
    }
}

void Service::check(TargetGroup& group, const TargetId& id, Target& target, WallTime now) {
    if (traffic_ == nullptr || checks_ >= checks_max) return;
    ++checks_;
    target.is_being_checked = true;
    target.next_check = now + Seconds(group.check.interval);
    const auto port = static_cast<std::uint16_t>(to_integer(check_port(group, id)).value_or(0));
    traffic_->check(
        {{target.address, port}, group.check.path, Seconds(group.check.timeout)},
        [this, lives = std::weak_ptr(lives_), arn = group.arn, id](const CheckOutcome& outcome) {
            if (!lives.expired()) checked(arn, id, outcome);
        });
}

void Service::checked(const std::string& arn, const TargetId& id, const CheckOutcome& outcome) {
    --checks_;
    const auto group = groups_.find(arn);
    if (group == groups_.end()) return;
    const auto target = group->second.targets.find(id);
    if (target == group->second.targets.end()) return;
    target->second.is_being_checked = false;
    const auto& check = group->second.check;
    if (target->second.health.note(outcome, check.matcher, check.thresholds))
        route_to(group->second);
}

std::optional<ecs::TargetGroupFacts> Service::facts(std::string_view arn) const {
    const auto found = groups_.find(arn);
    if (found == groups_.end()) return std::nullopt;
    return ecs::TargetGroupFacts{found->second.target_type, is_in_use(found->second)};
}

void Service::add(const ecs::RegisteredTarget& target, WallTime now) {
    const auto found = groups_.find(target.target_group_arn);
    if (found == groups_.end() || found->second.targets.size() >= targets_max) return;
    register_target(found->second, {target.id, target.port}, now);
}

void Service::remove(const ecs::RegisteredTarget& target, WallTime now) {
    const auto found = groups_.find(target.target_group_arn);
    if (found != groups_.end()) deregister_target(found->second, {target.id, target.port}, now);
}

std::optional<ecs::TargetFacts> Service::look(const ecs::RegisteredTarget& target) const {
    const auto group = groups_.find(target.target_group_arn);
    if (group == groups_.end()) return std::nullopt;
    const auto found = group->second.targets.find(TargetId{target.id, target.port});
    if (found == group->second.targets.end()) return std::nullopt;
    const Said said = said_of(&found->second, is_in_use(group->second));
    return ecs::TargetFacts{
        std::string(said.state), said.description, found->second.unhealthy_since};
}

} // namespace squall::lab::elb
