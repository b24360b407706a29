// The host's own firewall, as the errand brings it: those rules of the table filter that an
// outgoing packet or the answer to it may meet, and behind them a line "exit=0" that shows that
// none is missing.
#include "afar/errand_parts.h"
#include "squall/base/text.h"

namespace squall::host {
namespace {

struct SentRules {
    bool is_asked = true; // nothing was out of reach: then nobody asks
    std::string why_not;  // empty: these are the rules
    std::string_view listing;
};

SentRules sent_rules(const ErrandReport& report) {
    const std::string_view text = report.fact("firewall");
    if (text == "not asked") return {false, {}, {}};
    const auto last_line = text.rfind('\n') + 1; // 0: there is one line only
    const auto values = pairs(text.substr(last_line));
    if (const auto many = get(values, "too_many"); !many.empty())
        return {true,
                fmt::format("{} rules of the host's firewall are more than an answer from afar "
                            "can carry",
                            many),
                {}};
    if (get(values, "exit").empty())
        return {true, "the host did not say the rules of its firewall in time", {}};
    if (number(values, "exit") == no_program)
        return {true, "there is no iptables on the host: it may have another firewall", {}};
    if (number(values, "exit") != 0)
        return {
            true,
            fmt::format("the host's iptables does not list its rules: {}", text.substr(last_line)),
            {}};
    return {true, {}, text.substr(0, last_line)};
}

} // namespace

std::vector<Destination> unanswered_metadata(const ErrandReport& report) {
    constexpr int http = 80;
    const std::string_view text = report.fact("metadata");
    const int code = number(pairs(text.substr(0, text.find('\n'))), "put_exit");
    if (code != curl_no_connection && code != curl_timeout) return {};
    return {{"169.254.169.254", http}};
}

std::vector<FirewallRule> firewall_rules(const ErrandReport& report,
                                         const std::vector<Destination>& destinations) {
    const SentRules sent = sent_rules(report);
    // A chain of which a part is missing may let pass what the rest of it drops.
    if (!sent.is_asked || !sent.why_not.empty() || destinations.empty()) return {};
    return rules_in_the_way(sent.listing, destinations);
}

Look look_at_firewall(const ErrandReport& report) {
    const SentRules sent = sent_rules(report);
    if (!sent.is_asked) return not_here("nothing was tried in vain");
    if (!sent.why_not.empty()) return could_not_look(sent.why_not, how_to_list_rules);
    std::vector<Destination> destinations = unanswered_metadata(report);
    for (const char* fact : {"endpoint/api", "endpoint/acs", "endpoint/tcs"}) {
        auto more = unanswered_destinations(report, fact);
        destinations.insert(destinations.end(), more.begin(), more.end());
    }
    std::vector<std::string> others;
    for (const std::string& line : split(report.fact("firewall_others"), '\n'))
        if (!line.empty()) others.push_back(line);
    return look_at_rules(sent.listing, destinations, others);
}

} // namespace squall::host
