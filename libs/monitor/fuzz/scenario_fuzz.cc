// Any lines as a scenario: refused in words, or replayed, and then twice the same.
#include "squall/monitor/simulation.h"

#include <cstdint>
#include <sstream>

namespace {

// A replay of months is only long: times within a day and a bit, and no exponents.
bool is_short(std::string_view text) {
    std::size_t digits = 0;
    for (const char c : text) {
        const bool is_digit = c >= '0' && c <= '9';
        if (digits > 0 && (c == 'e' || c == 'E')) return false;
        digits = is_digit ? digits + 1 : 0;
        if (digits > 5) return false;
    }
    return true;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace monitor = squall::monitor;
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (size > 16'384 || !is_short(text)) return 0;
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
