#include "fault_window.h"

#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::experiment {
namespace {

constexpr Seconds trouble_interval{10}; // trouble is told no more often
constexpr Seconds same_trouble_interval{60};
constexpr std::size_t comment_id_max = 60;
constexpr Seconds answer_patience{10}; // then the hold begins without those that have not answered

Deadline sooner(Clock& clock, Seconds limit) { return Deadline::at(clock.now() + limit); }

} // namespace

FaultWindow::FaultWindow(WindowParts parts, std::vector<std::string> instance_ids, std::size_t wave)
    : parts_(parts),
      ids_(std::move(instance_ids)),
      wave_(wave),
      orders_(parts.world.ssm),
      reverts_(parts.world.ssm),
      fleet_(fleet_times(ids_.size())),
      not_after_(parts.world.clock.wall()),
      restore_at_(not_after_) {}

Deadline FaultWindow::call_deadline() const {
    return sooner(parts_.world.clock, parts_.times.call_limit + fleet_.looking);
}

host::Script
FaultWindow::script_for(std::string text, host::Shell shell, std::string_view what) const {
    host::Script script;
    script.text = std::move(text);
    script.shell = shell;
    script.comment =
        fmt::format("squall {} {}", what, parts_.events.run().substr(0, comment_id_max));
    return script;
}

std::vector<std::string> FaultWindow::arns_where(bool (*condition)(const HostState&)) const {
    std::vector<std::string> arns;
    for (const auto& id : ids_) {
        const HostState& host = parts_.hosts.at(id);
        if (!host.gone && condition(host)) arns.push_back(host.target.arn);
    }
    return arns;
}

void FaultWindow::tell_trouble(const std::string& doing, const aws::ApiError& error) {
    const WallTime now = parts_.world.clock.wall();
    const std::string kind = fmt::format("{} {} {}", doing, error.operation, error.code);
    const auto told = troubles_.find(kind);
    const bool is_fresh = told != troubles_.end() && now - told->second < same_trouble_interval;
    if (error.kind == Errc::interrupted || is_fresh || now - last_trouble_ < trouble_interval)
        return;
    last_trouble_ = troubles_[kind] = now;
    parts_.events.tell("warning",
                       {{"text", fmt::format("{}: {}", doing, aws::to_error(error).message)}});
}

// A large fleet is told slowly, and its first hosts wait for the last.
Result<void> FaultWindow::order() {
    Clock& clock = parts_.world.clock;
    planned_end_ = clock.wall() + fleet_.sending + parts_.plan.duration;
    restore_at_ = *planned_end_ + parts_.times.grace + fleet_.looking;
    json::Object begins{{"phase", "inject"},
                        {"hosts", ids_.size()},
                        {"doing", described().words.injecting},
                        {"planned_end", rfc3339_millis(*planned_end_)},
                        {"restore_at", rfc3339_millis(restore_at_)}};
    if (const auto waves = parts_.plan.wave_count(); waves > 1) {
        begins["wave"] = wave_;
        begins["waves"] = waves;
    }
    auto told = parts_.events.write("phase", {}, std::move(begins));
    if (!told) return fail("not injecting", told.error());
    const Deadline limit = sooner(clock, parts_.times.send_limit + fleet_.sending);
    auto prepared = parts_.fault.prepare(parts_.world, parts_.plan, limit, parts_.stops.abort);
    if (!prepared) return fail("not injecting", prepared.error());
    words_ = std::move(*prepared);
    for (const auto& [shell, ids] : parts_.hosts.by_shell(ids_)) {
        for (auto from = ids.begin(); from != ids.end();) {
            const auto count =
                std::min<std::ptrdiff_t>(ids.end() - from, aws::SendCommandRequest::instances_max);
            if (auto ordered = order_batch({from, from + count}, shell, limit); !ordered)
                return ordered;
            from += count;
        }
    }
    return {};
}

// The intent goes into the journal first; only then is anybody told.
Result<void>
FaultWindow::order_batch(const std::vector<std::string>& ids, host::Shell shell, Deadline limit) {
    const WallTime now = parts_.world.clock.wall();
    not_after_ = std::min(now + parts_.times.delivery, *planned_end_);
    const RunOrder order{parts_.events.run(),
                         now,
                         not_after_,
                         restore_at_,
                         std::chrono::ceil<Seconds>(restore_at_ - now),
                         parts_.plan.tasks_of_wave(wave_, ids),
                         words_};
    if (auto told = intend(ids); !told) return fail("not injecting", told.error());
    const auto sent = orders_.send(
        ids,
        script_for(parts_.fault.inject_script(parts_.plan, order, shell), shell, "stop"),
        limit,
        parts_.stops.abort);
    EventWriter::Group together(parts_.events);
    for (const auto& id : ids) {
        HostState& host = parts_.hosts.at(id);
        const auto result = orders_.results().find(id);
        if (result == orders_.results().end()) {
            // Who was certainly not told has nothing to be taken back.
            if (!orders_.uncertain().contains(id)) host.may_hold = false;
            continue;
        }
        host.sent_at = parts_.world.clock.wall();
        if (result->second.state == host::HostResult::State::refused)
            take_answer(host, result->second);
        else
            parts_.events.tell("sent", id, {{"command_id", result->second.command_id}});
    }
    if (!sent) return fail("sending the command to the hosts", aws::to_error(sent.error()));
    return {};
}

Result<void> FaultWindow::intend(const std::vector<std::string>& ids) {
    EventWriter::Group together(parts_.events);
    Result<void> told;
    for (const auto& id : ids) {
        if (told)
            told = parts_.events.write("intent",
                                       id,
                                       {{"not_after", rfc3339_millis(not_after_)},
                                        {"restore_at", rfc3339_millis(restore_at_)}});
    }
    if (auto ended = together.end(); told) told = std::move(ended);
    for (const auto& id : ids) {
        HostState& host = parts_.hosts.at(id);
        host.begin_wave();
        host.ordered = host.may_hold = told.has_value();
    }
    return told;
}

Result<void> FaultWindow::inject_and_hold() {
    Clock& clock = parts_.world.clock;
    if (auto ordered = order(); !ordered) return ordered;
    WallTime next_look = clock.wall();
    // Hosts that answer late, or never, hold up nobody: those that have answered are held for as
    // long as was asked for, and no longer.
    const WallTime patience_ends = clock.wall() + answer_patience + fleet_.looking;
    while (!parts_.stops.abort.stop_requested()) {
        const auto looked = look_after_orders(parts_.stops.abort);
        if (!looked) return fail(looked.error());
        const bool answered = *looked;
        if (holding_ && parts_.guards != nullptr && !ended_since_)
            ended_since_ = parts_.guards->against_holding(ids_, parts_.stops.abort);
        if (ended_since_ || (answered && is_nowhere())) break;
        const WallTime now = clock.wall();
        bool all_seen = false;
        if (now >= next_look) {
            all_seen = look_at_effect(holding_);
            next_look = clock.wall()
                        + (all_seen && answered ? parts_.times.hold_look_interval
                                                : parts_.times.look_interval);
        }
        const bool is_any_injected = std::any_of(ids_.begin(), ids_.end(), [&](const auto& id) {
            return parts_.hosts.at(id).is_injected();
        });
        const bool waited_enough = is_any_injected && clock.wall() >= patience_ends;
        if (!holding_ && (answered || waited_enough)) hold_begins();
        if (holding_ && parts_.canary != nullptr) parts_.canary->hold();
        const WallTime end = hold_end();
        if (clock.wall() >= end) break;
        WallTime until =
            std::min(end, answered ? next_look : clock.wall() + parts_.times.look_interval);
        if (holding_ && parts_.canary != nullptr)
            until = std::min(until, parts_.canary->next_look());
        const auto pause =
            std::max(Millis(50), std::chrono::duration_cast<Millis>(until - clock.wall()));
        clock.wait_for(pause, parts_.stops.abort);
    }
    return {};
}

Result<bool> FaultWindow::look_after_orders(const std::stop_token& stop) {
    if (orders_.is_over()) return true;
    const auto news = orders_.look(call_deadline(), stop);
    if (!news && news.error().kind == Errc::denied)
        return fail("asking SSM what became of the commands", aws::to_error(news.error()));
    if (!news) {
        tell_trouble("asking SSM what became of the commands", news.error());
        return false;
    }
    EventWriter::Group together(parts_.events);
    for (const auto& id : *news)
        take_answer(parts_.hosts.at(id), orders_.results().at(id));
    return orders_.is_over();
}

void FaultWindow::take_answer(HostState& host, const host::HostResult& result) {
    const std::string& id = host.target.instance_id;
    switch (result.state) {
    case host::HostResult::State::sent:
        return;
    case host::HostResult::State::refused:
        host.may_hold = false;
        host.answer = HostReport::Did::refused;
        host.why_not = fmt::format("SSM did not take the command: {}", result.details);
        return parts_.events.tell("not-injected", id, {{"why", host.why_not}});
    case host::HostResult::State::lost:
        // It may have run all the same: undone with the others.
        host.silent = true;
        // What had not been answered by the end, this run itself has cancelled.
        host.no_answer =
            fmt::format("{}: whether the command ran is not known",
                        reverting_ && result.details == "Cancelled"
                            ? "SSM had no answer from it in time, and has cancelled the command"
                            : fmt::format("SSM says {}", result.details));
        return parts_.events.tell("no-answer", id, {{"why", host.no_answer}});
    case host::HostResult::State::succeeded:
    case host::HostResult::State::failed:
        break;
    }
    const auto report = parts_.fault.read_report(result.output);
    if (report) return take_report(host, *report);
    host.silent = true;
    host.no_answer =
        fmt::format("the command ended with {} and said nothing we know", result.exit_code);
    parts_.events.tell("no-answer", id, {{"why", host.no_answer}, {"output", result.output}});
}

void FaultWindow::take_report(HostState& host, const HostReport& report) {
    const std::string& id = host.target.instance_id;
    const WallTime now = parts_.world.clock.wall();
    host.answer = report.did;
    if (report.did == HostReport::Did::injected) {
        host.injected_at = now;
        // A repeated order tells of a stop that was earlier than it says.
        if (report.why.empty() && described().cuts_off_credentials)
            host.stop_ran_at = report.host_time;
        parts_.events.tell(
            "injected", id, {{"why", report.why}, {"did", described().words.injected}});
        return tell_armed(host, report);
    }
    host.may_hold = false;
    if (report.did == HostReport::Did::busy)
        ended_since_ = fmt::format("a host is held by the run {}", report.other_run);
    host.why_not = report.why;
    json::Object data{{"why", report.why}};
    if (!report.other_run.empty()) data["other_run"] = report.other_run;
    parts_.events.tell("not-injected", id, std::move(data));
}

// The hosts of one order are told of the tasks of all of them: each speaks of the others' too.
void FaultWindow::tell_armed(HostState& host, const HostReport& report) {
    for (const auto& task : report.tasks) {
        const auto known = host.tasks.find(task.id);
        if (known == host.tasks.end()) continue;
        known->second.armed = true;
        json::Object told{{"task", task.id},
                          {"container", task.container},
                          {"interface", task.interface},
                          {"intercept", task.intercept},
                          {"list", task.list},
                          {"until", task.until}};
        if (parts_.plan.tunables.has("EXISTING_CONNECTIONS")
            && parts_.plan.tunables.text("EXISTING_CONNECTIONS") == "reset")
            told["reset_existing"] = task.reset_existing;
        parts_.events.tell("armed", host.target.instance_id, std::move(told));
    }
    for (const auto& id : report.absent) {
        if (!host.tasks.contains(id)) continue;
        parts_.events.tell(
            "absent",
            host.target.instance_id,
            {{"task", id}, {"why", "the task is not on this host any more: nothing was done"}});
    }
}

// True when every host that has the fault has been seen to be affected.
bool FaultWindow::look_at_effect(bool all) {
    if (described().effect == EffectKnown::by_hosts) return true;
    const auto arns = all ? arns_where([](const HostState& host) { return host.should_show(); })
                          : arns_where([](const HostState& host) {
                                return host.should_show() && !host.affected_at;
                            });
    if (!arns.empty()) {
        const auto sights =
            parts_.fault.look(parts_.world, parts_.plan, arns, call_deadline(), parts_.stops.abort);
        if (!sights) tell_trouble("looking at the container instances", sights.error());
        EventWriter::Group together(parts_.events);
        for (const auto& [arn, sight] : sights.value_or(std::map<std::string, Sight>{})) {
            if (HostState* host = parts_.hosts.by_arn(arn)) see(*host, sight);
        }
    }
    return arns_where([](const HostState& host) { return host.should_show() && !host.affected_at; })
        .empty();
}

void FaultWindow::see(HostState& host, const Sight& sight) {
    const std::string& id = host.target.instance_id;
    const WallTime now = parts_.world.clock.wall();
    if (sight.state == Sight::State::gone) {
        if (!std::exchange(host.gone, true))
            parts_.events.tell(
                "gone", id, {{"why", "it is not registered in the cluster any more"}});
        return;
    }
    if (!reverting_)
        host.tasks_during =
            std::min(host.tasks_during.value_or(sight.running_tasks), sight.running_tasks);
    if (sight.state == Sight::State::affected && !host.affected_at && host.should_show()) {
        host.affected_at = now;
        json::Object data{{"running_tasks", sight.running_tasks}};
        if (host.injected_at)
            data["time_to_detect_ms"] =
                std::chrono::duration_cast<Millis>(now - *host.injected_at).count();
        parts_.events.tell("affected", id, std::move(data));
    }
    if (!reverting_ && sight.state == Sight::State::well && host.affected_at && now < restore_at_
        && !std::exchange(host.back_early, true)) {
        parts_.events.tell("warning",
                           id,
                           {{"text",
                             "it is well again before the fault's end: somebody, or something on "
                             "the host, has undone it"}});
    }
    if (reverting_ && sight.state == Sight::State::well && !host.recovered_at) {
        host.recovered_at = now;
        host.tasks_after = sight.running_tasks;
        json::Object data{{"running_tasks", sight.running_tasks}};
        // One that this run has told, and that has shown nothing, has nothing to come back from.
        const bool was_never_away = host.sent_at && !host.affected_at;
        if (was_never_away) data["never_seen_gone"] = true;
        // One that was back early has come back before it was asked to.
        if (host.revert_sent_at && !was_never_away && !host.back_early)
            data["time_to_recover_ms"] =
                std::chrono::duration_cast<Millis>(now - *host.revert_sent_at).count();
        parts_.events.tell("recovered", id, std::move(data));
    }
}

// Nobody has the fault, and nobody can have it any more.
bool FaultWindow::is_nowhere() const {
    return std::none_of(ids_.begin(), ids_.end(), [&](const std::string& id) {
        return parts_.hosts.at(id).may_hold;
    });
}

// The full duration from the last host that was heard of, but never past the hosts' own end.
WallTime FaultWindow::hold_end() const {
    WallTime end = *planned_end_;
    for (const auto& id : ids_) {
        const auto& injected = parts_.hosts.at(id).injected_at;
        if (injected) end = std::max(end, *injected + parts_.plan.duration);
    }
    return std::min(end, restore_at_);
}

void FaultWindow::hold_begins() {
    holding_ = true;
    const auto held = std::count_if(ids_.begin(), ids_.end(), [&](const std::string& id) {
        return parts_.hosts.at(id).should_show();
    });
    parts_.events.tell("phase",
                       {{"phase", "hold"},
                        {"hosts", held},
                        {"until", rfc3339_millis(hold_end())},
                        {"restore_at", rfc3339_millis(restore_at_)}});
}

} // namespace squall::experiment
