#include "squall/wire/gzip.h"

#include <gtest/gtest.h>

namespace squall::wire {
namespace {

// By gzip: "squall" a thousand times.
std::string squalls() {
    constexpr unsigned char bytes[] = {
        0x1f, 0x8b, 0x8,  0x0,  0x0,  0x0,  0x0,  0x0,  0x2,  0x3,  0xed, 0xc4, 0xa1,
        0xd,  0x0,  0x0,  0x8,  0x3,  0xb0, 0x5b, 0xf1, 0x18, 0xb2, 0xf0, 0x3f, 0x47,
        0x60, 0x5b, 0xd1, 0xcc, 0x56, 0x77, 0x6c, 0xdb, 0xb6, 0x6d, 0xdb, 0xb6, 0x6d,
        0xdb, 0xf6, 0xe3, 0x3,  0x95, 0x42, 0x3d, 0x44, 0x70, 0x17, 0x0,  0x0};
    return {std::begin(bytes), std::end(bytes)};
}

TEST(Gzip, GivesBackWhatWasCompressed) {
    const auto plain = inflate_gzip(squalls(), 6000);
    ASSERT_TRUE(plain) << plain.error().message;
    EXPECT_EQ(plain->size(), 6000U);
    EXPECT_TRUE(plain->starts_with("squallsquall"));
}

TEST(Gzip, StopsWhereTooMuchComesOut) {
    const auto plain = inflate_gzip(squalls(), 5999);
    ASSERT_FALSE(plain);
    EXPECT_EQ(plain.error().message, "the body holds more than 5999 bytes");
}

TEST(Gzip, TakesNothingElse) {
    const std::string whole = squalls();
    EXPECT_FALSE(inflate_gzip("", 100));
    EXPECT_FALSE(inflate_gzip("squall", 100));
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(inflate_gzip(std::string_view(whole).substr(0, size), 10'000)) << size;
    EXPECT_FALSE(inflate_gzip(whole + "x", 10'000));
    std::string broken = whole;
    broken[broken.size() - 6] = static_cast<char>(broken[broken.size() - 6] ^ 1); // its checksum
    EXPECT_FALSE(inflate_gzip(broken, 10'000));
}

} // namespace
} // namespace squall::wire
