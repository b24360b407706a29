// What curl on the host said of the three servers that an agent speaks with.
#include "afar/errand_parts.h"
#include "checks/agent_config.h"
#include "checks/own_setting.h"
#include "checks/unreadable_proxy.h"
#include "squall/base/text.h"

#include <charconv>

namespace squall::host {
namespace {

// "curl: (77) error setting certificate file: /etc/pki/…"; of older ones "CAfile: /etc/pki/…".
std::string unread_authorities(std::string_view text) {
    for (const std::string_view before :
         {"certificate file: ", "CAfile: ", "certificate verify locations: "}) {
        const auto at = text.find(before);
        if (at == std::string_view::npos) continue;
        const std::string_view rest = text.substr(at + before.size());
        if (rest.starts_with('/')) return std::string(rest.substr(0, rest.find_first_of(" \n")));
    }
    return {};
}

double seconds(const Pairs& values, std::string_view key) {
    double found = 0;
    const std::string text = get(values, key);
    std::from_chars(text.data(), text.data() + text.size(), found);
    return found;
}

struct Way {
    bool is_proxied = false;
    bool is_untimely = false; // the certificate's time has not come, or is over
    std::string authorities;  // the file of these, where curl could not read it
};

Sign endpoint_sign(const EndpointCauses& causes,
                   const Pairs& values,
                   const Way& way,
                   std::vector<Evidence> seen) {
    const int code = number(values, "exit");
    const std::string what = fmt::format("ECS's {} endpoint", causes.name);
    const auto certain = [&](const char* cause, const std::string& why) {
        return sign(cause, Certainty::certain, what + ": " + why, std::move(seen));
    };
    const int answered = number(values, "connect");
    if (code == curl_no_proxy_name) return certain("NET_PROXY", "the proxy's name is unknown");
    const auto silent_or_wrong = [&](const std::string& why) {
        std::string servers = get(values, "servers");
        while (servers.ends_with(','))
            servers.pop_back();
        return certain("NET_DNS",
                       servers.empty() ? why
                                       : fmt::format("{} (/etc/resolv.conf has {})", why, servers));
    };
    if (code == curl_no_name) return silent_or_wrong("its name cannot be resolved");
    if (code == curl_tunnel || answered >= 400)
        return certain("NET_PROXY", fmt::format("the proxy answers {}", answered));
    // A proxy that was there has at least answered CONNECT.
    if (way.is_proxied && answered <= 0 && code == curl_no_connection)
        return certain("NET_PROXY", "nobody listens where its proxy is to be");
    if (way.is_proxied && answered <= 0 && code == curl_timeout)
        return certain("NET_PROXY", "its proxy does not answer within 6 s");
    if (code == curl_no_connection) return certain("NET_REFUSED", "the connection is refused");
    if (code == curl_untrusted && way.is_untimely)
        return sign("CLOCK_SKEW",
                    Certainty::likely,
                    what + ": its certificate is not valid at the time of this host's clock",
                    std::move(seen));
    if (code == curl_untrusted) return certain("TLS_TRUST", "its certificate is not trusted");
    if (code == curl_no_authorities)
        return certain("TLS_TRUST",
                       fmt::format("the authorities to trust cannot be read{}",
                                   way.authorities.empty() ? "" : ": " + way.authorities));
    if (code == curl_handshake) return certain("TLS_HANDSHAKE", "the TLS handshake fails");
    // curl's own clock began with the name.
    if (code == curl_timeout && seconds(values, "dns") == 0)
        return silent_or_wrong("no answer of the name server");
    if (code == curl_timeout && get(values, "greeted") == "yes" && seconds(values, "tls") == 0)
        return certain("TLS_HANDSHAKE", "TCP connects, and TLS is not answered within 6 s");
    return certain(causes.timeout, "no answer within 6 s");
}

// "10.0.0.11:443", of which an old curl says no port.
std::optional<Destination> destination_of(std::string_view tried, bool is_usual_port) {
    constexpr int https = 443;
    const auto [address, port] = split_once(tried, ':');
    if (!port.empty()) {
        const auto number = to_integer(port);
        if (!number) return std::nullopt;
        return Destination{std::string(address), static_cast<int>(*number)};
    }
    if (!is_usual_port) return std::nullopt;
    return Destination{std::string(address), https};
}

bool is_proxied(const ErrandReport& report) {
    return !setting_in(report.config, "HTTPS_PROXY").empty()
           || !setting_in(report.config, "HTTP_PROXY").empty()
           || report.fact("endpoint/api").find("proxy_setting=") != std::string_view::npos;
}

// A proxy, or an API of one's own, may listen at any port.
bool has_ways_of_its_own(const ErrandReport& report) {
    return is_proxied(report) || !setting_in(report.config, "ECS_BACKEND_HOST").empty();
}

} // namespace

std::vector<Destination> unanswered_destinations(const ErrandReport& report,
                                                 std::string_view endpoint_fact) {
    const auto values = pairs(report.fact(endpoint_fact));
    const int code = number(values, "exit");
    const bool is_unconnected =
        code == curl_no_connection || (code == curl_timeout && seconds(values, "tcp") == 0);
    if (!is_unconnected) return {};
    std::vector<Destination> destinations;
    const bool is_usual_port = !has_ways_of_its_own(report);
    for (const std::string& tried : split(get(values, "tried"), ','))
        if (auto one = destination_of(tried, is_usual_port))
            destinations.push_back(std::move(*one));
    return destinations;
}

Look look_at_endpoint(const ErrandReport& report, const EndpointCauses& causes) {
    const std::string fact = fmt::format("endpoint/{}", causes.name);
    const std::string_view text = report.fact(fact);
    const auto values = pairs(text);
    if (get(values, "exit").empty() || number(values, "exit") == no_program)
        return could_not_look("it is not known where the endpoint is, or there is no curl",
                              "curl -sv https://ecs.{region}.amazonaws.com/");
    // Any answer shows that there is a way.
    if (number(values, "exit") == 0)
        return healthy(fmt::format("{} answers from {} after {} s",
                                   causes.name,
                                   get(values, "address"),
                                   get(values, "tls")));
    if (!get(values, "proxy_unreadable").empty()) {
        const ConfigLine setting{get(values, "proxy_file"), get(values, "proxy_setting"), {}};
        // Told once.
        return causes.name == std::string_view("api")
                   ? finding(unreadable_proxy_sign(setting))
                   : could_not_look(fmt::format("not tried: no proxy can be read out of {} in {}",
                                                setting.name,
                                                setting.place),
                                    "curl -sv https://ecs.{region}.amazonaws.com/");
    }
    // AWS's own are renewed in time.
    const bool is_awss = setting_in(report.config, "ECS_BACKEND_HOST").empty();
    Way way{is_proxied(report)};
    way.is_untimely = text.find("not yet valid") != std::string_view::npos
                      || (is_awss && text.find("has expired") != std::string_view::npos);
    if (number(values, "exit") == curl_no_authorities) way.authorities = unread_authorities(text);
    Sign unreached = endpoint_sign(causes, values, way, {evidence("curl", text)});
    const AgentConfig config = settings_of(report);
    if (causes.name == std::string_view("api"))
        tell_own_setting(config.find("ECS_BACKEND_HOST"), "AWS's own endpoint", unreached);
    const ConfigLine proxy{get(values, "proxy_file"), get(values, "proxy_setting"), {}};
    tell_proxy_of_unit(&proxy, unreached);
    tell_unreadable_authorities(way.authorities, config.find("SSL_CERT_FILE"), unreached);
    if (unreached.cause == "TLS_TRUST")
        tell_own_setting(config.find("SSL_CERT_FILE"), "the host's own authorities", unreached);
    tell_rules(firewall_rules(report, unanswered_destinations(report, fact)), unreached);
    return finding(std::move(unreached));
}

} // namespace squall::host
