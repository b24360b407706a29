// Rules are held against every address and port of a small world, one by one, and against what the
// doctor works out by ranges.
#include "squall/base/text.h"
#include "vpc_world.h"

#include <gtest/gtest.h>

#include <random>

namespace squall::host {
namespace {

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
}

// Somewhere in 52.0.0.0/24, wide or narrow.
std::string random_block(Random& random) {
    const auto bits = 22 + below(random, 11);
    return fmt::format("52.0.0.{}/{}", below(random, 256), bits);
}

AddressSet address(std::size_t number) {
    return AddressSet::of_cidr(fmt::format("52.0.0.{}", number)).value_or(AddressSet());
}

const AddressSet& little_world() {
    static const AddressSet all = *AddressSet::of_cidr("52.0.0.0/24");
    return all;
}

aws::NetworkAclEntry random_entry(Random& random, int number) {
    aws::NetworkAclEntry entry;
    entry.rule_number = number;
    entry.protocol = std::vector<std::string>{"-1", "6", "17"}[below(random, 3)];
    entry.allows = below(random, 2) == 0;
    entry.egress = below(random, 4) != 0;
    entry.cidr_block = random_block(random);
    entry.ports.from = static_cast<int>(below(random, 800));
    entry.ports.to = entry.ports.from + static_cast<int>(below(random, 400));
    return entry;
}

// As the VPC User Guide words it: rules in the order of their numbers, the first match decides.
bool lets_one_pass(std::vector<aws::NetworkAclEntry> entries, std::size_t host, int port) {
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
        return a.rule_number < b.rule_number;
    });
    for (const auto& entry : entries) {
        const bool fits_port =
            entry.protocol == "-1" || (entry.ports.from <= port && port <= entry.ports.to);
        const bool fits = entry.egress && entry.protocol != "17" && fits_port
                          && AddressSet::of_cidr(entry.cidr_block)->contains(address(host));
        if (fits) return entry.allows;
    }
    return false;
}

class ByChance : public testing::Test {
protected:
    void SetUp() override {
        const char* given = std::getenv("SQUALL_TEST_SEED");
        seed = given != nullptr ? static_cast<unsigned>(std::stoul(given)) : std::random_device{}();
        random.seed(seed);
        RecordProperty("seed", std::to_string(seed));
    }

    unsigned seed = 0;
    Random random;
};

TEST_F(ByChance, AnAclLetsThroughWhatItsFirstFittingRuleSays) {
    for (int round = 0; round < 60; ++round) {
        aws::NetworkAcl acl;
        std::vector<int> numbers;
        for (std::size_t left = below(random, 9); left > 0; --left)
            numbers.push_back(static_cast<int>(left * 7));
        std::shuffle(numbers.begin(), numbers.end(), random);
        for (const int number : numbers)
            acl.entries.push_back(random_entry(random, number));
        const int port = 443;
        const auto let = let_through(acl, true, little_world(), port);
        for (std::size_t host = 0; host < 256; ++host)
            ASSERT_EQ(let.contains(address(host)), lets_one_pass(acl.entries, host, port))
                << "seed " << seed << ", round " << round << ", host " << host;
    }
}

TEST_F(ByChance, AGroupLetsOutWhatAnyOfItsRulesNames) {
    for (int round = 0; round < 60; ++round) {
        VpcWorld world;
        auto& rules = world.group().ip_permissions_egress;
        rules.clear();
        for (std::size_t left = below(random, 6); left > 0; --left) {
            const auto from = static_cast<int>(below(random, 600));
            const auto* protocol = below(random, 4) == 0 ? "17" : "6";
            rules.push_back({protocol, {from, from + 300}, {random_block(random)}, {}, {}, {}});
        }
        std::size_t passing = 0;
        for (std::size_t host = 0; host < 256; ++host)
            passing += std::any_of(rules.begin(), rules.end(), [&](const auto& rule) {
                return rule.ip_protocol == "6" && rule.ports.from <= 443 && 443 <= rule.ports.to
                       && AddressSet::of_cidr(rule.cidr_ips.front())->contains(address(host));
            });
        const auto way =
            through_groups(world.instance, world.network, {little_world(), {}, {}, "it"}).way;
        const auto expected = passing == 256 ? Passage::Way::open
                              : passing == 0 ? Passage::Way::closed
                                             : Passage::Way::unknown;
        ASSERT_EQ(way, expected) << "seed " << seed << ", round " << round;
    }
}

TEST_F(ByChance, TheMostSpecificRouteCounts) {
    for (int round = 0; round < 60; ++round) {
        VpcWorld world;
        auto& routes = world.table().routes;
        routes.clear();
        for (std::size_t left = below(random, 6); left > 0; --left)
            routes.push_back({random_block(random),
                              "",
                              "",
                              "igw-1",
                              below(random, 2) == 0 ? "active" : "blackhole"});
        std::size_t passing = 0;
        for (std::size_t host = 0; host < 256; ++host) {
            const aws::Route* best = nullptr;
            for (const auto& route : routes) {
                const bool fits =
                    AddressSet::of_cidr(route.destination_cidr_block)->contains(address(host));
                if (fits
                    && (best == nullptr
                        || prefix_length(route.destination_cidr_block)
                               > prefix_length(best->destination_cidr_block)))
                    best = &route;
            }
            passing += best != nullptr && best->state == "active" ? 1U : 0U;
        }
        const auto way =
            by_route(world.instance, world.network, {little_world(), {}, {}, "it"}).way;
        const auto expected = passing == 256 ? Passage::Way::open
                              : passing == 0 ? Passage::Way::closed
                                             : Passage::Way::unknown;
        ASSERT_EQ(way, expected) << "seed " << seed << ", round " << round;
    }
}

TEST(AddressSet, ReadsBlocksAndNothingElse) {
    EXPECT_TRUE(AddressSet::of_cidr("0.0.0.0/0")->contains(AddressSet::internet()));
    EXPECT_EQ(*AddressSet::of_cidr("10.0.0.7/24"), *AddressSet::of_cidr("10.0.0.0/24"));
    for (const char* text :
         {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::/0", "10.0.0.0/-1", "x"})
        EXPECT_FALSE(AddressSet::of_cidr(text)) << text;
    EXPECT_TRUE(AddressSet::internet().common(AddressSet::private_networks()).empty());
    EXPECT_TRUE(AddressSet::internet().contains(*AddressSet::of_cidr("52.94.0.0/16")));
    EXPECT_TRUE(AddressSet::of_cidr("255.255.255.255")->common(AddressSet::internet()).empty());
    const std::vector<std::string> halves{"0.0.0.0/1", "128.0.0.0/1"};
    EXPECT_EQ(AddressSet::of_cidrs(halves), *AddressSet::of_cidr("0.0.0.0/0"));
}

// The value of --NAME in a command; of --port-range, what is behind From= or To=.
int number_after(const std::string& command, const std::string& name) {
    const auto at = command.find(name);
    return at == std::string::npos ? -1 : std::atoi(command.c_str() + at + name.size());
}

// As EC2 does it, with which no two rules of a direction have the same number.
void run(const std::string& command, aws::NetworkAcl& acl) {
    const bool egress = command.find("--egress") != std::string::npos;
    const int number = number_after(command, "--rule-number ");
    const auto rule = std::find_if(acl.entries.begin(), acl.entries.end(), [&](const auto& entry) {
        return entry.egress == egress && entry.rule_number == number;
    });
    const bool is_there = rule != acl.entries.end();
    if (command.starts_with("aws ec2 delete-network-acl-entry ")) {
        ASSERT_TRUE(is_there) << command;
        acl.entries.erase(rule);
        return;
    }
    ASSERT_TRUE(command.starts_with("aws ec2 create-network-acl-entry ")) << command;
    ASSERT_FALSE(is_there) << command;
    acl.entries.push_back({number,
                           "6",
                           true,
                           egress,
                           "0.0.0.0/0",
                           "",
                           {number_after(command, "From="), number_after(command, "To=")}});
}

TEST_F(ByChance, AnAclIsClosedNoMoreWhenTheCommandsThatAreOfferedWereRun) {
    int closed = 0;
    for (int round = 0; round < 200; ++round) {
        VpcWorld world;
        if (below(random, 2) == 0) world.add_endpoints();
        world.acl().entries.clear();
        for (int number = 90; number < 130; number += 10) {
            const bool is_wide = below(random, 2) == 0;
            const int port = std::array{1, 443, 1024, 30000}.at(below(random, 4));
            for (const bool egress : {true, false})
                if (below(random, 2) == 0)
                    world.acl().entries.push_back({number,
                                                   is_wide ? "-1" : "6",
                                                   below(random, 3) == 0,
                                                   egress,
                                                   "0.0.0.0/0",
                                                   "",
                                                   {port, port == 443 ? 443 : 65535}});
        }
        const Sign sign = world.only_sign();
        if (sign.cause.empty()) continue;
        ++closed;
        for (const auto& command : sign.remedy)
            run(command, world.acl());
        // Of what was half open before, nobody can say that it was closed.
        EXPECT_NE(world.look("vpc-network-acls").state, Look::State::finding)
            << "seed " << seed << ", round " << round << ": " << join(sign.remedy, "\n");
    }
    EXPECT_GT(closed, 0);
}

} // namespace
} // namespace squall::host
