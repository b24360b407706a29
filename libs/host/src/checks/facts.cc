#include "checks/facts.h"

#include "checks/other_tables.h"
#include "squall/aws/endpoint.h"
#include "squall/base/text.h"
#include "squall/transport/http_client.h"

namespace squall::host {
namespace {

constexpr int ok = 200;

std::string without_end(std::string url) {
    while (url.ends_with('/'))
        url.pop_back();
    return url;
}

// "Amazon ECS Agent - v1.83.0 (*5c0a11ab)" → "1.83.0"
std::string version_of(std::string_view text) {
    const auto at = text.find(" v");
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + 2);
    return std::string(text.substr(0, text.find_first_not_of("0123456789.")));
}

} // namespace

Facts::Facts(Ground ground)
    : ground_(std::move(ground)),
      config_([this](Deadline) { return read_agent_config(ground_.root); }),
      metadata_([this](Deadline deadline) { return find_metadata(deadline); }),
      keys_([this](Deadline deadline) { return find_keys(deadline); }),
      docker_([this](Deadline deadline) { return find_docker(deadline); }),
      introspection_([this](Deadline deadline) { return find_introspection(deadline); }),
      discovery_([this](Deadline deadline) { return find_discovery(deadline); }),
      endpoints_{Once<EndpointView>(
                     [this](Deadline deadline) { return find_endpoint(Service::api, deadline); }),
                 Once<EndpointView>(
                     [this](Deadline deadline) { return find_endpoint(Service::acs, deadline); }),
                 Once<EndpointView>(
                     [this](Deadline deadline) { return find_endpoint(Service::tcs, deadline); })},
      filter_rules_([this](Deadline deadline) { return find_filter_rules(deadline); }) {}

Path Facts::path(std::string_view absolute) const {
    return ground_.root / absolute.substr(absolute.starts_with('/') ? 1 : 0);
}

std::string Facts::region(Deadline deadline) {
    if (const auto* config = this->config(deadline)) {
        if (auto given = config->get("AWS_DEFAULT_REGION"); !given.empty()) return given;
    }
    const auto* metadata = this->metadata(deadline);
    return metadata == nullptr ? std::string() : metadata->region;
}

std::string Facts::cluster(Deadline deadline) {
    const auto* config = this->config(deadline);
    if (config != nullptr) {
        if (auto given = config->get("ECS_CLUSTER"); !given.empty()) return given;
    }
    // An agent that runs knows where it is, whoever has told it.
    const auto* introspection = this->introspection(deadline);
    if (introspection != nullptr && !introspection->cluster.empty()) return introspection->cluster;
    return "default";
}

std::string Facts::api_url(Deadline deadline) {
    const auto* config = this->config(deadline);
    // Where the agent is sent cannot be guessed without: a wrong place would be a wrong cause.
    if (config == nullptr || !config->unreadable.empty()) return {};
    if (auto given = config->get("ECS_BACKEND_HOST"); !given.empty())
        return without_end(given.find("://") == std::string::npos ? "https://" + given : given);
    const std::string region = this->region(deadline);
    return region.empty() ? std::string()
                          : fmt::format("https://ecs.{}.{}", region, aws::dns_suffix(region));
}

Result<transport::ProbeOrder> Facts::order(const std::string& url, Deadline deadline) {
    auto parsed = wire::parse_url(url);
    if (!parsed) return fail(parsed.error());
    transport::ProbeOrder order;
    order.url = std::move(*parsed);
    order.look_up = ground_.look_up;
    order.ca_file = ground_.ca_file;
    const auto* config = this->config(deadline);
    if (config == nullptr) return order;
    const std::string ca_file = config->get("SSL_CERT_FILE");
    if (!ca_file.empty() && !order.ca_file) order.ca_file = path(ca_file);
    if (const ConfigLine* proxy = unreadable_proxy(*config))
        return fail(Errc::invalid_input,
                    "not tried: no proxy can be read out of {} in {}",
                    proxy->name,
                    proxy->place);
    // The agent goes through HTTP_PROXY whatever the scheme.
    const std::string for_http = config->get("HTTP_PROXY");
    const std::string for_https = config->get("HTTPS_PROXY");
    const transport::ProxySettings settings{
        for_https.empty() ? for_http : for_https, for_http, config->get("NO_PROXY")};
    if (const auto proxy = settings.proxy_for(order.url)) {
        auto proxy_url = wire::parse_url(*proxy);
        if (!proxy_url || proxy_url->scheme != "http")
            return fail(Errc::invalid_input, "HTTP_PROXY has to be http://HOST:PORT");
        order.proxy = std::move(*proxy_url);
    }
    return order;
}

FilterRules Facts::find_filter_rules(Deadline deadline) const {
    FilterRules found = list_filter_rules(deadline);
    found.others = dropping_rules_elsewhere(ground_, deadline);
    return found;
}

FilterRules Facts::list_filter_rules(Deadline deadline) const {
    auto listing = ground_.run({{"iptables", "-w", "1", "-S"}, {}, {}, {}},
                               deadline.sooner(Deadline::in(Seconds(2))));
    if (!listing)
        return {{},
                listing.error().code == Errc::not_found
                    ? "there is no iptables on the host: it may have another firewall"
                    : listing.error().message};
    if (listing->exit_code != 0)
        return {{}, fmt::format("iptables does not list its rules: {}", trimmed(listing->errors))};
    // Of a chain that was cut, the part that is missing may let pass what the rest of it drops.
    if (listing->output.size() >= command_output_max)
        return {{}, "the host's firewall has more rules than are read"};
    return {std::move(listing->output), {}};
}

Introspection Facts::find_introspection(Deadline deadline) const {
    Introspection found;
    found.probed =
        ask(ground_.introspection_url, {"GET", "/v1/metadata", {}, {}}, Seconds(3), deadline);
    if (!has_status(found.probed, ok)) return found;
    const auto body = json::parse_object(found.probed.answer->body);
    if (!body) return found;
    found.cluster = json::string_at(*body, "Cluster");
    found.arn = json::string_at(*body, "ContainerInstanceArn");
    found.version = version_of(json::string_at(*body, "Version"));
    return found;
}

DockerView Facts::find_docker(Deadline deadline) {
    constexpr std::string_view unix_scheme = "unix://";
    DockerView found;
    found.socket = path("/var/run/docker.sock");
    const auto* config = this->config(deadline);
    const std::string given = config == nullptr ? std::string() : config->get("DOCKER_HOST");
    if (given.starts_with(unix_scheme))
        found.socket = path(std::string_view(given).substr(unix_scheme.size()));
    const std::string url = "unix:" + found.socket.string();
    const auto get = [&](const char* target, Millis patience) {
        return ask(url, {"GET", target, {{"Host", "docker"}}, {}}, patience, deadline);
    };
    found.ping = get("/_ping", Seconds(2));
    if (found.ping.trouble == Trouble::timed_out) found.patient = get("/_ping", Seconds(10));
    if (!found.is_well()) return found;
    found.version = get("/version", Seconds(5));
    found.agent = get("/containers/ecs-agent/json", Seconds(5));
    return found;
}

json::Object DockerView::container_state() const {
    if (!has_status(agent, ok)) return {};
    const auto body = json::parse_object(agent.answer->body);
    return body ? json::object_at(*body, "State") : json::Object();
}

Probed
ask(const std::string& url, const wire::HttpRequest& request, Millis patience, Deadline deadline) {
    const auto parsed = wire::parse_url(url);
    if (!parsed) {
        Probed failed;
        failed.trouble = Trouble::no_such_name;
        failed.error = parsed.error().message;
        return failed;
    }
    transport::ProbeOrder order;
    order.url = *parsed;
    order.request = request;
    order.request->headers.push_back({"Connection", "close"});
    order.step_max = patience;
    return transport::probe(order, deadline);
}

std::string outcome_text(const Probed& probed) {
    if (probed.answer) return fmt::format("HTTP {}", probed.answer->status);
    return probed.error;
}

bool has_status(const Probed& probed, int status) {
    return probed.answer && probed.answer->status == status;
}

} // namespace squall::host
