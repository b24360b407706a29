// A scenario made by chance of which the truth is known: hosts that renew their connections, blink,
// fail, are drained, stopped and taken away; events that come late, twice and in the wrong order;
// APIs that refuse; a monitor that is killed. For tests, measurements and practice.
#pragma once

#include "squall/base/result.h"

#include <cstdint>
#include <functional>
#include <string>

namespace squall::monitor {

struct RandomDayOptions {
    static constexpr int instances_max = 100'000;
    static constexpr int hours_max = 168;

    std::uint64_t seed = 1;
    int instances = 12;
    int hours = 3;
    int grace_s = 300; // for which the truth holds
    // Normal life only: nothing in it is worth a word.
    bool is_calm = false;
};

// Gives the scenario line by line, in order. The last one is the "end", and its "truth" lists what
// has to be told: [{"node", "since", "duration_s"}], in the order of time, each once.
void random_day(const RandomDayOptions& options, const std::function<void(std::string)>& line);

} // namespace squall::monitor
