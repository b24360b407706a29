#include "squall/doctor/catalogue.h"

#include "corpus.h"

namespace squall::doctor {
namespace {

// What no record shows: rules.cc looks for it, or EC2 says it of the instance itself.
const std::set<std::string_view> by_rule{
    "STATE_LOCKED", "NET_PROXY_IDLE", "NET_IPV6", "INSTANCE_GONE", "INSTANCE_STOPPED"};

TEST(Catalogue, HasSignsOrARuleForEveryCause) {
    std::set<std::size_t> signed_causes;
    for (const SignRule& sign : catalogue().signs())
        signed_causes.insert(sign.cause);
    for (const Cause& cause : catalogue().causes()) {
        EXPECT_TRUE(signed_causes.contains(*catalogue().index_of(cause.id))
                    || by_rule.contains(cause.id))
            << cause.id;
        EXPECT_FALSE(cause.means.empty()) << cause.id;
        EXPECT_TRUE(cause.means.ends_with('.')) << cause.id;
        EXPECT_FALSE(cause.remedy.empty()) << cause.id;
        EXPECT_FALSE(cause.source.empty()) << cause.id;
    }
    for (const std::string_view id : by_rule)
        EXPECT_NE(catalogue().find(id), nullptr) << id;
}

TEST(Catalogue, PutsRootsBeforeWhatTheyBringAbout) {
    constexpr std::array<std::string_view, 14> order{"FD_EXHAUSTION",
                                                     "OOM",
                                                     "DISK_FULL",
                                                     "DOCKER_DOWN",
                                                     "CLOCK_SKEW",
                                                     "IMDS_UNREACHABLE",
                                                     "IAM_NO_CREDS",
                                                     "IAM_DENIED",
                                                     "NET_DNS",
                                                     "NET_PROXY",
                                                     "NET_API_TIMEOUT",
                                                     "NET_ACS_BLOCKED",
                                                     "AGENT_TERMINAL",
                                                     "AGENT_CRASHLOOP"};
    for (std::size_t i = 1; i < order.size(); ++i)
        EXPECT_LT(catalogue().find(order[i - 1])->rank, catalogue().find(order[i])->rank)
            << order[i];
    std::set<int> ranks;
    for (const Cause& cause : catalogue().causes())
        EXPECT_TRUE(ranks.insert(cause.rank).second) << cause.id << " has another's rank";
}

TEST(Catalogue, TakesMoreCausesAndOtherWordsFromAUser) {
    Catalogue extended = catalogue();
    ASSERT_TRUE(extended.add("causes:\n"
                             "  - id: OUR_FIREWALL\n"
                             "    rank: 5\n"
                             "    means: Our firewall says no.\n"
                             "    signs:\n"
                             "      - all: [\"blocked by policy\", '/rule \\d+/']\n"
                             "  - id: NET_DNS\n"
                             "    remedy: [\"call the network team\"]\n",
                             "ours.yaml"));
    EXPECT_EQ(extended.causes().size(), catalogue().causes().size() + 1);
    EXPECT_EQ(extended.find("NET_DNS")->remedy, std::vector<std::string>{"call the network team"});
    auto ours = Scanner::make(extended, corpus_now());
    ASSERT_TRUE(ours);
    StringSource source(
        "level=error time=2026-03-11T08:15:00Z msg=\"blocked by policy, rule 17\"\n");
    Case evidence;
    evidence.logs.push_back(ours->scan("a.log", source));
    evidence.now = corpus_now();
    EXPECT_EQ(causes_of(diagnose(extended, std::move(evidence))),
              std::vector<std::string>{"OUR_FIREWALL"});
}

struct Mistake {
    std::string_view yaml;
    std::string_view where;
    std::string_view what;
};

TEST(Catalogue, SaysInWhichLineOfAUsersFileAMistakeIs) {
    for (const Mistake& each :
         {Mistake{"- x\n", "ours.yaml:1", "mapping"},
          Mistake{"reasons: []\n", "ours.yaml:1", "none of groups"},
          Mistake{"causes:\n  - id: lower\n", "ours.yaml:2", "`id`"},
          Mistake{"causes:\n  - id: NEW\n    rank: 1\n", "ours.yaml:2", "means"},
          Mistake{"causes:\n  - id: NEW\n    means: x\n    rank: many\n", "ours.yaml:4", "number"},
          Mistake{
              "causes:\n  - id: NEW\n    means: x\n    severity: bad\n", "ours.yaml:4", "severity"},
          Mistake{"causes:\n  - id: NEW\n    means: x\n    signs:\n      - '/(/'\n",
                  "ours.yaml:5",
                  "/(/"},
          Mistake{"causes:\n  - id: NEW\n    means: x\n    signs:\n      - '/\\d+/'\n",
                  "ours.yaml:5",
                  "without any text"},
          Mistake{"causes:\n  - id: NEW\n    means: x\n    signs:\n      - $nobody\n",
                  "ours.yaml:5",
                  "no group"},
          Mistake{"causes:\n  - id: NEW\n    means: x\n    signs:\n      - none: [a]\n",
                  "ours.yaml:5",
                  "needs"},
          Mistake{"causes:\n  - id: NEW\n    means: x\n    signs:\n      - all: [a]\n        in: "
                  "[mail]\n",
                  "ours.yaml:6",
                  "kind of log"},
          Mistake{"marks:\n  happy: [a]\n", "ours.yaml:2", "no mark"},
          Mistake{"causes:\n\x7f"
                  "ELF\xff\x1b[31m\n",
                  "ours.yaml:2",
                  "at '?ELF??[31m'"},
          Mistake{"causes: [\n", "ours.yaml:", ""}}) {
        Catalogue extended = catalogue();
        const auto added = extended.add(each.yaml, "ours.yaml");
        ASSERT_FALSE(added) << each.yaml;
        EXPECT_EQ(added.error().code, Errc::invalid_input);
        EXPECT_NE(added.error().message.find(each.where), std::string::npos)
            << added.error().message;
        EXPECT_NE(added.error().message.find(each.what), std::string::npos)
            << added.error().message;
        EXPECT_EQ(extended.causes().size(), catalogue().causes().size()) << "half a file was taken";
    }
}

} // namespace
} // namespace squall::doctor
