// `squall-host proxy` in front of containers: enters a network namespace, takes the new connections
// to its ports, and gives them back.
#pragma once

#include "squall/base/clock.h"
#include "squall/fault/fault_set.h"
#include "squall/redirect/interception.h"

#include <optional>
#include <string>
#include <vector>

namespace squall::host_app {

struct InterceptCommand {
    // Which containers: one of these.
    std::vector<std::string> tasks;
    std::string container;
    std::optional<std::int64_t> pid;
    std::string netns;

    std::string container_name;
    std::string run; // empty: a new one is made up
    std::vector<std::uint16_t> ports{80};
    std::uint16_t proxy_port = 20'000;
    std::string interface = "auto"; // any: all of them
    std::string intercept = "auto"; // or a word of redirect::Kind
    bool resets_existing = false;
    std::vector<std::string> exempt_sources;
    std::vector<fault::FaultSet::Wanted> faults;
    std::optional<std::int64_t> duration_s;
    std::optional<std::int64_t> until; // seconds since 1970
    std::int64_t drain_s = 10;
    std::uint64_t seed = 0;       // 0: a new one, which is told
    std::string forwarded_header; // tells the application who its client is; empty: nothing does
    bool detaches = false;
    // With `detaches`: what the host asks of containers in bridge mode before, during and after;
    // empty: nothing. Under the fault it waits for so many milliseconds.
    std::string canary_path;
    std::int64_t canary_wait_ms = 5000;
};

[[nodiscard]] int run_command(const InterceptCommand& wanted);

} // namespace squall::host_app
