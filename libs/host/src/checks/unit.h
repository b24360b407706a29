// A service of this host, as systemd or Upstart shows it.
#pragma once

#include "checks/facts.h"

#include <map>
#include <string>
#include <string_view>

namespace squall::host {

struct Unit {
    std::string asked; // the command
    std::string answer;
    std::map<std::string, std::string, std::less<>> properties; // systemd's own names

    [[nodiscard]] std::string get(std::string_view name) const;
    [[nodiscard]] std::int64_t number(std::string_view name) const;

    [[nodiscard]] bool is_known() const { return get("LoadState") == "loaded"; }

    [[nodiscard]] bool is_active() const { return get("ActiveState") == "active"; }

    // What ExecStart= begins with: "/usr/libexec/amazon-ecs-init"; empty where it is not told.
    [[nodiscard]] std::string program() const;

    // "inactive (dead), Result=success, ExecMainStatus=0, since Sun 2026-11-22 18:34:09 UTC"
    [[nodiscard]] std::string state_text() const;
};

enum class Init { systemd, upstart, unknown };

[[nodiscard]] Init init_of(const Facts& facts);

// `name` without ".service". Upstart's answer is put into systemd's words.
[[nodiscard]] Result<Unit> show_unit(Facts& facts, const std::string& name, Deadline deadline);

} // namespace squall::host
