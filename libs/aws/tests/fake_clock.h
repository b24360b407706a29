// A clock that stands still until somebody waits for it, or pushes it. May be used from several
// threads at once.
#pragma once

#include "squall/base/clock.h"

#include <mutex>
#include <vector>

namespace squall::aws {

class FakeClock final : public Clock {
public:
    // 2026-11-21T02:00:00Z
    static constexpr std::chrono::seconds start_of_wall{1'795'226'400};

    [[nodiscard]] SteadyTime now() const override {
        const std::lock_guard lock(mutex_);
        return SteadyTime(std::chrono::hours(1)) + passed_;
    }

    [[nodiscard]] WallTime wall() const override {
        const std::lock_guard lock(mutex_);
        return WallTime(start_of_wall) + passed_ + offset_;
    }

    bool wait_until(SteadyTime when, std::stop_token stop) override {
        if (stop.stop_requested()) return false;
        const auto left = when - now();
        const std::lock_guard lock(mutex_);
        waits_.push_back(std::chrono::duration_cast<Millis>(left));
        if (left.count() > 0) passed_ += left;
        return true;
    }

    void advance(Millis by) {
        const std::lock_guard lock(mutex_);
        passed_ += by;
    }

    // This machine's wall clock is off by that much.
    void set_wrong_by(Millis offset) {
        const std::lock_guard lock(mutex_);
        offset_ = offset;
    }

    [[nodiscard]] Deadline in(Millis delay) const { return Deadline::at(now() + delay); }

    [[nodiscard]] std::vector<Millis> waits() const {
        const std::lock_guard lock(mutex_);
        return waits_;
    }

private:
    mutable std::mutex mutex_;
    Steady::duration passed_{0};
    Millis offset_{0};
    std::vector<Millis> waits_;
};

} // namespace squall::aws
