// What a log file is about, as its name says.
#pragma once

#include <string>
#include <string_view>

namespace squall::doctor {

enum class LogKind {
    unknown,    // its lines have to tell
    agent,      // ecs-agent.log and its rolls; Bottlerocket: journalctl -u ecs
    init,       // ecs-init.log and its rolls
    docker,     // the Docker daemon's: journalctl -u docker
    system,     // journal, syslog, messages
    kernel,     // dmesg
    cloud_init, // cloud-init.log, cloud-init-output.log
    other,      // audit.log, plugins: nothing there keeps an agent away
};

struct LogName {
    LogKind kind = LogKind::unknown;
    // Rolls of one log are read oldest first. "": the current one, which is the newest. What a roll
    // is called puts them in order: by hour ("2026-06-30-17") or by number (".1" is the youngest).
    std::string roll;
};

// "/var/log/ecs/ecs-agent.log.2026-06-30-17", "ecs-agent.log.3.gz",
// "collect/i-…/kernel/dmesg.current".
[[nodiscard]] LogName log_name(std::string_view path);

} // namespace squall::doctor
