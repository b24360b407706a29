#include "squall/monitor/random_day.h"

#include "scenario_builder.h"

#include <cstdlib>

namespace squall::monitor {
namespace {

struct Day {
    std::string lines;
    json::Object end;
};

Day day_of(const RandomDayOptions& options) {
    Day day;
    std::string last;
    random_day(options, [&](const std::string& line) {
        day.lines += line + "\n";
        last = line;
    });
    day.end = json::parse_object(last).value_or(json::Object{});
    return day;
}

// What people were told of each node, and how often each incident ended.
struct Account {
    std::map<std::string, int> told;
    std::map<std::string, int> ended; // by incident

    explicit Account(const std::string& lines) {
        std::istringstream input(lines);
        for (std::string text; std::getline(input, text);) {
            const auto line = json::parse_object(text).value_or(json::Object{});
            const std::string kind(json::string_at(line, "kind"));
            const std::string incident(json::string_at(line, "incident"));
            if (kind == "opened") ++told[std::string(json::string_at(line, "node"))];
            if (kind == "opened" || kind == "grouped") ended.try_emplace(incident, 0);
            if (kind == "recovered") ++ended[incident];
            for (const auto& member : json::array_at(line, "members")) {
                if (kind == "grouped") ++told[std::string(json::string_of(member))];
            }
        }
    }
};

std::string simulated(const std::string& lines) {
    std::istringstream input(lines);
    auto said = simulate(input, "day", {}, [](const std::string& /*what*/) {});
    EXPECT_TRUE(said) << (said ? "" : said.error().message);
    return said.value_or("");
}

// SQUALL_SEED gives the first seed; SQUALL_DAYS how many days.
std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(RandomDay, IsToldExactlyOnceWhateverGoesWrong) {
    const std::uint64_t first = number_from("SQUALL_SEED", 1);
    const std::uint64_t days = number_from("SQUALL_DAYS", 1000);
    int outages = 0;
    for (std::uint64_t seed = first; seed < first + days; ++seed) {
        RandomDayOptions options;
        options.seed = seed;
        const Day day = day_of(options);
        std::map<std::string, int> truth;
        for (const auto& outage : json::array_at(day.end, "truth")) {
            ++truth[std::string(json::string_at(outage, "node"))];
            ++outages;
        }
        const Account account(simulated(day.lines));
        ASSERT_EQ(account.told, truth) << "seed " << seed;
        for (const auto& [incident, count] : account.ended)
            ASSERT_EQ(count, 1) << "seed " << seed << ", " << incident;
    }
    EXPECT_GT(outages, static_cast<int>(days)); // or it has tested nothing
}

TEST(RandomDay, OfNormalLifeIsQuiet) {
    RandomDayOptions options;
    options.is_calm = true;
    options.instances = 60;
    options.hours = 24;
    options.seed = number_from("SQUALL_SEED", 1);
    const Account account(simulated(day_of(options).lines));
    EXPECT_TRUE(account.told.empty()) << "seed " << options.seed;
}

TEST(RandomDay, GivesTheSameDecisionsByteForByte) {
    RandomDayOptions options;
    options.seed = 4;
    const Day day = day_of(options);
    EXPECT_EQ(day.lines, day_of(options).lines);
    const std::string said = simulated(day.lines);
    EXPECT_FALSE(said.empty());
    EXPECT_EQ(said, simulated(day.lines));
}

} // namespace
} // namespace squall::monitor
