// Container instances that renew their connections, each every 25 minutes and for half a second, as
// healthy agents do: what a monitor hears of most of the time.
#pragma once

#include "squall/monitor/input.h"

#include <string>
#include <vector>

namespace squall::bench {

struct Rotation {
    std::size_t host = 0;
    WallTime at;
    std::int64_t version = 1;
    bool is_connected = true;
};

class Fleet {
public:
    explicit Fleet(std::size_t size) : size_(size) {}

    // All of them, connected, as a poll finds them.
    [[nodiscard]] std::vector<monitor::Input> poll() const;

    // The next event, in the order of time. Never ends.
    [[nodiscard]] Rotation next();

    [[nodiscard]] monitor::Input input(const Rotation& rotation) const;
    // The message that brings it: what an agent of 2026 says of itself, some 4 KB.
    [[nodiscard]] std::string text(const Rotation& rotation) const;

private:
    [[nodiscard]] monitor::InstanceReport report(std::size_t host) const;
    [[nodiscard]] WallTime leaves_at(std::size_t step) const;

    std::size_t size_;
    std::size_t step_ = 0;
    bool is_return_next_ = false;
};

[[nodiscard]] WallTime fleet_begins();

} // namespace squall::bench
