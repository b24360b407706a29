// A fault: what it is called, what can be set, what a run of it would do, and what its effect looks
// like. One fault is one file; the table of all of them is built by `main`. A fault decides; the
// runner acts.
#pragma once

#include "squall/experiment/check.h"
#include "squall/experiment/plan.h"
#include "squall/experiment/world.h"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>

namespace squall::experiment {

// Who says that the fault has had an effect, and that a host is well again.
enum class EffectKnown {
    by_ecs,   // it is seen in ECS, on each host
    by_hosts, // the undo brings what each host has counted, and is well when it is done
};

// How people are told of it.
struct FaultWords {
    std::string injecting; // "stopping the agent"
    std::string injected;  // "agent stopped"
    std::string reverting; // "starting the agent again"
    std::string reverted;  // "agent started"
    std::string clean;     // nothing was left to undo: "its agent runs"
    std::string order;     // "stop its agent"
    std::string undo;      // "start its agent"
    std::string by_hand;   // what somebody does on a host that is not well again
};

struct FaultDescription {
    std::string name;
    std::string summary; // one line
    std::string text;    // a few paragraphs
    std::vector<TunableSpec> tunables;
    std::vector<std::string> permissions; // IAM actions
    FaultWords words;
    EffectKnown effect = EffectKnown::by_ecs;
    bool cuts_off_credentials = false; // of the tasks on its hosts, from order to undo
    // The cause that squall doctor names on its hosts while it lasts; empty: agents stay connected.
    std::string diagnosis;
};

// What the hosts are told of one run.
struct RunOrder {
    std::string run;     // [a-z0-9-]
    WallTime issued_at;  // a host that has started anew since then does nothing
    WallTime not_after;  // a host that gets the order later does nothing
    WallTime restore_at; // the host undoes the fault by itself then
    Seconds longest{0};  // and no later than this after it began, whatever its clock says
    std::vector<std::string> tasks; // of a fault that works on tasks: those of these hosts
    // What Fault::prepare() gave.
    std::map<std::string, std::string> words;
};

// What the hosts are told when the run ends.
struct UndoOrder {
    std::string run;
    WallTime not_after; // of the order: until then it may still reach a host that gets this first
    // These hosts have said that they did it, and their own end is still to come: where a host's
    // record of it is gone, the fault is undone all the same.
    bool is_certain = false;
};

// What a host says in the one line of JSON that the inject script prints.
struct HostReport {
    enum class Did {
        injected, // it did it, or this run had done it already
        left,     // there was nothing to do: it was found in that state, and the undo leaves it so
        too_late, // the order came after its time, or the run was over
        busy,     // another run holds this host
        refused,  // the host cannot do it
        failed,   // it tried, failed, and undid what it had done
        reverted, // it undid the fault
        clean,    // there was nothing to undo
    };

    // What it says of a task: what was done to it, or what has come of it.
    struct Task {
        std::string id;
        std::string container;
        std::string interface;
        std::string intercept; // how its traffic is taken
        std::string list;      // the command that lists the rule
        std::string until;     // RFC 3339: it ends by itself then
        json::Object counts;   // of the undo
        std::int64_t hits = 0; // of the undo: requests, or connections, that the fault has met
        std::string why;       // of the undo: what ended it before its time, for people
        // Of the undo, where the host asked: {"before", "during", "after", "during_ms", "met"}.
        json::Object canary{};
        std::string ended_by{};          // of the undo: that in a word ("container", "death", …)
        std::int64_t reset_existing = 0; // connections from before the fault that were cut
    };

    Did did = Did::failed;
    std::string why;                   // for people
    std::string other_run;             // of busy
    std::optional<WallTime> host_time; // the host's clock
    std::vector<Task> tasks;
    std::vector<std::string> absent; // tasks that it was told of and does not have
};

// Something of ours on a host, as the host tells it.
struct Leftover {
    std::string what;              // for people: "the fault", "a timer", …
    std::string run;               // whose it is
    bool is_fault = false;         // the fault itself: it is undone, not only removed
    std::optional<WallTime> until; // when the host was to undo it by itself, by its own clock
    WallTime host_time;            // the host's clock when it told
};

// What is seen of a target from outside.
struct Sight {
    enum class State { affected, well, gone };

    State state = State::well;
    std::int64_t running_tasks = 0;
};

class Fault {
public:
    Fault() = default;
    Fault(const Fault&) = delete;
    Fault& operator=(const Fault&) = delete;
    virtual ~Fault() = default;

    [[nodiscard]] virtual const FaultDescription& description() const = 0;

    // What is wrong with values that are each right by themselves.
    [[nodiscard]] virtual Problems check(const TunableValues& values) const = 0;

    // Looks at the world, changes nothing, and says what a run would do.
    [[nodiscard]] virtual Result<Plan> plan(World& world,
                                            const TunableValues& values,
                                            Deadline deadline,
                                            std::stop_token stop) const = 0;

    // What a run needs, asked for beforehand: credentials, each permission, the hosts. Changes
    // nothing.
    [[nodiscard]] virtual std::vector<CheckItem> look_beforehand(World& world,
                                                                 const TunableValues& values,
                                                                 Deadline deadline,
                                                                 std::stop_token stop) const = 0;

    // What the order needs and the plan cannot hold, since it is secret or short-lived. Asked for
    // before each order.
    [[nodiscard]] virtual Result<std::map<std::string, std::string>>
    prepare(World& world, const Plan& plan, Deadline deadline, std::stop_token stop) const;

    [[nodiscard]] virtual std::string
    inject_script(const Plan& plan, const RunOrder& order, host::Shell shell) const = 0;
    [[nodiscard]] virtual std::string revert_script(const UndoOrder& order,
                                                    host::Shell shell) const = 0;
    // Reads what a script printed; nothing when it is no report.
    [[nodiscard]] virtual std::optional<HostReport> read_report(std::string_view output) const = 0;

    // The hosts that runs with these values may have left something on; `values` are as wide as
    // they go. By itself, those of the plan.
    [[nodiscard]] virtual Result<std::vector<Target>> hosts_to_sweep(World& world,
                                                                     const TunableValues& values,
                                                                     Deadline deadline,
                                                                     std::stop_token stop) const;

    // What is wrong with values that say where to sweep: by itself, what is wrong for a run.
    [[nodiscard]] virtual Problems check_to_sweep(const TunableValues& values) const {
        return check(values);
    }

    // Lists what runs have left on a host, and changes nothing. What it printed, read; nothing when
    // it is no such list.
    [[nodiscard]] virtual std::string sweep_script(host::Shell shell) const = 0;
    [[nodiscard]] virtual std::optional<std::vector<Leftover>>
    read_leftovers(std::string_view output) const = 0;
    // Removes what these runs, which are over, have left, but for a fault that is in.
    [[nodiscard]] virtual std::string removal_script(const std::vector<std::string>& runs,
                                                     host::Shell shell) const = 0;

    // How these targets (by container instance ARN) look now. Those that the answer leaves out
    // could not be looked at.
    [[nodiscard]] virtual aws::Outcome<std::map<std::string, Sight>>
    look(World& world,
         const Plan& plan,
         std::span<const std::string> arns,
         Deadline deadline,
         std::stop_token stop) const = 0;

    // The statements of the least IAM policy with which a run of this fault with these values goes
    // through; with `all`, also what it looks at where it may.
    [[nodiscard]] virtual json::Array policy_statements(const TunableValues& values,
                                                        bool all) const = 0;

    // What a run asks to see its effect from outside; nothing where nobody has named a URL.
    [[nodiscard]] virtual std::optional<CanarySettings> canary(const Plan& plan) const;

    // What to tell when no effect was seen. `counted`: the sums of what the hosts have counted.
    [[nodiscard]] virtual std::string advice_without_effect(const Plan& plan,
                                                            const json::Object& counted) const = 0;
};

using FaultTable = std::vector<const Fault*>;

// Null where there is none of that name.
[[nodiscard]] const Fault* find_fault(const FaultTable& table, std::string_view name);

[[nodiscard]] std::vector<std::string> fault_names(const FaultTable& table);

// The ecs-agent-stop fault (src/faults/ecs_agent_stop.cc).
[[nodiscard]] std::unique_ptr<Fault> make_ecs_agent_stop();

// The faults on a container's HTTP traffic (src/faults/ecs_container_http*.cc).
[[nodiscard]] std::vector<std::unique_ptr<Fault>> make_ecs_container_http_faults();

} // namespace squall::experiment
