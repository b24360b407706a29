#include "init/unit.h"

#include <algorithm>
#include <array>
#include <utility>

namespace squall::labhost::init {
namespace {

std::variant<Service, TimerUnit> body_of(const UnitSettings& settings, Effects& effects) {
    if (settings.is_service()) return Service(settings, effects);
    return TimerUnit(settings.timer());
}

} // namespace

std::string_view text_of(ActiveState state) {
    constexpr std::array<std::string_view, 5> names{
        "inactive", "activating", "active", "deactivating", "failed"};
    return names[static_cast<std::size_t>(state)];
}

ActiveState active_state_of(ServiceState state) {
    switch (state) {
    case ServiceState::dead:
        return ActiveState::inactive;
    case ServiceState::start_pre:
    case ServiceState::start:
    case ServiceState::start_post:
    case ServiceState::auto_restart:
        return ActiveState::activating;
    case ServiceState::running:
    case ServiceState::exited:
        return ActiveState::active;
    case ServiceState::failed:
        return ActiveState::failed;
    default:
        return ActiveState::deactivating;
    }
}

ActiveState active_state_of(TimerState state) {
    return state == TimerState::dead ? ActiveState::inactive : ActiveState::active;
}

bool is_at_rest(ActiveState state) {
    return state == ActiveState::inactive || state == ActiveState::failed;
}

std::string_view text_of(JobType type) {
    constexpr std::array<std::string_view, 3> names{"start", "stop", "restart"};
    return names[static_cast<std::size_t>(type)];
}

std::string_view text_of(JobResult result) {
    constexpr std::array<std::string_view, 4> names{"done", "canceled", "failed", "dependency"};
    return names[static_cast<std::size_t>(result)];
}

Unit::Unit(LoadedUnit loaded, Effects& effects)
    : loaded_(std::move(loaded)), body_(body_of(loaded_.settings, effects)) {}

ActiveState Unit::active_state() const {
    if (const Service* own = service()) return active_state_of(own->state());
    return active_state_of(timer()->state());
}

std::string_view Unit::sub_state() const {
    if (const Service* own = service()) return text_of(own->state());
    return text_of(timer()->state());
}

SteadyTime Unit::next_deadline() const {
    if (const Service* own = service()) return own->next_deadline();
    return timer()->next_deadline();
}

std::vector<ActiveState> Unit::take_transitions(Instant now) {
    std::vector<ActiveState> passed;
    if (Service* own = service()) {
        for (const ServiceState state : own->take_transitions())
            passed.push_back(active_state_of(state));
    } else {
        for (const TimerState state : timer()->take_transitions())
            passed.push_back(active_state_of(state));
    }
    for (const ActiveState state : passed) {
        const bool was_at_rest = init::is_at_rest(seen_);
        const bool rests = init::is_at_rest(state);
        if (was_at_rest && !rests) times_.inactive_exit = now;
        if (!was_at_rest && rests) times_.inactive_enter = now;
        if (seen_ != ActiveState::active && state == ActiveState::active) times_.active_enter = now;
        if (seen_ == ActiveState::active && state != ActiveState::active) times_.active_exit = now;
        times_.state_change = now;
        seen_ = state;
    }
    return passed;
}

void Unit::replace(LoadedUnit loaded) {
    loaded_ = std::move(loaded);
    is_gone_ = false;
    if (Service* own = service())
        own->replace_settings(loaded_.settings);
    else
        timer()->replace_settings(loaded_.settings.timer());
}

bool Unit::comes_after(const Unit& other) const {
    return contains(settings().after, other.name()) || contains(other.settings().before, name());
}

bool contains(const std::vector<std::string>& list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
}

} // namespace squall::labhost::init
