// The judgement with a memory: inputs go in, what follows from them is stored in one piece, and
// what is to be looked at comes out. Belongs to one thread.
#pragma once

#include "squall/monitor/reduce.h"
#include "squall/watch/channel.h"
#include "squall/watch/store.h"

#include <functional>
#include <span>
#include <vector>

namespace squall::watch {

class Judge {
public:
    // Each decision and trace, once it is stored.
    using Hear = std::function<void(const monitor::Actions& actions)>;

    // All of these must outlive it.
    Judge(Store& store, const monitor::Settings& settings, std::vector<const Channel*> channels)
        : store_(store), settings_(settings), channels_(std::move(channels)) {}

    void on_actions(Hear hear) { hear_ = std::move(hear); }

    // What the store has; before anything else.
    [[nodiscard]] Result<void> load(WallTime now);

    // Takes these in their order, and then what is due. When it returns, all that follows from them
    // is stored, and whoever delivered them may forget them. After an error the memory is ahead of
    // the store: load again, or end.
    [[nodiscard]] Result<monitor::Look> take(std::span<const monitor::Input> inputs, WallTime now);

    // monitor::no_time when there is none.
    [[nodiscard]] WallTime next_due() const { return state_.next_due(); }

    [[nodiscard]] const monitor::State& state() const { return state_; }

private:
    [[nodiscard]] Commit commit_of(const monitor::Actions& actions);

    Store& store_;
    const monitor::Settings& settings_;
    std::vector<const Channel*> channels_;
    Hear hear_;
    monitor::State state_;
    WallTime now_ = monitor::unknown_time; // never goes back
};

} // namespace squall::watch
