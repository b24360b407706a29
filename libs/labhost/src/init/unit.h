// A loaded unit: a service or a timer, with its times and its job. Belongs to the Supervisor; all
// others only look.
#pragma once

#include "init/service.h"
#include "init/timer_unit.h"
#include "init/unit_source.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace squall::labhost::init {

enum class ActiveState { inactive, activating, active, deactivating, failed };

[[nodiscard]] std::string_view text_of(ActiveState state);
[[nodiscard]] ActiveState active_state_of(ServiceState state);
[[nodiscard]] ActiveState active_state_of(TimerState state);
// Inactive or failed: nothing runs, and nothing will by itself.
[[nodiscard]] bool is_at_rest(ActiveState state);

enum class JobType { start, stop, restart };
enum class JobResult { done, canceled, failed, dependency };

[[nodiscard]] std::string_view text_of(JobType type);
[[nodiscard]] std::string_view text_of(JobResult result);

using JobId = std::uint32_t;

// What a unit has been asked to become. A unit has one at most.
struct Job {
    JobId id = 0;
    JobType type = JobType::start;
    bool is_running = false;    // the unit has been told
    bool is_deferred = false;   // the unit said "later": tried again when its state changes
    bool ignores_order = false; // chosen to break a cycle
    std::vector<std::function<void(JobResult)>> waiting;
};

// Of the last change of each kind; the epoch where there was none.
struct UnitTimes {
    Instant inactive_exit;
    Instant active_enter;
    Instant active_exit;
    Instant inactive_enter;
    Instant state_change;
};

class Unit {
public:
    Unit(LoadedUnit loaded, Effects& effects);

    [[nodiscard]] const std::string& name() const { return loaded_.settings.name; }

    [[nodiscard]] const UnitSettings& settings() const { return loaded_.settings; }

    [[nodiscard]] const LoadedUnit& loaded() const { return loaded_; }

    [[nodiscard]] bool is_usable() const { return loaded_.settings.problems.empty(); }

    [[nodiscard]] ActiveState active_state() const;
    [[nodiscard]] std::string_view sub_state() const;

    [[nodiscard]] bool is_at_rest() const { return init::is_at_rest(active_state()); }

    [[nodiscard]] SteadyTime next_deadline() const;

    // Nothing for a unit of the other kind.
    [[nodiscard]] Service* service() { return std::get_if<Service>(&body_); }

    [[nodiscard]] const Service* service() const { return std::get_if<Service>(&body_); }

    [[nodiscard]] TimerUnit* timer() { return std::get_if<TimerUnit>(&body_); }

    [[nodiscard]] const TimerUnit* timer() const { return std::get_if<TimerUnit>(&body_); }

    // The states it went through since the last call, times noted.
    [[nodiscard]] std::vector<ActiveState> take_transitions(Instant now);
    // A new reading of its files. A unit does not change its kind: that is in its name.
    void replace(LoadedUnit loaded);

    // The files are gone; what runs goes on.
    void mark_gone() { is_gone_ = true; }

    [[nodiscard]] bool is_gone() const { return is_gone_; }

    // True if this unit's start waits for the other's, by After= here or Before= there.
    [[nodiscard]] bool comes_after(const Unit& other) const;

    [[nodiscard]] const UnitTimes& times() const { return times_; }

    std::optional<Job> job;

private:
    LoadedUnit loaded_;
    std::variant<Service, TimerUnit> body_;
    ActiveState seen_ = ActiveState::inactive;
    UnitTimes times_;
    bool is_gone_ = false;
};

[[nodiscard]] bool contains(const std::vector<std::string>& list, std::string_view name);

} // namespace squall::labhost::init
