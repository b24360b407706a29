#include "checks/firewall.h"

#include <gtest/gtest.h>

namespace squall::host {
namespace {

using Texts = std::vector<std::string>;

// Of a packet to an endpoint of ECS.
std::vector<FirewallRule> rules(const std::string& listing) {
    return rules_in_the_way(listing, {{"10.0.0.11", 443}});
}

Texts texts(const std::string& listing) {
    Texts found;
    for (auto& each : rules(listing))
        found.push_back(std::move(each.rule));
    return found;
}

TEST(Firewall, NamesWhatDropsOrRejectsThePacket) {
    const Texts those{"-A OUTPUT -j DROP",
                      "-A OUTPUT -d 10.0.0.11/32 -j DROP",
                      // NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one rule, two lines.
                      "-A OUTPUT -d 10.0.0.0/8 -p tcp -m tcp --dport 443 -j REJECT --reject-with "
                      "icmp-port-unreachable",
                      "-A OUTPUT -p tcp -m multiport --dports 80,440:450 -j DROP",
                      "-A OUTPUT ! -d 192.168.0.0/16 -p tcp -j DROP",
                      "-A OUTPUT -p tcp -m tcp ! --dport 80 -j DROP",
                      "-A OUTPUT -p tcp -m tcp --dport 443 --tcp-flags FIN,SYN,RST,ACK SYN -j DROP",
                      "-A OUTPUT -m conntrack --ctstate INVALID,NEW -j DROP",
                      "-A OUTPUT ! -o lo -p tcp -j DROP",
                      "-A OUTPUT -m comment --comment \"-j ACCEPT of old\" -j DROP",
                      "-A OUTPUT -m comment --comment -p -j DROP"};
    for (const auto& rule : those)
        EXPECT_EQ(texts("-P OUTPUT ACCEPT\n" + rule + "\n"), Texts{rule});
}

TEST(Firewall, SaysNothingOfWhatConcernsOtherPackets) {
    for (const auto& rule : Texts{"-A FORWARD -p tcp --dport 443 -j REJECT",
                                  "-A OUTPUT -d 10.0.0.12/32 -j DROP",
                                  "-A OUTPUT -p udp -m udp --dport 443 -j DROP",
                                  "-A OUTPUT ! -p tcp -j DROP",
                                  "-A OUTPUT -p tcp -m tcp --dport 444:500 -j DROP",
                                  "-A OUTPUT ! -d 10.0.0.0/8 -j DROP",
                                  "-A OUTPUT -m state --state INVALID -j DROP",
                                  "-A OUTPUT -o lo -j DROP",
                                  "-A OUTPUT -p tcp -m tcp --dport 443 -j LOG --log-prefix DROP",
                                  "-A OUTPUT -d 10.0.0.11/32",
                                  "-A OUTPUT"})
        EXPECT_EQ(texts(rule), Texts{}) << rule;
}

TEST(Firewall, TakesThePolicyForTheLastRule) {
    const std::string closed = "-P INPUT ACCEPT\n-P OUTPUT DROP\n";
    const std::vector<Destination> destinations{{"10.0.0.11", 443}, {"10.0.0.12", 443}};
    const auto found = rules_in_the_way(closed + "-A OUTPUT -p udp -j ACCEPT\n", destinations);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.front().rule, "-P OUTPUT DROP");
    EXPECT_EQ(found.front().removal, "sudo iptables -I OUTPUT -p tcp --dport 443 -j ACCEPT");
    EXPECT_EQ(texts(closed + "-A OUTPUT -d 10.0.0.11/32 -j DROP\n"),
              (Texts{"-A OUTPUT -d 10.0.0.11/32 -j DROP", "-P OUTPUT DROP"}));
    EXPECT_EQ(texts(closed + "-A OUTPUT -p tcp -m tcp --dport 443 -j ACCEPT\n"), Texts{});
    EXPECT_EQ(texts(closed + "-A OUTPUT -m owner --uid-owner 0 -j ACCEPT\n"), Texts{})
        << "it may pass";
}

TEST(Firewall, NamesWhatKeepsTheAnswersAway) {
    for (const auto& rule : Texts{"-A INPUT -j DROP",
                                  "-A INPUT -p tcp -m tcp --sport 443 -j DROP",
                                  "-A INPUT -s 10.0.0.0/8 -j REJECT",
                                  "-A INPUT ! -i lo -p tcp -j DROP",
                                  "-A INPUT -p tcp -m tcp --dport 1024:65535 -j DROP",
                                  "-A INPUT -p tcp -m tcp ! --dport 22 -j DROP",
                                  "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j DROP"})
        EXPECT_EQ(texts("-P INPUT ACCEPT\n" + rule + "\n"), Texts{rule});
    for (const auto& rule :
         Texts{"-A INPUT -i lo -j DROP",
               "-A INPUT -p tcp -m tcp --dport 22 -j DROP",
               "-A INPUT -p tcp -m tcp --sport 80 -j DROP",
               "-A INPUT -s 10.0.0.12/32 -j DROP",
               "-A INPUT -m conntrack --ctstate INVALID,NEW -j DROP",
               "-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j REJECT",
               // These may concern another's answers alone.
               "-A INPUT -d 10.0.1.7/32 -j DROP",
               "-A INPUT -i eth1 -j DROP",
               "-A INPUT -p tcp -m tcp --dport 40000:50000 -j DROP"})
        EXPECT_EQ(texts(rule), Texts{}) << rule;
}

TEST(Firewall, LetsTheAnswersIntoAHostThatIsClosed) {
    const std::string closed = "-P INPUT DROP\n-P OUTPUT ACCEPT\n-A INPUT -i lo -j ACCEPT\n"
                               "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n";
    const auto found = rules_in_the_way(closed, {{"10.0.0.11", 443}, {"10.0.0.12", 80}});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.front().rule, "-P INPUT DROP");
    EXPECT_EQ(found.front().removal,
              "sudo iptables -I INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT");
    EXPECT_EQ(texts(closed + "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"),
              Texts{});
    EXPECT_EQ(texts(closed + "-A OUTPUT -d 10.0.0.11/32 -j DROP\n"),
              (Texts{"-A OUTPUT -d 10.0.0.11/32 -j DROP", "-P INPUT DROP"}));
}

TEST(Firewall, SaysNothingOfWhatMayConcernOtherPacketsAlone) {
    for (const auto& rule : Texts{"-A OUTPUT -m owner --uid-owner 1000 -j DROP",
                                  "-A OUTPUT -o eth1 -j DROP",
                                  "-A OUTPUT -s 10.0.1.7/32 -j DROP",
                                  "-A OUTPUT -m set --match-set bad dst -j DROP",
                                  "-A OUTPUT -p tcp -m limit --limit 5/sec -j REJECT",
                                  "-A OUTPUT -p tcp -m tcp --sport 22 -j DROP",
                                  "-A OUTPUT -d 10.0.0.x -j DROP"})
        EXPECT_EQ(texts(rule), Texts{}) << rule;
}

TEST(Firewall, SaysNothingAfterARuleThatLetsThePacketPass) {
    for (const auto& rule : Texts{"-A OUTPUT -j ACCEPT",
                                  "-A OUTPUT -d 10.0.0.0/24 -j ACCEPT",
                                  "-A OUTPUT -p tcp --dport 443 -j RETURN",
                                  "-A OUTPUT -m owner --uid-owner 0 -j ACCEPT",
                                  "-A OUTPUT -j NFQUEUE --queue-num 1"})
        EXPECT_EQ(texts(rule + "\n-A OUTPUT -j DROP\n"), Texts{}) << rule;
    for (const auto& rule : Texts{"-A OUTPUT -p tcp --dport 80 -j ACCEPT",
                                  "-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
                                  "-A OUTPUT -o lo -j ACCEPT",
                                  "-A OUTPUT -d 169.254.0.0/16 -j RETURN"})
        EXPECT_EQ(texts(rule + "\n-A OUTPUT -j DROP\n"), Texts{"-A OUTPUT -j DROP"}) << rule;
}

TEST(Firewall, FollowsTheChainsThatOutputGoesTo) {
    const std::string hardened = "-N EGRESS\n-N OTHER\n-A OUTPUT -p tcp -j EGRESS\n";
    EXPECT_EQ(texts(hardened + "-A EGRESS -p tcp -m tcp --dport 443 -j DROP\n"),
              Texts{"-A EGRESS -p tcp -m tcp --dport 443 -j DROP"});
    EXPECT_EQ(texts(hardened + "-A OTHER -j DROP\n"), Texts{});
    EXPECT_EQ(texts(hardened + "-A EGRESS -j RETURN\n-A EGRESS -j DROP\n"), Texts{});
    EXPECT_EQ(texts(hardened + "-A EGRESS -j ACCEPT\n-A OUTPUT -j DROP\n"), Texts{});
    EXPECT_EQ(texts(hardened + "-A EGRESS -j RETURN\n-A OUTPUT -j DROP\n"),
              Texts{"-A OUTPUT -j DROP"});
    // -g does not come back.
    EXPECT_EQ(texts("-A OUTPUT -g EGRESS\n-A OUTPUT -j DROP\n-A EGRESS -p udp -j DROP\n"), Texts{});
    EXPECT_EQ(texts("-N EMPTY\n-A OUTPUT -g EMPTY\n-A OUTPUT -j DROP\n"), Texts{});
    // Only some packets come there, and which is not known.
    EXPECT_EQ(texts("-A OUTPUT -o eth1 -j EGRESS\n-A EGRESS -j DROP\n"), Texts{});
    EXPECT_EQ(texts("-A OUTPUT -j A\n-A A -j B\n-A B -j A\n-A OUTPUT -j DROP\n"), Texts{});
}

TEST(Firewall, NamesAllThatAreInTheWayAndTakesEachAway) {
    const auto found = rules_in_the_way("-A OUTPUT -d 10.0.0.12/32 -j REJECT\n"
                                        "-A OUTPUT -d 10.0.0.11/32 -j DROP\n"
                                        "-A OUTPUT -d 10.0.0.11/32 -j DROP\n"
                                        "-A OUTPUT -p tcp -j DROP\n",
                                        {{"10.0.0.11", 443}, {"10.0.0.12", 443}});
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].removal,
              "sudo iptables -D OUTPUT -d 10.0.0.11/32 -j DROP && "
              "sudo iptables -D OUTPUT -d 10.0.0.11/32 -j DROP");
    EXPECT_EQ(found[1].removal, "sudo iptables -D OUTPUT -p tcp -j DROP");
    EXPECT_EQ(found[2].removal, "sudo iptables -D OUTPUT -d 10.0.0.12/32 -j REJECT");
}

Texts doubts(const std::string& listing) {
    return rules_that_may_be(listing, {{"10.0.0.11", 443}});
}

TEST(Firewall, TellsWhatMayBeInTheWayByWhatOnlyTheKernelKnows) {
    for (const auto& rule : Texts{"-A OUTPUT -p tcp -m owner --uid-owner 0 --dport 443 -j DROP",
                                  "-A OUTPUT -p tcp -m limit --limit 5/sec -j REJECT",
                                  "-A OUTPUT -m set --match-set bad dst -j DROP",
                                  "-A OUTPUT -o eth1 -j DROP",
                                  "-A INPUT -i eth0 -p tcp -j DROP"}) {
        EXPECT_EQ(doubts(rule + "\n"), Texts{rule});
        EXPECT_EQ(doubts("-N A\n-A OUTPUT -o eth1 -j A\n-A INPUT -j A\n" + rule + "\n"),
                  Texts{rule});
        EXPECT_EQ(doubts("-A OUTPUT -j ACCEPT\n-A INPUT -j ACCEPT\n" + rule + "\n"), Texts{});
        EXPECT_EQ(doubts(rule + "\n-A OUTPUT -j DROP\n"), Texts{}) << "that one is sure";
    }
    for (const auto& rule : Texts{"-A OUTPUT -p udp -m owner --uid-owner 0 -j DROP",
                                  "-A OUTPUT -p tcp -m recent --dport 22 --name ssh -j DROP",
                                  "-A INPUT -m conntrack --ctstate INVALID -j DROP",
                                  "-A OUTPUT -m owner --uid-owner 0 -j LOG"})
        EXPECT_EQ(doubts(rule + "\n"), Texts{}) << rule;
}

TEST(Firewall, DoubtsWhatComesBehindARuleThatMayLetThePacketPass) {
    const std::string some = "-A OUTPUT -m owner --uid-owner 0 -j ACCEPT\n";
    EXPECT_EQ(doubts(some + "-A OUTPUT -j REJECT\n"), Texts{"-A OUTPUT -j REJECT"});
    EXPECT_EQ(doubts("-P OUTPUT DROP\n" + some), Texts{"-P OUTPUT DROP"});
    EXPECT_EQ(doubts("-N A\n-A OUTPUT -o eth1 -j A\n-A A -p tcp -j DROP\n"),
              Texts{"-A A -p tcp -j DROP"});
    EXPECT_EQ(doubts("-N A\n-A OUTPUT -j A\n-A A -j ACCEPT\n-A OUTPUT -o eth1 -j DROP\n"), Texts{});
    EXPECT_EQ(doubts("-A OUTPUT -j A\n-A A -j B\n-A B -j A\n"), Texts{}) << "it ends";
}

TEST(Firewall, TakesARuleAwayByACommandThatAShellTakesAsItIs) {
    const auto found =
        rules(R"x(-A OUTPUT -m comment --comment "it\'s a \"test\" $(reboot)" -j DROP)x");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(
        found[0].removal,
        R"x(sudo iptables -D OUTPUT -m comment --comment 'it'\''s a "test" $(reboot)' -j DROP)x");
}

} // namespace
} // namespace squall::host
