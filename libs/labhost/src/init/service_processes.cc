// The second half of Service: its commands, their ends and their time limits.
#include "init/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>

namespace squall::labhost::init {
namespace {

ServiceResult result_of(const ProcessExit& exit) {
    switch (exit.how) {
    case ProcessExit::How::exited:
        return ServiceResult::exit_code;
    case ProcessExit::How::killed:
        return ServiceResult::signal;
    case ProcessExit::How::dumped:
        return ServiceResult::core_dump;
    }
    return ServiceResult::exit_code;
}

Priority priority_of(const ProcessExit& exit) {
    return exit.how == ProcessExit::How::exited ? Priority::notice : Priority::warning;
}

std::string program_name(const CommandLine& command) {
    const std::string& path = command.words.front();
    return path.substr(path.rfind('/') + 1);
}

} // namespace

std::string_view setting_of(CommandRole role) {
    switch (role) {
    case CommandRole::start_pre:
        return "ExecStartPre";
    case CommandRole::start:
        return "ExecStart";
    case CommandRole::start_post:
        return "ExecStartPost";
    case CommandRole::stop:
        return "ExecStop";
    case CommandRole::stop_post:
        return "ExecStopPost";
    }
    return "?";
}

bool Service::on_exit(pid_t pid, const ProcessExit& exit, Instant now) {
    if (pid == 0 || (pid != main_pid_ && pid != control_pid_)) return false;
    const bool is_main = pid == main_pid_;
    CommandRecord& record = records_[is_main ? *main_record_ : *control_record_];
    record.exit = exit;
    record.ended = now;
    const bool is_daemon = is_main && own().type != ServiceType::oneshot;
    const bool is_good = is_clean(exit, is_daemon);
    if (!is_good)
        log(priority_of(exit),
            fmt::format("{} process exited, {}", is_main ? "Main" : "Control", journal_text(exit)));
    const ServiceResult result =
        is_good || record.command.ignores_failure ? ServiceResult::success : result_of(exit);
    remember(result);
    if (is_main) {
        main_pid_ = 0;
        on_main_exit(result, now);
    } else {
        control_pid_ = 0;
        on_control_exit(result, now);
    }
    return true;
}

void Service::on_main_exit(ServiceResult result, Instant now) {
    const bool is_oneshot = own().type == ServiceType::oneshot;
    switch (state_) {
    case ServiceState::start:
        if (result == ServiceResult::success && run_next(CommandRole::start, now)) return;
        if (is_oneshot && result == ServiceResult::success) return enter_start_post(now);
        return enter_signal(ServiceState::stop_sigterm, result, now);
    case ServiceState::running:
        return enter_running(result, now);
    case ServiceState::start_post:
        // With neither process left the state could never end.
        if (control_pid_ == 0) enter_stop(result, now);
        return;
    case ServiceState::stop_sigterm:
    case ServiceState::stop_sigkill:
        if (control_pid_ == 0) enter_stop_post(result, now);
        return;
    case ServiceState::stop_post:
        if (control_pid_ == 0) enter_signal(ServiceState::final_sigterm, result, now);
        return;
    case ServiceState::final_sigterm:
    case ServiceState::final_sigkill:
        if (control_pid_ == 0) enter_dead(result, now);
        return;
    default:
        return; // stop: its command goes on
    }
}

void Service::on_control_exit(ServiceResult result, Instant now) {
    const bool is_good = result == ServiceResult::success;
    const CommandRole role = records_[*control_record_].role;
    if (is_good && run_next(role, now)) return;
    switch (state_) {
    case ServiceState::start_pre:
        if (is_good) return enter_start(now);
        return enter_signal(ServiceState::stop_sigterm, result, now);
    case ServiceState::start_post:
        if (is_good) return enter_running(ServiceResult::success, now);
        return enter_signal(ServiceState::stop_sigterm, result, now);
    case ServiceState::stop:
        return enter_signal(ServiceState::stop_sigterm, result, now);
    case ServiceState::stop_sigterm:
    case ServiceState::stop_sigkill:
        if (main_pid_ == 0) enter_stop_post(result, now);
        return;
    case ServiceState::stop_post:
        if (main_pid_ == 0) enter_signal(ServiceState::final_sigterm, result, now);
        return;
    case ServiceState::final_sigterm:
    case ServiceState::final_sigkill:
        if (main_pid_ == 0) enter_dead(result, now);
        return;
    default:
        return;
    }
}

void Service::on_timeout(Instant now) {
    constexpr ServiceResult timeout = ServiceResult::timeout;
    const auto say = [&](std::string_view text) {
        log(Priority::warning, text);
    };
    switch (state_) {
    case ServiceState::start_pre:
    case ServiceState::start:
    case ServiceState::start_post:
        say(fmt::format("{} operation timed out. Terminating.", text_of(state_)));
        return enter_signal(ServiceState::stop_sigterm, timeout, now);
    case ServiceState::stop:
        say("Stopping timed out. Terminating.");
        return enter_signal(ServiceState::stop_sigterm, timeout, now);
    case ServiceState::stop_sigterm:
        say("State 'stop-sigterm' timed out. Killing.");
        return enter_signal(ServiceState::stop_sigkill, timeout, now);
    case ServiceState::stop_sigkill:
        say("Processes still around after SIGKILL. Ignoring.");
        return enter_stop_post(timeout, now);
    case ServiceState::stop_post:
        say("State 'stop-post' timed out. Terminating.");
        return enter_signal(ServiceState::final_sigterm, timeout, now);
    case ServiceState::final_sigterm:
        say("State 'final-sigterm' timed out. Killing.");
        return enter_signal(ServiceState::final_sigkill, timeout, now);
    case ServiceState::final_sigkill:
        say("Processes still around after final SIGKILL. Entering failed mode.");
        return enter_dead(timeout, now);
    case ServiceState::auto_restart:
        // Asked again later if the job that this leads to is overruled before it begins.
        deadline_ = after(now.steady, std::max<Micros>(own().restart_delay, Millis(100)));
        if (stop_expected_) return; // a stop or restart is on its way already
        ++restarts_;
        forgets_restarts_ = false;
        log(Priority::info,
            fmt::format("Scheduled restart job, restart counter is at {}.", restarts_));
        wants_restart_ = true;
        return;
    default:
        return;
    }
}

const std::vector<CommandLine>& Service::commands(CommandRole role) const {
    switch (role) {
    case CommandRole::start_pre:
        return own().start_pre;
    case CommandRole::start:
        return own().start;
    case CommandRole::start_post:
        return own().start_post;
    case CommandRole::stop:
        return own().stop;
    case CommandRole::stop_post:
        break;
    }
    return own().stop_post;
}

bool Service::run_first(CommandRole role, ServiceState state, Micros limit, Instant now) {
    control_commands_ = commands(role);
    control_index_ = 0;
    if (!run(role, 0, now)) return false;
    deadline_ = after(now.steady, limit);
    enter(state);
    return true;
}

// True if there was a next command of this role and it runs. A command that cannot be run ends the
// role as a failed one would.
bool Service::run_next(CommandRole role, Instant now) {
    const bool is_main = role == CommandRole::start;
    std::size_t& index = is_main ? main_index_ : control_index_;
    if (index + 1 >= (is_main ? main_commands_ : control_commands_).size()) return false;
    ++index;
    if (run(role, index, now)) {
        // Each command of a role has the role's whole time.
        const bool is_start = role != CommandRole::stop && role != CommandRole::stop_post;
        deadline_ = after(now.steady, is_start ? own().start_timeout : own().stop_timeout);
        return true;
    }
    if (role == CommandRole::stop_post)
        enter_signal(ServiceState::final_sigterm, ServiceResult::resources, now);
    else
        enter_signal(ServiceState::stop_sigterm, ServiceResult::resources, now);
    return true;
}

bool Service::run(CommandRole role, std::size_t index, Instant now) {
    const bool is_main = role == CommandRole::start;
    SQUALL_ASSERT(is_main ? main_pid_ == 0 : control_pid_ == 0);
    const CommandLine& command = (is_main ? main_commands_ : control_commands_)[index];
    Spawn what;
    what.unit = settings_.name;
    what.role = role;
    what.command = command;
    what.environment = environment_for(role);
    what.environment_files = own().environment_files;
    what.working_directory = own().working_directory;
    what.file_limit = own().file_limit;
    what.invocation = invocation_;
    const auto pid = effects_.spawn(what);
    if (!pid) {
        constexpr std::array<std::string_view, 5> tasks{
            "start-pre", "start", "start-post", "stop", "stop-post"};
        log(Priority::warning,
            fmt::format("Failed to run '{}' task: {}",
                        tasks[static_cast<std::size_t>(role)],
                        pid.error().message));
        return false;
    }
    records_.push_back({role, command, *pid, now, {}, {}});
    (is_main ? main_record_ : control_record_) = records_.size() - 1;
    (is_main ? main_pid_ : control_pid_) = *pid;
    return true;
}

std::vector<std::string> Service::environment_for(CommandRole role) const {
    std::vector<std::string> environment = own().environment;
    if (role != CommandRole::start && main_pid_ != 0)
        environment.push_back(fmt::format("MAINPID={}", main_pid_));
    if (role == CommandRole::stop || role == CommandRole::stop_post) {
        environment.push_back(fmt::format("SERVICE_RESULT={}", text_of(result_)));
        if (const CommandRecord* main = main_record(); main != nullptr && main->exit) {
            environment.push_back(fmt::format("EXIT_CODE={}", how_text(*main->exit)));
            environment.push_back(fmt::format("EXIT_STATUS={}", status_text(*main->exit)));
        }
    }
    return environment;
}

// True if anything was there to be signalled.
bool Service::send(int signal, bool to_group) {
    std::vector<pid_t> own_processes;
    for (const auto& [pid, record] :
         {std::pair(main_pid_, main_record_), std::pair(control_pid_, control_record_)}) {
        if (pid == 0) continue;
        if (signal == SIGKILL)
            log(Priority::notice,
                fmt::format("Killing process {} ({}) with signal SIGKILL.",
                            pid,
                            program_name(records_[*record].command)));
        effects_.signal_process(pid, signal);
        // A stopped process does not see a signal until it goes on.
        if (signal != SIGKILL) effects_.signal_process(pid, SIGCONT);
        own_processes.push_back(pid);
    }
    std::size_t others = 0;
    if (to_group && !invocation_.empty()) {
        others = effects_.signal_group(invocation_, signal, own_processes);
        if (others > 0 && signal != SIGKILL)
            effects_.signal_group(invocation_, SIGCONT, own_processes);
    }
    return !own_processes.empty() || others > 0;
}

} // namespace squall::labhost::init
