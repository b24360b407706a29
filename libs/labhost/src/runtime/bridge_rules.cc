#include "runtime/bridge_rules.h"

#include "runtime/address_pool.h"

#include <fmt/format.h>

namespace squall::labhost::runtime {

std::vector<std::string> rule_command(RuleAction action, const Rule& rule) {
    const char* verb = action == RuleAction::check    ? "-C"
                       : action == RuleAction::append ? "-A"
                                                      : "-D";
    std::vector<std::string> words{"iptables", "-w", "5", "-t", "nat", verb, rule.chain};
    words.insert(words.end(), rule.match_and_target.begin(), rule.match_and_target.end());
    return words;
}

std::vector<Rule> network_rules() {
    return {
        {"PREROUTING", {"-m", "addrtype", "--dst-type", "LOCAL", "-j", docker_chain}},
        {"OUTPUT",
         {"!", "-d", "127.0.0.0/8", "-m", "addrtype", "--dst-type", "LOCAL", "-j", docker_chain}},
        {"POSTROUTING", {"-s", bridge_subnet, "!", "-o", bridge_name, "-j", "MASQUERADE"}},
        // A container that calls a published port of its own host: without this the answer would
        // take the short way over the bridge, from an address that was never called. Docker's
        // proxy process gives the same view, the gateway as the client.
        {"POSTROUTING",
         {"-s",
          bridge_subnet,
          "-o",
          bridge_name,
          "-m",
          "conntrack",
          "--ctstate",
          "DNAT",
          "-j",
          "MASQUERADE"}},
    };
}

std::vector<Rule> published_rules(const std::string& container_address,
                                  const std::vector<PublishedPort>& ports) {
    std::vector<Rule> rules;
    rules.reserve(ports.size());
    for (const auto& port : ports) {
        const std::string protocol(name_of(port.container.protocol));
        rules.push_back({docker_chain,
                         {"-p",
                          protocol,
                          "-m",
                          protocol,
                          "--dport",
                          std::to_string(port.host),
                          "-j",
                          "DNAT",
                          "--to-destination",
                          fmt::format("{}:{}", container_address, port.container.number)}});
    }
    return rules;
}

} // namespace squall::labhost::runtime
