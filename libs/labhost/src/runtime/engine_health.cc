// Health checks of the containers that ask for them.
#include "runtime/engine_entry.h"
#include "squall/base/log.h"

namespace squall::labhost::runtime {

void Engine::begin_health_checks(Entry& entry) {
    const auto& check = entry.container.spec.health_check;
    if (!check) return;
    entry.container.health = Health();
    // Gone before the entry is, and before its process.
    entry.monitor = std::make_unique<HealthMonitor>(
        loop_,
        clock_,
        *check,
        [this, &entry] {
            LaunchSpec spec = launch_spec(entry);
            spec.argv = entry.monitor->check().argv;
            return exec_in_container(spec, entry.process->pidfd());
        },
        [&entry](CheckResult result) {
            Health& health = *entry.container.health;
            const auto before = health.status();
            health.record(std::move(result),
                          entry.monitor->check(),
                          entry.container.state.started_at.value_or(WallTime{}));
            if (health.status() != before)
                log::info("container {} is {} now",
                          entry.container.name,
                          name_of(entry.container.health->status()));
        });
}

void Engine::end_health_checks(Entry& entry) {
    entry.monitor.reset();
    if (entry.container.health) entry.container.health->ended();
}

} // namespace squall::labhost::runtime
