// The second half of Supervisor: what a request means for other units, and running jobs in order.
#include "init/supervisor.h"
#include "init/unit_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace squall::labhost::init {
namespace {

// Calls `each` for what a unit cannot do without.
template <class Each>
void for_needs(const Unit& unit, Each each) {
    for (const auto* list : {&unit.settings().needs, &unit.settings().bound_to})
        for (const std::string& name : *list)
            if (!is_milestone(name)) each(name);
}

bool conflict(JobType a, JobType b) { return (a == JobType::stop) != (b == JobType::stop); }

bool stops_first(JobType type) { return type != JobType::start; }

} // namespace

Result<void> Supervisor::plan_start(Plan& plan, const std::string& name) {
    const auto unit = load(name);
    if (!unit) return fail(unit.error());
    // Whatever the plan has for it already (a restart starts it too) stays.
    if (!plan.emplace(name, JobType::start).second) return {};
    Result<void> planned;
    for_needs(**unit, [&](const std::string& needed) {
        if (planned) planned = plan_start(plan, needed);
    });
    if (!planned) return planned;
    for (const std::string& wanted : (*unit)->settings().wants) {
        Plan with = plan;
        if (!is_milestone(wanted) && plan_start(with, wanted)) plan = std::move(with);
    }
    return {};
}

void Supervisor::plan_stop(Plan& plan, const std::string& name) {
    if (!plan.emplace(name, JobType::stop).second) return;
    for (const std::string& dependent : dependents(name)) {
        const Unit* unit = find(dependent);
        if (!unit->is_at_rest() || unit->job) plan_stop(plan, dependent);
    }
}

Result<void> Supervisor::plan_restart(Plan& plan, const std::string& name) {
    const auto unit = load(name);
    if (!unit) return fail(unit.error());
    const auto known = plan.find(name);
    if (known != plan.end() && known->second == JobType::restart) return {};
    plan[name] = JobType::restart;
    Result<void> planned;
    for_needs(**unit, [&](const std::string& needed) {
        if (planned) planned = plan_start(plan, needed);
    });
    if (!planned) return planned;
    for (const std::string& dependent : dependents(name)) {
        const ActiveState state = find(dependent)->active_state();
        const bool is_up = state == ActiveState::active || state == ActiveState::activating;
        // One that cannot come back (its own needs are gone) does not keep this one from it.
        Plan with = plan;
        if (is_up && plan_restart(with, dependent)) plan = std::move(with);
    }
    return {};
}

std::vector<std::string> Supervisor::dependents(const std::string& name) const {
    std::vector<std::string> names;
    for (const auto& [other, unit] : units_) {
        const UnitSettings& settings = unit->settings();
        if (contains(settings.needs, name) || contains(settings.bound_to, name)
            || contains(settings.part_of, name))
            names.push_back(other);
    }
    return names;
}

void Supervisor::install(const Plan& plan, const std::string& anchor) {
    for (const auto& [name, type] : plan) {
        Unit* unit = find(name);
        SQUALL_ASSERT(unit != nullptr);
        // What came in by a dependency and is there already needs no job; what was asked for by
        // name gets one, which then ends at once.
        const bool is_there = type == JobType::start ? unit->active_state() == ActiveState::active
                                                     : type == JobType::stop && unit->is_at_rest();
        if (is_there && !unit->job && name != anchor) continue;
        install_one(*unit, type);
    }
}

void Supervisor::install_one(Unit& unit, JobType type) {
    if (unit.job && conflict(unit.job->type, type))
        finish(unit, JobResult::canceled, /*had_effect=*/true);
    if (unit.job) {
        // Joins the job that is there; a restart is more than a start.
        if (type == JobType::restart && unit.job->type == JobType::start) {
            unit.job->type = JobType::restart;
            unit.job->is_running = false;
            unit.job->is_deferred = false;
        }
    } else {
        unit.job = Job{++last_job_, type, false, false, false, {}};
    }
    if (Service* service = unit.service()) service->expect_stop(stops_first(unit.job->type));
}

// With "a before b": b's start waits for a, a's stop and start wait for b's stop.
bool Supervisor::may_run(const Unit& unit) const {
    if (unit.job->ignores_order) return true;
    return std::none_of(units_.begin(), units_.end(), [&](const auto& entry) {
        const Unit& other = *entry.second;
        if (&other == &unit || !other.job) return false;
        if (unit.comes_after(other)) return !stops_first(unit.job->type);
        if (other.comes_after(unit)) return stops_first(other.job->type);
        return false;
    });
}

void Supervisor::perform(Unit& unit, Instant now) {
    Job& job = *unit.job;
    const JobId id = job.id;
    if (job.type == JobType::start) {
        if (unit.active_state() == ActiveState::active)
            return finish(unit, JobResult::done, /*had_effect=*/false);
        if (TimerUnit* timer = unit.timer()) {
            job.is_running = true;
            timer->start(now);
        } else {
            const Service::Answer answer = unit.service()->start(now);
            job.is_running = answer != Service::Answer::later;
            job.is_deferred = answer == Service::Answer::later;
            if (job.is_deferred) return;
        }
    } else {
        if (unit.is_at_rest()) return finish(unit, JobResult::done, /*had_effect=*/false);
        job.is_running = true;
        if (TimerUnit* timer = unit.timer())
            timer->stop();
        else
            unit.service()->stop(now);
    }
    (void)absorb(unit, now);
    // Only what takes time is announced; what is done by now has been told already.
    if (!unit.job || unit.job->id != id || !unit.job->is_running) return;
    const bool is_start = unit.job->type == JobType::start;
    effects_.log(
        unit.name(),
        Priority::info,
        fmt::format("{} {}...", is_start ? "Starting" : "Stopping", unit.settings().description));
}

void Supervisor::finish(Unit& unit, JobResult result, bool had_effect) {
    Job job = std::move(*unit.job);
    unit.job.reset();
    if (had_effect) tell_end(unit, job.type, result);
    if (job.type == JobType::restart && result == JobResult::done) {
        // The first half is over; the second is a start like any other.
        unit.job = Job{job.id, JobType::start, false, false, false, std::move(job.waiting)};
        if (Service* service = unit.service()) service->expect_stop(/*expected=*/false);
        return;
    }
    if (Service* service = unit.service()) service->expect_stop(/*expected=*/false);
    for (const auto& done : job.waiting)
        done(result);
    if (result != JobResult::done && job.type == JobType::start) fail_dependents(unit);
}

void Supervisor::fail_dependents(const Unit& unit) {
    for (const auto& [name, other] : units_) {
        const UnitSettings& settings = other->settings();
        const bool needs_it =
            contains(settings.needs, unit.name()) || contains(settings.bound_to, unit.name());
        if (needs_it && other->job && other->job->type == JobType::start)
            finish(*other, JobResult::dependency, /*had_effect=*/true);
    }
}

void Supervisor::tell_end(const Unit& unit, JobType type, JobResult result) {
    const std::string& description = unit.settings().description;
    const Service* service = unit.service();
    const bool finishes =
        service != nullptr && unit.settings().service().type == ServiceType::oneshot;
    const auto say = [&](Priority priority, const std::string& text) {
        effects_.log(unit.name(), priority, text);
    };
    if (type != JobType::start) {
        if (result == JobResult::done) say(Priority::info, fmt::format("Stopped {}.", description));
        return;
    }
    switch (result) {
    case JobResult::done:
        return say(Priority::info,
                   fmt::format("{} {}.", finishes ? "Finished" : "Started", description));
    case JobResult::failed:
        return say(Priority::error, fmt::format("Failed to start {}.", description));
    case JobResult::dependency:
        say(Priority::warning, fmt::format("Dependency failed for {}.", description));
        return say(Priority::notice,
                   fmt::format("{0}: Job {0}/start failed with result 'dependency'.", unit.name()));
    case JobResult::canceled:
        return;
    }
}

// Brings everything as far as it can go.
void Supervisor::settle(Instant now) {
    while (true) {
        bool moved = false;
        for (const auto& [name, unit] : units_)
            moved = absorb(*unit, now) || moved;
        for (const std::string& name : std::exchange(to_stop_, {})) {
            const Unit* unit = find(name);
            if (unit == nullptr || unit->is_at_rest() || unit->job) continue;
            Plan plan;
            plan_stop(plan, name);
            install(plan, name);
            moved = true;
        }
        moved = run_jobs(now) || moved;
        if (!moved && !break_cycle()) break;
    }
    collect();
}

bool Supervisor::run_jobs(Instant now) {
    // In the order in which they were asked for: reproducible, and what people expect to read.
    std::vector<std::pair<JobId, Unit*>> waiting;
    for (const auto& [name, unit] : units_)
        if (unit->job && !unit->job->is_running && !unit->job->is_deferred)
            waiting.emplace_back(unit->job->id, unit.get());
    std::sort(waiting.begin(), waiting.end());
    bool moved = false;
    for (const auto& [id, unit] : waiting) {
        // An earlier one may have ended or begun this one.
        if (!unit->job || unit->job->is_running || unit->job->is_deferred || !may_run(*unit))
            continue;
        perform(*unit, now);
        moved = true;
    }
    return moved;
}

// With jobs that only wait for each other, the oldest goes first. systemd, too, drops an order that
// cannot be kept.
bool Supervisor::break_cycle() {
    Unit* oldest = nullptr;
    for (const auto& [name, unit] : units_) {
        if (!unit->job) continue;
        if (unit->job->is_running || unit->job->is_deferred) return false;
        if (oldest == nullptr || unit->job->id < oldest->job->id) oldest = unit.get();
    }
    if (oldest == nullptr) return false;
    effects_.log(oldest->name(),
                 Priority::warning,
                 fmt::format("{}: Found ordering cycle, starting without regard to its order.",
                             oldest->name()));
    oldest->job->ignores_order = true;
    return true;
}

// Takes note of what a unit went through; true if it went through anything.
bool Supervisor::absorb(Unit& unit, Instant now) {
    const auto states = unit.take_transitions(now);
    for (const ActiveState state : states)
        on_active_state(unit, state);
    if (!states.empty() && unit.is_at_rest()) {
        for (const auto& [name, other] : units_)
            if (TimerUnit* timer = other->timer();
                timer != nullptr && timer->settings().unit == unit.name())
                timer->on_unit_at_rest();
    }
    Service* service = unit.service();
    if (service == nullptr || !service->take_restart_wish()) return !states.empty();
    // A restart and not a start, so that what is PartOf= this one comes along.
    Plan plan;
    const auto planned = plan_restart(plan, unit.name());
    if (planned) {
        install(plan, unit.name());
    } else {
        effects_.log(unit.name(),
                     Priority::warning,
                     fmt::format("{}: Failed to schedule restart job: {}",
                                 unit.name(),
                                 planned.error().message));
        service->stop(now);
    }
    return true;
}

void Supervisor::on_active_state(Unit& unit, ActiveState state) {
    if (unit.job) {
        Job& job = *unit.job;
        job.is_deferred = false;
        const bool rests = is_at_rest(state);
        if (job.type != JobType::start) {
            if (rests) finish(unit, JobResult::done, /*had_effect=*/true);
        } else if (state == ActiveState::active) {
            finish(unit, JobResult::done, /*had_effect=*/true);
        } else if (job.is_running && rests) {
            const bool has_failed = state == ActiveState::failed;
            finish(unit, has_failed ? JobResult::failed : JobResult::done, /*had_effect=*/true);
        }
    }
    if (!is_at_rest(state)) return;
    if (unit.timer() != nullptr)
        effects_.log(unit.name(), Priority::info, unit.name() + ": Deactivated successfully.");
    for (const auto& [name, other] : units_)
        if (contains(other->settings().bound_to, unit.name())) to_stop_.push_back(name);
}

void Supervisor::fire(Unit& timer) {
    const std::string target = timer.timer()->settings().unit;
    const std::string name = timer.name();
    const auto rest = [this, name](JobResult result) {
        // A start that came to nothing changes no state that would be noticed.
        if (result == JobResult::done) return;
        if (Unit* unit = find(name)) unit->timer()->on_unit_at_rest();
    };
    const auto queued = queue(Verb::start, target, rest);
    if (queued) return;
    effects_.log(
        name,
        Priority::warning,
        fmt::format("{}: Failed to queue unit startup job: {}", name, queued.error().message));
    timer.timer()->on_unit_at_rest();
}

// Transient units that have come to rest are forgotten: timers before the services they start.
void Supervisor::collect() {
    const auto is_awaited = [&](const Unit& unit) {
        return std::any_of(units_.begin(), units_.end(), [&](const auto& entry) {
            const TimerUnit* timer = entry.second->timer();
            return timer != nullptr && timer->settings().unit == unit.name();
        });
    };
    for (const bool timers : {true, false}) {
        for (auto entry = units_.begin(); entry != units_.end();) {
            const Unit& unit = *entry->second;
            const ActiveState state = unit.active_state();
            const bool is_over =
                state == ActiveState::inactive
                || (state == ActiveState::failed && unit.settings().collects_failed);
            const bool is_of_this_turn =
                unit.loaded().is_transient && (unit.timer() != nullptr) == timers;
            if (is_of_this_turn && is_over && !unit.job && !is_awaited(unit)) {
                source_.remove_transient(entry->first);
                entry = units_.erase(entry);
            } else {
                ++entry;
            }
        }
    }
}

} // namespace squall::labhost::init
