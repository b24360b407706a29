#include "init/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace squall::labhost::init {
namespace {

constexpr std::array<std::string_view, 14> state_names{"dead",
                                                       "start-pre",
                                                       "start",
                                                       "start-post",
                                                       "running",
                                                       "exited",
                                                       "stop",
                                                       "stop-sigterm",
                                                       "stop-sigkill",
                                                       "stop-post",
                                                       "final-sigterm",
                                                       "final-sigkill",
                                                       "failed",
                                                       "auto-restart"};
constexpr std::array<std::string_view, 7> result_names{
    "success", "resources", "timeout", "exit-code", "signal", "core-dump", "start-limit-hit"};

// While a group is awaited it is looked at this often: init sees every process go that it has to
// reap, but the last one of a group may have been somebody else's child.
constexpr Micros look_interval = Millis(100);

} // namespace

std::string_view text_of(ServiceState state) {
    return state_names[static_cast<std::size_t>(state)];
}

std::string_view text_of(ServiceResult result) {
    return result_names[static_cast<std::size_t>(result)];
}

Service::Service(UnitSettings settings, Effects& effects)
    : settings_(std::move(settings)), effects_(effects) {}

Service::Answer Service::start(Instant now) {
    switch (state_) {
    case ServiceState::dead:
    case ServiceState::failed:
        break;
    case ServiceState::start_pre:
    case ServiceState::start:
    case ServiceState::start_post:
    case ServiceState::running:
    case ServiceState::exited:
        return Answer::already;
    default:
        // On its way down; or between two lives, where the restart job does what is asked.
        return Answer::later;
    }
    if (!start_limit_.allows(
            now.steady, settings_.start_limit_interval, settings_.start_limit_burst)) {
        log(Priority::warning, "Start request repeated too quickly.");
        enter_dead(ServiceResult::start_limit_hit, now, /*may_restart=*/false);
        return Answer::refused;
    }
    result_ = ServiceResult::success;
    restart_forbidden_ = false;
    if (std::exchange(forgets_restarts_, false)) restarts_ = 0;
    records_.clear();
    main_record_.reset();
    control_record_.reset();
    invocation_ = effects_.new_invocation_id();
    enter_start_pre(now);
    return Answer::begun;
}

void Service::stop(Instant now) {
    restart_forbidden_ = true;
    switch (state_) {
    case ServiceState::start_pre:
    case ServiceState::start:
    case ServiceState::start_post:
        // ExecStop= is for what has started.
        return enter_signal(ServiceState::stop_sigterm, ServiceResult::success, now);
    case ServiceState::running:
    case ServiceState::exited:
        return enter_stop(ServiceResult::success, now);
    case ServiceState::auto_restart:
        wants_restart_ = false;
        deadline_ = SteadyTime::max();
        return enter(ServiceState::dead);
    default:
        return; // at rest, or on its way there
    }
}

void Service::on_group_change(Instant now) {
    if (next_look_ == SteadyTime::max()) return;
    if (!effects_.group(invocation_).empty()) {
        next_look_ = after(now.steady, look_interval);
        return;
    }
    next_look_ = SteadyTime::max();
    if (state_ == ServiceState::stop_sigterm || state_ == ServiceState::stop_sigkill)
        enter_stop_post(ServiceResult::success, now);
    else if (state_ == ServiceState::final_sigterm || state_ == ServiceState::final_sigkill)
        enter_dead(ServiceResult::success, now);
}

void Service::on_time(Instant now) {
    if (now.steady >= deadline_) {
        deadline_ = SteadyTime::max();
        on_timeout(now);
    }
    if (now.steady >= next_look_) on_group_change(now);
}

SteadyTime Service::next_deadline() const { return std::min(deadline_, next_look_); }

void Service::replace_settings(UnitSettings settings) { settings_ = std::move(settings); }

void Service::reset() {
    if (state_ == ServiceState::failed) enter(ServiceState::dead);
    result_ = ServiceResult::success;
    restarts_ = 0;
    start_limit_.reset();
}

std::vector<ServiceState> Service::take_transitions() { return std::exchange(transitions_, {}); }

bool Service::take_restart_wish() { return std::exchange(wants_restart_, false); }

const CommandRecord* Service::main_record() const {
    return main_record_ ? &records_[*main_record_] : nullptr;
}

void Service::enter(ServiceState state) {
    state_ = state;
    transitions_.push_back(state);
}

void Service::enter_start_pre(Instant now) {
    if (commands(CommandRole::start_pre).empty()) return enter_start(now);
    if (!run_first(CommandRole::start_pre, ServiceState::start_pre, own().start_timeout, now))
        enter_dead(ServiceResult::resources, now);
}

void Service::enter_start(Instant now) {
    if (commands(CommandRole::start).empty()) return enter_start_post(now);
    main_commands_ = commands(CommandRole::start);
    main_index_ = 0;
    if (!run(CommandRole::start, 0, now))
        return enter_signal(ServiceState::stop_sigterm, ServiceResult::resources, now);
    if (own().type != ServiceType::oneshot) return enter_start_post(now);
    enter(ServiceState::start);
    // One limit for the whole start: ExecStartPre= and ExecStart= have it each, as in systemd.
    deadline_ = after(now.steady, own().start_timeout);
}

void Service::enter_start_post(Instant now) {
    if (commands(CommandRole::start_post).empty())
        return enter_running(ServiceResult::success, now);
    if (!run_first(CommandRole::start_post, ServiceState::start_post, own().start_timeout, now))
        enter_stop(ServiceResult::resources, now);
}

void Service::enter_running(ServiceResult result, Instant now) {
    remember(result);
    deadline_ = SteadyTime::max();
    if (main_pid_ != 0)
        enter(ServiceState::running);
    else if (result != ServiceResult::success)
        enter_signal(ServiceState::stop_sigterm, result, now);
    else if (own().remains_after_exit)
        enter(ServiceState::exited);
    else
        enter_stop(ServiceResult::success, now);
}

void Service::enter_stop(ServiceResult result, Instant now) {
    remember(result);
    if (commands(CommandRole::stop).empty())
        return enter_signal(ServiceState::stop_sigterm, ServiceResult::success, now);
    if (!run_first(CommandRole::stop, ServiceState::stop, own().stop_timeout, now))
        enter_signal(ServiceState::stop_sigterm, ServiceResult::resources, now);
}

// Signals what is there and waits for it; with nothing there, goes on to the next state at once.
void Service::enter_signal(ServiceState state, ServiceResult result, Instant now) {
    remember(result);
    while (true) {
        const bool kills =
            state == ServiceState::stop_sigkill || state == ServiceState::final_sigkill;
        const bool to_group = own().kill_mode == KillMode::control_group
                              || (own().kill_mode == KillMode::mixed && kills);
        if (send(kills ? SIGKILL : own().kill_signal, to_group)) {
            deadline_ = after(now.steady, own().stop_timeout);
            // With a process of its own left, its exit leads on; else only the group is awaited.
            const bool awaits_group = main_pid_ == 0 && control_pid_ == 0;
            next_look_ = awaits_group ? after(now.steady, look_interval) : SteadyTime::max();
            return enter(state);
        }
        if (state == ServiceState::stop_sigterm)
            state = ServiceState::stop_sigkill;
        else if (state == ServiceState::final_sigterm)
            state = ServiceState::final_sigkill;
        else
            break;
    }
    if (state == ServiceState::stop_sigkill)
        enter_stop_post(ServiceResult::success, now);
    else
        enter_dead(ServiceResult::success, now);
}

void Service::enter_stop_post(ServiceResult result, Instant now) {
    remember(result);
    next_look_ = SteadyTime::max();
    if (commands(CommandRole::stop_post).empty())
        return enter_signal(ServiceState::final_sigterm, ServiceResult::success, now);
    if (!run_first(CommandRole::stop_post, ServiceState::stop_post, own().stop_timeout, now))
        enter_signal(ServiceState::final_sigterm, ServiceResult::resources, now);
}

void Service::enter_dead(ServiceResult result, Instant now, bool may_restart) {
    remember(result);
    deadline_ = SteadyTime::max();
    next_look_ = SteadyTime::max();
    control_pid_ = 0;
    main_pid_ = 0;
    if (result_ == ServiceResult::success)
        log(Priority::info, "Deactivated successfully.");
    else
        log(Priority::warning, fmt::format("Failed with result '{}'.", text_of(result_)));
    if (!invocation_.empty()) {
        for (const GroupMember& left : effects_.group(invocation_))
            log(Priority::info,
                fmt::format("Unit process {} ({}) remains running after unit stopped.",
                            left.pid,
                            left.name));
    }
    const bool restarts = may_restart && shall_restart();
    enter(result_ == ServiceResult::success ? ServiceState::dead : ServiceState::failed);
    if (restarts) {
        deadline_ = after(now.steady, own().restart_delay);
        enter(ServiceState::auto_restart);
    } else {
        // The counter stays for whoever looks, until the next start.
        forgets_restarts_ = true;
    }
    restart_forbidden_ = false;
}

bool Service::shall_restart() const {
    if (restart_forbidden_ || stop_expected_) return false;
    if (const CommandRecord* main = main_record(); main != nullptr && main->exit) {
        const bool by_exit = main->exit->how == ProcessExit::How::exited;
        const auto& prevented =
            by_exit ? own().restart_prevented_by_exits : own().restart_prevented_by_signals;
        if (std::find(prevented.begin(), prevented.end(), main->exit->status) != prevented.end())
            return false;
    }
    switch (own().restart) {
    case Restart::no:
        return false;
    case Restart::always:
        return true;
    case Restart::on_success:
        return result_ == ServiceResult::success;
    case Restart::on_failure:
        return result_ != ServiceResult::success;
    case Restart::on_abnormal:
        return result_ != ServiceResult::success && result_ != ServiceResult::exit_code;
    }
    return false;
}

void Service::remember(ServiceResult result) {
    if (result_ == ServiceResult::success) result_ = result;
}

void Service::log(Priority priority, std::string_view text) {
    effects_.log(settings_.name, priority, fmt::format("{}: {}", settings_.name, text));
}

} // namespace squall::labhost::init
