// Any bytes as a kernel's answer: what is read of them lies within them.
#include "nft_rules.h"

#include <cstdlib>

namespace {

void walk(std::string_view bytes, int depth) {
    for (const auto& attribute : squall::redirect::attributes_of(bytes)) {
        if (attribute.payload.data() < bytes.data()
            || attribute.payload.data() + attribute.payload.size() > bytes.data() + bytes.size())
            std::abort();
        if (depth > 0) walk(attribute.payload, depth - 1);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size); // NOLINT: as it comes
    walk(bytes, 4);
    static_cast<void>(squall::redirect::expiry_of(bytes));
    return 0;
}
