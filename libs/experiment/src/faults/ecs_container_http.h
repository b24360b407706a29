// The faults on a container's HTTP traffic: one class for all of them, since they differ in what
// the helper is told to do with a request and in nothing else. Each is a HttpKind, in a file of its
// own (ecs_container_http_*.cc).
//
// They choose tasks; the hosts of these are the targets. What a proxy does is not seen in ECS: the
// hosts count, and tell with the undo.
#pragma once

#include "squall/experiment/fault.h"

#include <map>

namespace squall::experiment {

struct HttpOrder;

// What makes one of these faults itself.
struct HttpKind {
    std::string name;                  // status-code: as the helper calls it
    std::string summary;               // one line
    std::string text;                  // what clients see, in a paragraph
    std::vector<TunableSpec> tunables; // the helper knows each by the same name
    bool reads_requests = true;        // TLS is beyond it then
    // Tunables, in ms: so long a client may wait for the fault.
    std::vector<std::string> waits{};
    // Whether an answer to the canary shows the fault beside its status; null: nothing else does.
    bool (*marks)(const TunableValues& values, const CanaryAnswer& answer) = nullptr;
};

[[nodiscard]] HttpKind http_reset_peer();
[[nodiscard]] HttpKind http_status_code();
[[nodiscard]] HttpKind http_latency();
[[nodiscard]] HttpKind http_modify_body();

class EcsContainerHttp final : public Fault {
public:
    // `others`: what WITH_FAULTS can add.
    EcsContainerHttp(HttpKind kind, std::vector<HttpKind> others);

    [[nodiscard]] const FaultDescription& description() const override { return described_; }

    // ecs_container_http_tunables.cc
    [[nodiscard]] Problems check(const TunableValues& values) const override;

    // ecs_container_http_plan.cc
    [[nodiscard]] Result<Plan> plan(World& world,
                                    const TunableValues& values,
                                    Deadline deadline,
                                    std::stop_token stop) const override;

    // ecs_container_http_check.cc
    [[nodiscard]] std::vector<CheckItem> look_beforehand(World& world,
                                                         const TunableValues& values,
                                                         Deadline deadline,
                                                         std::stop_token stop) const override;

    // The URLs, by architecture, that the helper is fetched from.
    [[nodiscard]] Result<std::map<std::string, std::string>>
    prepare(World& world, const Plan& plan, Deadline deadline, std::stop_token stop) const override;

    [[nodiscard]] std::string
    inject_script(const Plan& plan, const RunOrder& order, host::Shell shell) const override;
    [[nodiscard]] std::string revert_script(const UndoOrder& order,
                                            host::Shell shell) const override;

    // ecs_container_http_report.cc
    [[nodiscard]] std::optional<HostReport> read_report(std::string_view output) const override;
    [[nodiscard]] std::optional<std::vector<Leftover>>
    read_leftovers(std::string_view output) const override;

    // ecs_container_http_sweep.cc: all of the cluster, since tasks and services go, and what is
    // left on a host stays.
    [[nodiscard]] Result<std::vector<Target>> hosts_to_sweep(World& world,
                                                             const TunableValues& values,
                                                             Deadline deadline,
                                                             std::stop_token stop) const override;

    // Nobody has to name tasks.
    [[nodiscard]] Problems check_to_sweep(const TunableValues& /*values*/) const override {
        return {};
    }

    [[nodiscard]] std::string sweep_script(host::Shell shell) const override;
    [[nodiscard]] std::string removal_script(const std::vector<std::string>& runs,
                                             host::Shell shell) const override;

    // Whether the hosts are still there; that they are well they tell themselves.
    [[nodiscard]] aws::Outcome<std::map<std::string, Sight>>
    look(World& world,
         const Plan& plan,
         std::span<const std::string> arns,
         Deadline deadline,
         std::stop_token stop) const override;

    // ecs_container_http_policy.cc
    [[nodiscard]] json::Array policy_statements(const TunableValues& values,
                                                bool all) const override;

    // ecs_container_http_canary.cc
    [[nodiscard]] std::optional<CanarySettings> canary(const Plan& plan) const override;

    // ecs_container_http_report.cc
    [[nodiscard]] std::string advice_without_effect(const Plan& plan,
                                                    const json::Object& counted) const override;

private:
    // Without its run, its times and its tasks. `urls` by architecture.
    [[nodiscard]] HttpOrder order_of(const Plan& plan,
                                     const std::map<std::string, std::string>& urls) const;
    // What the helper is told of the traffic and the fault: checked words.
    [[nodiscard]] std::vector<std::string> proxy_arguments(const TunableValues& values) const;
    [[nodiscard]] static std::map<std::string, std::string>
    fault_settings(const HttpKind& kind, const TunableValues& values);
    // Its own, and those that WITH_FAULTS names.
    [[nodiscard]] std::vector<const HttpKind*> kinds_of(const TunableValues& values) const;
    // Adds what speaks against these faults together, and tunables of those that are not meant.
    void check_kinds(const TunableValues& values, Problems& problems) const;
    // Without what belongs to faults that are not meant.
    void drop_others(TunableValues& values, std::vector<TunableSpec>& specs) const;

    // How long a request under the fault is worth waiting for (ecs_container_http_canary.cc).
    [[nodiscard]] Millis canary_patience(const TunableValues& values) const;

    HttpKind kind_;
    std::vector<HttpKind> others_;
    FaultDescription described_;
};

// Of HELPER_PREFIX, in a bucket or by hand.
[[nodiscard]] std::string helper_key(const std::string& prefix, const std::string& sha256);

} // namespace squall::experiment
