// A scenario replayed through the monitor's judgement on its own clock: what `squall monitor
// simulate` does. The same lines give the same decisions, byte for byte.
#pragma once

#include "squall/monitor/decision.h"

#include <functional>
#include <istream>
#include <string>

namespace squall::monitor {

// One decision as a line of JSON, without the line's end. Times are seconds since 1970.
[[nodiscard]] std::string json_line(const Decision& decision);
[[nodiscard]] std::string json_line(const Trace& trace);

struct SimulationOptions {
    Settings settings;
    bool explain = false; // traces too
    // Hears everything that the judgement is told, and when: who counts what it asks for.
    std::function<void(WallTime now, const Input& input)> on_input{};
};

// What a scenario brought that is no error and still worth a word: an event that says nothing.
using Complain = std::function<void(const std::string&)>;

// All decisions, a line each. `name` is what errors call the scenario: NAME:LINE: what is wrong.
[[nodiscard]] Result<std::string> simulate(std::istream& scenario,
                                           const std::string& name,
                                           const SimulationOptions& options,
                                           const Complain& complain);

} // namespace squall::monitor
