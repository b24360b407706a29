// Lines as agents write them.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace squall::doctor {

inline std::string line(std::string_view time, std::string_view message) {
    return fmt::format("level=error time=2026-03-11T{}Z msg=\"{}\"\n", time, message);
}

inline constexpr std::string_view dns =
    "Unable to discover poll endpoint, err: lookup ecs.eu-central-1.amazonaws.com: no such host";
inline constexpr std::string_view acs =
    "Error connecting to ACS: dial tcp 198.51.100.7:443: i/o timeout";
inline constexpr std::string_view tcs =
    "Error connecting to TCS: dial tcp 198.51.100.8:443: i/o timeout";
inline constexpr std::string_view denied =
    "Unable to discover poll endpoint, err: AccessDeniedException: User: a is not authorized to "
    "perform: ecs:DiscoverPollEndpoint on resource: *";
inline constexpr std::string_view acs_is_up = "Connected to ACS endpoint";

} // namespace squall::doctor
