// The packet filter's rules of the bridge network, as lists of words for the iptables program.
// Pure: who runs them is bridge.h.
#pragma once

#include "runtime/ports.h"

#include <string>
#include <vector>

namespace squall::labhost::runtime {

// One rule of the nat table. The same words find, add and delete it.
struct Rule {
    std::string chain;
    std::vector<std::string> match_and_target;

    bool operator==(const Rule&) const = default;
};

enum class RuleAction { check, append, remove };

// The whole command line. iptables waits up to five seconds for others who change rules.
[[nodiscard]] std::vector<std::string> rule_command(RuleAction action, const Rule& rule);

inline constexpr const char* docker_chain = "DOCKER";

// Those that are there while Docker is, in Docker's form.
[[nodiscard]] std::vector<Rule> network_rules();

// Those that lead the host's ports to one container.
[[nodiscard]] std::vector<Rule> published_rules(const std::string& container_address,
                                                const std::vector<PublishedPort>& ports);

} // namespace squall::labhost::runtime
