// ecs-agent-stop: stops the ECS agent on the container instances of a cluster, holds it stopped,
// and starts it again. Running tasks are not touched; what is tested is the control plane that has
// lost sight of them.
#pragma once

#include "cluster_view.h"
#include "squall/experiment/fault.h"

namespace squall::experiment {

class EcsAgentStop final : public Fault {
public:
    [[nodiscard]] const FaultDescription& description() const override;

    [[nodiscard]] Problems check(const TunableValues& values) const override;

    // ecs_agent_stop_plan.cc
    [[nodiscard]] Result<Plan> plan(World& world,
                                    const TunableValues& values,
                                    Deadline deadline,
                                    std::stop_token stop) const override;

    // ecs_agent_stop_check.cc
    [[nodiscard]] std::vector<CheckItem> look_beforehand(World& world,
                                                         const TunableValues& values,
                                                         Deadline deadline,
                                                         std::stop_token stop) const override;

    [[nodiscard]] std::string
    inject_script(const Plan& plan, const RunOrder& order, host::Shell shell) const override;
    [[nodiscard]] std::string revert_script(const UndoOrder& order,
                                            host::Shell shell) const override;
    [[nodiscard]] std::optional<HostReport> read_report(std::string_view output) const override;

    [[nodiscard]] std::string sweep_script(host::Shell shell) const override;
    [[nodiscard]] std::optional<std::vector<Leftover>>
    read_leftovers(std::string_view output) const override;
    [[nodiscard]] std::string removal_script(const std::vector<std::string>& runs,
                                             host::Shell shell) const override;

    [[nodiscard]] aws::Outcome<std::map<std::string, Sight>>
    look(World& world,
         const Plan& plan,
         std::span<const std::string> arns,
         Deadline deadline,
         std::stop_token stop) const override;

    // ecs_agent_stop_policy.cc
    [[nodiscard]] json::Array policy_statements(const TunableValues& values,
                                                bool all) const override;

    [[nodiscard]] std::string advice_without_effect(const Plan& plan,
                                                    const json::Object& counted) const override;
};

// ECS takes an agent for disconnected after it has missed its heartbeats, which takes about half a
// minute: a shorter window may not be seen.
inline constexpr Seconds seen_for_certain{60};

} // namespace squall::experiment
