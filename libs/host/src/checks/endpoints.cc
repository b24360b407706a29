// The three servers that an agent has to reach, each tried as far as it can be without a word.
#include "checks/checks.h"
#include "checks/firewall.h"
#include "checks/own_setting.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::host {
namespace {

using transport::Step;

constexpr std::size_t file_max = 1U << 16U;

const char* name_of(Service service) {
    switch (service) {
    case Service::api:
        return "the ECS API";
    case Service::acs:
        return "the agent's control endpoint (ACS)";
    case Service::tcs:
        return "the agent's telemetry endpoint (TCS)";
    }
    return "";
}

const char* endpoint_of_vpc(Service service) {
    switch (service) {
    case Service::api:
        return "ecs";
    case Service::acs:
        return "ecs-agent";
    case Service::tcs:
        return "ecs-telemetry";
    }
    return "";
}

bool is_reached(const EndpointView* view) { return view != nullptr && view->probed.is_well(); }

// That nothing comes back is told by which of the three it concerns: the same packets to another
// one tell a network that is cut off from a rule for one name.
std::string cause_of_silence(Facts& facts, Service service, Deadline deadline) {
    if (service == Service::api || !is_reached(facts.endpoint(Service::api, deadline)))
        return "NET_API_TIMEOUT";
    if (service == Service::acs || !is_reached(facts.endpoint(Service::acs, deadline)))
        return "NET_ACS_BLOCKED";
    return "NET_TCS_ONLY";
}

std::string cause_of_connect(Facts& facts, Service service, Trouble trouble, Deadline deadline) {
    if (trouble == Trouble::timed_out) return cause_of_silence(facts, service, deadline);
    const bool is_telemetry_alone =
        service == Service::tcs && is_reached(facts.endpoint(Service::acs, deadline));
    return is_telemetry_alone ? "NET_TCS_ONLY" : "NET_REFUSED";
}

std::string cause_of_tls(const EndpointView& view) {
    switch (view.probed.trouble) {
    case Trouble::not_yet_valid:
        return "CLOCK_SKEW";
    case Trouble::expired:
        // AWS's own are renewed in time.
        return view.url.find(".amazonaws.com") != std::string::npos ? "CLOCK_SKEW" : "TLS_TRUST";
    case Trouble::untrusted:
    case Trouble::wrong_name:
    case Trouble::no_authorities:
        return "TLS_TRUST";
    default:
        return "TLS_HANDSHAKE";
    }
}

std::string cause_of(Facts& facts, Service service, const EndpointView& view, Deadline deadline) {
    const Step step = view.probed.step;
    if (step == Step::tunnel || (view.is_through_proxy && step < Step::tunnel)) return "NET_PROXY";
    if (step == Step::look_up) return "NET_DNS";
    if (step == Step::connect)
        return cause_of_connect(facts, service, view.probed.trouble, deadline);
    return cause_of_tls(view);
}

Certainty certainty_of(const EndpointView& view) {
    if (view.is_guessed)
        return view.probed.trouble == Trouble::no_such_name ? Certainty::possible
                                                            : Certainty::likely;
    const bool may_be_clock = view.probed.trouble == Trouble::not_yet_valid
                              || view.probed.trouble == Trouble::expired
                              || view.probed.trouble == Trouble::wrong_name;
    return may_be_clock ? Certainty::likely : Certainty::certain;
}

std::string resolver_settings(const Facts& facts) {
    return read_file(facts.path("/etc/resolv.conf"), file_max).value_or("");
}

// What a failed step means, where its own words do not say it.
std::string meaning(const Facts& facts, const EndpointView& view) {
    switch (view.probed.trouble) {
    case Trouble::no_such_name:
        return "the name server knows no such name";
    case Trouble::name_refused:
        return "the name server answers with an error";
    case Trouble::no_name_server:
        return resolver_settings(facts).find("nameserver") == std::string::npos
                   ? "/etc/resolv.conf names no name server"
                   : "no name server listens";
    case Trouble::name_timed_out:
        return "the name server does not answer";
    case Trouble::untrusted:
        return "its certificate is by an authority that this host does not trust";
    case Trouble::not_yet_valid:
        return "its certificate is not valid yet by this host's clock";
    case Trouble::expired:
        return "its certificate has expired by this host's clock";
    case Trouble::wrong_name:
        return "its certificate is somebody else's";
    case Trouble::refused_by_proxy:
        return "the proxy does not let us through";
    case Trouble::forbidden:
        return "this host itself refuses: a route or a routing rule that prohibits, or its "
               "firewall";
    default:
        return {};
    }
}

std::vector<Evidence> seen_of(const Facts& facts, const EndpointView& view) {
    const Probed& probed = view.probed;
    std::vector<Evidence> seen;
    if (probed.step == Step::connect) {
        for (const auto& one : probed.attempts)
            seen.push_back(
                evidence("TCP " + one.address, one.error.empty() ? "connected" : one.error));
        return seen;
    }
    const auto url = wire::parse_url(view.url);
    seen.push_back(evidence(
        fmt::format("{} {}", transport::name_of(probed.step), url ? url->host_header() : view.url),
        probed.error));
    if (probed.step == Step::look_up) {
        for (const std::string& line : split(resolver_settings(facts), '\n'))
            if (line.starts_with("nameserver")) seen.push_back(evidence("/etc/resolv.conf", line));
    }
    if (!probed.certificate.empty())
        seen.push_back(
            evidence("certificate of " + (url ? url->host : view.url), probed.certificate));
    return seen;
}

bool is_private(std::string_view address) {
    if (address.starts_with("10.") || address.starts_with("192.168.") || address.starts_with("[fc")
        || address.starts_with("[fd"))
        return true;
    if (!address.starts_with("172.")) return false;
    const auto second = to_integer(split_once(address.substr(4), '.').first).value_or(0);
    return second >= 16 && second <= 31;
}

// "ecs.eu-west-1.amazonaws.com: name 2 ms, TCP 3 ms, TLS 9 ms, at a private address"
std::string well_text(const EndpointView& view) {
    const auto url = wire::parse_url(view.url);
    std::vector<std::string> steps;
    for (const auto& one : view.probed.steps)
        steps.push_back(fmt::format("{} {} ms", transport::name_of(one.step), one.took.count()));
    std::string text =
        fmt::format("{}: {}", url ? url->host_header() : view.url, join(steps, ", "));
    const auto& attempts = view.probed.attempts;
    const auto failed = std::count_if(attempts.begin(), attempts.end(), [](const auto& one) {
        return one.trouble != Trouble::none;
    });
    if (failed > 0)
        text += fmt::format(", {} of {} addresses not reached", failed, attempts.size());
    if (view.is_through_proxy) return text + ", through the proxy";
    if (!attempts.empty() && is_private(attempts.front().address))
        text += ", at a private address (a VPC endpoint)";
    return text;
}

bool is_silence(const EndpointView& view, const std::string& cause) {
    return cause.starts_with("NET_") && view.probed.trouble == Trouble::timed_out;
}

// Of a connection that nobody let come about: whose address it was, and where that leads.
std::vector<std::string> ways_to_refusal(const EndpointView& view) {
    const auto url = wire::parse_url(view.url);
    if (!url || view.is_through_proxy || view.probed.attempts.empty()) return {};
    const auto [address, port] = split_once(view.probed.attempts.front().address, ':');
    // IPv6 ("[2001:…") has colons of its own.
    if (address.starts_with('[')) return {};
    return {fmt::format("`getent hosts {}` must give AWS's address, not one that /etc/hosts or a "
                        "private zone has for it",
                        url->host),
            fmt::format("`ip rule; ip route get {}` must show a way to it", address)};
}

std::vector<std::string>
remedies(Service service, const EndpointView& view, const std::string& cause) {
    if (cause == "NET_REFUSED" && view.probed.step == Step::connect) return ways_to_refusal(view);
    if (!is_silence(view, cause)) return {};
    return {fmt::format("let TCP 443 out to it: security group, network ACL (and the answers back "
                        "in), route to a NAT or internet gateway, or a VPC endpoint "
                        "com.amazonaws.{{region}}.{}",
                        endpoint_of_vpc(service))};
}

// Who drops packets in the VPC is not seen from here. From afar only the way of an instance to
// AWS's own endpoints is looked at.
bool may_be_the_vpc(Facts& facts, const EndpointView& view, Deadline deadline) {
    const auto* config = facts.config(deadline);
    return !view.is_through_proxy && config != nullptr && config->get("ECS_BACKEND_HOST").empty()
           && !config->is_true("ECS_EXTERNAL");
}

constexpr const char* look_from_afar =
    "from a workstation: `squall doctor --cluster {cluster} --instance {instance}` reads security "
    "groups, network ACLs and routes through EC2's API, and names what closes the way";

Look look_at(Facts& facts, Service service, Deadline deadline) {
    const auto* view = facts.endpoint(service, deadline);
    if (view == nullptr) return could_not_look("not tried in time", "curl -v https://…");
    if (view->url.empty())
        return could_not_look(fmt::format("{}: {}", name_of(service), view->why_not),
                              "aws ecs discover-poll-endpoint");
    if (view->probed.is_well()) return healthy(well_text(*view));
    const auto url = wire::parse_url(view->url);
    const std::string cause = cause_of(facts, service, *view, deadline);
    const std::string meant = meaning(facts, *view);
    const auto rules = firewall_rules(facts, unreached(*view), deadline);
    Sign closed =
        sign(cause,
             certainty_of(*view),
             fmt::format("{} at {} is not reached{}: {} {}{}",
                         name_of(service),
                         url ? url->host_header() : view->url,
                         view->is_through_proxy ? " through the proxy" : "",
                         transport::name_of(view->probed.step),
                         view->probed.error,
                         meant.empty() ? "" : " (" + meant + ")"),
             seen_of(facts, *view),
             rules.empty() ? remedies(service, *view, cause) : std::vector<std::string>());
    const auto* config = facts.config(deadline);
    if (service == Service::api && config != nullptr)
        tell_own_setting(config->find("ECS_BACKEND_HOST"), "AWS's own endpoint", closed);
    if (config != nullptr) tell_proxy_of_unit(proxy_of(*config), closed);
    // "/etc/pki/…: bad end line (PEM routines)"
    if (cause == "TLS_TRUST" && config != nullptr)
        tell_unreadable_authorities(view->probed.error.substr(0, view->probed.error.find(": ")),
                                    config->find("SSL_CERT_FILE"),
                                    closed);
    if (cause == "TLS_TRUST" && config != nullptr)
        tell_own_setting(config->find("SSL_CERT_FILE"), "the host's own authorities", closed);
    tell_rules(rules, closed);
    if (view->probed.step == Step::connect && rules.empty() && is_silence(*view, cause)
        && may_be_the_vpc(facts, *view, deadline))
        closed.remedy.emplace_back(look_from_afar);
    return finding(std::move(closed));
}

} // namespace

Look check_api_endpoint(Facts& facts, Deadline deadline) {
    return look_at(facts, Service::api, deadline);
}

Look check_acs_endpoint(Facts& facts, Deadline deadline) {
    return look_at(facts, Service::acs, deadline);
}

Look check_tcs_endpoint(Facts& facts, Deadline deadline) {
    return look_at(facts, Service::tcs, deadline);
}

Look check_routes(Facts& facts, Deadline deadline) {
    constexpr std::string_view nowhere_v4 = "00000000";
    constexpr std::string_view nowhere_v6 = "00000000000000000000000000000000 00 ";
    const auto v4 = read_file(facts.path("/proc/net/route"), 1U << 20U);
    if (!v4) return could_not_look(v4.error().message, "ip route");
    for (const std::string& line : split(*v4, '\n')) {
        const auto [interface, rest] = split_once(line, '\t');
        if (split_once(rest, '\t').first == nowhere_v4)
            return healthy(fmt::format("the default route goes by {}", interface));
    }
    // ::/0 by lo is how the kernel says that there is none.
    const auto v6 = read_file(facts.path("/proc/net/ipv6_route"), 1U << 20U).value_or("");
    for (const std::string& line : split(v6, '\n')) {
        if (line.starts_with(nowhere_v6) && !trimmed(line).ends_with(" lo"))
            return healthy("there is a default route for IPv6 alone");
    }
    if (is_reached(facts.endpoint(Service::api, deadline)))
        return healthy("there is no default route, and the ECS API is reached without");
    auto nowhere = sign("NET_REFUSED",
                        Certainty::certain,
                        "this host has no default route: network is unreachable",
                        {evidence("/proc/net/route", "no default route")},
                        {"ip route", "sudo systemctl restart systemd-networkd"});
    // Nor do name servers answer to whom no way leads.
    nowhere.before = "NET_DNS";
    return finding(std::move(nowhere));
}

} // namespace squall::host
