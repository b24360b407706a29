#include "squall/aws/endpoint.h"

#include "squall/base/text.h"

#include <algorithm>

namespace squall::aws {
namespace {

// The region becomes part of a host name: anything else than a label would lead the request, and
// its signature, elsewhere.
bool is_host_label(std::string_view text) {
    return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-'
           && std::all_of(text.begin(), text.end(), [](char c) {
                  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
              });
}

Result<Region> checked(Region region) {
    if (is_host_label(region.name)) return region;
    return fail(Errc::invalid_input,
                "'{}' ({}) cannot be a region; regions look like us-east-1",
                region.name,
                region.source);
}

// The configured URL of a service and where it was found.
Result<std::optional<std::pair<std::string, std::string>>> configured_url(
    std::string_view service, const Environment& environment, const SharedConfig& config) {
    using Found = std::optional<std::pair<std::string, std::string>>;
    const bool ignored = environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
                             ? environment.is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
                             : config.is_true("ignore_configured_endpoint_urls");
    if (ignored) return Found();
    std::string variable = "AWS_ENDPOINT_URL_";
    for (const char c : service)
        variable.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    for (const std::string& name : {variable, std::string("AWS_ENDPOINT_URL")}) {
        if (auto url = environment.get(name)) return Found({std::move(*url), name});
    }
    auto special = config.get_for_service(service, "endpoint_url");
    if (!special) return fail(special.error());
    if (*special) {
        return Found({std::move(**special),
                      fmt::format("[services {}] in {}",
                                  config.get("services").value_or(""),
                                  config.config_file().string())});
    }
    if (auto url = config.get("endpoint_url"))
        return Found(
            {std::move(*url), fmt::format("endpoint_url of profile '{}'", config.profile())});
    return Found();
}

// `own` is AWS's own URL, for where nothing else is configured.
Result<Endpoint> endpoint_of(std::string_view service,
                             std::string own,
                             const Environment& environment,
                             const SharedConfig& config) {
    auto configured = configured_url(service, environment, config);
    if (!configured) return fail(configured.error());
    Endpoint endpoint;
    std::string text = std::move(own);
    if (*configured) std::tie(text, endpoint.source) = std::move(**configured);
    // Before anything else looks at it: a password in it must not end up in a message.
    if (text.find_first_of("@?") != std::string::npos) {
        return fail(Errc::invalid_input,
                    "the endpoint of {}: only http(s)://HOST[:PORT][/PATH] is an endpoint",
                    endpoint.source);
    }
    auto url = wire::parse_url(text);
    if (!url) return fail("the endpoint of " + endpoint.source, url.error());
    endpoint.url = std::move(*url);
    return endpoint;
}

} // namespace

Result<Region>
resolve_region(const RegionPlaces& places, Deadline deadline, const std::stop_token& stop) {
    if (!places.given.empty()) return checked({std::string(places.given), "as asked for"});
    for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
        if (auto name = places.environment.get(variable))
            return checked({std::move(*name), variable});
    }
    if (auto name = places.config.get("region"))
        return checked({std::move(*name), fmt::format("profile '{}'", places.config.profile())});
    auto name = places.metadata.get("placement/region", deadline, stop);
    if (name) return checked({std::string(trimmed(*name)), "the EC2 instance's metadata"});
    if (name.error().code == Errc::interrupted) return fail(name.error());
    return fail(Errc::invalid_input,
                "no region is known: AWS_REGION and AWS_DEFAULT_REGION are not set, the profile "
                "'{}' has no region, and {}; set AWS_REGION, or name the region",
                places.config.profile(),
                name.error().message);
}

std::string_view dns_suffix(std::string_view region) {
    struct Partition {
        std::string_view prefix;
        std::string_view suffix;
    };

    // Longer prefixes first: us-isob- is no us-iso-.
    constexpr std::array<Partition, 7> partitions = {{{"cn-", "amazonaws.com.cn"},
                                                      {"eusc-", "amazonaws.eu"},
                                                      {"us-isob-", "sc2s.sgov.gov"},
                                                      {"us-isof-", "csp.hci.ic.gov"},
                                                      {"eu-isoe-", "cloud.adc-e.uk"},
                                                      {"us-iso-", "c2s.ic.gov"},
                                                      {"us-gov-", "amazonaws.com"}}};
    for (const auto& partition : partitions) {
        if (region.starts_with(partition.prefix)) return partition.suffix;
    }
    return "amazonaws.com";
}

Result<Endpoint> resolve_endpoint(ServiceId id,
                                  std::string_view region,
                                  const Environment& environment,
                                  const SharedConfig& config) {
    const Service& called = service(id);
    return endpoint_of(
        called.settings_name,
        fmt::format("https://{}.{}.{}/", called.signing_name, region, dns_suffix(region)),
        environment,
        config);
}

Result<Endpoint> resolve_sso_portal(std::string_view region,
                                    const Environment& environment,
                                    const SharedConfig& config) {
    const auto named = checked({std::string(region), "sso_region"});
    if (!named) return fail(named.error());
    return endpoint_of(
        "sso",
        fmt::format("https://portal.sso.{}.{}/", named->name, dns_suffix(named->name)),
        environment,
        config);
}

Result<Endpoint>
resolve_s3(std::string_view region, const Environment& environment, const SharedConfig& config) {
    return endpoint_of(
        "s3", fmt::format("https://s3.{}.{}/", region, dns_suffix(region)), environment, config);
}

Result<Endpoints> Endpoints::resolve(std::string_view region,
                                     const Environment& environment,
                                     const SharedConfig& config) {
    Endpoints endpoints;
    endpoints.region_ = region;
    for (std::size_t i = 0; i < service_count; ++i) {
        auto endpoint = resolve_endpoint(static_cast<ServiceId>(i), region, environment, config);
        if (!endpoint) return fail(endpoint.error());
        endpoints.endpoints_.at(i) = std::move(*endpoint);
    }
    return endpoints;
}

} // namespace squall::aws
