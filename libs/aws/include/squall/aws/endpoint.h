// Which region is meant, and where its services answer.
#pragma once

#include "squall/aws/config.h"
#include "squall/aws/environment.h"
#include "squall/aws/metadata.h"
#include "squall/aws/service.h"
#include "squall/wire/http_message.h"

#include <array>
#include <stop_token>
#include <string>
#include <string_view>

namespace squall::aws {

struct Region {
    std::string name;
    std::string source; // "AWS_REGION", "profile 'prod'", …: for messages
};

// Where a region may be named.
struct RegionPlaces {
    std::string_view given; // on the command line, or in the experiment; may be empty
    const Environment& environment;
    const SharedConfig& config;
    MetadataClient& metadata;
};

// The given one, else AWS_REGION, AWS_DEFAULT_REGION, the profile's region, the region of the EC2
// instance this runs on. None, or a name that cannot be one, is an error.
[[nodiscard]] Result<Region>
resolve_region(const RegionPlaces& places, Deadline deadline, const std::stop_token& stop);

// "amazonaws.com" for most regions.
[[nodiscard]] std::string_view dns_suffix(std::string_view region);

struct Endpoint {
    wire::Url url;
    std::string source; // empty: AWS's own
};

// In botocore's order: AWS_ENDPOINT_URL_<SERVICE>,
// AWS_ENDPOINT_URL, the profile's [services] section, the profile's endpoint_url; none of them when
// AWS_IGNORE_CONFIGURED_ENDPOINT_URLS (or the profile's ignore_configured_endpoint_urls) is true.
// Otherwise https://SERVICE.REGION.SUFFIX: STS is regional too.
[[nodiscard]] Result<Endpoint> resolve_endpoint(ServiceId id,
                                                std::string_view region,
                                                const Environment& environment,
                                                const SharedConfig& config);

// The portal of AWS's single sign-on, in the same order; its service name there is "sso".
[[nodiscard]] Result<Endpoint> resolve_sso_portal(std::string_view region,
                                                  const Environment& environment,
                                                  const SharedConfig& config);

// Of S3, in the same order: its buckets are in the path.
[[nodiscard]] Result<Endpoint>
resolve_s3(std::string_view region, const Environment& environment, const SharedConfig& config);

// Every service's endpoint in one region. Immutable.
class Endpoints {
public:
    [[nodiscard]] static Result<Endpoints>
    resolve(std::string_view region, const Environment& environment, const SharedConfig& config);

    [[nodiscard]] const std::string& region() const { return region_; }

    [[nodiscard]] const Endpoint& of(ServiceId service) const {
        return endpoints_.at(static_cast<std::size_t>(service));
    }

private:
    std::string region_;
    std::array<Endpoint, service_count> endpoints_;
};

} // namespace squall::aws
