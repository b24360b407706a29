// Load balancers and their listeners.
#include "api/query_answer.h"
#include "ec2/network.h"
#include "elb/service.h"
#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::lab::elb {
namespace {

constexpr const char* idle_timeout_key = "idle_timeout.timeout_seconds";

// "loadbalancer/app/web/0123…" of its ARN: a listener's begins like it.
std::string resource_of(const std::string& arn) { return arn.substr(arn.rfind(':') + 1); }

void write(wire::XmlWriter& xml, const Listener& listener) {
    xml.element("member", [&] {
        xml.leaf("ListenerArn", listener.arn);
        xml.leaf("LoadBalancerArn", listener.load_balancer_arn);
        xml.leaf("Port", std::to_string(listener.port));
        xml.leaf("Protocol", "HTTP");
        xml.element("DefaultActions", [&] {
            xml.element("member", [&] {
                xml.leaf("Type", "forward");
                xml.leaf("TargetGroupArn", listener.target_group_arn);
            });
        });
    });
}

Answer listeners_answer(const ApiCall& call, const std::vector<const Listener*>& listeners) {
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        xml.element("Listeners", [&] {
            for (const Listener* listener : listeners)
                write(xml, *listener);
        });
    });
}

std::string forward_target(const ApiCall& call) {
    const std::string action = "DefaultActions.member.1.";
    if (call.form.get(action + "Type") != "forward") return {};
    const std::string_view direct = call.form.get(action + "TargetGroupArn");
    return std::string(direct.empty() ? call.form.get(
                           action + "ForwardConfig.TargetGroups.member.1.TargetGroupArn")
                                      : direct);
}

} // namespace

void Service::write(wire::XmlWriter& xml, const LoadBalancer& one) const {
    xml.element("member", [&] {
        xml.leaf("LoadBalancerArn", one.arn);
        xml.leaf("DNSName", one.dns_name);
        xml.leaf("CanonicalHostedZoneId", "Z35SXDOTRQ7X7K");
        xml.leaf("CreatedTime", rfc3339_millis(one.created));
        xml.leaf("LoadBalancerName", one.name);
        xml.leaf("Scheme", one.scheme);
        xml.leaf("VpcId", ec2::vpc_id);
        xml.element("State", [&] { xml.leaf("Code", "active"); });
        xml.leaf("Type", "application");
        xml.element("AvailabilityZones", [&] {
            for (const auto& id : one.subnets) {
                const auto subnet = ec2::subnet_with_id(region_, id);
                xml.element("member", [&] {
                    xml.leaf("ZoneName", subnet ? subnet->availability_zone : "");
                    xml.leaf("SubnetId", id);
                });
            }
        });
        xml.element("SecurityGroups", [&] {
            for (const auto& id : one.security_groups)
                xml.leaf("member", id);
        });
        xml.leaf("IpAddressType", "ipv4");
    });
}

Answer Service::create_load_balancer(const ApiCall& call) {
    LoadBalancer made;
    made.name = call.form.get("Name");
    if (!is_name(made.name))
        return invalid(fmt::format("The load balancer name '{}' can have up to 32 letters, digits "
                                   "and hyphens",
                                   made.name));
    if (const auto type = call.form.get("Type"); !type.empty() && type != "application")
        return invalid("This lab has load balancers of type application only");
    made.subnets = call.form.list("Subnets");
    if (made.subnets.size() < 2)
        return invalid(
            "At least two subnets in two different Availability Zones must be specified");
    for (const auto& id : made.subnets) {
        if (!ec2::subnet_with_id(region_, id))
            return refuse("SubnetNotFound", fmt::format("The subnet ID '{}' does not exist", id));
    }
    for (const auto& [arn, known] : load_balancers_) {
        if (known.name != made.name) continue;
        if (known.subnets != made.subnets)
            return refuse("DuplicateLoadBalancerName",
                          fmt::format("A load balancer with the same name '{}' exists, but with "
                                      "different settings",
                                      made.name));
        return query_answer(call, xmlns, [&, &known = known](wire::XmlWriter& xml) {
            xml.element("LoadBalancers", [&] { write(xml, known); });
        });
    }
    if (load_balancers_.size() >= load_balancers_max)
        return refuse("TooManyLoadBalancers", "The limit of load balancers has been reached");
    made.security_groups = call.form.list("SecurityGroups");
    if (made.security_groups.empty()) made.security_groups = {ec2::security_group_id};
    if (call.form.get("Scheme") == "internal") made.scheme = "internal";
    made.arn = new_arn("loadbalancer/app/" + made.name);
    made.created = call.now;
    // curl takes every name below localhost for this machine.
    made.dns_name =
        fmt::format("{}-{}.{}.elb.localhost", lower(made.name), random_hex(10), region_);
    const LoadBalancer& kept = load_balancers_[made.arn] = made;
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        xml.element("LoadBalancers", [&] { write(xml, kept); });
    });
}

Answer Service::describe_load_balancers(const ApiCall& call) {
    const auto arns = call.form.list("LoadBalancerArns");
    const auto names = call.form.list("Names");
    std::vector<const LoadBalancer*> found;
    for (const auto& [arn, one] : load_balancers_) {
        const bool all = arns.empty() && names.empty();
        if (all || std::find(arns.begin(), arns.end(), arn) != arns.end()
            || std::find(names.begin(), names.end(), one.name) != names.end())
            found.push_back(&one);
    }
    if (found.size() < std::max(arns.size(), names.size()))
        return refuse("LoadBalancerNotFound", "One or more load balancers not found");
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        xml.element("LoadBalancers", [&] {
            for (const LoadBalancer* one : found)
                write(xml, *one);
        });
    });
}

void Service::close_listener(const std::string& arn) {
    if (traffic_ != nullptr) traffic_->close(arn);
    listeners_.erase(arn);
}

Answer Service::delete_load_balancer(const ApiCall& call) {
    // One that is not there is no error.
    const std::string arn(call.form.get("LoadBalancerArn"));
    std::vector<std::string> closing;
    for (const auto& [listener_arn, listener] : listeners_) {
        if (listener.load_balancer_arn == arn) closing.push_back(listener_arn);
    }
    for (const auto& listener : closing)
        close_listener(listener);
    load_balancers_.erase(arn);
    return query_answer(call, xmlns, [](wire::XmlWriter&) {});
}

Answer Service::modify_load_balancer_attributes(const ApiCall& call) {
    const auto found = load_balancer_of(call);
    if (!found) return fail(found.error());
    for (const auto& [key, value] : attributes_of(call)) {
        const auto seconds = to_integer(value);
        if (key != idle_timeout_key)
            return invalid(fmt::format("This lab's load balancers have no attribute '{}'", key));
        if (!seconds || *seconds < 1 || *seconds > 4000)
            return invalid(fmt::format("{} must be in the range [1-4000]", key));
        (*found)->idle_timeout = Seconds(*seconds);
    }
    for (const auto& [arn, group] : groups_)
        route_to(group);
    return describe_load_balancer_attributes(call);
}

Answer Service::describe_load_balancer_attributes(const ApiCall& call) {
    const auto found = load_balancer_of(call);
    if (!found) return fail(found.error());
    return attributes_answer(call,
                             {{idle_timeout_key, std::to_string((*found)->idle_timeout.count())}});
}

Answer Service::create_listener(const ApiCall& call) {
    const auto load_balancer = load_balancer_of(call);
    if (!load_balancer) return fail(load_balancer.error());
    if (call.form.get("Protocol") != "HTTP")
        return refuse("UnsupportedProtocol", "The listeners of this lab speak HTTP only");
    const auto port = number_at(call, "Port", 0, {1, 65535});
    if (!port) return fail(port.error());
    const auto group = groups_.find(forward_target(call));
    if (group == groups_.end())
        return refuse("TargetGroupNotFound", "One or more target groups not found");
    for (const auto& [arn, known] : listeners_) {
        if (known.load_balancer_arn == (*load_balancer)->arn && known.port == *port)
            return refuse("DuplicateListener",
                          fmt::format("A listener already exists on this port for this load "
                                      "balancer '{}'",
                                      known.load_balancer_arn));
    }
    const std::string resource = resource_of((*load_balancer)->arn);
    Listener listener;
    listener.arn = new_arn("listener" + resource.substr(resource.find('/')));
    listener.load_balancer_arn = (*load_balancer)->arn;
    listener.port = static_cast<std::uint16_t>(*port);
    listener.target_group_arn = group->first;
    if (traffic_ != nullptr) {
        const auto open = traffic_->open(listener.arn, listener.port);
        if (!open) log::error("lab: load balancer: {}", open.error().message);
        listener.open_port = open.value_or(0);
    }
    const Listener& kept = listeners_[listener.arn] = listener;
    route_to(group->second);
    return listeners_answer(call, {&kept});
}

Answer Service::describe_listeners(const ApiCall& call) {
    const auto arns = call.form.list("ListenerArns");
    const std::string load_balancer(call.form.get("LoadBalancerArn"));
    if (arns.empty()) {
        if (const auto found = load_balancer_of(call); !found) return fail(found.error());
    }
    std::vector<const Listener*> found;
    for (const auto& [arn, listener] : listeners_) {
        if (listener.load_balancer_arn == load_balancer
            || std::find(arns.begin(), arns.end(), arn) != arns.end())
            found.push_back(&listener);
    }
    if (found.size() < arns.size())
        return refuse("ListenerNotFound", "One or more listeners not found");
    return listeners_answer(call, found);
}

Answer Service::delete_listener(const ApiCall& call) {
    const std::string arn(call.form.get("ListenerArn"));
    if (!listeners_.contains(arn))
        return refuse("ListenerNotFound", "One or more listeners not found");
    close_listener(arn);
    return query_answer(call, xmlns, [](wire::XmlWriter&) {});
}

} // namespace squall::lab::elb
