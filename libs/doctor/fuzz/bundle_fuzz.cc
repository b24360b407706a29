// Any bytes as an archive: reading ends, gives no more than it was given, and only printable names.
#include "squall/base/text.h"
#include "squall/doctor/bundle.h"

#include <array>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = squall::doctor::source_of_text({reinterpret_cast<const char*>(data), size});
    std::size_t total = 0;
    const auto visit = [&](const squall::doctor::Member& member,
                           squall::doctor::ByteSource& content) -> squall::Result<void> {
        SQUALL_ASSERT(squall::is_valid_utf8(member.path));
        std::array<char, 1000> piece{};
        for (std::size_t got = 1; got > 0;) {
            const auto read = content.read(piece);
            // What is packed in it may be broken half-way.
            if (!read) return squall::fail(read.error());
            got = *read;
            total += got;
        }
        return {};
    };
    [[maybe_unused]] const auto result = squall::doctor::read_bundle(*bytes, visit);
    SQUALL_ASSERT(total <= size);
    return 0;
}
