// Any bytes as a log: it is read and diagnosed, and what is told of it is valid text. What comes in
// pieces gives the same as what comes whole.
#include "../tests/string_source.h"
#include "squall/base/json.h"
#include "squall/base/text.h"
#include "squall/doctor/diagnose.h"
#include "squall/doctor/report.h"

#include <algorithm>
#include <cstdint>

namespace {

using squall::WallTime;

constexpr WallTime now{squall::Seconds(1'773'000'000)};

std::string told(std::string_view bytes, std::size_t at_once) {
    static const auto catalogue = squall::doctor::Catalogue::embedded();
    static auto scanner = squall::doctor::Scanner::make(*catalogue, now);
    const auto plain = squall::doctor::decompressed(std::make_unique<squall::doctor::StringSource>(
        std::string(bytes), std::max<std::size_t>(at_once, 1)));
    squall::doctor::Case evidence;
    evidence.logs.push_back(scanner->scan("a.log", *plain));
    evidence.now = now;
    const auto diagnosis = squall::doctor::diagnose(*catalogue, std::move(evidence));
    const std::string report = squall::doctor::report_text(diagnosis, "a.log", {.tells_all = true});
    SQUALL_ASSERT(squall::is_valid_utf8(report));
    return squall::json::text(diagnosis.to_json());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::string whole = told(bytes, 1U << 20U);
    SQUALL_ASSERT(squall::is_valid_utf8(whole));
    SQUALL_ASSERT(told(bytes, 1 + size / 3) == whole);
    return 0;
}
