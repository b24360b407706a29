#include "squall/doctor/report.h"

#include "agent_lines.h"
#include "corpus.h"

namespace squall::doctor {
namespace {

TEST(Report, OfAnAgentThatIsConnectedDoesNotPromiseThatItComesBack) {
    Diagnosis diagnosis = diagnosed(line("08:00:00", dns));
    diagnosis.is_connected = true;
    const auto text = report_text(diagnosis, "i-1");
    EXPECT_NE(text.find("connected all the same"), std::string::npos);
    EXPECT_EQ(text.find("tries again"), std::string::npos);
}

TEST(Report, BeginsWithTheAnswer) {
    const auto text = report_text(diagnosed(line("08:00:00", dns)), "i-1");
    EXPECT_TRUE(text.starts_with("NET_DNS  i-1  (certain)\n")) << text;
}

TEST(Report, OfAHealthyHostSaysInItsFirstLineWhatWasNotLookedAt) {
    Case evidence;
    evidence.looks.push_back({"ecs-service", Look::State::healthy, "active", "", {}});
    EXPECT_TRUE(report_text(diagnose(catalogue(), evidence), "i-1").starts_with("healthy  i-1\n"));
    evidence.looks.push_back({"docker", Look::State::could_not_look, "are you root?", "", {}});
    const auto text = report_text(diagnose(catalogue(), evidence), "i-1");
    EXPECT_TRUE(text.starts_with("healthy  i-1, as far as it could be looked at (not docker)\n"))
        << text;
}

TEST(Report, OfWhatIsOverDoesNotPromiseThatItWillEnd) {
    const auto text =
        report_text(diagnosed(line("08:00:00", dns) + line("08:01:00", acs_is_up)), "a.log");
    EXPECT_NE(text.find("recovered"), std::string::npos);
    EXPECT_EQ(text.find("tries again"), std::string::npos);
}

} // namespace
} // namespace squall::doctor
