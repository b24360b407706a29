#include "runtime/address_pool.h"
#include "runtime/bridge_rules.h"
#include "runtime/ports.h"
#include "squall/base/text.h"

#include <gtest/gtest.h>

namespace squall::labhost::runtime {
namespace {

bool any_port_is_free(std::uint16_t /*number*/) { return true; }

TEST(Port, IsReadAsDockerSpellsIt) {
    EXPECT_EQ(parse_port("8080").value(), (Port{8080, Protocol::tcp}));
    EXPECT_EQ(parse_port("8080/tcp").value(), (Port{8080, Protocol::tcp}));
    EXPECT_EQ(parse_port("53/udp").value(), (Port{53, Protocol::udp}));
    EXPECT_EQ(parse_port("53/udp")->text(), "53/udp");
    for (const char* bad : {"", "0", "65536", "-1", "80-90", "80/sctp", "x/tcp", "/tcp"})
        EXPECT_FALSE(parse_port(bad)) << bad;
}

TEST(PortTable, GivesAPortToOneContainerOnly) {
    PortTable table;
    EXPECT_TRUE(table.take({80, Protocol::tcp}));
    EXPECT_FALSE(table.take({80, Protocol::tcp}));
    EXPECT_TRUE(table.take({80, Protocol::udp})) << "another protocol is another port";
    table.release({80, Protocol::tcp});
    EXPECT_TRUE(table.take({80, Protocol::tcp}));
}

TEST(PortTable, ChoosesInTurnAndSkipsWhatIsTakenOrInUse) {
    PortTable table;
    ASSERT_TRUE(table.take({32769, Protocol::tcp}));
    EXPECT_EQ(table.take_any(Protocol::tcp, any_port_is_free), 32768);
    EXPECT_EQ(table.take_any(Protocol::tcp, [](std::uint16_t port) { return port != 32770; }),
              32771);
    table.release({32768, Protocol::tcp});
    EXPECT_EQ(table.take_any(Protocol::tcp, any_port_is_free), 32772)
        << "a port just given back is not given away at once";
}

TEST(PortTable, BeginsAgainAtTheEndAndSaysWhenNothingIsLeft) {
    PortTable table;
    const std::size_t all = PortTable::last - PortTable::first + 1;
    for (std::size_t i = 0; i < all; ++i)
        ASSERT_TRUE(table.take_any(Protocol::tcp, any_port_is_free));
    EXPECT_EQ(table.take_any(Protocol::tcp, any_port_is_free), std::nullopt);
    EXPECT_EQ(table.size(), all);
    table.release({40000, Protocol::tcp});
    EXPECT_EQ(table.take_any(Protocol::tcp, any_port_is_free), 40000);
}

TEST(AddressPool, GivesTheLowestFreeAddressAndNoneTwice) {
    AddressPool pool;
    EXPECT_EQ(pool.take(), 2);
    EXPECT_EQ(pool.take(), 3);
    EXPECT_EQ(pool.take(), 4);
    pool.release(3);
    EXPECT_EQ(pool.take(), 3);
    EXPECT_EQ(pool.take(), 5);
}

TEST(AddressPool, SaysWhenItsNetworkIsFull) {
    AddressPool pool;
    for (int i = AddressPool::first; i <= AddressPool::last; ++i)
        ASSERT_EQ(pool.take(), i);
    EXPECT_EQ(pool.take(), std::nullopt);
    pool.release(300);
    EXPECT_EQ(pool.take(), 300);
    pool.release(1); // was never given
    EXPECT_EQ(pool.take(), std::nullopt);
}

TEST(Address, IsWrittenWithItsMac) {
    EXPECT_EQ(address_text(2), "172.17.0.2");
    EXPECT_EQ(address_text(0x1234), "172.17.18.52");
    EXPECT_EQ(mac_text(0x1234), "02:42:ac:11:12:34");
}

TEST(BridgeRules, PublishAPortInDockersForm) {
    const auto rules =
        published_rules("172.17.0.2", {{{8080, Protocol::tcp}, 32768}, {{53, Protocol::udp}, 53}});
    ASSERT_EQ(rules.size(), 2U);
    EXPECT_EQ(join(rule_command(RuleAction::append, rules[0]), " "),
              "iptables -w 5 -t nat -A DOCKER -p tcp -m tcp --dport 32768 -j DNAT "
              "--to-destination 172.17.0.2:8080");
    EXPECT_EQ(join(rule_command(RuleAction::remove, rules[1]), " "),
              "iptables -w 5 -t nat -D DOCKER -p udp -m udp --dport 53 -j DNAT "
              "--to-destination 172.17.0.2:53");
}

TEST(BridgeRules, NeverFlushAndNeverTouchAnythingButTheNatTable) {
    for (const auto& rule : network_rules()) {
        const auto words = rule_command(RuleAction::check, rule);
        EXPECT_EQ(words[4], "nat");
        EXPECT_EQ(words[5], "-C");
        for (const auto& word : words)
            EXPECT_NE(word, "-F");
    }
}

} // namespace
} // namespace squall::labhost::runtime
