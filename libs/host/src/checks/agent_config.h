// How the ECS agent of this host is told what to do: /etc/ecs/ecs.config and its like.
#pragma once

#include "squall/base/file.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace squall::host {

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
// as the unit's EnvironmentFile lines have them.
[[nodiscard]] AgentConfig read_agent_config(const Path& root);

// One environment file; `name` is for the places.
void read_settings(std::string_view text, const std::string& name, AgentConfig& into);
// Of the text of one; empty where it is not set, or to nothing.
[[nodiscard]] std::string setting_in(std::string_view text, std::string_view name);

} // namespace squall::host
