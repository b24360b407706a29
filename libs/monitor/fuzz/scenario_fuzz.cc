// Any lines as a scenario: refused in words, or replayed, and then twice the same.
#include "squall/monitor/simulation.h"

#include <cstdint>
#include <sstream>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace monitor = squall::monitor;
    const std::string text(reinterpret_cast<const char*>(data), size);
    // A replay of centuries is only long.
    if (size > 16'384) return 0;
    const auto once = [&] {
        std::istringstream lines(text);
        monitor::SimulationOptions options;
        options.settings.remind = squall::Seconds(7 * 86400);
        return monitor::simulate(lines, "fuzz", options, [](const std::string& /*what*/) {});
    };
    const auto first = once();
    if (!first) {
        SQUALL_ASSERT(!first.error().message.empty());
        return 0;
    }
    SQUALL_ASSERT(*first == once().value_or("another"));
    return 0;
}
