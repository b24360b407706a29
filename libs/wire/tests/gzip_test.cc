#include "squall/wire/gzip.h"

#include <gtest/gtest.h>

namespace squall::wire {
namespace {

constexpr std::size_t plenty = std::size_t{1} << 20U;

TEST(Gzip, WhatIsPackedIsUnpackedAgain) {
    std::string all_bytes;
    for (int i = 0; i < 200'000; ++i)
        all_bytes.push_back(static_cast<char>(i * 31 / 7));
    for (const auto& text :
         {std::string(), std::string("{}"), std::string(100'000, 'a'), all_bytes})
        EXPECT_EQ(gunzip(gzip(text), plenty).value(), text);
    EXPECT_LT(gzip(std::string(100'000, 'a')).size(), 500U);
}

// printf squall | gzip -n | od -An -tx1
TEST(Gzip, ReadsWhatTheProgramGzipWrites) {
    constexpr std::string_view packed("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x2b\x2e\x2c\x4d\xcc"
                                      "\xc9\x01\x00\xd2\xef\x7e\x60\x06\x00\x00\x00",
                                      26);
    const auto text = gunzip(packed, plenty);
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(*text, "squall");
}

TEST(Gzip, AFewBytesThatBecomeMillionsAreRefused) {
    const auto bomb = gzip(std::string(10U << 20U, '\0'));
    EXPECT_LT(bomb.size(), 20'000U);
    EXPECT_EQ(gunzip(bomb, plenty).error().message,
              "the gzip body unpacks to more than 1048576 bytes");
    EXPECT_TRUE(gunzip(gzip(std::string(plenty, 'x')), plenty)) << "as many as there may be";
}

TEST(Gzip, BodiesThatAreNotWholeOrNotGzipAreErrors) {
    const auto packed = gzip("a body of some length");
    for (std::size_t size = 0; size < packed.size(); ++size)
        EXPECT_FALSE(gunzip(packed.substr(0, size), plenty)) << size;
    EXPECT_EQ(gunzip("{}", plenty).error().message, "the body is no gzip");
    EXPECT_EQ(gunzip(packed + "x", plenty).error().message, "there are bytes behind the gzip body");
    auto torn = packed;
    torn[packed.size() - 6] ^= 1;
    EXPECT_FALSE(gunzip(torn, plenty)) << "its checksum is wrong";
}

} // namespace
} // namespace squall::wire
