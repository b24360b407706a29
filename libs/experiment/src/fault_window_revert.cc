// The second half of a window: taking the fault back.
#include "fault_window.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::experiment {
namespace {

constexpr Seconds send_again_after{3}; // when SSM did not take the undo
// When a host could not follow it; twice as long each time.
constexpr Seconds first_retry_after{5};
constexpr Seconds retry_after_max{60};

} // namespace

void FaultWindow::revert() {
    Clock& clock = parts_.world.clock;
    reverting_ = true;
    if (parts_.canary != nullptr) parts_.canary->let_go();
    const auto held = std::count_if(ids_.begin(), ids_.end(), [&](const std::string& id) {
        return parts_.hosts.at(id).may_hold;
    });
    if (held == 0) return;
    json::Object begins{{"phase", "revert"},
                        {"hosts", held},
                        {"doing", described().words.reverting},
                        {"restore_at", rfc3339_millis(restore_at_)}};
    if (parts_.stops.abort.stop_requested()) begins["told_to_end"] = true;
    parts_.events.tell("phase", std::move(begins));
    // What has not begun anywhere need not; what has is undone next.
    if (!orders_.is_over()) {
        if (auto cancelled = orders_.cancel(call_deadline(), parts_.stops.quit); !cancelled)
            tell_trouble("cancelling the commands that have not begun", cancelled.error());
    }
    const WallTime give_up = std::max(clock.wall(), restore_at_) + parts_.times.recovery_limit
                             + fleet_.sending + fleet_.looking;
    bool sent = send_revert();
    Seconds retry_after = first_retry_after;
    WallTime send_again = clock.wall() + (sent ? retry_after : send_again_after);
    while (!parts_.stops.quit.stop_requested() && !all_recovered() && clock.wall() < give_up) {
        if (clock.wall() >= send_again) {
            sent = send_revert();
            if (sent) retry_after = std::min(2 * retry_after, retry_after_max);
            send_again = clock.wall() + (sent ? retry_after : send_again_after);
        }
        // What has come of an order that was on its way when the run was told to end.
        if (!orders_.is_over()) static_cast<void>(look_after_orders(parts_.stops.quit));
        look_after_reverts();
        look_at_recovery();
        if (!all_recovered()) clock.wait_for(parts_.times.look_interval, parts_.stops.quit);
    }
    // A host that is seen to be well may still owe its answer: one more look, for the record.
    if (all_recovered()) look_after_reverts();
    const std::string by_hand = replace_all(described().words.by_hand, "RUN", parts_.events.run());
    for (const auto& id : ids_) {
        HostState& host = parts_.hosts.at(id);
        if (!host.may_hold || host.recovered_at || host.gone) continue;
        host.unseen = !blind_since_.empty();
        parts_.events.tell(
            "not-recovered",
            id,
            {{"why",
              parts_.stops.quit.stop_requested()
                  ? std::string("squall was told to leave before it was seen")
              : !blind_since_.empty() ? "it could not be looked at: " + blind_since_
                                      : std::string("it was not seen to be well again in time")},
             {"advice",
              parts_.world.clock.wall() < restore_at_
                  ? fmt::format("it restores itself at {}; then look at it, or log in and {}",
                                clock_time(restore_at_),
                                by_hand)
                  : fmt::format("it was to restore itself at {}: log in, look at it, and {}",
                                clock_time(restore_at_),
                                by_hand)}});
    }
}

// Sends the undo to every host that needs it and has none on its way: the first time, and again
// where it failed. True when SSM has answered for all of them.
bool FaultWindow::send_revert() {
    // Past its own end a host whose agent does not run is not so by our doing.
    const bool is_before_end = parts_.world.clock.wall() < restore_at_;
    std::vector<std::string> certain;
    std::vector<std::string> others;
    for (const auto& id : ids_) {
        HostState& host = parts_.hosts.at(id);
        const auto known = reverts_.results().find(id);
        const bool is_on_its_way = known != reverts_.results().end() && !known->second.is_over();
        const bool is_owed =
            host.may_hold && !host.undo_confirmed && !host.recovered_at && !host.gone;
        if (!is_owed || is_on_its_way) continue;
        (is_before_end && host.injected_at ? certain : others).push_back(id);
    }
    const bool certain_done = send_undo(certain, /*is_certain=*/true);
    return send_undo(others, /*is_certain=*/false) && certain_done;
}

bool FaultWindow::send_undo(const std::vector<std::string>& ids, bool is_certain) {
    if (ids.empty()) return true;
    const UndoOrder order{parts_.events.run(), not_after_, is_certain};
    const Deadline limit =
        Deadline::at(parts_.world.clock.now() + parts_.times.send_limit + fleet_.sending);
    aws::Outcome<void> done;
    for (const auto& [shell, hosts] : parts_.hosts.by_shell(ids)) {
        auto sent =
            reverts_.send(hosts,
                          script_for(parts_.fault.revert_script(order, shell), shell, "start"),
                          limit,
                          parts_.stops.quit);
        // Hosts of the other kind are sent theirs all the same.
        if (!sent) done = std::move(sent);
    }
    EventWriter::Group together(parts_.events);
    for (const auto& id : ids) {
        HostState& host = parts_.hosts.at(id);
        const auto result = reverts_.results().find(id);
        if (result == reverts_.results().end()
            || result->second.state == host::HostResult::State::refused)
            continue;
        if (!host.revert_sent_at) host.revert_sent_at = parts_.world.clock.wall();
        parts_.events.tell("revert-sent", id, {{"command_id", result->second.command_id}});
    }
    if (done) return true;
    tell_trouble(fmt::format("sending the undo (the hosts {} it by themselves at {})",
                             parts_.world.clock.wall() < restore_at_ ? "undo" : "were to undo",
                             clock_time(restore_at_)),
                 done.error());
    return false;
}

void FaultWindow::look_after_reverts() {
    if (reverts_.is_over()) return;
    const auto news = reverts_.look(call_deadline(), parts_.stops.quit);
    if (!news) return tell_trouble("asking SSM what became of the undo", news.error());
    EventWriter::Group together(parts_.events);
    for (const auto& id : *news) {
        HostState& host = parts_.hosts.at(id);
        const host::HostResult& result = reverts_.results().at(id);
        const auto report = parts_.fault.read_report(result.output);
        // A host without a record of this run whose agent does not run has undone nothing.
        const bool undone = report
                            && (report->did == HostReport::Did::reverted
                                || (report->did == HostReport::Did::clean && report->why.empty()));
        if (undone) {
            host.undo_confirmed = true;
            host.reverted_at = parts_.world.clock.wall();
            const bool is_ours = report->did == HostReport::Did::reverted;
            if (is_ours && described().cuts_off_credentials) host.start_ran_at = report->host_time;
            // Its own timer, an earlier order, a reboot, or nothing was ever done: it cannot tell.
            const bool all_had_ended =
                !report->tasks.empty()
                && std::all_of(report->tasks.begin(), report->tasks.end(), [](const auto& task) {
                       return task.ended_by == "container" || task.ended_by == "death";
                   });
            const bool is_undone = is_ours && !all_had_ended;
            json::Object data{
                {"by", is_undone ? "our command" : ""},
                {"did", is_undone ? described().words.reverted : described().words.clean}};
            if (const auto time = host.credentials_cut_off())
                data["credentials_cut_off_s"] = time->count();
            parts_.events.tell("reverted", id, std::move(data));
            if (described().effect == EffectKnown::by_hosts) take_counts(host, *report);
        } else {
            parts_.events.tell(
                "revert-failed",
                id,
                {{"why", report ? report->why : fmt::format("SSM says {}", result.details)},
                 {"advice",
                  parts_.world.clock.wall() < restore_at_
                      ? fmt::format("the host tries by itself at {}, and it is sent again",
                                    clock_time(restore_at_))
                      : std::string("it is sent again")}});
        }
    }
}

void FaultWindow::take_counts(HostState& host, const HostReport& report) {
    std::int64_t hits = 0;
    for (const auto& task : report.tasks) {
        const auto known = host.tasks.find(task.id);
        if (known == host.tasks.end()) continue;
        known->second.counts = task.counts;
        known->second.hits = task.hits;
        known->second.canary = task.canary;
        known->second.ended_by = task.ended_by;
        hits += task.hits;
        json::Object told{{"task", task.id},
                          {"container", task.container},
                          {"hits", task.hits},
                          {"counts", task.counts},
                          {"why", task.why}};
        if (!task.ended_by.empty()) told["ended_by"] = task.ended_by;
        if (!task.canary.empty()) told["canary"] = task.canary;
        parts_.events.tell("counted", host.target.instance_id, std::move(told));
    }
    if (hits > 0) host.affected_at = *host.reverted_at;
    host.recovered_at = host.reverted_at;
    parts_.events.tell("recovered", host.target.instance_id, {{"hits", hits}});
}

void FaultWindow::look_at_recovery() {
    const bool is_told = described().effect == EffectKnown::by_hosts;
    // Such a host is well when it says so; whether it is still there is worth a look when it was to
    // be well by itself.
    if (is_told && parts_.world.clock.wall() < restore_at_) return;
    const auto arns =
        arns_where([](const HostState& host) { return host.may_hold && !host.recovered_at; });
    if (arns.empty()) return;
    const auto sights =
        parts_.fault.look(parts_.world, parts_.plan, arns, call_deadline(), parts_.stops.quit);
    blind_since_ = sights ? "" : aws::to_error(sights.error()).message;
    if (!sights) return tell_trouble("looking at the container instances", sights.error());
    EventWriter::Group together(parts_.events);
    for (const auto& [arn, sight] : *sights) {
        HostState* host = parts_.hosts.by_arn(arn);
        if (host == nullptr) continue;
        // Well means nothing yet where the fault may still be about to show: only after the undo,
        // or after the host's own end.
        const bool is_over =
            !is_told && (host->undo_confirmed || parts_.world.clock.wall() >= restore_at_);
        if (is_over || sight.state != Sight::State::well) see(*host, sight);
    }
}

bool FaultWindow::all_recovered() const {
    return std::all_of(ids_.begin(), ids_.end(), [&](const std::string& id) {
        const HostState& host = parts_.hosts.at(id);
        return !host.may_hold || host.recovered_at || host.gone;
    });
}

} // namespace squall::experiment
