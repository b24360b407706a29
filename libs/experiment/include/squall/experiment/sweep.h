// What runs have left on hosts: found, and on request removed where it provably belongs to a run
// that is over. A host that is well again has nothing of ours on it, so what is found is worth a
// look.
#pragma once

#include "squall/experiment/fault.h"
#include "squall/experiment/journal.h"

#include <stop_token>
#include <vector>

namespace squall::experiment {

struct SweepItem {
    std::string instance_id;
    Leftover left;
    bool is_over = false; // the run it belongs to
    std::string why;      // how that is known, or why it is not
    bool removed = false;
};

struct SweepReport {
    std::vector<SweepItem> items; // by instance
    std::size_t looked_at = 0;    // hosts
    // Instance id, and why nobody knows what is there.
    std::vector<std::pair<std::string, std::string>> not_looked_at;
};

// What a sweep works with; all of it outlives the call.
struct SweepParts {
    World& world;
    Journal& journal; // tells which runs are over
    const Fault& fault;
};

// Asks every host of the experiment that SSM reaches. With `remove`, ends what is left of runs that
// are over: a fault that is still in is undone first.
[[nodiscard]] Result<SweepReport>
sweep(SweepParts parts, TunableValues values, bool remove, Deadline deadline, std::stop_token stop);

} // namespace squall::experiment
