// check, sweep, policy: what is done before and after experiments.
#include "experiment_choice.h"
#include "experiment_commands.h"
#include "output.h"
#include "plan_text.h"
#include "signals.h"
#include "squall/experiment/sweep.h"
#include "sweep_text.h"

#include <algorithm>

namespace squall::app {
namespace {

using experiment::FaultTable;

constexpr Seconds check_limit{120};
constexpr Seconds sweep_limit{300};
constexpr int exit_not_ready = 1;

} // namespace

int run_command(const CheckCommand& command, const FaultTable& faults) {
    const auto chosen = choose(command.experiment, faults);
    if (!chosen) return complain(chosen.error());
    const SignalStops signals; // after the file, which may be a pipe that nobody writes to
    auto session = open_world(*chosen, "check", signals.first());
    if (!session) return tell(session.error());
    const auto items = chosen->fault->look_beforehand(
        (*session)->world(), chosen->values, Deadline::in(check_limit), signals.first());
    if (signals.first().stop_requested()) return exit_aborted;
    const bool is_ready = experiment::is_ready(items);
    Output output;
    if (command.experiment.json) {
        json::Array list;
        for (const auto& item : items)
            list.push_back(experiment::to_json(item));
        output.line(json::text(json::Object{{"ready", is_ready}, {"items", std::move(list)}}));
    } else {
        output.write(check_text(items));
    }
    return is_ready ? 0 : exit_not_ready;
}

// 0: nothing is left of runs that are over. 1: something is. 3: not every host could be looked at.
int run_command(const SweepCommand& command, const FaultTable& faults) {
    const auto chosen = choose(command.experiment, faults, /*is_to_sweep=*/true);
    if (!chosen) return complain(chosen.error());
    const SignalStops signals; // after the file, which may be a pipe that nobody writes to
    auto journal = experiment::Journal::open_default();
    if (!journal) return tell(journal.error());
    auto session = open_world(*chosen, "sweep", signals.first());
    if (!session) return tell(session.error());
    const auto report = experiment::sweep({(*session)->world(), *journal, *chosen->fault},
                                          chosen->values,
                                          command.remove,
                                          Deadline::in(sweep_limit),
                                          signals.first());
    if (!report) return tell(report.error());
    Output output;
    output.write(command.experiment.json ? json::text(sweep_json(*report)) + "\n"
                                         : sweep_text(*report));
    const bool is_any_left =
        std::any_of(report->items.begin(), report->items.end(), [](const auto& item) {
            return item.is_over && !item.removed;
        });
    if (is_any_left) return exit_not_ready;
    return report->not_looked_at.empty() ? 0 : exit_error;
}

int run_command(const PolicyCommand& command, const FaultTable& faults) {
    const auto chosen = choose(command.experiment, faults);
    if (!chosen) return complain(chosen.error());
    const json::Object policy{
        {"Version", "2012-10-17"},
        {"Statement", chosen->fault->policy_statements(chosen->values, command.all)}};
    Output output;
    output.line(json::indented_text(policy));
    return 0;
}

} // namespace squall::app
