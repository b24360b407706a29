#include "api/query_answer.h"
#include "ec2/network.h"
#include "elb/service.h"
#include "squall/base/text.h"

#include <algorithm>

namespace squall::lab::elb {
namespace {

constexpr const char* delay_key = "deregistration_delay.timeout_seconds";

// What CreateTargetGroup and ModifyTargetGroup say about it, on top of what there is.
Result<HealthCheck, wire::ServiceError> read_check(const ApiCall& call, HealthCheck known) {
    if (call.form.has("HealthCheckPath")) known.path = call.form.get("HealthCheckPath");
    if (!known.path.starts_with('/') || known.path.size() > 1024)
        return invalid(fmt::format("Health check path '{}' must begin with '/' and have up to 1024 "
                                   "characters",
                                   known.path));
    if (call.form.has("HealthCheckPort")) known.port = call.form.get("HealthCheckPort");
    if (const auto port = to_integer(known.port);
        known.port != "traffic-port" && (!port || *port < 1 || *port > 65535))
        return invalid(fmt::format("Health check port '{}' must be 'traffic-port' or in the range "
                                   "[1-65535]",
                                   known.port));
    if (call.form.has("Matcher.HttpCode")) known.matcher = call.form.get("Matcher.HttpCode");
    if (!is_matcher(known.matcher))
        return invalid(
            fmt::format("Health check matcher HTTP code '{}' must be within '200-499' inclusive",
                        known.matcher));

    struct Number {
        const char* name;
        std::int64_t* into;
        std::pair<int, int> limits;
    };

    for (const auto& [name, into, limits] :
         {Number{"HealthCheckIntervalSeconds", &known.interval, {5, 300}},
          Number{"HealthCheckTimeoutSeconds", &known.timeout, {2, 120}},
          Number{"HealthyThresholdCount", &known.thresholds.healthy, {2, 10}},
          Number{"UnhealthyThresholdCount", &known.thresholds.unhealthy, {2, 10}}}) {
        const auto number = number_at(call, name, *into, limits);
        if (!number) return fail(number.error());
        *into = *number;
    }
    // The default of the timeout gives way; one that was asked for does not.
    if (known.timeout >= known.interval && !call.form.has("HealthCheckTimeoutSeconds"))
        known.timeout = known.interval - 1;
    if (known.timeout >= known.interval)
        return invalid(fmt::format("Health check timeout '{}' must be smaller than the interval "
                                   "'{}'",
                                   known.timeout,
                                   known.interval));
    return known;
}

bool is_same(const TargetGroup& a, const TargetGroup& b) {
    return a.port == b.port && a.target_type == b.target_type && a.check.path == b.check.path
           && a.check.interval == b.check.interval;
}

} // namespace

void Service::write(wire::XmlWriter& xml, const TargetGroup& group) const {
    xml.element("member", [&] {
        xml.leaf("TargetGroupArn", group.arn);
        xml.leaf("TargetGroupName", group.name);
        xml.leaf("Protocol", "HTTP");
        xml.leaf("Port", std::to_string(group.port));
        xml.leaf("VpcId", group.vpc_id);
        xml.leaf("HealthCheckProtocol", "HTTP");
        xml.leaf("HealthCheckPort", group.check.port);
        xml.leaf("HealthCheckEnabled", "true");
        xml.leaf("HealthCheckIntervalSeconds", std::to_string(group.check.interval));
        xml.leaf("HealthCheckTimeoutSeconds", std::to_string(group.check.timeout));
        xml.leaf("HealthyThresholdCount", std::to_string(group.check.thresholds.healthy));
        xml.leaf("UnhealthyThresholdCount", std::to_string(group.check.thresholds.unhealthy));
        xml.leaf("HealthCheckPath", group.check.path);
        xml.element("Matcher", [&] { xml.leaf("HttpCode", group.check.matcher); });
        xml.element("LoadBalancerArns", [&] {
            for (const Listener* listener : listeners_to(group.arn))
                xml.leaf("member", listener->load_balancer_arn);
        });
        xml.leaf("TargetType", group.target_type);
        xml.leaf("ProtocolVersion", "HTTP1");
        xml.leaf("IpAddressType", "ipv4");
    });
}

Answer Service::create_target_group(const ApiCall& call) {
    TargetGroup made;
    made.name = call.form.get("Name");
    if (!is_name(made.name))
        return invalid(fmt::format("Target group name '{}' can have up to 32 letters, digits and "
                                   "hyphens",
                                   made.name));
    if (call.form.get("Protocol") != "HTTP")
        return invalid("The target groups of this lab speak HTTP only");
    if (const auto type = call.form.get("TargetType"); !type.empty()) made.target_type = type;
    if (made.target_type != "instance" && made.target_type != "ip")
        return invalid("The target groups of this lab have the types instance and ip only");
    const auto port = number_at(call, "Port", 0, {1, 65535});
    if (!port) return fail(port.error());
    if (*port == 0) return invalid("A port must be specified");
    made.port = static_cast<std::uint16_t>(*port);
    made.vpc_id = call.form.get("VpcId");
    if (made.vpc_id.empty()) return invalid("A VPC ID must be specified");
    if (made.vpc_id != ec2::vpc_id)
        return invalid(fmt::format("The VPC ID '{}' is not found", made.vpc_id));
    auto check = read_check(call, {});
    if (!check) return fail(check.error());
    made.check = std::move(*check);
    const TargetGroup* kept = nullptr;
    for (const auto& [arn, known] : groups_) {
        if (known.name == made.name) kept = &known;
    }
    if (kept != nullptr && !is_same(*kept, made))
        return refuse("DuplicateTargetGroupName",
                      fmt::format("A target group with the same name '{}' exists, but with "
                                  "different settings",
                                  made.name));
    if (groups_.size() >= target_groups_max)
        return refuse("TooManyTargetGroups", "The limit of target groups has been reached");
    if (kept == nullptr) {
        made.arn = new_arn("targetgroup/" + made.name);
        kept = &(groups_[made.arn] = made);
    }
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        xml.element("TargetGroups", [&] { write(xml, *kept); });
    });
}

Answer Service::modify_target_group(const ApiCall& call) {
    const auto group = group_of(call);
    if (!group) return fail(group.error());
    auto check = read_check(call, (*group)->check);
    if (!check) return fail(check.error());
    (*group)->check = std::move(*check);
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        xml.element("TargetGroups", [&] { write(xml, **group); });
    });
}

Answer Service::describe_target_groups(const ApiCall& call) {
    const auto arns = call.form.list("TargetGroupArns");
    const auto names = call.form.list("Names");
    const std::string load_balancer(call.form.get("LoadBalancerArn"));
    std::vector<const TargetGroup*> found;
    for (const auto& [arn, group] : groups_) {
        const auto listeners = listeners_to(arn);
        const bool is_of_it =
            std::any_of(listeners.begin(), listeners.end(), [&](const Listener* listener) {
                return listener->load_balancer_arn == load_balancer;
            });
        const bool all = arns.empty() && names.empty() && load_balancer.empty();
        if (all || is_of_it || std::find(arns.begin(), arns.end(), arn) != arns.end()
            || std::find(names.begin(), names.end(), group.name) != names.end())
            found.push_back(&group);
    }
    if (found.size() < std::max(arns.size(), names.size()))
        return refuse("TargetGroupNotFound", "One or more target groups not found");
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        xml.element("TargetGroups", [&] {
            for (const TargetGroup* group : found)
                write(xml, *group);
        });
    });
}

Answer Service::delete_target_group(const ApiCall& call) {
    const auto found = groups_.find(call.form.get("TargetGroupArn"));
    if (found != groups_.end() && is_in_use(found->second))
        return refuse("ResourceInUse",
                      fmt::format("Target group '{}' is currently in use by a listener or a rule",
                                  found->first));
    if (found != groups_.end()) groups_.erase(found);
    return query_answer(call, xmlns, [](wire::XmlWriter&) {});
}

Answer Service::modify_target_group_attributes(const ApiCall& call) {
    const auto group = group_of(call);
    if (!group) return fail(group.error());
    for (const auto& [key, value] : attributes_of(call)) {
        const auto seconds = to_integer(value);
        if (key != delay_key)
            return invalid(fmt::format("This lab's target groups have no attribute '{}'", key));
        if (!seconds || *seconds < 0 || *seconds > 3600)
            return invalid(fmt::format("{} must be in the range [0-3600]", key));
        (*group)->deregistration_delay = Seconds(*seconds);
    }
    return describe_target_group_attributes(call);
}

Answer Service::describe_target_group_attributes(const ApiCall& call) {
    const auto group = group_of(call);
    if (!group) return fail(group.error());
    return attributes_answer(call,
                             {{delay_key, std::to_string((*group)->deregistration_delay.count())}});
}

} // namespace squall::lab::elb
