#include "init/timer_unit.h"

#include <array>

namespace squall::labhost::init {

std::string_view text_of(TimerState state) {
    constexpr std::array<std::string_view, 4> names{"dead", "waiting", "running", "elapsed"};
    return names[static_cast<std::size_t>(state)];
}

void TimerUnit::start(Instant now) {
    if (state_ != TimerState::dead) return;
    elapses_ = after(now.steady, settings_.on_active);
    enter(TimerState::waiting);
}

void TimerUnit::stop() {
    elapses_ = SteadyTime::max();
    if (state_ != TimerState::dead) enter(TimerState::dead);
}

bool TimerUnit::on_time(Instant now) {
    if (now.steady < next_deadline()) return false;
    last_trigger_ = now.wall;
    elapses_ = SteadyTime::max();
    enter(TimerState::running);
    return true;
}

void TimerUnit::on_unit_at_rest() {
    if (state_ != TimerState::running) return;
    enter(TimerState::elapsed);
    if (!settings_.remains_after_elapse) enter(TimerState::dead);
}

SteadyTime TimerUnit::next_deadline() const {
    if (state_ != TimerState::waiting || elapses_ == SteadyTime::max()) return SteadyTime::max();
    return after(elapses_, settings_.accuracy);
}

void TimerUnit::enter(TimerState state) {
    state_ = state;
    transitions_.push_back(state);
}

} // namespace squall::labhost::init
