// Any bytes as an agent's state: read, or refused, and never outside of them.
#include "checks/bolt.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    static_cast<void>(squall::host::is_bolt(bytes));
    static_cast<void>(squall::host::read_bucket(bytes, "metadata"));
    return 0;
}
