// A timer that starts another unit once, OnActiveSec= after it was started itself.
//
// Asked, not run, like Service. It fires as LATE as AccuracySec= allows: a real systemd may choose
// any moment of [elapse, elapse + AccuracySec], and whoever forgets that the default is a minute
// should notice in a lab, not in production.
#pragma once

#include "init/time_span.h"
#include "init/unit_settings.h"

#include <string_view>
#include <utility>
#include <vector>

namespace squall::labhost::init {

enum class TimerState { dead, waiting, running, elapsed };

[[nodiscard]] std::string_view text_of(TimerState state);

class TimerUnit {
public:
    explicit TimerUnit(TimerSettings settings) : settings_(std::move(settings)) {}

    void start(Instant now);
    void stop();
    // True if it fires now: the unit is to be started.
    [[nodiscard]] bool on_time(Instant now);
    // The unit that it started has come to rest.
    void on_unit_at_rest();

    [[nodiscard]] SteadyTime next_deadline() const;

    // When it is due, accuracy not counted; never for a timer that does not wait.
    [[nodiscard]] SteadyTime elapses() const { return elapses_; }

    [[nodiscard]] WallTime last_trigger() const { return last_trigger_; }

    [[nodiscard]] TimerState state() const { return state_; }

    [[nodiscard]] const TimerSettings& settings() const { return settings_; }

    void replace_settings(TimerSettings settings) { settings_ = std::move(settings); }

    [[nodiscard]] std::vector<TimerState> take_transitions() {
        return std::exchange(transitions_, {});
    }

private:
    void enter(TimerState state);

    TimerSettings settings_;
    TimerState state_ = TimerState::dead;
    std::vector<TimerState> transitions_;
    SteadyTime elapses_ = SteadyTime::max();
    WallTime last_trigger_;
};

} // namespace squall::labhost::init
