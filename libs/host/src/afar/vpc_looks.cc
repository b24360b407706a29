// The looks at an instance's VPC: one for each kind of thing that can be in the way.
#include "afar/vpc.h"
#include "squall/base/text.h"

#include <algorithm>
#include <functional>

namespace squall::host {
namespace {

using Way = Passage::Way;

// What is known of the way to one service, by one kind of thing.
struct Judged {
    const EcsService* service = nullptr;
    Passage passage;
};

// How the names of a service are resolved in this VPC.
struct Goal {
    const EcsService* service = nullptr;
    VpcDestination to;
    const aws::VpcEndpoint* endpoint = nullptr; // that names lead to
    const aws::VpcEndpoint* idle = nullptr;     // that is there, and names do not lead to
    bool may_be_private = false;                // names may lead to an endpoint elsewhere
};

bool is_of(const aws::VpcEndpoint& endpoint, const std::string& vpc, const EcsService& service) {
    const std::string& name = endpoint.service_name;
    return endpoint.vpc_id == vpc && lower(endpoint.vpc_endpoint_type) == "interface"
           && name.substr(name.rfind('.') + 1) == service.endpoint;
}

VpcDestination public_addresses() { return {AddressSet::internet(), {}, {}, "public addresses"}; }

VpcDestination addresses_of(const aws::VpcEndpoint& endpoint, const VpcNetwork& network) {
    VpcDestination to{{}, endpoint.subnet_ids, endpoint.group_ids, endpoint.vpc_endpoint_id};
    if (!network.subnets) return to;
    for (const auto& subnet : *network.subnets) {
        const auto& ids = endpoint.subnet_ids;
        if (std::find(ids.begin(), ids.end(), subnet.subnet_id) == ids.end()) continue;
        to.addresses =
            to.addresses.united(AddressSet::of_cidr(subnet.cidr_block).value_or(AddressSet()));
    }
    return to;
}

const aws::VpcDns* dns_of(const aws::Ec2Instance& instance, const VpcNetwork& network) {
    const auto found = network.dns.find(instance.vpc_id);
    return found == network.dns.end() || !found->second ? nullptr : &*found->second;
}

Goal goal_of(const EcsService& service,
             const aws::Ec2Instance& instance,
             const VpcNetwork& network) {
    Goal goal{&service, public_addresses()};
    goal.may_be_private = !network.endpoints || leads_elsewhere(instance, network);
    if (!network.endpoints) return goal;
    const auto* dns = dns_of(instance, network);
    const bool has_private_names =
        dns == nullptr || (dns->enable_dns_support && dns->enable_dns_hostnames);
    for (const auto& endpoint : *network.endpoints) {
        if (!is_of(endpoint, instance.vpc_id, service)) continue;
        const bool is_named = endpoint.private_dns_enabled && has_private_names
                              && lower(endpoint.state) == "available";
        if (!is_named) {
            goal.idle = &endpoint;
            continue;
        }
        goal.endpoint = &endpoint;
        goal.to = addresses_of(endpoint, network);
    }
    goal.may_be_private = goal.endpoint == nullptr && (goal.may_be_private || goal.idle != nullptr);
    return goal;
}

class VpcLooks {
public:
    VpcLooks(const aws::Ec2Instance& instance, const VpcNetwork& network, const KnownOfHost& known)
        : instance_(instance), network_(network), known_(known) {
        for (const auto& service : ecs_services()) {
            const bool is_proven =
                known.reached.contains(service.name)
                || (known.is_connected && std::string_view(service.name) != "tcs");
            if (!is_proven) goals_.push_back(goal_of(service, instance, network));
        }
    }

    [[nodiscard]] bool has_questions() const { return !goals_.empty(); }

    [[nodiscard]] Look security_groups() {
        if (known_.groups_are_proven)
            return healthy("another agent is connected through the same security groups");
        return look_of(judge(through_groups),
                       "security groups let 443 out to ECS",
                       "aws ec2 describe-security-groups --group-ids "
                           + join(instance_.group_ids, " "));
    }

    [[nodiscard]] Look network_acls() {
        if (known_.subnet_is_proven)
            return healthy("another agent is connected from the same subnet");
        return look_of(judge(through_acls),
                       "network ACLs let 443 out to ECS, and the answers in",
                       "aws ec2 describe-network-acls --filters Name=association.subnet-id,Values="
                           + instance_.subnet_id);
    }

    [[nodiscard]] Look routes() {
        if (known_.subnet_is_proven)
            return healthy("another agent is connected from the same subnet");
        return look_of(
            judge([](const aws::Ec2Instance& instance,
                     const VpcNetwork& network,
                     const VpcDestination& to) {
                return to.subnet_ids.empty() ? by_route(instance, network, to) : open_way();
            }),
            "there is a route to ECS",
            "aws ec2 describe-route-tables --filters Name=vpc-id,Values=" + instance_.vpc_id);
    }

    // After the others: what is not used may be what is missing.
    [[nodiscard]] Look endpoints() {
        const std::string how =
            "aws ec2 describe-vpc-endpoints --filters Name=vpc-id,Values=" + instance_.vpc_id;
        if (!network_.endpoints)
            return could_not_look(unanswered(network_.endpoints.error()).why, how);
        std::vector<Judged> judged;
        std::vector<Sign> signs;
        std::vector<std::string> used;
        for (const Goal& goal : goals_) {
            if (goal.endpoint != nullptr) {
                used.push_back(goal.endpoint->vpc_endpoint_id);
                judged.push_back(
                    {goal.service, into_endpoint(instance_, network_, *goal.endpoint)});
                add_refusal(goal, signs);
            } else if (goal.idle != nullptr && not_open_.contains(goal.service->name)) {
                signs.push_back(sign_of_idle(goal));
            }
        }
        Look look = look_of(judged,
                            used.empty() ? "the VPC has no endpoints that ECS's names lead to"
                                         : "endpoints let the instance in: " + join(used, ", "),
                            how);
        look.signs.insert(look.signs.end(), signs.begin(), signs.end());
        if (look.signs.empty()) return look;
        return finding_or_healthy(std::move(look.signs), {});
    }

    [[nodiscard]] Look dns() const {
        const std::string how = fmt::format("aws ec2 describe-vpc-attribute --vpc-id {} "
                                            "--attribute enableDnsSupport",
                                            instance_.vpc_id);
        const auto found = network_.dns.find(instance_.vpc_id);
        if (found == network_.dns.end())
            return could_not_look("EC2 was not asked for the DNS attributes of the VPC", how);
        if (!found->second) return could_not_look(unanswered(found->second.error()).why, how);
        const auto off = [&](const char* attribute, Certainty certainty, std::string_view what) {
            return finding(
                sign("NET_DNS",
                     certainty,
                     fmt::format("{} is off in {}: {}", attribute, instance_.vpc_id, what),
                     {evidence("ec2:DescribeVpcAttribute", fmt::format("{}: false", attribute))},
                     {fmt::format("aws ec2 modify-vpc-attribute --vpc-id {} --{} "
                                  "'{{\"Value\":true}}'",
                                  instance_.vpc_id,
                                  std::string_view(attribute) == "enableDnsSupport"
                                      ? "enable-dns-support"
                                      : "enable-dns-hostnames")}));
        };
        // Names are resolved where anything of ECS is reached; DHCP options may have other servers.
        const bool is_resolved = known_.is_connected || !known_.reached.empty();
        if (!found->second->enable_dns_support && !is_resolved)
            return off("enableDnsSupport",
                       Certainty::likely,
                       "Amazon's name server does not answer there; unless DHCP options name "
                       "another one, the names of ECS's endpoints are unknown");
        const bool has_private_names =
            network_.endpoints && std::any_of(goals_.begin(), goals_.end(), [&](const Goal& goal) {
                return goal.idle != nullptr && goal.idle->private_dns_enabled
                       && not_open_.contains(goal.service->name);
            });
        if (!found->second->enable_dns_hostnames && has_private_names)
            return off("enableDnsHostnames",
                       Certainty::possible,
                       "private names of endpoints are not resolved without it");
        return healthy("the VPC's DNS attributes are on");
    }

private:
    using Question =
        std::function<Passage(const aws::Ec2Instance&, const VpcNetwork&, const VpcDestination&)>;

    [[nodiscard]] Passage judge(const Goal& goal, const Question& ask) const {
        if (goal.to.addresses.empty())
            return unknown_way(goal.endpoint == nullptr || network_.subnets
                                   ? "EC2 does not show the subnets of " + goal.to.words
                                   : unanswered(network_.subnets.error()).why);
        Passage passage = ask(instance_, network_, goal.to);
        if (passage.way != Way::closed || passage.is_total) return passage;
        if (instance_.has_ipv6_address)
            return unknown_way(passage.why + "; whether the agent uses IPv6 is not known here");
        if (!goal.may_be_private) return passage;
        const VpcDestination elsewhere{AddressSet::private_networks(), {}, {}, "private addresses"};
        if (ask(instance_, network_, elsewhere).way == Way::closed) return passage;
        return unknown_way(passage.why
                           + "; whether ECS's names lead to an endpoint at a private address is "
                             "not known here");
    }

    [[nodiscard]] std::vector<Judged> judge(const Question& ask) {
        std::vector<Judged> judged;
        for (const Goal& goal : goals_) {
            judged.push_back({goal.service, judge(goal, ask)});
            if (judged.back().passage.way != Way::open) not_open_.insert(goal.service->name);
        }
        return judged;
    }

    [[nodiscard]] bool is_missed(const EcsService& service) const {
        return known_.missed.contains(service.name);
    }

    // One for all that the same thing closes.
    [[nodiscard]] Sign sign_of(const std::vector<const Judged*>& closed) const {
        const Passage& passage = closed.front()->passage;
        std::vector<std::string> titles;
        titles.reserve(closed.size());
        bool is_certain = passage.is_total;
        for (const Judged* each : closed) {
            titles.emplace_back(each->service->title);
            is_certain |= is_missed(*each->service);
        }
        const std::string last = titles.back();
        titles.pop_back();
        const std::string all = titles.empty() ? last : join(titles, ", ") + " and " + last;
        return sign(closed.front()->service->cause,
                    is_certain ? Certainty::certain : Certainty::likely,
                    fmt::format("{}: no way from {} to {}{}",
                                passage.why,
                                instance_.instance_id,
                                all,
                                is_certain ? "" : ", unless its agent goes through a proxy"),
                    passage.seen,
                    passage.remedy);
    }

    [[nodiscard]] static std::string seen_by(const Passage& passage) {
        std::vector<std::string> texts;
        texts.reserve(passage.seen.size());
        for (const auto& each : passage.seen)
            texts.push_back(each.text);
        return join(texts, "\n");
    }

    [[nodiscard]] Look
    look_of(const std::vector<Judged>& judged, std::string all_is_well, std::string how) const {
        // By what was seen: the same rules are in the way of all that they close.
        std::map<std::string, std::vector<const Judged*>> closed;
        std::set<std::string> doubts;
        for (const Judged& one : judged) {
            if (one.passage.way == Way::closed) closed[seen_by(one.passage)].push_back(&one);
            if (one.passage.way == Way::unknown) doubts.insert(one.passage.why);
        }
        std::vector<Sign> signs;
        signs.reserve(closed.size());
        for (const auto& [seen, alike] : closed)
            signs.push_back(sign_of(alike));
        if (signs.empty() && !doubts.empty())
            return could_not_look(join(std::vector(doubts.begin(), doubts.end()), "; "),
                                  std::move(how));
        return finding_or_healthy(std::move(signs), std::move(all_is_well));
    }

    void add_refusal(const Goal& goal, std::vector<Sign>& signs) const {
        std::string action;
        const auto& endpoint = *goal.endpoint;
        if (allowed_by(endpoint.policy_document, goal.service->actions, action) != Way::closed)
            return;
        signs.push_back(sign(
            "IAM_DENIED",
            Certainty::likely,
            fmt::format(
                "the policy of endpoint {} does not let {} pass", endpoint.vpc_endpoint_id, action),
            {evidence("ec2:DescribeVpcEndpoints",
                      endpoint.vpc_endpoint_id + ": " + endpoint.policy_document)},
            {fmt::format("aws ec2 modify-vpc-endpoint --vpc-endpoint-id {} --reset-policy",
                         endpoint.vpc_endpoint_id)}));
    }

    [[nodiscard]] Sign sign_of_idle(const Goal& goal) const {
        const auto& endpoint = *goal.idle;
        const bool is_available = lower(endpoint.state) == "available";
        const std::string what =
            !is_available ? "is " + endpoint.state
            : endpoint.private_dns_enabled
                ? "has private names, which the VPC's DNS attributes keep from being resolved"
                : "has no private DNS";
        return sign(goal.service->cause,
                    Certainty::possible,
                    fmt::format("endpoint {} for {} {}: unless a private hosted zone leads there, "
                                "the agent asks at public addresses, and no way there is known",
                                endpoint.vpc_endpoint_id,
                                goal.service->title,
                                what),
                    {evidence("ec2:DescribeVpcEndpoints",
                              fmt::format("{} {}: {}, private DNS {}",
                                          endpoint.vpc_endpoint_id,
                                          endpoint.service_name,
                                          endpoint.state,
                                          endpoint.private_dns_enabled ? "on" : "off"))},
                    {fmt::format("aws ec2 modify-vpc-endpoint --vpc-endpoint-id {} "
                                 "--private-dns-enabled",
                                 endpoint.vpc_endpoint_id)});
    }

    const aws::Ec2Instance& instance_;
    const VpcNetwork& network_;
    const KnownOfHost& known_;
    std::vector<Goal> goals_;
    std::set<std::string, std::less<>> not_open_; // services that something may keep away
};

} // namespace

std::vector<Look>
look_at_vpc(const aws::Ec2Instance& instance, const VpcNetwork& network, const KnownOfHost& known) {
    if (known.has_other_way)
        return {
            named("vpc", not_here("the agent goes through a proxy, or to a backend of its own"))};
    VpcLooks looks(instance, network, known);
    if (!looks.has_questions())
        return {named("vpc", healthy("ECS is reached: nothing in the VPC is in the way"))};
    Look groups = named("vpc-security-groups", looks.security_groups());
    Look acls = named("vpc-network-acls", looks.network_acls());
    Look routes = named("vpc-routes", looks.routes());
    Look endpoints = named("vpc-endpoints", looks.endpoints());
    Look dns = named("vpc-dns", looks.dns());
    return {std::move(groups),
            std::move(acls),
            std::move(routes),
            std::move(endpoints),
            std::move(dns)};
}

} // namespace squall::host
