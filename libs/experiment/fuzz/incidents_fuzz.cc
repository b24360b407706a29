// Any bytes as a monitor's answer: open incidents, none, or no clear answer with a reason.
#include "monitor_guard.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    for (const int status : {200, 503}) {
        const auto read = squall::experiment::read_incidents(status, body);
        if (read) {
            SQUALL_ASSERT(status == 200);
            for (const auto& text : *read)
                SQUALL_ASSERT(!text.empty());
        } else {
            SQUALL_ASSERT(!read.error().message.empty());
        }
    }
    return 0;
}
