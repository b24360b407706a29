// Any bytes as a gzip body: what can be unpacked stays within its bound, and comes back when it is
// packed again.
#include "squall/wire/gzip.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t size_max = 1'000'000;
    const auto text = squall::wire::gunzip({reinterpret_cast<const char*>(data), size}, size_max);
    if (!text) return 0;
    SQUALL_ASSERT(text->size() <= size_max);
    SQUALL_ASSERT(squall::wire::gunzip(squall::wire::gzip(*text), size_max).value() == *text);
    return 0;
}
