// The proof of effect that a host has by itself: what it gets from its containers in bridge mode
// before, during and after a fault. (In other network modes there is no honest default: the host is
// no client there, or cannot reach the task.) The answers are kept in the run's folder, since three
// processes ask: who arms, one beside the fault, and who stops it.
#pragma once

#include "run_folder.h"
#include "squall/base/clock.h"
#include "squall/net/address.h"

#include <vector>

namespace squall::host_app {

struct CanaryTarget {
    ProxyPlace place; // of its proxy
    net::Address server;
};

struct CanaryOrder {
    std::string run;
    std::string path;
    Millis wait{0}; // for the answer under the fault, which may hold it
    std::vector<CanaryTarget> targets;
};

// Before anything is armed: asks, and begins the record. No targets: nothing is done.
void ask_before(const CanaryOrder& order);

// When the proxies are armed: a process of its own asks, whose connection each proxy counts apart.
// Returns at once.
void ask_during(const CanaryOrder& order);

// When the proxies have ended: asks once more. {"before", "during", "after"} of each task, by its
// name; "during" is empty where nobody came to ask. Gives the same when it is called again.
[[nodiscard]] json::Object ask_after(const std::string& run);

} // namespace squall::host_app
