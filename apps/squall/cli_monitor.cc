#include "cli_monitor.h"

#include <CLI/CLI.hpp>

namespace squall::app {

void add_monitor_settings(CLI::App& command, MonitorSettingsArguments& into) {
    command.add_option("--grace", into.grace, "how long an agent may be gone: 300, 90s, 5m")
        ->capture_default_str();
    command
        .add_option("--boot-grace",
                    into.boot_grace,
                    "how long an instance may take from its launch or registration")
        ->capture_default_str();
    command
        .add_option("--hold", into.hold, "how long an incident waits for others that belong to it")
        ->capture_default_str();
    command.add_option("--remind", into.remind, "how often an open incident is told of again")
        ->capture_default_str();
    command.add_option("--actions",
                       into.actions,
                       "what may be done about it, of diagnose,restart-agent,restart-docker,drain,"
                       "terminate; nothing unless named");
    command.add_option("--cluster-tag",
                       into.cluster_tag,
                       "only clusters whose tag ecs-agent-monitoring has this value; all of them "
                       "unless given");
}

void add_monitor_generate_options(CLI::App& command, monitor::RandomDayOptions& into) {
    using Options = monitor::RandomDayOptions;
    command.add_option("--seed", into.seed, "the same number gives the same scenario")
        ->capture_default_str();
    command.add_option("--instances", into.instances, "container instances, in three zones")
        ->check(CLI::Range(1, Options::instances_max))
        ->capture_default_str();
    command.add_option("--hours", into.hours, "how long it lasts; nothing begins in the last two")
        ->check(CLI::Range(3, Options::hours_max))
        ->capture_default_str();
    command.add_option("--for-grace", into.grace_s, "the grace for which the truth holds, seconds")
        ->check(CLI::Range(10, 3600))
        ->capture_default_str();
    command.add_flag("--calm", into.is_calm, "normal life only: nothing in it is worth a word");
}

} // namespace squall::app
