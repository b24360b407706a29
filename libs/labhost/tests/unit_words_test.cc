#include "init/words.h"

#include <gtest/gtest.h>

#include <random>

namespace squall::labhost::init {
namespace {

using Words = std::vector<std::string>;

Words words_of(std::string_view text) {
    const auto words = split_words(text);
    return words ? *words : Words{"error: " + words.error().message};
}

TEST(Words, AreSplitAtSpacesAndKeptTogetherByQuotes) {
    EXPECT_EQ(words_of("a  b\tc"), (Words{"a", "b", "c"}));
    EXPECT_EQ(words_of(R"(/bin/sh -c 'echo "hi" $A; ls')"),
              (Words{"/bin/sh", "-c", "echo \"hi\" $A; ls"}));
    EXPECT_EQ(words_of(R"("two words" '' x"y z")"), (Words{"two words", "", "xy z"}));
    EXPECT_EQ(words_of("   "), Words{});
}

TEST(Words, HaveCEscapesInAndOutsideOfQuotes) {
    EXPECT_EQ(words_of(R"(a\nb \x41\102\u00e9 \s "\\" \")"),
              (Words{"a\nb", "AB\u00e9", " ", "\\", "\""}));
    EXPECT_EQ(words_of(R"(a\qb \xZZ \x00 \)"), (Words{R"(a\qb)", R"(\xZZ)", R"(\x00)", "\\"}))
        << "what is no escape stays as it is";
}

TEST(Words, AreRefusedWhenAQuoteIsNotClosed) {
    EXPECT_EQ(words_of("a 'b"), Words{"error: a quote is not closed"});
    EXPECT_EQ(words_of("\"b\\\""), Words{"error: a quote is not closed"});
}

TEST(Words, ComeBackFromTheirQuotedForm) {
    std::mt19937 random(7);
    for (int round = 0; round < 500; ++round) {
        Words words;
        std::string line;
        for (std::size_t i = 0; i < 1 + random() % 4; ++i) {
            std::string word;
            for (std::size_t j = 0; j < random() % 12; ++j)
                word += static_cast<char>(1 + random() % 127);
            words.push_back(word);
            line += quoted_word(word) + " ";
        }
        Words back;
        for (const std::string& word : words_of(line))
            back.push_back(*resolve_specifiers(word, "a.service"));
        ASSERT_EQ(back, words) << line;
        ASSERT_EQ(line.find('\n'), std::string::npos);
    }
}

TEST(Specifiers, AreTheUnitsNameItsInstanceAndAPercentSign) {
    EXPECT_EQ(*resolve_specifiers("%n|%i|%%", "work@7.service"), "work@7.service|7|%");
    EXPECT_EQ(*resolve_specifiers("%i", "work.service"), "");
    EXPECT_FALSE(resolve_specifiers("%H", "a.service"));
    EXPECT_FALSE(resolve_specifiers("100%", "a.service"));
}

TEST(Variables, AreExpandedAsSystemdDoesIt) {
    const Environment environment{{"ONE", "one"}, {"TWO", "two two"}, {"EMPTY", ""}};
    EXPECT_EQ(expand_variables({"echo", "$ONE", "$TWO", "${TWO}"}, environment),
              (Words{"echo", "one", "two", "two", "two two"}));
    EXPECT_EQ(expand_variables({"$ONE", "a$ONE", "a${ONE}b", "$$ONE", "$${ONE}", "${1}", "$"},
                               environment),
              (Words{"$ONE", "a$ONE", "aoneb", "$ONE", "${ONE}", "${1}", "$"}));
    EXPECT_EQ(expand_variables({"x", "$EMPTY", "${EMPTY}", "$NONE", "${NONE}"}, environment),
              (Words{"x", "", ""}));
    EXPECT_EQ(expand_variables({"x", "$Q"}, {{"Q", "'a b' c"}}), (Words{"x", "a b", "c"}));
}

TEST(EnvironmentFile, IsReadWithItsQuotesAndComments) {
    const Environment read = parse_environment_file("# comment\n"
                                                    "; another = x\n"
                                                    "ECS_CLUSTER=lab\n"
                                                    "  SPACED = a b  \n"
                                                    "QUOTED=\"a \\\"b\\\" $c\"\n"
                                                    "SINGLE='a\\nb'\n"
                                                    "EMPTY=\n"
                                                    "CONTINUED=a\\\nb\n"
                                                    "no assignment\n"
                                                    "1BAD=x\n"
                                                    "URL=http://x/?a=b\n"
                                                    "JSON={\"a b\":\"c\"}\n"
                                                    "LAST=end");
    EXPECT_EQ(read,
              (Environment{{"ECS_CLUSTER", "lab"},
                           {"SPACED", "a b"},
                           {"QUOTED", "a \"b\" $c"},
                           {"SINGLE", "a\\nb"},
                           {"EMPTY", ""},
                           {"CONTINUED", "ab"},
                           {"JSON", "{\"a b\":\"c\"}"},
                           {"URL", "http://x/?a=b"},
                           {"LAST", "end"}}));
}

TEST(EnvironmentFile, NeverFailsWhateverItHolds) {
    std::mt19937 random(11);
    for (int round = 0; round < 2000; ++round) {
        std::string text;
        for (std::size_t i = 0; i < random() % 40; ++i)
            text += "A=\n'\"\\# ;b$"[random() % 12];
        for (const auto& [name, value] : parse_environment_file(text))
            ASSERT_FALSE(name.empty()) << text << value;
    }
}

} // namespace
} // namespace squall::labhost::init
