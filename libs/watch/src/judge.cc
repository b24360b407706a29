#include "squall/watch/judge.h"

#include "squall/base/log.h"
#include "squall/base/time_text.h"
#include "squall/monitor/saved_state.h"

#include <algorithm>

namespace squall::watch {
namespace {

constexpr std::size_t entries_at_once = 100;
constexpr Seconds put_off_max{300};
// What an error that does not go away is given: somebody may mend the settings.
constexpr int attempts_max = 20;

Seconds put_off(int attempts) { return std::min(put_off_max, Seconds(1 << std::min(attempts, 9))); }

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
        const Notice notice = notice_of(decision);
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
    for (const auto& trace : actions.traces)
        commit.timeline.push_back({trace.at, trace.cluster, trace.node, {}, "trace", trace.text});
    return commit;
}

Result<std::size_t>
deliver(Store& store, Channel& channel, Clock& clock, const std::stop_token& stop) {
    const std::string name(channel.name());
    auto entries = store.outbox(name, clock.wall(), entries_at_once);
    if (!entries) return fail(entries.error());
    std::size_t sent = 0;
    for (auto& entry : *entries) {
        if (stop.stop_requested()) break;
        if (channel.is_at_most_once()) {
            if (entry.is_begun) {
                log::warning("{}: {} was under way when the monitor ended: it is not done again",
                             name,
                             entry.idempotency_key);
                if (auto done = store.finish(entry); !done) return fail(done.error());
                continue;
            }
            if (auto begun = store.begin(entry); !begun) return fail(begun.error());
        }
        const auto told = channel.send(entry, stop);
        if (told || channel.is_at_most_once()) {
            if (!told) log::error("{}: {}: {}", name, entry.idempotency_key, told.error().message);
            if (auto done = store.finish(entry); !done) return fail(done.error());
            ++sent;
            continue;
        }
        if (stop.stop_requested()) break;
        const bool is_given_up =
            told.error().code == Errc::invalid_input && entry.attempts + 1 >= attempts_max;
        log::error("{}: {}: {}{}",
                   name,
                   entry.idempotency_key,
                   told.error().message,
                   is_given_up ? "; given up" : "");
        const auto noted = is_given_up
                               ? store.finish(entry)
                               : store.postpone(entry, clock.wall() + put_off(entry.attempts));
        if (!noted) return fail(noted.error());
        // What follows may be of the same incident, and come after this.
        if (!is_given_up) break;
    }
    return sent;
}

} // namespace squall::watch
