// Any text as a filter pattern of CloudWatch Logs, and what follows its first line as a log event:
// what can be read must answer, the same each time.
#include "logs/filter_pattern.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto line = std::min(text.find('\n'), text.size());
    const auto pattern = squall::lab::logs::FilterPattern::parse(text.substr(0, line));
    if (!pattern) return 0;
    const auto message = text.substr(std::min(line + 1, text.size()));
    SQUALL_ASSERT(pattern->matches(message) == pattern->matches(message));
    static_cast<void>(pattern->matches(R"({"a":{"b":[1,"x",null,true]},"c":-0.5})"));
    static_cast<void>(pattern->matches(R"(127.0.0.1 - frank [10/Oct/2000] "GET /a.gif" 200 1534)"));
    return 0;
}
