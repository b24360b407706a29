// What speaks against a fault: an agent that is gone already, a deployment that rolls, too few
// instances that would be left, an alarm, a monitor's open incident. Advice, unless GUARDS=strict;
// alarms and the monitor count always. What a guard may not look at is said, and speaks against a
// strict run.
#pragma once

#include "event_writer.h"
#include "squall/experiment/plan.h"
#include "squall/experiment/problem.h"
#include "squall/experiment/world.h"

#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace squall::experiment {

// GUARDS, MIN_CONNECTED, STOP_ALARMS.
[[nodiscard]] std::vector<TunableSpec> guard_tunables();
// STOP_ALARMS alone: for faults that leave the cluster's agents alone.
[[nodiscard]] TunableSpec alarm_tunable();

// Alarms, and the bus, are of the region of the run; the monitor has a usable address.
[[nodiscard]] Problems check_guards(const TunableValues& values);

// What speaks against this plan, as the cluster is now.
[[nodiscard]] std::vector<GuardFinding>
guard_findings(World& world,
               const Plan& plan,
               const std::vector<aws::ContainerInstance>& instances,
               Deadline deadline,
               const std::stop_token& stop);

// What refuses, in one text; nothing where all of it is advice.
[[nodiscard]] std::optional<std::string> refusal_of(const std::vector<GuardFinding>& findings);

// The guards of a run, asked again while it goes on. One thread.
class Guards {
public:
    static constexpr Seconds alarm_interval{10};
    // Where it ends the run, and where it only warns.
    static constexpr Seconds strict_cluster_interval{10};
    static constexpr Seconds cluster_interval{30};
    static constexpr Seconds call_limit{20};

    Guards(World& world, const Plan& plan, EventWriter& events)
        : world_(world), plan_(plan), events_(events) {}

    // Why these hosts (by instance id) may not have the fault now; nothing: they may.
    [[nodiscard]] std::optional<std::string> against(const std::vector<std::string>& wave,
                                                     const std::stop_token& stop);

    // Why the fault has to end while these hosts have it; nothing: it may go on. Looks no more
    // often than the intervals say.
    [[nodiscard]] std::optional<std::string> against_holding(const std::vector<std::string>& wave,
                                                             const std::stop_token& stop);

    // Tells what is new, and why the run may not go on.
    std::optional<std::string> judge(const std::vector<GuardFinding>& findings);

private:
    std::vector<GuardFinding>
    look_at_cluster(const std::set<std::string>& going, bool holding, const std::stop_token& stop);

    World& world_;
    const Plan& plan_;
    EventWriter& events_;
    std::set<std::string> told_;
    SteadyTime next_alarms_{};
    SteadyTime next_cluster_{};
};

} // namespace squall::experiment
