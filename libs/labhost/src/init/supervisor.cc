#include "init/supervisor.h"

#include "init/unit_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace squall::labhost::init {

Supervisor::Supervisor(Effects& effects, UnitSource& source) : effects_(effects), source_(source) {}

Result<void> Supervisor::request(Verb verb, const std::string& name, Instant now, Done done) {
    auto queued = queue(verb, name, std::move(done));
    // Even a refusal may have loaded units and cancelled nothing: there is nothing to undo.
    settle(now);
    return queued;
}

Result<void> Supervisor::queue(Verb verb, const std::string& name, Done done) {
    if (!is_valid_unit_name(name))
        return fail(Errc::invalid_input, "Unit name {} is not valid.", name);
    if (is_shutting_down_ && verb != Verb::stop)
        return fail(Errc::unavailable, "The system is shutting down.");
    // Targets and their like order a real boot; here they are always reached.
    if (is_milestone(name)) return fail(Errc::not_found, "Unit {} not found.", name);
    Plan plan;
    if (verb == Verb::stop) {
        if (find(name) == nullptr) {
            if (!source_.load(name)) return fail(Errc::not_found, "Unit {} not loaded.", name);
            done(JobResult::done);
            return {};
        }
        plan_stop(plan, name);
    } else {
        const auto unit = load(name);
        if (!unit) return fail(unit.error());
        const ActiveState state = (*unit)->active_state();
        const bool is_down = is_at_rest(state) || state == ActiveState::deactivating;
        if (verb == Verb::try_restart && is_down) {
            done(JobResult::done);
            return {};
        }
        auto planned = verb == Verb::start ? plan_start(plan, name) : plan_restart(plan, name);
        if (!planned) return planned;
    }
    install(plan, name);
    Unit* unit = find(name);
    SQUALL_ASSERT(unit != nullptr && unit->job);
    unit->job->waiting.push_back(std::move(done));
    return {};
}

void Supervisor::start_enabled(Instant now) {
    Plan plan;
    for (const std::string& name : source_.enabled()) {
        Plan with = plan;
        const auto planned = plan_start(with, name);
        if (planned)
            plan = std::move(with);
        else
            effects_.log(name,
                         Priority::error,
                         fmt::format("Failed to enqueue start job for {}: {}",
                                     name,
                                     planned.error().message));
    }
    install(plan, "");
    settle(now);
}

void Supervisor::begin_shutdown(Instant now) {
    is_shutting_down_ = true;
    Plan plan;
    for (const auto& [name, unit] : units_)
        if (!unit->is_at_rest() || unit->job) plan[name] = JobType::stop;
    install(plan, "");
    settle(now);
}

bool Supervisor::is_idle() const {
    return std::all_of(units_.begin(), units_.end(), [](const auto& entry) {
        return entry.second->is_at_rest() && !entry.second->job;
    });
}

bool Supervisor::is_in_use(const std::string& name) {
    return find(name) != nullptr || source_.load(name).has_value();
}

Result<void> Supervisor::adopt(const std::string& name) {
    const auto unit = load(name);
    if (!unit) return fail(unit.error());
    return {};
}

Result<void> Supervisor::kill(const std::string& name, Whom whom, int signal, Instant now) {
    Unit* unit = find(name);
    if (unit == nullptr) {
        if (source_.load(name)) return {};
        return fail(Errc::not_found, "Unit {} not loaded.", name);
    }
    Service* service = unit->service();
    if (service == nullptr) return fail(Errc::invalid_input, "Unit {} cannot be signalled.", name);
    const pid_t main = service->main_pid();
    const pid_t control = service->control_pid();
    if (whom == Whom::main && main == 0) return fail(Errc::not_found, "No main process to kill");
    if (whom == Whom::control && control == 0)
        return fail(Errc::not_found, "No control process to kill");
    const auto send = [&](pid_t pid, std::string_view which) {
        if (pid == 0) return;
        effects_.signal_process(pid, signal);
        effects_.log(name,
                     Priority::info,
                     fmt::format("{}: Sent signal SIG{} to {} process {} on client request.",
                                 name,
                                 signal_name(signal),
                                 which,
                                 pid));
    };
    if (whom != Whom::control) send(main, "main");
    if (whom != Whom::main) send(control, "control");
    if (whom == Whom::all && !service->invocation().empty())
        effects_.signal_group(service->invocation(), signal, {main, control});
    settle(now);
    return {};
}

Result<void> Supervisor::reset_failed(const std::string& name, Instant now) {
    Unit* unit = find(name);
    if (unit == nullptr) {
        if (source_.load(name)) return {};
        return fail(Errc::not_found, "Unit {} not loaded.", name);
    }
    if (Service* service = unit->service()) service->reset();
    settle(now);
    return {};
}

void Supervisor::reset_all_failed(Instant now) {
    for (const auto& [name, unit] : units_)
        if (Service* service = unit->service()) service->reset();
    settle(now);
}

void Supervisor::reload(Instant now) {
    effects_.log("", Priority::info, "Reloading.");
    for (auto entry = units_.begin(); entry != units_.end();) {
        Unit& unit = *entry->second;
        auto loaded = source_.load(entry->first);
        if (loaded) {
            unit.replace(std::move(*loaded));
            note_problems(unit);
        } else if (unit.is_at_rest() && !unit.job) {
            entry = units_.erase(entry);
            continue;
        } else {
            unit.mark_gone();
        }
        ++entry;
    }
    settle(now);
}

void Supervisor::on_exit(pid_t pid, const ProcessExit& exit, Instant now) {
    bool is_known = false;
    for (const auto& [name, unit] : units_) {
        Service* service = unit->service();
        if (service == nullptr || is_known) continue;
        is_known = service->on_exit(pid, exit, now);
    }
    for (const auto& [name, unit] : units_)
        if (Service* service = unit->service()) service->on_group_change(now);
    settle(now);
}

void Supervisor::on_time(Instant now) {
    std::vector<Unit*> due;
    for (const auto& [name, unit] : units_)
        if (unit->next_deadline() <= now.steady) due.push_back(unit.get());
    for (Unit* unit : due) {
        if (Service* service = unit->service())
            service->on_time(now);
        else if (unit->timer()->on_time(now))
            fire(*unit);
    }
    settle(now);
}

SteadyTime Supervisor::next_deadline() const {
    SteadyTime next = SteadyTime::max();
    for (const auto& [name, unit] : units_)
        next = std::min(next, unit->next_deadline());
    return next;
}

Result<Supervisor::Look> Supervisor::look(const std::string& name) {
    if (const Unit* unit = find(name)) return Look{unit, nullptr};
    if (!is_valid_unit_name(name) || is_milestone(name))
        return fail(Errc::not_found, "Unit {} not found.", name);
    auto loaded = source_.load(name);
    if (!loaded) return fail(std::move(loaded.error()));
    Look found;
    found.read_for_this = std::make_unique<Unit>(std::move(*loaded), effects_);
    found.unit = found.read_for_this.get();
    return found;
}

Unit* Supervisor::find(const std::string& name) {
    const auto found = units_.find(name);
    return found == units_.end() ? nullptr : found->second.get();
}

Result<Unit*> Supervisor::load(const std::string& name) {
    Unit* unit = find(name);
    if (unit == nullptr || (!unit->is_usable() && unit->is_at_rest() && !unit->job)) {
        auto loaded = source_.load(name);
        if (!loaded) return fail(std::move(loaded.error()));
        if (unit == nullptr && units_.size() >= units_max)
            return fail(Errc::refused, "Too many units are loaded: {} is the most.", units_max);
        auto& slot = units_[name];
        slot = std::make_unique<Unit>(std::move(*loaded), effects_);
        unit = slot.get();
        note_problems(*unit);
    }
    if (!unit->is_usable())
        return fail(Errc::refused, "Unit {} has a bad unit file setting.", name);
    return unit;
}

void Supervisor::note_problems(const Unit& unit) {
    for (const std::string& note : unit.settings().notes)
        effects_.log(unit.name(), Priority::warning, note);
    for (const std::string& problem : unit.settings().problems)
        effects_.log(unit.name(), Priority::error, problem);
    if (!unit.is_usable())
        effects_.log(unit.name(),
                     Priority::error,
                     unit.name()
                         + ": Unit configuration has fatal error, unit will not be started.");
}

} // namespace squall::labhost::init
