// Carries out a plan: inject, confirm the effect, hold, revert, confirm recovery, verdict. Every
// step is in the journal before it is taken. Whatever happens here, the hosts undo the fault by
// themselves at the time that the journal and the hold event name.
#pragma once

#include "squall/experiment/fault.h"
#include "squall/experiment/journal.h"
#include "squall/experiment/verdict.h"

#include <optional>
#include <stop_token>
#include <vector>

namespace squall::experiment {

struct RunResult {
    std::string run;
    Verdict verdict = Verdict::error;
    std::string reason;
    bool is_open = false; // recovery is not seen, or not written down: finish() is still due
};

// Two ways to be told to stop. `abort`: end the fault now and see it through. `quit`: leave
// everything to the hosts.
struct Stops {
    std::stop_token abort;
    std::stop_token quit;
};

// How long the runner waits for what. The hosts' own times are in the scripts.
struct RunTimes {
    Seconds grace{8};              // after the planned end the hosts undo the fault themselves
    Seconds delivery{30};          // a host that gets the order later than this does nothing
    Seconds look_interval{1};      // while something is expected to change
    Seconds hold_look_interval{5}; // while it is not
    Seconds call_limit{20};        // for one look, repetitions included
    Seconds send_limit{60};        // for sending to all hosts
    Seconds recovery_limit{
        120}; // after the hosts' own restore time, for agents to be connected again
};

class Runner {
public:
    // References outlive the runner. Sinks get every event after it is in the journal.
    Runner(World& world,
           Journal& journal,
           const Fault& fault,
           std::vector<EventSink*> sinks,
           Stops stops,
           RunTimes times = {});

    // A whole run. Does nothing (refused) if the plan injects nowhere that is free.
    [[nodiscard]] RunResult run(const std::string& id, const Plan& plan);

    // What is left to do of a run whose runner has died: undo on every host that may have been
    // told, confirm, close.
    [[nodiscard]] RunResult finish(const RunRecord& record);

private:
    World& world_;
    Journal& journal_;
    const Fault& fault_;
    std::vector<EventSink*> sinks_;
    Stops stops_;
    RunTimes times_;
};

} // namespace squall::experiment
