// The names of AWS's endpoints, and where the lab has them. Values only, no sockets.
#pragma once

#include "names/dns_message.h"

#include <optional>
#include <string>
#include <vector>

namespace squall::lab::names {

// In the VPC's network. The endpoints of ECS are apart from each other, as in AWS, so that the way
// to one of them can be closed.
inline constexpr const char* resolver_address = "10.0.0.2";
inline constexpr const char* services_address = "10.0.0.10";
inline constexpr const char* ecs_address = "10.0.0.11";
inline constexpr const char* acs_address = "10.0.0.12";
inline constexpr const char* tcs_address = "10.0.0.13";
// A proxy that takes nobody without a password.
inline constexpr const char* proxy_address = "10.0.0.20";
inline constexpr std::uint16_t proxy_port = 3128;

// "amazonaws.com", in China with ".cn".
[[nodiscard]] std::string domain_of(std::string_view region);

class Zone {
public:
    // Other regions' names are known too: they exist, whatever the lab has there.
    explicit Zone(const std::string& region);

    // The address of an endpoint; names are compared without case.
    [[nodiscard]] std::optional<std::string> address_of(std::string_view name) const;

    [[nodiscard]] Reply answer(const Question& question) const;

    // What a certificate has to name so that it holds for all of them.
    [[nodiscard]] std::vector<std::string> certificate_names() const;

private:
    std::vector<std::string> regions_; // "us-east-1.amazonaws.com"
};

} // namespace squall::lab::names
