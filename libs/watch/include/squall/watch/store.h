// Where a monitor keeps what it must not forget, so that it can be killed at any moment: its state,
// what it still has to tell (the outbox), and what led to what (the timeline).
//
// Two implementations: SQLite for a daemon, DynamoDB for a function that runs now and then.
#pragma once

#include "squall/monitor/state.h"
#include "squall/watch/notice.h"

#include <map>
#include <string>
#include <vector>

namespace squall::watch {

// Something that has to reach a channel: sns, webhook, command, metrics, action.
struct OutboxEntry {
    std::int64_t id = 0; // given by the store; grows
    std::string channel;
    std::string idempotency_key;
    std::string subject;
    std::string body;
    json::Object object;
    int attempts = 0;
    // A channel that must not do a thing twice says so before it does it. Seen true: a process has
    // died over it.
    bool is_begun = false;
};

struct TimelineEntry {
    WallTime at;
    std::string cluster;
    std::string node; // empty: of a group, or of the monitor itself
    std::string incident;
    std::string kind; // of a decision; "trace"
    std::string text;
};

// For how long keys of what was told stay known, and how far back `explain` can look.
inline constexpr Seconds known_kept{7 * 86400};
inline constexpr Seconds timeline_kept{30 * 86400};

// Everything that one step of the judgement has brought about: all of it is stored, or none.
struct Commit {
    monitor::State::Changes changes; // borrows from the state
    json::Object rest;               // where changes.is_other_changed
    std::vector<OutboxEntry> outbox; // one for each channel; a key that is known is left out
    std::vector<TimelineEntry> timeline;
};

// Belongs to one thread. Several objects, and processes, may look at one store; only one writes
// states: a store that notices another writer refuses with Errc::conflict, and its owner must load
// anew.
class Store {
public:
    Store() = default;
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    virtual ~Store() = default;

    // Into an empty state, as of the last commit.
    [[nodiscard]] virtual Result<void> load(monitor::State& state) = 0;
    [[nodiscard]] virtual Result<void> commit(const Commit& commit) = 0;

    // The oldest of a channel that are due at `now`, oldest first.
    [[nodiscard]] virtual Result<std::vector<OutboxEntry>>
    outbox(const std::string& channel, WallTime now, std::size_t count_max) = 0;
    // It will be done now: for channels that must not do it twice.
    [[nodiscard]] virtual Result<void> begin(const OutboxEntry& entry) = 0;
    // It has been told. Its key stays known for as long as copies of it may come up.
    [[nodiscard]] virtual Result<void> finish(const OutboxEntry& entry) = 0;
    // It has not been told: later.
    [[nodiscard]] virtual Result<void> postpone(const OutboxEntry& entry, WallTime until) = 0;
    // How many wait, by channel.
    [[nodiscard]] virtual Result<std::map<std::string, std::int64_t>> outbox_sizes() = 0;

    // Newest last; `node` empty: of all.
    [[nodiscard]] virtual Result<std::vector<TimelineEntry>> timeline(const std::string& node,
                                                                      std::size_t count_max) = 0;
    [[nodiscard]] virtual Result<void> add(const std::vector<TimelineEntry>& entries) = 0;
};

} // namespace squall::watch
