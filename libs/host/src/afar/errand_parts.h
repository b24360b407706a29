// The parts of looks_of(): what several of them read a fact with, and those that have a file of
// their own.
#pragma once

#include "afar/errand_report.h"
#include "checks/agent_config.h"
#include "checks/firewall.h"
#include "checks/look.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace squall::host {

// What curl says by its exit code.
constexpr int curl_no_proxy_name = 5;
constexpr int curl_no_name = 6;
constexpr int curl_no_connection = 7;
constexpr int curl_timeout = 28;
constexpr int curl_handshake = 35;
constexpr int curl_tunnel = 56;
constexpr int curl_untrusted = 60;
constexpr int curl_no_authorities = 77;
constexpr int no_program = 127; // timeout's word, and the shell's

using Pairs = std::map<std::string, std::string, std::less<>>;

// key=value, by blanks and lines; the first of a key counts.
[[nodiscard]] Pairs pairs(std::string_view text, char between = ' ');
// Empty where it is not there.
[[nodiscard]] std::string get(const Pairs& all, std::string_view key);
// -1 where it is none.
[[nodiscard]] int number(const Pairs& all, std::string_view key);

// The agent's settings that were sent. Of the file these are some lines: their numbers are not
// known, and each place is the file.
[[nodiscard]] AgentConfig settings_of(const ErrandReport& report);

// errand_endpoints.cc
struct EndpointCauses {
    const char* name;
    const char* timeout;
};

[[nodiscard]] Look look_at_endpoint(const ErrandReport& report, const EndpointCauses& causes);

// Of an endpoint's fact: what curl tried to connect to, and nobody answered.
[[nodiscard]] std::vector<Destination> unanswered_destinations(const ErrandReport& report,
                                                               std::string_view endpoint_fact);

// errand_firewall.cc
// As the metadata service is asked.
[[nodiscard]] std::vector<Destination> unanswered_metadata(const ErrandReport& report);
// The same rules as on the host; none where they were not, or not all of them, sent.
[[nodiscard]] std::vector<FirewallRule>
firewall_rules(const ErrandReport& report, const std::vector<Destination>& destinations);
// Whether the rules could be read, where something was not reached. The rules in the way are told
// with what they keep away.
[[nodiscard]] Look look_at_firewall(const ErrandReport& report);

// errand_state.cc
[[nodiscard]] Look look_at_state(const ErrandReport& report);

} // namespace squall::host
