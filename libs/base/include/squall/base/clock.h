// Time as a value: whoever needs "now" is given it, or is given a Clock. Tests move time by hand.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>

namespace squall {

using Steady = std::chrono::steady_clock;
using Wall = std::chrono::system_clock;
using SteadyTime = Steady::time_point;
using WallTime = Wall::time_point;
using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

// The point at which a blocking call gives up. A value: copy it down a call chain as it is.
class Deadline {
public:
    [[nodiscard]] static Deadline never() { return Deadline(SteadyTime::max()); }

    [[nodiscard]] static Deadline at(SteadyTime when) { return Deadline(when); }

    [[nodiscard]] static Deadline in(Millis delay) { return Deadline(Steady::now() + delay); }

    [[nodiscard]] SteadyTime when() const { return when_; }

    [[nodiscard]] bool is_never() const { return when_ == SteadyTime::max(); }

    [[nodiscard]] bool passed(SteadyTime now = Steady::now()) const { return now >= when_; }

    // What is left, never negative; Millis::max() when there is no end.
    [[nodiscard]] Millis left(SteadyTime now = Steady::now()) const;

    [[nodiscard]] Deadline sooner(Deadline other) const {
        return Deadline(std::min(when_, other.when_));
    }

private:
    explicit Deadline(SteadyTime when) : when_(when) {}

    SteadyTime when_;
};

// The one place where a process meets time. All functions may be called from every thread.
class Clock {
public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;

    [[nodiscard]] virtual SteadyTime now() const = 0;
    [[nodiscard]] virtual WallTime wall() const = 0;
    // Waits until `when`, or until a stop is asked for; true if the time has come, false if
    // stopped.
    virtual bool wait_until(SteadyTime when, std::stop_token stop) = 0;

    bool wait_for(Millis delay, std::stop_token stop) {
        return wait_until(now() + delay, std::move(stop));
    }
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] SteadyTime now() const override { return Steady::now(); }

    [[nodiscard]] WallTime wall() const override { return Wall::now(); }

    bool wait_until(SteadyTime when, std::stop_token stop) override;

private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
};

} // namespace squall
