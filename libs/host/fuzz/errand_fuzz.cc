// Any bytes as what a host printed for the doctor from afar: every look ends, and rules and state
// are judged by nothing outside of them.
#include "afar/errand_report.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view printed(reinterpret_cast<const char*>(data), size);
    const auto report =
        squall::host::read_errand("squall-doctor 1 b\n\n" + std::string(printed), "b");
    if (!report) return 0;
    for (const auto& look : squall::host::looks_of(*report)) {
        SQUALL_ASSERT(!look.check.empty() && !look.summary.empty());
        SQUALL_ASSERT(look.signs.empty() == (look.state != squall::doctor::Look::State::finding));
        for (const auto& sign : look.signs)
            SQUALL_ASSERT(!sign.cause.empty() && !sign.evidence.empty());
    }
    return 0;
}
