// Network ACLs: rules in the order of their numbers, the first that fits decides, and what none
// fits is denied. They remember nothing: answers have to be let in, too.
#include "afar/vpc.h"
#include "squall/base/text.h"

#include <algorithm>

namespace squall::host {
namespace {

constexpr int https = 443;
constexpr int last_rule = 32767; // the one that people see as *
// Where answers come back to: any of these; Linux takes the inner ones unless it is told otherwise.
constexpr aws::PortRange ephemeral{1024, 65535};
constexpr aws::PortRange ephemeral_of_linux{32768, 60999};

bool is_tcp(const aws::NetworkAclEntry& entry) {
    return entry.protocol == "-1" || entry.protocol == "6";
}

bool is_about(const aws::NetworkAclEntry& entry, bool egress, int port) {
    return entry.egress == egress && is_tcp(entry)
           && (entry.protocol == "-1" || (entry.ports.from <= port && port <= entry.ports.to));
}

std::vector<const aws::NetworkAclEntry*> in_order(const aws::NetworkAcl& acl) {
    std::vector<const aws::NetworkAclEntry*> entries;
    for (const auto& entry : acl.entries)
        entries.push_back(&entry);
    std::stable_sort(entries.begin(), entries.end(), [](const auto* a, const auto* b) {
        return a->rule_number < b->rule_number;
    });
    return entries;
}

const aws::NetworkAcl* acl_of(const std::vector<aws::NetworkAcl>& acls, const std::string& subnet) {
    const auto found = std::find_if(acls.begin(), acls.end(), [&](const auto& acl) {
        return std::find(acl.subnet_ids.begin(), acl.subnet_ids.end(), subnet)
               != acl.subnet_ids.end();
    });
    return found == acls.end() ? nullptr : &*found;
}

// One direction of a connection, through one ACL.
struct Crossing {
    const aws::NetworkAcl* acl = nullptr;
    bool egress = false;
    AddressSet peers; // addresses at the far end
    aws::PortRange ports;
    std::string words; // "public addresses"
};

// Ports between two of these are treated alike.
std::vector<int> telling_ports(const Crossing& crossing) {
    std::set<int> ports{crossing.ports.from};
    const auto add = [&](int port) {
        if (port > crossing.ports.from && port <= crossing.ports.to) ports.insert(port);
    };
    for (const auto& entry : crossing.acl->entries) {
        add(entry.ports.from);
        add(entry.ports.to + 1);
    }
    if (crossing.ports.from != crossing.ports.to) {
        add(ephemeral_of_linux.from);
        add(ephemeral_of_linux.to + 1);
    }
    return {ports.begin(), ports.end()};
}

// Rules that deny some of it on any port, in their order; the last one where no rule fits.
std::vector<int> denying_rules(const Crossing& crossing) {
    std::set<int> numbers;
    for (const int port : telling_ports(crossing)) {
        AddressSet left = crossing.peers;
        for (const auto* entry : in_order(*crossing.acl)) {
            const auto block = AddressSet::of_cidr(entry->cidr_block);
            if (!block || !is_about(*entry, crossing.egress, port)) continue;
            if (!entry->allows && !left.common(*block).empty()) numbers.insert(entry->rule_number);
            // What the deleted ones denied may be denied by those after them.
            if (entry->allows || entry->rule_number == last_rule) left = left.without(*block);
        }
        if (!left.empty()) numbers.insert(last_rule);
    }
    return {numbers.begin(), numbers.end()};
}

std::string direction_of(const Crossing& crossing) {
    return crossing.egress ? "egress" : "ingress";
}

std::string ports_text(const aws::PortRange& ports) {
    return ports.from == ports.to ? fmt::format("{}", ports.from)
                                  : fmt::format("{}-{}", ports.from, ports.to);
}

std::string rules_text(const Crossing& crossing) {
    std::vector<std::string> texts;
    for (const auto* entry : in_order(*crossing.acl)) {
        if (entry->egress != crossing.egress || entry->cidr_block.empty()) continue;
        texts.push_back(fmt::format(
            "{} {} {} {} {}",
            entry->rule_number == last_rule ? "*" : fmt::format("{}", entry->rule_number),
            entry->allows ? "allow" : "deny",
            entry->protocol == "-1" ? "all" : "protocol " + entry->protocol,
            entry->protocol == "-1" ? "ports" : "ports " + ports_text(entry->ports),
            entry->cidr_block));
    }
    return fmt::format("{} {}: {}",
                       crossing.acl->network_acl_id,
                       direction_of(crossing),
                       texts.empty() ? "no rule" : join(texts, "; "));
}

// A rule that denies is taken away; where there is none that allows, one is made. Together these
// commands open all of what is closed, run one after the other.
class Remedy {
public:
    void open(const Crossing& crossing) {
        for (const int rule : denying_rules(crossing))
            add(rule == last_rule ? create(crossing) : remove(crossing, rule));
    }

    [[nodiscard]] std::vector<std::string> commands() && { return std::move(commands_); }

private:
    using Ports = std::pair<int, int>;

    struct Direction {
        std::map<Ports, int> made; // the numbers of rules that the commands make
        std::set<int> taken;
    };

    void add(std::string command) {
        if (std::find(commands_.begin(), commands_.end(), command) == commands_.end())
            commands_.push_back(std::move(command));
    }

    static std::string remove(const Crossing& crossing, int rule) {
        return fmt::format("aws ec2 delete-network-acl-entry --network-acl-id {} --{} "
                           "--rule-number {}",
                           crossing.acl->network_acl_id,
                           direction_of(crossing),
                           rule);
    }

    std::string create(const Crossing& crossing) {
        return fmt::format(
            "aws ec2 create-network-acl-entry --network-acl-id {} --{} --rule-number {} "
            "--protocol tcp --port-range From={},To={} --cidr-block 0.0.0.0/0 "
            "--rule-action allow",
            crossing.acl->network_acl_id,
            direction_of(crossing),
            number_for(crossing),
            crossing.ports.from,
            crossing.ports.to);
    }

    int number_for(const Crossing& crossing) {
        auto& direction = directions_[{crossing.acl->network_acl_id, crossing.egress}];
        const auto [made, is_new] =
            direction.made.try_emplace({crossing.ports.from, crossing.ports.to}, 100);
        if (!is_new) return made->second;
        for (const auto& entry : crossing.acl->entries)
            if (entry.egress == crossing.egress) direction.taken.insert(entry.rule_number);
        while (!direction.taken.insert(made->second).second)
            made->second += 10;
        return made->second;
    }

    std::map<std::pair<std::string, bool>, Direction> directions_; // by ACL, and whether egress
    std::vector<std::string> commands_;
};

std::string why_closed(const Crossing& crossing) {
    std::vector<std::string> numbers;
    for (const int rule : denying_rules(crossing))
        numbers.push_back(rule == last_rule ? "*" : fmt::format("{}", rule));
    return fmt::format("network ACL {} ({} rule {}) denies {} {} {}",
                       crossing.acl->network_acl_id,
                       direction_of(crossing),
                       join(numbers, ", "),
                       crossing.ports.from == crossing.ports.to
                           ? "port " + ports_text(crossing.ports)
                           : "answers to ports " + ports_text(crossing.ports),
                       crossing.egress ? "out to" : "in from",
                       crossing.words);
}

// All of these are closed, and all have to be opened before anything comes back.
Passage closed_by(const std::vector<Crossing>& crossings) {
    Passage passage;
    passage.way = Passage::Way::closed;
    std::vector<std::string> reasons;
    std::set<std::string> shown;
    Remedy remedy;
    for (const auto& crossing : crossings) {
        const std::string why = why_closed(crossing);
        if (std::find(reasons.begin(), reasons.end(), why) == reasons.end()) reasons.push_back(why);
        const std::string rules = rules_text(crossing);
        if (shown.insert(rules).second)
            passage.seen.push_back(evidence("ec2:DescribeNetworkAcls", rules));
        remedy.open(crossing);
    }
    passage.why = join(reasons, "; ");
    passage.remedy = std::move(remedy).commands();
    return passage;
}

Passage across(const Crossing& crossing) {
    bool passes_all = true;
    bool passes_linux = true;
    bool passes_some = false;
    for (const int port : telling_ports(crossing)) {
        const auto let = let_through(*crossing.acl, crossing.egress, crossing.peers, port);
        const bool is_whole = let.contains(crossing.peers);
        passes_some |= !let.empty();
        passes_all &= is_whole;
        const bool is_of_linux = ephemeral_of_linux.from <= port && port <= ephemeral_of_linux.to;
        passes_linux &= is_whole || !is_of_linux;
    }
    if (passes_all || (crossing.ports.from != crossing.ports.to && passes_linux)) return open_way();
    if (!passes_some) return closed_by({crossing});
    return unknown_way(fmt::format(
        "network ACL {} lets some of {} pass ({} {}), and whether that is enough is not known",
        crossing.acl->network_acl_id,
        crossing.words,
        direction_of(crossing),
        ports_text(crossing.ports)));
}

// Both directions; whoever begins is on the near side of its own ACL.
std::vector<Crossing> there_and_back(const aws::NetworkAcl& acl,
                                     bool begins,
                                     const AddressSet& peers,
                                     const std::string& words) {
    return {{&acl, begins, peers, {https, https}, words}, {&acl, !begins, peers, ephemeral, words}};
}

// One after the other. What is closed is added to `closed`, too.
Passage across_all(const std::vector<Crossing>& crossings, std::vector<Crossing>& closed) {
    std::vector<Crossing> closed_here;
    std::optional<Passage> unsure;
    for (const auto& crossing : crossings) {
        Passage passage = across(crossing);
        if (passage.way == Passage::Way::closed) closed_here.push_back(crossing);
        if (passage.way == Passage::Way::unknown && !unsure) unsure = std::move(passage);
    }
    if (closed_here.empty()) return unsure.value_or(open_way());
    closed.insert(closed.end(), closed_here.begin(), closed_here.end());
    return closed_by(closed_here);
}

// Whether any TCP can have an answer from anywhere.
bool is_shut(const aws::NetworkAcl& acl) {
    const auto lets_any = [&](bool egress) {
        return std::any_of(acl.entries.begin(), acl.entries.end(), [&](const auto& entry) {
            return entry.egress == egress && entry.allows && is_tcp(entry);
        });
    };
    return !lets_any(true) || !lets_any(false);
}

// To an endpoint that has an interface in each of these subnets; names give any of them.
Passage to_endpoint(const aws::Ec2Instance& instance,
                    const VpcNetwork& network,
                    const aws::NetworkAcl& own,
                    const VpcDestination& to) {
    const auto address = AddressSet::of_cidr(instance.private_ip);
    std::vector<Crossing> closed;
    std::optional<Passage> unsure;
    bool is_open_somewhere = false;
    for (const auto& subnet_id : to.subnet_ids) {
        const auto subnet =
            std::find_if(network.subnets->begin(), network.subnets->end(), [&](const auto& each) {
                return each.subnet_id == subnet_id;
            });
        const auto* acl = acl_of(*network.acls, subnet_id);
        // Within a subnet no ACL is asked.
        if (subnet_id == instance.subnet_id) {
            is_open_somewhere = true;
            continue;
        }
        const auto block = subnet == network.subnets->end()
                               ? std::nullopt
                               : AddressSet::of_cidr(subnet->cidr_block);
        if (!block || acl == nullptr || !address) {
            unsure = unknown_way("EC2 does not show the network ACL of subnet " + subnet_id);
            continue;
        }
        auto crossings = there_and_back(own, /*begins=*/true, *block, to.words);
        for (auto& crossing : there_and_back(*acl, /*begins=*/false, *address, instance.private_ip))
            crossings.push_back(std::move(crossing));
        Passage passage = across_all(crossings, closed);
        is_open_somewhere |= passage.way == Passage::Way::open;
        if (passage.way == Passage::Way::unknown) unsure = std::move(passage);
    }
    if (unsure) return *unsure;
    if (closed.empty()) return open_way();
    Passage passage = closed_by(closed);
    if (is_open_somewhere) return unknown_way("of one of its subnets alone: " + passage.why);
    return passage;
}

} // namespace

AddressSet let_through(const aws::NetworkAcl& acl, bool egress, const AddressSet& from, int port) {
    AddressSet left = from;
    AddressSet let;
    for (const auto* entry : in_order(acl)) {
        if (!is_about(*entry, egress, port)) continue;
        const auto block = AddressSet::of_cidr(entry->cidr_block);
        if (!block) continue;
        if (entry->allows) let = let.united(left.common(*block));
        left = left.without(*block);
    }
    return let;
}

Passage through_acls(const aws::Ec2Instance& instance,
                     const VpcNetwork& network,
                     const VpcDestination& to) {
    if (!network.acls) return unanswered(network.acls.error());
    const auto* own = acl_of(*network.acls, instance.subnet_id);
    if (own == nullptr)
        return unknown_way("EC2 shows no network ACL of subnet " + instance.subnet_id);
    if (!to.subnet_ids.empty()) {
        if (!network.subnets) return unanswered(network.subnets.error());
        return to_endpoint(instance, network, *own, to);
    }
    std::vector<Crossing> closed;
    Passage passage =
        across_all(there_and_back(*own, /*begins=*/true, to.addresses, to.words), closed);
    passage.is_total = passage.way == Passage::Way::closed && is_shut(*own);
    return passage;
}

} // namespace squall::host
