// What is said of the rules of this host's own firewall: those that are sure to keep something away
// with what they keep away; by themselves those of which only the kernel knows whom they mean.
#include "checks/checks.h"
#include "checks/firewall.h"
#include "squall/base/text.h"

#include <algorithm>

namespace squall::host {
namespace {

Result<Finished> list_rules(const Facts& facts, Deadline deadline) {
    // The table filter alone: to ask for another one may load its module.
    return facts.ground().run({{"iptables", "-w", "1", "-S"}, {}, {}, {}},
                              deadline.sooner(Deadline::in(Seconds(2))));
}

void add_unreached(const EndpointView& view, std::vector<Destination>& destinations) {
    if (view.url.empty() || view.probed.is_well() || view.probed.step != transport::Step::connect)
        return;
    for (const auto& one : view.probed.attempts) {
        const auto [address, port] = split_once(one.address, ':');
        // IPv6 ("[2001:…") has rules of its own.
        if (one.trouble == Trouble::none || address.starts_with('[')) continue;
        destinations.push_back(
            {std::string(address), static_cast<int>(to_integer(port).value_or(0))});
    }
}

std::vector<Destination> unreached(Facts& facts, Deadline deadline) {
    std::vector<Destination> destinations;
    for (const Service service : {Service::api, Service::acs, Service::tcs})
        if (const auto* view = facts.endpoint(service, deadline))
            add_unreached(*view, destinations);
    const auto* config = facts.config(deadline);
    const auto* metadata =
        config != nullptr && config->is_true("ECS_EXTERNAL") ? nullptr : facts.metadata(deadline);
    if (metadata == nullptr || metadata->token.answer) return destinations;
    if (const auto url = wire::parse_url(metadata->url))
        destinations.push_back({url->host, url->port});
    return destinations;
}

} // namespace

std::vector<FirewallRule>
firewall_rules(Facts& facts, const std::vector<Destination>& destinations, Deadline deadline) {
    if (destinations.empty()) return {};
    const auto listing = list_rules(facts, deadline);
    if (!listing || listing->exit_code != 0) return {};
    // Of a chain that was cut, the part that is missing may let pass what the rest of it drops.
    if (listing->output.size() >= command_output_max) return {};
    return rules_in_the_way(listing->output, destinations);
}

void tell_rules(const std::vector<FirewallRule>& rules, Sign& sign) {
    if (rules.empty()) return;
    std::vector<std::string> removals;
    for (const auto& each : rules) {
        sign.evidence.push_back(evidence("iptables -S", each.rule));
        removals.push_back(each.removal);
    }
    sign.remedy.insert(sign.remedy.begin(), removals.begin(), removals.end());
    sign.summary += "; a rule of this host's firewall keeps it away";
    sign.instead_of = Sign::all_steps;
}

Look look_at_doubtful(const std::vector<std::string>& rules) {
    const auto words = split(rules.front(), ' ');
    const std::string chain = words.size() > 1 ? words[1] : "OUTPUT";
    const std::string others =
        rules.size() == 1 ? "" : fmt::format(" (and {} more like it)", rules.size() - 1);
    return could_not_look(
        fmt::format("a rule of this host's firewall may keep away what was tried in vain, `{}`{}: "
                    "nobody but the kernel can tell whom it means; `sudo iptables -L {} -v -n` "
                    "shows whether its counter grows",
                    evidence({}, rules.front()).text,
                    others,
                    chain),
        fmt::format("sudo iptables -L {} -v -n", chain));
}

Look check_firewall(Facts& facts, Deadline deadline) {
    const auto destinations = unreached(facts, deadline);
    if (destinations.empty()) return not_here("nothing was tried in vain");
    const auto listing = list_rules(facts, deadline);
    if (!listing)
        return could_not_look(listing.error().code == Errc::not_found
                                  ? "there is no iptables on the host: it may have another firewall"
                                  : listing.error().message,
                              how_to_list_rules);
    if (listing->exit_code != 0)
        return could_not_look(
            fmt::format("iptables does not list its rules: {}", trimmed(listing->errors)),
            how_to_list_rules);
    if (listing->output.size() >= command_output_max)
        return could_not_look("the host's firewall has more rules than are read",
                              how_to_list_rules);
    const auto rules = rules_that_may_be(listing->output, destinations);
    if (!rules.empty()) return look_at_doubtful(rules);
    if (!rules_in_the_way(listing->output, destinations).empty())
        return not_here("its rules are told with what they keep away");
    return healthy("no rule of iptables' OUTPUT and INPUT is sure to keep anything away, or may");
}

} // namespace squall::host
