// Any bytes as an event: what is understood can be judged, and what is saved of that reads back.
#include "squall/monitor/event_parser.h"
#include "squall/monitor/reduce.h"
#include "squall/monitor/saved_state.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace monitor = squall::monitor;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto value = squall::json::parse(text);
    if (!value) return 0;
    const auto input = monitor::parse_event(*value);
    if (!input || !*input) return 0;
    monitor::State state;
    const squall::WallTime now{squall::Seconds(1'700'000'000)};
    static_cast<void>(monitor::reduce(state, **input, now, {}));
    static_cast<void>(monitor::reduce(state, monitor::Tick{}, now + squall::Seconds(10'000), {}));
    state.for_each_host([](const monitor::Host& host) {
        monitor::State other;
        const auto row = monitor::saved(host);
        SQUALL_ASSERT(monitor::restore_host(other, row));
        const monitor::Host* read = other.find(host.key);
        SQUALL_ASSERT(read != nullptr && monitor::saved(*read) == row);
    });
    return 0;
}
