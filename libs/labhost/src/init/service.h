// The life of one service: what systemd's service.c does, for Type=simple, exec and oneshot.
//
// Asked, not run: it is told of requests, of processes that exited and of the time, acts through
// Effects, and says when it wants to be told the time again. It never ends the world: whatever a
// service does, it comes to rest as dead or failed. Borrows Effects for its whole life.
//
// The states and their order are those of systemd 252 (the version of Amazon Linux 2023):
//   start-pre, start, start-post, running | exited, stop (ExecStop=), stop-sigterm, stop-sigkill,
//   stop-post (ExecStopPost=, always), final-sigterm, final-sigkill, dead | failed, auto-restart.
#pragma once

#include "init/effects.h"
#include "init/exits.h"
#include "init/start_limit.h"
#include "init/time_span.h"
#include "init/unit_settings.h"

#include <optional>
#include <string>
#include <vector>

namespace squall::labhost::init {

enum class ServiceState {
    dead,
    start_pre,
    start,
    start_post,
    running,
    exited,
    stop,
    stop_sigterm,
    stop_sigkill,
    stop_post,
    final_sigterm,
    final_sigkill,
    failed,
    auto_restart,
};

enum class ServiceResult {
    success,
    resources,
    timeout,
    exit_code,
    signal,
    core_dump,
    start_limit_hit
};

// "start-pre", "auto-restart": SubState. "exit-code": Result and $SERVICE_RESULT.
[[nodiscard]] std::string_view text_of(ServiceState state);
[[nodiscard]] std::string_view text_of(ServiceResult result);

// One command that was run: the "Process:" lines of `systemctl status`.
struct CommandRecord {
    CommandRole role = CommandRole::start;
    CommandLine command;
    pid_t pid = 0;
    Instant started;
    Instant ended;
    std::optional<ProcessExit> exit;
};

class Service {
public:
    enum class Answer {
        begun,   // and may have ended again: look at the state
        already, // it is up, or on its way
        later,   // it has to come to rest first
        refused, // start limit
    };

    // `settings` are a service's, without problems.
    Service(UnitSettings settings, Effects& effects);

    [[nodiscard]] Answer start(Instant now);
    void stop(Instant now);

    // A stop or restart waits for its turn: what fails meanwhile is not restarted.
    void expect_stop(bool expected) { stop_expected_ = expected; }

    // False if the process is none of the service's own.
    bool on_exit(pid_t pid, const ProcessExit& exit, Instant now);
    // Some process that was nobody's own has gone: the group may be empty now.
    void on_group_change(Instant now);
    void on_time(Instant now);
    [[nodiscard]] SteadyTime next_deadline() const;

    // A new reading of the unit's files; what runs goes on with the commands it began with.
    void replace_settings(UnitSettings settings);
    // reset-failed: failed becomes dead, counters begin anew.
    void reset();

    // The states passed through since the last call, the present one last.
    [[nodiscard]] std::vector<ServiceState> take_transitions();
    // True once after RestartSec= is over: the service wants a restart job.
    [[nodiscard]] bool take_restart_wish();

    [[nodiscard]] ServiceState state() const { return state_; }

    [[nodiscard]] ServiceResult result() const { return result_; }

    [[nodiscard]] pid_t main_pid() const { return main_pid_; }

    [[nodiscard]] pid_t control_pid() const { return control_pid_; }

    [[nodiscard]] int restarts() const { return restarts_; }

    // The main process of this start, the last of several; nothing before it began.
    [[nodiscard]] const CommandRecord* main_record() const;

    [[nodiscard]] const std::vector<CommandRecord>& records() const { return records_; }

    [[nodiscard]] const std::string& invocation() const { return invocation_; }

private:
    void enter(ServiceState state);
    void enter_start_pre(Instant now);
    void enter_start(Instant now);
    void enter_start_post(Instant now);
    void enter_running(ServiceResult result, Instant now);
    void enter_stop(ServiceResult result, Instant now);
    void enter_signal(ServiceState state, ServiceResult result, Instant now);
    void enter_stop_post(ServiceResult result, Instant now);
    void enter_dead(ServiceResult result, Instant now, bool may_restart = true);

    void on_main_exit(ServiceResult result, Instant now);
    void on_control_exit(ServiceResult result, Instant now);
    void on_timeout(Instant now);

    [[nodiscard]] bool run(CommandRole role, std::size_t index, Instant now);
    [[nodiscard]] bool run_first(CommandRole role, ServiceState state, Micros limit, Instant now);
    [[nodiscard]] bool run_next(CommandRole role, Instant now);
    [[nodiscard]] std::vector<std::string> environment_for(CommandRole role) const;
    [[nodiscard]] const std::vector<CommandLine>& commands(CommandRole role) const;
    [[nodiscard]] bool send(int signal, bool to_group);
    [[nodiscard]] bool shall_restart() const;
    void remember(ServiceResult result);
    void log(Priority priority, std::string_view text);

    [[nodiscard]] const ServiceSettings& own() const { return settings_.service(); }

    UnitSettings settings_;
    Effects& effects_;
    StartLimit start_limit_;

    ServiceState state_ = ServiceState::dead;
    std::vector<ServiceState> transitions_;
    ServiceResult result_ = ServiceResult::success;
    SteadyTime deadline_ = SteadyTime::max();
    SteadyTime next_look_ = SteadyTime::max(); // at the group, while waiting for it to be empty

    pid_t main_pid_ = 0;
    pid_t control_pid_ = 0;
    std::string invocation_;
    std::vector<CommandRecord> records_;
    std::optional<std::size_t> main_record_;
    std::optional<std::size_t> control_record_;
    // The commands of the role that runs, as they were when it began.
    std::vector<CommandLine> main_commands_;
    std::vector<CommandLine> control_commands_;
    std::size_t main_index_ = 0;
    std::size_t control_index_ = 0;

    int restarts_ = 0;
    bool forgets_restarts_ = false;  // at the next start
    bool restart_forbidden_ = false; // somebody asked for the stop
    bool stop_expected_ = false;
    bool wants_restart_ = false;
};

} // namespace squall::labhost::init
