#include "recovery.h"

#include "session_world.h"
#include "squall/base/log.h"

namespace squall::app {

Result<std::optional<pid_t>> runner_of(const experiment::Journal& journal, const std::string& run) {
    return FileLock::holder(journal.lock_path(run));
}

Result<experiment::RunResult> recover_run(experiment::Journal& journal,
                                          const experiment::FaultTable& faults,
                                          const experiment::RunRecord& record,
                                          const std::vector<experiment::EventSink*>& sinks,
                                          const SignalStops& signals) {
    const experiment::Fault* fault = experiment::find_fault(faults, record.fault);
    if (fault == nullptr)
        return fail(Errc::not_found,
                    "the run {} is of a fault '{}' that this squall does not know: use the one "
                    "that made it",
                    record.id,
                    record.fault);
    const auto& tunables = json::object_at(record.plan, "tunables");
    const auto text = [&](std::string_view name) {
        return std::string(json::string_at(tunables, name));
    };
    auto session = SessionWorld::open(
        {record.region, text("ASSUME_ROLE_ARN"), text("AWS_AUTHENTICATION_SECRET")},
        "squall-recover",
        signals.first());
    if (!session) return fail("recovering the run " + record.id, session.error());
    experiment::Runner runner(
        (*session)->world(), journal, *fault, sinks, {signals.first(), signals.first()});
    return runner.finish(record);
}

void close_abandoned_runs(experiment::Journal& journal,
                          const experiment::FaultTable& faults,
                          const SignalStops& signals) {
    const auto open = journal.open_runs();
    if (!open) return log::warning("{}", open.error().message);
    for (const auto& record : *open) {
        const auto runner = runner_of(journal, record.id);
        if (!runner || *runner) continue;
        log::print("squall: the run {} was left open by a runner that died: it is closed first\n",
                   record.id);
        const auto result = recover_run(journal, faults, record, {}, signals);
        if (!result)
            log::warning("the run {} cannot be closed now: {}", record.id, result.error().message);
        else if (result->verdict == experiment::Verdict::refused || result->is_open)
            log::warning("the run {} is not closed: {}", record.id, result->reason);
        else
            log::print("squall: closed the run {}: {}\n", record.id, result->reason);
    }
}

} // namespace squall::app
