// How the ECS agent of this host is told what to do: /etc/ecs/ecs.config and its like.
#pragma once

#include "squall/base/file.h"

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace squall::host {

// Settings that name a proxy, and who is asked without it.
inline constexpr std::array<std::string_view, 4> proxy_settings{
    "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"};
inline constexpr std::string_view no_proxy_setting = "NO_PROXY";

struct ConfigLine {
    std::string place; // "/etc/ecs/ecs.config:3"
    std::string name;
    std::string value;
};

struct ConfigFault {
    std::string place;
    std::string setting; // that it was meant for, as far as that can be told: "ECS_CLUSTER"
    std::string what;    // "no NAME=VALUE"; never the value, which may be a secret
};

struct AgentConfig {
    std::vector<ConfigLine> lines; // in the order in which they count: the last one of a name wins
    std::vector<ConfigFault> faults;
    std::vector<std::string> files; // that are there
    std::string unreadable;         // why one of them could not be read

    // Empty where it is not set.
    [[nodiscard]] std::string get(std::string_view name) const;
    [[nodiscard]] const ConfigLine* find(std::string_view name) const;

    [[nodiscard]] bool is_true(std::string_view name) const;
};

// Of a host whose files lie below `root`: /var/lib/ecs/ecs.config, and over it /etc/ecs/ecs.config,
// as the unit's EnvironmentFile lines have them; below both, what its drop-ins in
// /etc/systemd/system say of a proxy.
[[nodiscard]] AgentConfig read_agent_config(const Path& root);

// The setting of the proxy through which the agent asks AWS. nullptr: none.
[[nodiscard]] const ConfigLine* proxy_of(const AgentConfig& config);

// The setting of a proxy that the agent cannot read, because the user's part of it has what must be
// percent-encoded (see squall/doctor/proxy_secrets.h). nullptr: none.
[[nodiscard]] const ConfigLine* unreadable_proxy(const AgentConfig& config);

// One environment file; `name` is for the places.
void read_settings(std::string_view text, const std::string& name, AgentConfig& into);
// Of the text of one; empty where it is not set, or to nothing.
[[nodiscard]] std::string setting_in(std::string_view text, std::string_view name);

} // namespace squall::host
