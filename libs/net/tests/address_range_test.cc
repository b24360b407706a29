#include "squall/net/address_range.h"

#include <gtest/gtest.h>

namespace squall::net {
namespace {

std::string hex(const std::string& bytes) {
    std::string text;
    for (const char byte : bytes)
        text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    return text;
}

TEST(AddressRange, KeepsTheNetworksPartOfAnAddressAndItsMask) {
    struct Case {
        const char* text;
        const char* address;
        const char* mask;
    };

    for (const auto& one : {Case{"10.1.2.3", "0a010203", "ffffffff"},
                            Case{"10.1.2.3/16", "0a010000", "ffff0000"},
                            Case{"10.1.2.255/27", "0a0102e0", "ffffffe0"},
                            Case{"0.0.0.0/0", "00000000", "00000000"},
                            Case{"2001:db8:ffff::1/33",
                                 "20010db8800000000000000000000000",
                                 "ffffffff800000000000000000000000"}}) {
        const auto range = AddressRange::parse(one.text);
        ASSERT_TRUE(range) << one.text;
        EXPECT_EQ(hex(range->address), one.address) << one.text;
        EXPECT_EQ(hex(range->mask()), one.mask) << one.text;
    }
}

TEST(AddressRange, RefusesWhatIsNoAddressAndNoNetwork) {
    for (const char* text : {"",
                             "10.0.0",
                             "10.0.0.0/33",
                             "::/129",
                             "10.0.0.0/-1",
                             "10.0.0.0/",
                             "a/8",
                             "10.0.0.0/8/8",
                             " 10.0.0.1"})
        EXPECT_FALSE(AddressRange::parse(text)) << text;
}

} // namespace
} // namespace squall::net
