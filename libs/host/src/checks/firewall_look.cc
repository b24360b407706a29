// What is said of the rules of this host's own firewall: those that are sure to keep something away
// with what they keep away; by themselves those of which only the kernel knows whom they mean.
#include "checks/checks.h"
#include "checks/firewall.h"
#include "checks/other_tables.h"
#include "squall/base/text.h"
#include "squall/doctor/redact.h"

#include <algorithm>
#include <iterator>

namespace squall::host {
namespace {

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

Look look_at_others(const std::vector<std::string>& rules) {
    constexpr std::size_t quoted_max = 3;
    std::vector<std::string> quoted;
    for (std::size_t number = 0; number < std::min(quoted_max, rules.size()); ++number)
        quoted.push_back("`" + evidence({}, rules[number]).text + "`");
    return could_not_look(
        fmt::format("rules of other tables are not followed, and what was tried in vain may be "
                    "what they keep away: {}{}",
                    join(quoted, ", "),
                    rules.size() > quoted_max
                        ? fmt::format(" (and {} more)", rules.size() - quoted_max)
                        : ""),
        how_to_list_tables);
}

std::vector<Destination> all_unreached(Facts& facts, Deadline deadline) {
    std::vector<Destination> all;
    const auto add = [&](const auto* view) {
        if (view == nullptr) return;
        auto more = unreached(*view);
        std::move(more.begin(), more.end(), std::back_inserter(all));
    };
    for (const Service service : {Service::api, Service::acs, Service::tcs})
        add(facts.endpoint(service, deadline));
    const auto* config = facts.config(deadline);
    if (config == nullptr || !config->is_true("ECS_EXTERNAL")) add(facts.metadata(deadline));
    return all;
}

} // namespace

std::vector<Destination> unreached(const EndpointView& view) {
    const Probed& probed = view.probed;
    if (view.url.empty() || probed.is_well() || probed.step != transport::Step::connect) return {};
    std::vector<Destination> destinations;
    for (const auto& one : probed.attempts) {
        const auto [address, port] = split_once(one.address, ':');
        // IPv6 ("[2001:…") has rules of its own.
        if (one.trouble == Trouble::none || address.starts_with('[')) continue;
        destinations.push_back(
            {std::string(address), static_cast<int>(to_integer(port).value_or(0))});
    }
    return destinations;
}

std::vector<Destination> unreached(const MetadataView& view) {
    const auto url = wire::parse_url(view.url);
    if (view.token.answer || !url) return {};
    return {{url->host, url->port}};
}

std::vector<FirewallRule>
firewall_rules(Facts& facts, const std::vector<Destination>& destinations, Deadline deadline) {
    if (destinations.empty()) return {};
    const auto* rules = facts.filter_rules(deadline);
    if (rules == nullptr || !rules->why_not.empty()) return {};
    return rules_in_the_way(rules->listing, destinations);
}

namespace {

// A rule is taken away by all its words, and of a comment's some may not be told.
std::string removal_by_what_is_told(const FirewallRule& rule) {
    constexpr std::string_view taken_out = "[redacted]"; // here, or on the host that has sent it
    if (doctor::redacted(rule.rule).find(taken_out) == std::string::npos) return rule.removal;
    const auto words = split(rule.rule, ' ');
    const std::string chain = words.size() > 1 ? words[1] : "OUTPUT";
    return fmt::format("`sudo iptables -L {0} -n --line-numbers` shows the rule's number; `sudo "
                       "iptables -D {0} NUMBER` takes it away",
                       chain);
}

} // namespace

void tell_rules(const std::vector<FirewallRule>& rules, Sign& sign) {
    if (rules.empty()) return;
    std::vector<std::string> removals;
    for (const auto& each : rules) {
        sign.evidence.push_back(evidence("iptables -S", each.rule));
        removals.push_back(removal_by_what_is_told(each));
    }
    sign.remedy.insert(sign.remedy.begin(), removals.begin(), removals.end());
    sign.summary += "; a rule of this host's firewall keeps it away";
    sign.instead_of = Sign::all_steps;
}

Look look_at_rules(std::string_view listing,
                   const std::vector<Destination>& destinations,
                   const std::vector<std::string>& others) {
    if (const auto rules = rules_that_may_be(listing, destinations); !rules.empty())
        return look_at_doubtful(rules);
    if (!rules_in_the_way(listing, destinations).empty())
        return not_here("its rules are told with what they keep away");
    if (!others.empty()) return look_at_others(others);
    return healthy("no rule of iptables' OUTPUT and INPUT is sure to keep anything away, or may");
}

Look check_firewall(Facts& facts, Deadline deadline) {
    const auto destinations = all_unreached(facts, deadline);
    if (destinations.empty()) return not_here("nothing was tried in vain");
    const auto* rules = facts.filter_rules(deadline);
    if (rules == nullptr)
        return could_not_look("the rules were not listed in time", how_to_list_rules);
    if (!rules->why_not.empty())
        return rules->others.empty() ? could_not_look(rules->why_not, how_to_list_rules)
                                     : look_at_others(rules->others);
    return look_at_rules(rules->listing, destinations, rules->others);
}

} // namespace squall::host
