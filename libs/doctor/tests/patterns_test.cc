#include "corpus.h"
#include "patterns/pattern.h"
#include "patterns/rarity.h"
#include "patterns/record_patterns.h"
#include "scan/matcher.h"

#include <deque>

namespace squall::doctor {
namespace {

using Texts = std::vector<std::string>;

Texts needed_by(std::string_view written) { return needed_texts(pattern_of(written)); }

TEST(Pattern, NeedsTextsThatAreThereWhereverItFits) {
    EXPECT_EQ(needed_by("No Such Host"), Texts{"no such host"});
    EXPECT_EQ(needed_by("/panic: /"), Texts{"panic: "});
    EXPECT_EQ(needed_by(R"(/saved cluster .* does not match/)"), Texts{" does not match"});
    EXPECT_EQ(needed_by("/outpost arn|availability zone/"),
              (Texts{"availability zone", "outpost arn"}));
    // The two words are needed together: the one is enough.
    EXPECT_EQ(needed_by(R"(/(read|dial) udp \S*:53: /)"), (Texts{"dial udp ", "read udp "}));
    EXPECT_EQ(needed_by(R"(/\d+/)"), Texts{});
    EXPECT_EQ(needed_by("/(error)?/"), Texts{});
    EXPECT_EQ(needed_by("/a|error/"), Texts{});
}

TEST(Pattern, ThatCannotBeMeantSaysWhy) {
    EXPECT_TRUE(check(pattern_of("/a+/")));
    EXPECT_TRUE(check(pattern_of("a(")));
    EXPECT_NE(check(pattern_of("/a(/")).error().message.find("the pattern /a(/: missing )"),
              std::string::npos);
    EXPECT_FALSE(check(pattern_of("")));
    EXPECT_FALSE(check(pattern_of("two\nlines")));
}

// The catalogue's patterns one by one, each tried by itself.
class OneByOne {
public:
    OneByOne() {
        for (const std::string& written : catalogue().patterns()) {
            const Pattern pattern = pattern_of(written);
            const std::string regex =
                pattern.is_regex ? pattern.text : re2::RE2::QuoteMeta(pattern.text);
            regexes_.push_back(std::make_unique<re2::RE2>(regex, regex_options()));
        }
    }

    [[nodiscard]] std::set<std::size_t> found_in(const std::string& line) const {
        std::set<std::size_t> found;
        for (std::size_t i = 0; i < regexes_.size(); ++i) {
            if (re2::RE2::PartialMatch(line, *regexes_[i])) found.insert(i);
        }
        return found;
    }

private:
    std::deque<std::unique_ptr<re2::RE2>> regexes_;
};

bool has_one_of(const std::string& line, const Texts& texts) {
    const std::string small = lower(line);
    return std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
        return small.find(text) != std::string::npos;
    });
}

TEST(Pattern, OfTheCatalogueFitsNoRecordWithoutOneOfItsTexts) {
    std::vector<Pattern> patterns;
    for (const std::string& written : catalogue().patterns())
        patterns.push_back(pattern_of(written));
    auto compiled = RecordPatterns::compile(patterns);
    ASSERT_TRUE(compiled);
    const OneByOne one_by_one;
    std::size_t fitted = 0;
    for (const Answer& answer : corpus()) {
        for (const std::string& line : split(corpus_text(answer.file), '\n')) {
            std::set<std::size_t> found;
            compiled->find(line, [&](std::size_t pattern) { found.insert(pattern); });
            ASSERT_EQ(found, one_by_one.found_in(line)) << line;
            for (const std::size_t pattern : found)
                ASSERT_TRUE(has_one_of(line, catalogue().needed_texts()[pattern]))
                    << patterns[pattern].text << ": " << line;
            fitted += found.size();
        }
    }
    EXPECT_GT(fitted, 1000U);
}

TEST(RecordPatterns, FindTextsAndExpressionsAndThoseThatNeedNoText) {
    auto compiled = RecordPatterns::compile(
        {pattern_of("refused"), pattern_of(R"(/code (1|255)\b/)"), pattern_of(R"(/\d\d/)")});
    ASSERT_TRUE(compiled);
    const auto found_in = [&](std::string_view text) {
        std::set<std::size_t> found;
        compiled->find(text, [&](std::size_t pattern) { found.insert(pattern); });
        return found;
    };
    using Found = std::set<std::size_t>;
    EXPECT_EQ(found_in("connection REFUSED"), Found{0});
    EXPECT_EQ(found_in("Code 1"), Found{1});
    EXPECT_EQ(found_in("code 2"), Found{});
    EXPECT_EQ(found_in("refused: code 255"), (Found{0, 1, 2}));
    EXPECT_EQ(found_in(""), Found{});
    EXPECT_EQ(RecordPatterns::compile({pattern_of("/(/")}).error().code, Errc::invalid_input);
}

TEST(Rarity, TakesThePartThatOthersLack) {
    const Rarity rarity({"container instance", "container agent", "no such host"},
                        {"the container agent is up"});
    EXPECT_EQ(rarity.rarest_part("No Such Host").text.size(), Rarity::part_max);
    // What says nothing, and what JSON writes otherwise, only where there is nothing else.
    EXPECT_EQ(rarity.rarest_part("container").text, "containe");
    EXPECT_EQ(rarity.rarest_part("the agent is dead").text, "t is dea");
    EXPECT_EQ(rarity.rarest_part("level=\"critical\"").text, "critical");
    EXPECT_EQ(rarity.rarest_part("a=b").text, "a=b");
}

TEST(Rarity, NeedsFewPartsForManyTexts) {
    const Rarity rarity({"host", "no such host"}, {});
    EXPECT_EQ(rarity.parts_of_all({"No such host", "host"}), Texts{"host"});
    const Texts texts{"connection refused", "connection reset by peer", "i/o timeout"};
    for (const std::string& text : texts)
        EXPECT_TRUE(has_one_of(text, rarity.parts_of_all(texts))) << text;
}

// A word that every log is full of would make every line one to be read.
TEST(Matcher, LooksForNothingThatLogsAreFullOf) {
    auto matcher = Matcher::make(catalogue());
    ASSERT_TRUE(matcher);
    ASSERT_GT(catalogue().usual_lines().size(), 10U);
    for (const std::string& line : catalogue().usual_lines()) {
        matcher->triggers().scan(line, [&](std::size_t /*text*/, std::size_t offset) {
            ADD_FAILURE() << line << " at " << offset << ": " << line.substr(offset);
            return true;
        });
    }
}

} // namespace
} // namespace squall::doctor
