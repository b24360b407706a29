// The monitor's costs, one at a time and each in a process of its own: bench/monitor_bench.py runs
// this and makes a table of it.
#include "calls.h"
#include "judging.h"
#include "squall/base/text.h"

#include <cstdio>
#include <iostream>
#include <span>

namespace {

using squall::Errc;
using squall::fail;
using squall::Result;
using squall::Seconds;
namespace bench = squall::bench;
namespace json = squall::json;

constexpr const char* usage =
    "bench-monitor reduce INSTANCES EVENTS | parse INSTANCES EVENTS | state INSTANCES |\n"
    "              judge INSTANCES MESSAGES STORE | fill INSTANCES STORE | load STORE |\n"
    "              calls FROM_S UNTIL_S <SCENARIO\n"
    "EVENTS and MESSAGES are rounded up to the next 10,000.\n";

std::size_t rounded(std::int64_t count) {
    return static_cast<std::size_t>((count + 9'999) / 10'000 * 10'000);
}

Result<json::Object> measure(std::span<const std::string> words) {
    const auto number = [&](std::size_t place) -> std::int64_t {
        const auto read = place < words.size() ? squall::to_integer(words[place]) : std::nullopt;
        return std::max<std::int64_t>(read.value_or(0), 1);
    };
    const auto instances = static_cast<std::size_t>(number(1));
    const std::string& kind = words.front();
    if (kind == "reduce" && words.size() == 3)
        return bench::reduce_events(instances, rounded(number(2)), /*from_text=*/false);
    if (kind == "parse" && words.size() == 3)
        return bench::reduce_events(instances, rounded(number(2)), /*from_text=*/true);
    if (kind == "state" && words.size() == 2) return bench::hold_state(instances);
    if (kind == "judge" && words.size() == 4)
        return bench::judge_messages(words[3], instances, rounded(number(2)));
    if (kind == "fill" && words.size() == 3) return bench::fill_store(words[2], instances);
    if (kind == "load" && words.size() == 2) return bench::load_store(words[1]);
    if (kind == "calls" && words.size() == 3)
        return bench::count_calls(std::cin, Seconds(number(1)), Seconds(number(2)));
    return fail(Errc::invalid_input, "{}", usage);
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.empty()) {
        std::fputs(usage, stderr);
        return 2;
    }
    const auto line = measure(words);
    if (!line) {
        std::fputs((line.error().message + "\n").c_str(), stderr);
        return 1;
    }
    std::puts(json::text(*line).c_str());
    return 0;
}
