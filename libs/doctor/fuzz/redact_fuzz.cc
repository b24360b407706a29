// Any bytes: redaction ends, changes nothing the second time, and lets no key id through.
#include "squall/base/result.h"
#include "squall/doctor/redact.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::string once = squall::doctor::redacted(text);
    SQUALL_ASSERT(squall::doctor::redacted(once) == once);
    const std::string settings = squall::doctor::redacted_settings(text);
    SQUALL_ASSERT(squall::doctor::redacted_settings(settings) == settings);

    constexpr std::string_view key = "AKIAIOSFODNN7EXAMPLE";
    const std::size_t middle = size / 2;
    std::string planted(text.substr(0, middle));
    planted += ' ';
    planted += key;
    planted += ' ';
    planted += text.substr(middle);
    SQUALL_ASSERT(squall::doctor::redacted(planted).find(key) == std::string::npos);
    return 0;
}
