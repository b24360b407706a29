// The ways to AWS, closed as people close them: by a security group, a network ACL, or a route.
// What is changed is EC2's, and whoever asks EC2 sees it.
#include "breaks/families.h"
#include "breaks/scripts.h"
#include "breaks/units.h"

namespace squall::lab::breaks {
namespace {

constexpr std::string_view made_member = "made";         // the id of what was made for this
constexpr std::string_view replaced_member = "replaced"; // what it stands in for

std::string text_of(const Site& site, std::string_view member) {
    return std::string(json::string_at(site.before, member));
}

Step close_by_group() {
    return InCloud{[](Site& site) -> Result<void> {
        ec2::Instance* instance = site.ec2();
        if (instance == nullptr) return {};
        auto& firewall = site.cloud.home().ec2.firewall;
        const std::string group =
            firewall.add_group("locked-down-" + site.instance_id, "nothing gets out").id;
        json::Array replaced;
        for (const auto& id : instance->group_ids)
            replaced.emplace_back(id);
        site.before[made_member] = group;
        site.before[replaced_member] = std::move(replaced);
        instance->group_ids = {group};
        firewall.close_group(group);
        return {};
    }};
}

Step open_by_group() {
    return InCloud{[](Site& site) -> Result<void> {
        const std::string group = text_of(site, made_member);
        if (group.empty()) return {};
        if (ec2::Instance* instance = site.ec2(); instance != nullptr) {
            instance->group_ids.clear();
            for (const auto& id : json::array_at(site.before, replaced_member))
                instance->group_ids.emplace_back(json::string_of(id));
        }
        site.cloud.home().ec2.firewall.remove_group(group);
        site.before.erase(made_member);
        return {};
    }};
}

Step close_by_acl() {
    return InCloud{[](Site& site) -> Result<void> {
        const ec2::Instance* instance = site.ec2();
        if (instance == nullptr) return {};
        auto& firewall = site.cloud.home().ec2.firewall;
        const std::string acl = firewall.add_acl().id;
        site.before[made_member] = acl;
        site.before["subnet"] = instance->subnet_id;
        site.before[replaced_member] = firewall.give_acl(instance->subnet_id, acl);
        return {};
    }};
}

Step open_by_acl() {
    return InCloud{[](Site& site) -> Result<void> {
        const std::string acl = text_of(site, made_member);
        if (acl.empty()) return {};
        auto& firewall = site.cloud.home().ec2.firewall;
        firewall.give_acl(text_of(site, "subnet"), text_of(site, replaced_member));
        firewall.remove_acl(acl);
        site.before.erase(made_member);
        return {};
    }};
}

Step close_by_route() {
    return InCloud{[](Site& site) -> Result<void> {
        const ec2::Instance* instance = site.ec2();
        if (instance == nullptr) return {};
        auto& firewall = site.cloud.home().ec2.firewall;
        const std::string table = firewall.add_route_table().id;
        site.before[made_member] = table;
        site.before["subnet"] = instance->subnet_id;
        site.before[replaced_member] = firewall.own_route_table(instance->subnet_id);
        firewall.give_route_table(instance->subnet_id, table);
        return {};
    }};
}

Step open_by_route() {
    return InCloud{[](Site& site) -> Result<void> {
        const std::string table = text_of(site, made_member);
        if (table.empty()) return {};
        auto& firewall = site.cloud.home().ec2.firewall;
        firewall.remove_route_table(table);
        const std::string replaced = text_of(site, replaced_member);
        if (!replaced.empty()) firewall.give_route_table(text_of(site, "subnet"), replaced);
        site.before.erase(made_member);
        return {};
    }};
}

Steps after(Step change) { return {std::move(change), restart_agent()}; }

Steps back_after(Step change) { return {std::move(change), start_agent(), restart_agent()}; }

constexpr Cause by_security_group{
    "NET_API_TIMEOUT",
    "security-group",
    "the instance's security group is replaced by one whose egress rules are gone",
    Need::ec2,
    Sign::disconnected,
    [] { return after(close_by_group()); },
    [](const json::Object&) {
        return back_after(open_by_group());
    }};

constexpr Cause by_network_acl{
    "NET_API_TIMEOUT",
    "network-acl",
    "the instance's subnet, with whoever else is in it, gets a network ACL without any rule",
    Need::ec2,
    Sign::disconnected,
    [] { return after(close_by_acl()); },
    [](const json::Object&) {
        return back_after(open_by_acl());
    }};

constexpr Cause by_route{
    "NET_API_TIMEOUT",
    "route",
    "the instance's subnet, with whoever else is in it, gets a route table without a way out",
    Need::ec2,
    Sign::disconnected,
    [] { return after(close_by_route()); },
    [](const json::Object&) {
        return back_after(open_by_route());
    }};

} // namespace

std::vector<Cause> vpc_causes() { return {by_security_group, by_network_acl, by_route}; }

} // namespace squall::lab::breaks
