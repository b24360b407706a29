#include "ssm/output_limit.h"

#include <gtest/gtest.h>

namespace squall::labhost {
namespace {

TEST(SsmOutput, IsCutSoThatItsSuffixStaysWithinTheLimit) {
    EXPECT_EQ(truncated("short", 100), "short");
    const std::string cut = truncated(std::string(30'000, 'x'), standard_output_max);
    EXPECT_EQ(cut.size(), standard_output_max);
    EXPECT_TRUE(cut.ends_with("x--output truncated--"));
}

TEST(SsmOutput, IsAlwaysText) {
    EXPECT_EQ(valid_text("plain, gr\u00fcn, \u20ac, \U0001F300"),
              "plain, gr\u00fcn, \u20ac, \U0001F300");
    EXPECT_EQ(valid_text("a\xFF\xFEz"), "a\uFFFD\uFFFDz");
    EXPECT_EQ(valid_text("cut \xE2\x82"), "cut \uFFFD\uFFFD");
    EXPECT_EQ(valid_text("\xC0\x80\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
}

TEST(SsmOutput, IsShownWithItsErrorsAfterATitle) {
    EXPECT_EQ(combined_output("out", ""), "out");
    EXPECT_EQ(combined_output("out", "err"), "out\n----------ERROR-------\nerr");
    EXPECT_EQ(combined_output("", "err"), "\n----------ERROR-------\nerr");
}

TEST(SsmOutput, LosesOfBothStreamsTheLongerOneFirst) {
    const std::string much(5000, 'x');
    for (const auto& [output, errors] :
         {std::pair(much, std::string()), {much, much}, {much, "few"}, {"few", much}}) {
        EXPECT_LE(combined_output(output, errors).size(), combined_output_max);
    }
    EXPECT_TRUE(combined_output(much, "").ends_with("x\n---Output truncated---"));
    EXPECT_TRUE(combined_output("few", much).starts_with("few\n----------ERROR-------\nx"));
    EXPECT_TRUE(combined_output("few", much).ends_with("x\n---Error truncated----"));
    EXPECT_TRUE(combined_output(much, "few")
                    .ends_with("x\n---Output truncated---\n----------ERROR-------\nfew"));
    EXPECT_TRUE(combined_output(much, much).ends_with("x\n---Error truncated----"));
}

} // namespace
} // namespace squall::labhost
