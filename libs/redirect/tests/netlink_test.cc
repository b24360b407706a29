#include "netlink.h"

#include "nft_rules.h"

#include <gtest/gtest.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <cstring>

namespace squall::redirect {
namespace {

using std::literals::operator""sv; // NOLINT(misc-unused-using-decls): it is used

constexpr std::size_t nf_header = sizeof(nlmsghdr) + sizeof(nfgenmsg);

// The messages, each as long as its header says.
std::vector<std::string_view> messages_in(std::string_view bytes) {
    std::vector<std::string_view> messages;
    while (!bytes.empty()) {
        nlmsghdr header{};
        std::memcpy(&header, bytes.data(), std::min(bytes.size(), sizeof header));
        if (header.nlmsg_len < sizeof header || header.nlmsg_len > bytes.size()) break;
        messages.push_back(bytes.substr(0, header.nlmsg_len));
        bytes.remove_prefix(header.nlmsg_len);
    }
    return messages;
}

int kind_of_message(std::string_view message) {
    nlmsghdr header{};
    std::memcpy(&header, message.data(), sizeof header);
    return header.nlmsg_type & 0xff;
}

Wanted some_ports() {
    Wanted wanted;
    wanted.table = "squall_run_80";
    wanted.interface = "eth0";
    wanted.ports = {80, 8080};
    wanted.proxy_port = 20'000;
    return wanted;
}

TEST(Netlink, AttributesAreAlignedAndNested) {
    NetlinkMessages messages;
    messages.begin(7, 0, "head");
    const auto nest = messages.nest(3);
    messages.put_text(1, "ab");
    messages.put_u32(2, 0x01020304);
    messages.end_nest(nest);
    messages.end();
    const auto read = messages_in(messages.bytes());
    ASSERT_EQ(read.size(), 1U);
    const auto inner = attribute(read[0].substr(sizeof(nlmsghdr) + 4), 3);
    EXPECT_EQ(attribute(inner, 1), "ab\0"sv);
    EXPECT_EQ(attribute(inner, 2), "\1\2\3\4"sv);
    EXPECT_EQ(attribute(inner, 9), "");
}

TEST(Netlink, AttributesThatDoNotFitAreNotRead) {
    EXPECT_TRUE(attributes_of("\x0c\0\1\0abcd"sv).empty());       // longer than there is
    EXPECT_TRUE(attributes_of("\2\0\1\0abcd"sv).empty());         // shorter than itself
    EXPECT_EQ(attributes_of("\5\0\1\0a\0\0\0\3\0"sv).size(), 1U); // a second that is cut off
}

TEST(Rules, ATableHasItsSetBeforeTheRuleThatLooksItUp) {
    const auto table = table_of(some_ports(), {true, true});
    std::vector<int> kinds_seen;
    for (const auto message : messages_in(table.bytes()))
        kinds_seen.push_back(kind_of_message(message));
    EXPECT_EQ(
        kinds_seen,
        (std::vector<int>{NFT_MSG_NEWTABLE, NFT_MSG_NEWSET, NFT_MSG_NEWCHAIN, NFT_MSG_NEWRULE}));
    EXPECT_EQ(table.count(), kinds_seen.size());
    const auto first = messages_in(table.bytes())[0].substr(nf_header);
    EXPECT_EQ(attribute(first, NFTA_TABLE_NAME), "squall_run_80\0"sv);
    EXPECT_EQ(attribute(first, NFTA_TABLE_FLAGS), "\0\0\0\2"sv); // owner
}

TEST(Rules, ALeaseIsAddedRemovedAndAddedAgainForOlderKernels) {
    const auto lease = lease_of(some_ports(), Millis(3000));
    std::vector<int> kinds_seen;
    for (const auto message : messages_in(lease.bytes()))
        kinds_seen.push_back(kind_of_message(message));
    EXPECT_EQ(kinds_seen,
              (std::vector<int>{NFT_MSG_NEWSETELEM, NFT_MSG_DELSETELEM, NFT_MSG_NEWSETELEM}));
    const auto last = messages_in(lease.bytes())[2].substr(nf_header);
    const auto elements = attributes_of(attribute(last, NFTA_SET_ELEM_LIST_ELEMENTS));
    ASSERT_EQ(elements.size(), 2U); // one for each port
    EXPECT_EQ(attribute(elements[1].payload, NFTA_SET_ELEM_TIMEOUT), "\0\0\0\0\0\0\x0b\xb8"sv);
    EXPECT_EQ(attribute(attribute(elements[1].payload, NFTA_SET_ELEM_KEY), NFTA_DATA_VALUE),
              "\x1f\x90"sv);
}

TEST(Rules, TheShortestLeaseIsTheOneThatCounts) {
    NetlinkMessages answer;
    answer.begin(0, 0, std::string(sizeof(nfgenmsg), '\0'));
    const auto list = answer.nest(NFTA_SET_ELEM_LIST_ELEMENTS);
    for (const std::uint64_t left : {2500U, 700U, 2990U}) {
        const auto element = answer.nest(NFTA_LIST_ELEM);
        answer.put_u64(NFTA_SET_ELEM_EXPIRATION, left);
        answer.end_nest(element);
    }
    answer.end_nest(list);
    answer.end();
    EXPECT_EQ(expiry_of(answer.bytes().substr(sizeof(nlmsghdr))), Millis(700));
    EXPECT_EQ(expiry_of(""), std::nullopt);
}

TEST(Interception, KindsHaveWords) {
    for (const Kind kind : kinds)
        EXPECT_EQ(kind_of(word_of(kind)), kind);
    EXPECT_EQ(kind_of("magic"), std::nullopt);
}

} // namespace
} // namespace squall::redirect
