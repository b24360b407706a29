// Any text as an event pattern, and any text after its first line as an event: what can be read
// must answer, and a pattern that also asks for what no event has matches nothing.
#include "events/pattern.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace events = squall::lab::eventbridge;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto line = text.find('\n');
    const auto event = squall::json::parse_object(
        line == std::string_view::npos ? std::string_view(R"({"a":[1,"x",{"b":null}],"c":true})")
                                       : text.substr(line + 1));
    if (!event || event->contains("never there")) return 0;
    auto pattern = events::parse_pattern(text.substr(0, line));
    if (!pattern) return 0;
    static_cast<void>(events::matches(*pattern, *event));
    events::Matcher exists;
    exists.kind = events::Matcher::Kind::exists;
    pattern->fields.push_back({"never there", {exists}, {}});
    SQUALL_ASSERT(!events::matches(*pattern, *event));
    return 0;
}
