// What the engine holds for one container. Only for the engine's own files.
#pragma once

#include "runtime/engine.h"
#include "runtime/health_monitor.h"

namespace squall::labhost::runtime {

// A call that has sent a signal and waits for the end.
struct Engine::Ending {
    Ending(transport::Loop& loop, Done on_end) : done(std::move(on_end)), patience(loop) {}

    Done done;
    transport::Timer patience; // until the kill, then until giving up
    bool was_killed = false;
};

struct Engine::Entry {
    struct Waiter {
        WaitFor what;
        std::function<void(Answer<int>)> done;
        std::function<bool()> is_wanted;
    };

    Container container;
    std::unique_ptr<RunningProcess> process; // while it runs
    std::unique_ptr<HealthMonitor> monitor;  // while it runs, where it is checked
    std::list<Ending> endings;
    std::vector<Waiter> waiters;
    bool being_removed = false;
};

} // namespace squall::labhost::runtime
