#include "squall/watch/judge.h"

#include "squall/base/time_text.h"
#include "squall/monitor/saved_state.h"
#include "squall/watch/delivery.h"

#include <algorithm>

namespace squall::watch {
namespace {

std::string timeline_text(const monitor::Decision& decision) {
    std::string line(text(decision.kind));
    if (decision.reason != monitor::Reason::none)
        line += fmt::format(" ({})", text(decision.reason));
    if (decision.kind == monitor::DecisionKind::action)
        line += fmt::format(" {}", text(decision.rung));
    if (decision.since != monitor::unknown_time)
        line += fmt::format(", gone since {}", rfc3339_millis(decision.since));
    if (decision.duration) line += fmt::format(", for {}", short_duration(*decision.duration));
    if (!decision.members.empty()) line += fmt::format(", {} instances", decision.members.size());
    if (!decision.detail.empty()) line += ": " + decision.detail;
    return line;
}

// People are told what is wrong in the same breath as that something is.
bool is_to_be_diagnosed(const monitor::Decision& decision, const monitor::Actions& actions) {
    if (decision.kind != monitor::DecisionKind::opened
        && decision.kind != monitor::DecisionKind::grouped)
        return false;
    return std::any_of(
        actions.decisions.begin(), actions.decisions.end(), [&](const monitor::Decision& other) {
            return other.kind == monitor::DecisionKind::action
                   && other.rung == monitor::Rung::diagnose && other.incident == decision.incident;
        });
}

} // namespace

Result<void> Judge::load(WallTime now) {
    state_ = monitor::State();
    if (auto loaded = store_.load(state_); !loaded) return loaded;
    monitor::resume(state_, now);
    now_ = now;
    return {};
}

Result<monitor::Look> Judge::take(std::span<const monitor::Input> inputs, WallTime now) {
    now_ = std::max(now_, now);
    monitor::Actions all;
    const auto judge = [&](const monitor::Input& input) {
        auto actions = monitor::reduce(state_, input, now_, settings_);
        const auto append = [](auto& to, auto& from) {
            to.insert(to.end(),
                      std::make_move_iterator(from.begin()),
                      std::make_move_iterator(from.end()));
        };
        append(all.decisions, actions.decisions);
        append(all.traces, actions.traces);
        append(all.look.hosts, actions.look.hosts);
    };
    for (const auto& input : inputs)
        judge(input);
    judge(monitor::Tick{});
    if (auto stored = store_.commit(commit_of(all)); !stored) return fail(stored.error());
    if (hear_) hear_(all);
    return std::move(all.look);
}

Commit Judge::commit_of(const monitor::Actions& actions) {
    Commit commit;
    commit.changes = state_.take_changes();
    if (commit.changes.is_other_changed) commit.rest = monitor::saved_rest(state_);
    // What led to a decision stands before it.
    for (const auto& trace : actions.traces)
        commit.timeline.push_back({trace.at, trace.cluster, trace.node, {}, "trace", trace.text});
    for (const auto& decision : actions.decisions) {
        commit.timeline.push_back({decision.at,
                                   decision.cluster,
                                   decision.node,
                                   decision.incident,
                                   std::string(text(decision.kind)),
                                   timeline_text(decision)});
        // Of a group each member's own timeline tells.
        for (const auto& member : decision.members)
            commit.timeline.push_back({decision.at,
                                       decision.cluster,
                                       member,
                                       decision.incident,
                                       std::string(text(decision.kind)),
                                       timeline_text(decision)});
        Notice notice = notice_of(decision);
        if (is_to_be_diagnosed(decision, actions)) notice.object[awaits_diagnosis] = true;
        for (const Channel* channel : channels_) {
            if (!channel->takes(decision)) continue;
            commit.outbox.push_back({0,
                                     std::string(channel->name()),
                                     notice.idempotency_key,
                                     notice.subject,
                                     notice.body,
                                     notice.object,
                                     0,
                                     false});
        }
    }
    return commit;
}

} // namespace squall::watch
