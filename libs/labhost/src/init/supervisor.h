// All units of a host and the jobs that change them: what systemd's manager does.
//
// Pure, like the parts: time is passed in, files come from UnitSource, processes go through
// Effects. Every call brings the units as far as they can go and returns; next_deadline() says when
// on_time() wants to be called. Belongs to one thread. Callbacks must not call back into the
// Supervisor.
//
// Dependencies, as systemd has them:
//   Requires=, BindsTo=  are started too, and a start fails with them ("dependency") if they were
//                        asked for together; stopping or restarting them stops or restarts us
//   Wants=               are started too, whatever comes of it
//   PartOf=              stopping or restarting them stops or restarts us (a restart after a crash
//   too) BindsTo=             and we stop when they end by themselves After=, Before=      a start
//   waits for theirs; stops go the other way round
// Jobs: a new one replaces what contradicts it ("canceled") and joins what is like it.
//
// A unit that was loaded stays loaded, where a real systemd forgets idle units that nothing refers
// to (and their start limits and times with them); transient units are forgotten as there.
#pragma once

#include "init/effects.h"
#include "init/unit.h"
#include "init/unit_source.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace squall::labhost::init {

enum class Verb { start, stop, restart, try_restart };
enum class Whom { all, main, control };

// More units than this are refused.
inline constexpr std::size_t units_max = 512;

class Supervisor {
public:
    using Done = std::function<void(JobResult)>;

    // Both must outlive the Supervisor.
    Supervisor(Effects& effects, UnitSource& source);

    // Queues the jobs and calls `done` once when the unit's own job has ended, which may be at
    // once. Errors, after which `done` is never called: not_found; invalid_input (no such name);
    // refused (bad setting, too many units); unavailable (shutting down).
    [[nodiscard]] Result<void> request(Verb verb, const std::string& name, Instant now, Done done);
    // All enabled units in one go. Those that cannot be started are named in the journal.
    void start_enabled(Instant now);
    // Stops everything, in order; nothing is started any more.
    void begin_shutdown(Instant now);

    [[nodiscard]] bool is_shutting_down() const { return is_shutting_down_; }

    // No job, and nothing that runs.
    [[nodiscard]] bool is_idle() const;

    // True if a unit of this name is loaded or has a file: a transient unit must not take it.
    [[nodiscard]] bool is_in_use(const std::string& name);
    // Loads a unit whose transient file has just been written, so that it is there to be started.
    [[nodiscard]] Result<void> adopt(const std::string& name);

    [[nodiscard]] Result<void> kill(const std::string& name, Whom whom, int signal, Instant now);
    [[nodiscard]] Result<void> reset_failed(const std::string& name, Instant now);
    void reset_all_failed(Instant now);
    void reload(Instant now);

    // Any process that was reaped; those of nobody are noted too (a group may be empty now).
    void on_exit(pid_t pid, const ProcessExit& exit, Instant now);
    void on_time(Instant now);
    [[nodiscard]] SteadyTime next_deadline() const;

    // A unit to look at: loaded, or read from its files for this look only.
    struct Look {
        const Unit* unit = nullptr;
        std::unique_ptr<Unit> read_for_this;
    };

    [[nodiscard]] Result<Look> look(const std::string& name);

    [[nodiscard]] const std::map<std::string, std::unique_ptr<Unit>>& units() const {
        return units_;
    }

private:
    using Plan = std::map<std::string, JobType>;

    [[nodiscard]] Unit* find(const std::string& name);
    [[nodiscard]] Result<Unit*> load(const std::string& name);
    void note_problems(const Unit& unit);

    // As request(), without running anything yet.
    [[nodiscard]] Result<void> queue(Verb verb, const std::string& name, Done done);

    // supervisor_jobs.cc
    [[nodiscard]] Result<void> plan_start(Plan& plan, const std::string& name);
    void plan_stop(Plan& plan, const std::string& name);
    [[nodiscard]] Result<void> plan_restart(Plan& plan, const std::string& name);
    [[nodiscard]] std::vector<std::string> dependents(const std::string& name) const;
    void install(const Plan& plan, const std::string& anchor);
    void install_one(Unit& unit, JobType type);
    [[nodiscard]] bool may_run(const Unit& unit) const;
    void perform(Unit& unit, Instant now);
    void finish(Unit& unit, JobResult result, bool had_effect);
    void fail_dependents(const Unit& unit);
    void tell_end(const Unit& unit, JobType type, JobResult result);

    void settle(Instant now);
    [[nodiscard]] bool run_jobs(Instant now);
    [[nodiscard]] bool break_cycle();
    [[nodiscard]] bool absorb(Unit& unit, Instant now);
    void on_active_state(Unit& unit, ActiveState state);
    void fire(Unit& timer);
    void collect();

    Effects& effects_;
    UnitSource& source_;
    std::map<std::string, std::unique_ptr<Unit>> units_;
    std::vector<std::string> to_stop_; // bound to what has ended
    JobId last_job_ = 0;
    bool is_shutting_down_ = false;
};

} // namespace squall::labhost::init
