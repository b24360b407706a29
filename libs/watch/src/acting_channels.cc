// Channels that do something: the operator's command, and the rungs of the ladder.
#include "squall/aws/autoscaling.h"
#include "squall/aws/ec2.h"
#include "squall/aws/ecs.h"
#include "squall/base/file.h"
#include "squall/base/log.h"
#include "squall/base/subprocess.h"
#include "squall/base/text.h"
#include "squall/doctor/report.h"
#include "squall/host/afar.h"
#include "squall/host/remote_command.h"
#include "squall/watch/channel.h"

#include <unistd.h>

namespace squall::watch {
namespace {

constexpr Seconds call_limit{60};
constexpr Seconds diagnosis_limit{40};
constexpr Seconds script_limit{120};
constexpr Millis look_interval{2000};
constexpr std::size_t said_max = 400;

std::string cut(std::string_view text) { return std::string(trimmed(text).substr(0, said_max)); }

// ----- the operator's command -----

class CommandChannel final : public Channel {
public:
    CommandChannel(std::string command, Seconds limit)
        : command_(std::move(command)), limit_(limit) {}

    [[nodiscard]] std::string_view name() const override { return "command"; }

    [[nodiscard]] bool takes(const monitor::Decision& decision) const override {
        return is_notice(decision.kind);
    }

    [[nodiscard]] bool is_at_most_once() const override { return true; }

    Result<std::string> send(const OutboxEntry& entry, const std::stop_token& stop) override {
        const std::string notice = json::text(entry.object);
        const Path file = std::filesystem::temp_directory_path()
                          / fmt::format("squall-notice-{}.json", random_hex(16));
        if (auto written = write_file(file, notice, 0600); !written) return fail(written.error());
        auto done =
            run({{command_}, environment_of(entry, file), notice, {}}, Deadline::in(limit_), stop);
        std::error_code ignored;
        std::filesystem::remove(file, ignored);
        if (!done) return fail(command_, done.error());
        if (done->exit_code != 0)
            return fail(Errc::failed,
                        "{} ended with {}: {}",
                        command_,
                        done->exit_code,
                        cut(done->errors.empty() ? done->output : done->errors));
        return fmt::format("{} was run", command_);
    }

private:
    static std::vector<std::string> environment_of(const OutboxEntry& entry, const Path& file) {
        std::vector<std::string> environment;
        for (char** variable = environ; *variable != nullptr; ++variable)
            environment.emplace_back(*variable);
        environment.push_back("SQUALL_NOTICE_FILE=" + file.string());
        for (const auto& [name, member] : {std::pair("SQUALL_IDEMPOTENCY_KEY", "idempotency_key"),
                                           std::pair("SQUALL_KIND", "kind"),
                                           std::pair("SQUALL_INCIDENT", "incident"),
                                           std::pair("SQUALL_CLUSTER", "cluster"),
                                           std::pair("SQUALL_NODE", "node"),
                                           std::pair("SQUALL_REASON", "reason")})
            environment.push_back(
                fmt::format("{}={}", name, json::string_at(entry.object, member)));
        std::vector<std::string> nodes;
        for (const auto& node : json::array_at(entry.object, "nodes"))
            nodes.emplace_back(json::string_of(node));
        environment.push_back("SQUALL_NODES=" + join(nodes, ","));
        return environment;
    }

    std::string command_;
    Seconds limit_;
};

// ----- the ladder -----

class ActionChannel final : public Channel {
public:
    ActionChannel(aws::Client& client, Clock& clock)
        : ecs_(client),
          ec2_(client),
          network_(client),
          ssm_(client),
          auto_scaling_(client),
          clock_(clock) {}

    [[nodiscard]] std::string_view name() const override { return "action"; }

    [[nodiscard]] bool takes(const monitor::Decision& decision) const override {
        return decision.kind == monitor::DecisionKind::action;
    }

    [[nodiscard]] bool is_at_most_once() const override { return true; }

    Result<std::string> send(const OutboxEntry& entry, const std::stop_token& stop) override {
        const std::string_view action = json::string_at(entry.object, "action");
        const std::string node(json::string_at(entry.object, "node"));
        auto done = act(action, node, entry, stop);
        if (!done) return fail(fmt::format("{} of {}", action, node), done.error());
        log::warning("{} of {}: {}", action, node, *done);
        return fmt::format("{}: {}", action, *done);
    }

private:
    Result<std::string> act(std::string_view action,
                            const std::string& node,
                            const OutboxEntry& entry,
                            const std::stop_token& stop) {
        if (action == text(monitor::Rung::restart_agent))
            return on_host(node, "systemctl restart ecs", stop);
        if (action == text(monitor::Rung::restart_docker))
            return on_host(node, "systemctl restart docker && systemctl restart ecs", stop);
        if (action == text(monitor::Rung::drain)) return drain(entry, stop);
        if (action == text(monitor::Rung::terminate)) return terminate(node, stop);
        return diagnose(entry, node, stop);
    }

    Result<std::string>
    diagnose(const OutboxEntry& entry, const std::string& node, const std::stop_token& stop) {
        const auto catalogue = doctor::Catalogue::embedded();
        if (!catalogue) return fail(catalogue.error());
        host::Afar afar({ecs_, ec2_, network_, ssm_, clock_}, *catalogue);
        const Deadline deadline = Deadline::at(clock_.now() + diagnosis_limit);
        auto patients = afar.find_patients(
            std::string(json::string_at(entry.object, "cluster_arn")), {node}, deadline, stop);
        if (!patients) return fail(aws::to_error(patients.error()));
        const auto all = afar.consult(std::move(*patients), deadline, stop);
        return doctor::alert_text(all.front().diagnosis);
    }

    Result<std::string>
    on_host(const std::string& node, const std::string& script, const std::stop_token& stop) {
        host::RemoteCommand command(ssm_);
        const host::Script order{script, "squall monitor: " + script, script_limit};
        if (auto sent = command.send({node}, order, Deadline::in(call_limit), stop); !sent)
            return fail(aws::to_error(sent.error()));
        const Deadline deadline = Deadline::at(clock_.now() + script_limit + call_limit);
        while (!command.is_over() && !deadline.passed(clock_.now())
               && clock_.wait_for(look_interval, stop)) {
            if (auto looked = command.look(Deadline::in(call_limit), stop); !looked)
                log::warning("looking after {}: {}", node, aws::to_error(looked.error()).message);
        }
        const auto found = command.results().find(node);
        if (found == command.results().end() || !found->second.is_over())
            return fail(Errc::timed_out, "SSM has not said what came of `{}`", script);
        const auto& result = found->second;
        if (result.state == host::HostResult::State::succeeded)
            return fmt::format("`{}` has run", script);
        return fail(Errc::failed,
                    "`{}`: {} (exit code {}): {}",
                    script,
                    result.details,
                    result.exit_code,
                    cut(result.output));
    }

    Result<std::string> drain(const OutboxEntry& entry, const std::stop_token& stop) {
        const std::vector<std::string> arns{
            std::string(json::string_at(entry.object, "container_instance_arn"))};
        const auto done =
            ecs_.update_container_instances_state(json::string_at(entry.object, "cluster_arn"),
                                                  arns,
                                                  "DRAINING",
                                                  Deadline::in(call_limit),
                                                  stop);
        if (!done) return fail(aws::to_error(done.error()));
        if (!done->failures.empty())
            return fail(Errc::failed,
                        "ecs:UpdateContainerInstancesState: {} {}",
                        done->failures.front().reason,
                        done->failures.front().detail);
        return std::string("it is DRAINING");
    }

    Result<std::string> terminate(const std::string& node, const std::stop_token& stop) {
        if (node.starts_with("mi-"))
            return fail(Errc::invalid_input, "it is no EC2 instance: nobody but you can end it");
        const auto replaced = auto_scaling_.terminate_instance_in_auto_scaling_group(
            node, Deadline::in(call_limit), stop);
        if (replaced) return std::string("its Auto Scaling group replaces it");
        // One that is in no group has to be ended by itself.
        if (replaced.error().kind != Errc::invalid_input)
            return fail(aws::to_error(replaced.error()));
        const std::vector<std::string> ids{node};
        const auto ended = ec2_.terminate_instances(ids, Deadline::in(call_limit), stop);
        if (!ended) return fail(aws::to_error(ended.error()));
        return std::string("EC2 terminates it; it was in no Auto Scaling group");
    }

    aws::Ecs ecs_;
    aws::Ec2 ec2_;
    aws::Ec2Network network_;
    aws::Ssm ssm_;
    aws::AutoScaling auto_scaling_;
    Clock& clock_;
};

} // namespace

std::unique_ptr<Channel> command_channel(std::string command, Seconds limit) {
    return std::make_unique<CommandChannel>(std::move(command), limit);
}

std::unique_ptr<Channel> action_channel(aws::Client& client, Clock& clock) {
    return std::make_unique<ActionChannel>(client, clock);
}

} // namespace squall::watch
