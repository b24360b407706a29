// A clock that stands still until somebody waits for it.
#pragma once

#include "squall/base/clock.h"

#include <algorithm>

namespace squall::watch {

class StandingClock final : public Clock {
public:
    // 2026-11-21T02:00:00Z, where nothing else is wanted.
    explicit StandingClock(WallTime start = WallTime(Seconds(1'795'226'400))) : start_(start) {}

    [[nodiscard]] SteadyTime now() const override {
        return SteadyTime(std::chrono::hours(1)) + passed_;
    }

    [[nodiscard]] WallTime wall() const override { return start_ + passed_; }

    bool wait_until(SteadyTime when, std::stop_token) override {
        passed_ += std::max(when - now(), Steady::duration(0));
        return true;
    }

    void advance(Millis by) { passed_ += by; }

private:
    WallTime start_;
    Steady::duration passed_{0};
};

} // namespace squall::watch
