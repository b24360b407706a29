// Which connection is due when. Entries are not taken out when a connection ends or changes its
// mind: whoever is due is asked again whether it is. For one thread.
#pragma once

#include "squall/base/clock.h"

#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

namespace squall::proxy {

class DueQueue {
public:
    void add(SteadyTime when, std::uint64_t who) { queue_.push({when, who}); }

    [[nodiscard]] std::optional<SteadyTime> next() const {
        return queue_.empty() ? std::nullopt : std::optional(queue_.top().when);
    }

    // The next that is due, taken out.
    [[nodiscard]] std::optional<std::uint64_t> take(SteadyTime now) {
        if (queue_.empty() || queue_.top().when > now) return std::nullopt;
        const auto who = queue_.top().who;
        queue_.pop();
        return who;
    }

private:
    struct Entry {
        SteadyTime when;
        std::uint64_t who;

        [[nodiscard]] bool operator<(const Entry& other) const { return when > other.when; }
    };

    std::priority_queue<Entry> queue_;
};

} // namespace squall::proxy
