#include "experiment_commands.h"

#include "experiment_choice.h"
#include "fault_text.h"
#include "plan_text.h"
#include "recovery.h"
#include "report_text.h"
#include "signals.h"
#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/experiment/journal.h"
#include "squall/experiment/runner.h"
#include "views.h"

#include <algorithm>
#include <thread>

namespace squall::app {
namespace {

using experiment::Fault;
using experiment::FaultTable;
using experiment::Problems;

constexpr Seconds plan_limit{120};
constexpr Seconds plan_patience{5};
constexpr std::size_t plan_hash_least = 8; // characters, so that it is no lucky guess

Result<experiment::Plan>
make_plan(const Chosen& chosen, experiment::World& world, const std::stop_token& stop) {
    // No word at all looks like a hang.
    const std::jthread note([&clock = world.clock](const std::stop_token& over) {
        if (clock.wait_for(plan_patience, over))
            log::print("still looking at the cluster: thousands of instances, or an endpoint that "
                       "does not answer, take their time\n");
    });
    auto plan = chosen.fault->plan(world, chosen.values, Deadline::in(plan_limit), stop);
    if (plan) plan->experiment = chosen.experiment;
    return plan;
}

// The one line that ends a run's output when the run never began, or is left to recover.
void tell_refusal(experiment::EventSink& view,
                  const experiment::RunResult& result,
                  std::int64_t sequence = 1) {
    view.on_event({sequence,
                   Wall::now(),
                   result.run,
                   "verdict",
                   {},
                   {{"verdict", experiment::verdict_word(result.verdict)},
                    {"score", nullptr},
                    {"reason", result.reason},
                    {"open", result.is_open},
                    {"api_calls", json::Object{}}}});
}

std::optional<std::string> open_run_on(experiment::Journal& journal, const std::string& cluster) {
    const auto open = journal.open_runs();
    if (!open) return std::nullopt;
    const auto found = std::find_if(
        open->begin(), open->end(), [&](const auto& record) { return record.cluster == cluster; });
    return found == open->end() ? std::nullopt : std::optional(found->id);
}

// Sees whether the run itself has told its verdict.
class VerdictWatch final : public experiment::EventSink {
public:
    void on_event(const experiment::Event& event) override {
        if (event.kind == "verdict") verdict_ = event.data;
        last_sequence_ = event.sequence;
    }

    [[nodiscard]] const std::optional<json::Object>& verdict() const { return verdict_; }

    [[nodiscard]] std::int64_t last_sequence() const { return last_sequence_; }

private:
    std::optional<json::Object> verdict_;
    std::int64_t last_sequence_ = 0;
};

int carry_out(const RunCommand& command,
              const Chosen& chosen,
              const experiment::Plan& plan,
              experiment::World& world,
              experiment::Journal& journal,
              const SignalStops& signals) {
    Output output;
    output.write_in_background();
    JsonView json_view(output);
    LineView line_view(output);
    VerdictWatch verdict;
    std::optional<LiveView> live_view;
    if (!command.experiment.json && can_be_redrawn(output))
        live_view.emplace(output, plan, chosen.fault->description().words);
    experiment::EventSink& view = command.experiment.json
                                      ? static_cast<experiment::EventSink&>(json_view)
                                  : live_view ? static_cast<experiment::EventSink&>(*live_view)
                                              : line_view;
    experiment::Runner runner(
        world, journal, *chosen.fault, {&view, &verdict}, {signals.first(), signals.second()});
    const auto result = runner.run(experiment::new_run_id(Wall::now()), plan);
    if (!verdict.verdict()) tell_refusal(view, result, verdict.last_sequence() + 1);
    live_view.reset();
    if (verdict.verdict() && !command.experiment.json)
        output.write(report_text(*verdict.verdict()));
    output.flush(signals.second());
    return experiment::exit_code(result.verdict);
}

} // namespace

int run_command(const FaultsCommand& command, const FaultTable& faults) {
    Output output;
    if (command.name.empty()) {
        for (const Fault* fault : faults) {
            const auto& description = fault->description();
            output.line(command.json
                            ? json::text(fault_json(description))
                            : fmt::format("{:<24} {}", description.name, description.summary));
        }
        return 0;
    }
    const Fault* fault = experiment::find_fault(faults, command.name);
    if (fault == nullptr) {
        log::print("squall: there is no fault '{}': `squall faults` lists them\n", command.name);
        return exit_usage;
    }
    output.write(command.json ? json::text(fault_json(fault->description())) + "\n"
                              : fault_text(fault->description()));
    return 0;
}

int run_command(const PlanCommand& command, const FaultTable& faults) {
    const auto chosen = choose(command.experiment, faults);
    if (!chosen) return complain(chosen.error());
    const SignalStops signals; // after the file, which may be a pipe that nobody writes to
    auto session = open_world(*chosen, "plan", signals.first());
    if (!session) return tell(session.error());
    const auto plan = make_plan(*chosen, (*session)->world(), signals.first());
    if (!plan) return tell(plan.error());
    Output output;
    if (command.experiment.json) {
        json::Object object = plan->to_json();
        object["hash"] = plan->hash();
        output.line(json::text(object));
    } else {
        output.write(plan_text(*plan, command.scripts));
    }
    return 0;
}

int run_command(const RunCommand& command, const FaultTable& faults) {
    // Also an empty one: a script whose hash got lost wants no run without it.
    if (command.plan_hash && command.plan_hash->size() < plan_hash_least) {
        return tell(Error{Errc::invalid_input,
                          fmt::format("--plan '{}': give at least {} characters of the hash",
                                      *command.plan_hash,
                                      plan_hash_least)});
    }
    const auto chosen = choose(command.experiment, faults);
    if (!chosen) return complain(chosen.error());
    const SignalStops signals; // after the file, which may be a pipe that nobody writes to
    // A reader of --json gets its last line from here too.
    const auto complain = [&](const Error& error) {
        if (command.experiment.json && error.code != Errc::invalid_input) {
            Output output;
            JsonView view(output);
            const auto verdict = error.code == Errc::refused       ? experiment::Verdict::refused
                                 : error.code == Errc::interrupted ? experiment::Verdict::aborted
                                                                   : experiment::Verdict::error;
            tell_refusal(view, {"", verdict, error.message});
        }
        return tell(error);
    };
    auto journal = experiment::Journal::open_default();
    if (!journal)
        return complain(Error{Errc::refused, "not injecting: " + journal.error().message});
    // What a dead runner left open is closed before anything new begins.
    close_abandoned_runs(*journal, faults, signals);
    auto session = open_world(*chosen, "run", signals.first());
    if (!session) return complain(session.error());
    const auto plan = make_plan(*chosen, (*session)->world(), signals.first());
    if (!plan) return complain(plan.error());
    if (plan->injected_ids().empty()) {
        if (const auto other = open_run_on(*journal, plan->cluster)) {
            return complain(Error{Errc::refused,
                                  fmt::format("not injecting: the run {} holds the hosts of this "
                                              "cluster: `squall status`, or `squall abort {}`",
                                              *other,
                                              *other)});
        }
    }
    if (command.plan_hash && !plan->hash().starts_with(*command.plan_hash)) {
        return complain(Error{
            Errc::refused,
            fmt::format("not injecting: the world, or the experiment, has changed since the plan "
                        "{}: it is {} now; look at `squall plan` again{}",
                        *command.plan_hash,
                        plan->hash(),
                        plan->is_by_chance()
                            ? " (chance chooses: give the run the SEED that the plan names)"
                            : "")});
    }
    return carry_out(command, *chosen, *plan, (*session)->world(), *journal, signals);
}

} // namespace squall::app
