#include "afar/left_over.h"

#include "squall/doctor/log_kind.h"

#include <gtest/gtest.h>

namespace squall::host {
namespace {

constexpr const char* old_arn = "arn:aws:ecs:us-east-1:1:container-instance/web/0a";
constexpr const char* new_arn = "arn:aws:ecs:us-east-1:1:container-instance/web/0b";
// 2026-03-11T08:15:00Z
constexpr WallTime registered{std::chrono::seconds(1'773'216'900)};

aws::ContainerInstance record(const std::string& arn, bool is_connected, WallTime at) {
    aws::ContainerInstance made;
    made.arn = arn;
    made.ec2_instance_id = "i-1";
    made.status = "ACTIVE";
    made.agent_connected = is_connected;
    made.registered_at = at;
    return made;
}

class LeftOver : public ::testing::Test {
protected:
    std::optional<doctor::Look> look(const std::string& log = {}) {
        std::vector<doctor::ScannedLog> logs;
        if (!log.empty()) {
            auto scanner = doctor::Scanner::make(catalogue, registered);
            const auto bytes = doctor::source_of_text(log);
            logs.push_back(scanner->scan(
                "/var/log/ecs/ecs-agent.log", *bytes, 0, doctor::log_name("ecs-agent.log")));
        }
        return left_over(patient, catalogue, logs);
    }

    static std::string mismatch_at(const std::string& time) {
        return "level=warn time=" + time
               + " msg=\"Data mismatch; saved InstanceID 'i-0aa11aa11aa11aa11' does not match "
                 "current InstanceID 'i-0bb22bb22bb22bb22'. Overwriting old datafile\"\n";
    }

    const doctor::Catalogue catalogue = doctor::Catalogue::embedded().value();
    Patient patient{"i-1",
                    {record(new_arn, true, registered),
                     record(old_arn, false, registered - std::chrono::hours(24))},
                    {}};
};

TEST_F(LeftOver, IsWhatAStateOfAnotherInstanceLeavesBehind) {
    const auto found = look(mismatch_at("2026-03-11T08:14:58Z"));
    ASSERT_TRUE(found);
    const doctor::Sign& sign = found->signs.front();
    EXPECT_EQ(sign.cause, "STALE_IDENTITY");
    EXPECT_EQ(sign.certainty, doctor::Certainty::certain);
    EXPECT_EQ(sign.evidence.back().line, 1U);
    EXPECT_NE(sign.remedy.front().find(std::string("--cluster {cluster} --container-instance ")
                                       + old_arn),
              std::string::npos)
        << sign.remedy.front();
}

TEST_F(LeftOver, IsNoIllnessOfAnInstanceThatNobodyAskedAboutItsPast) {
    EXPECT_FALSE(look());
    EXPECT_FALSE(look(mismatch_at("2026-03-10T08:14:58Z"))) << "that was an earlier registration";
}

TEST_F(LeftOver, ExplainsItselfToWhoAsksForIt) {
    EXPECT_EQ(left_over_by_name(patient.records, {"0a"}), old_arn);
    EXPECT_EQ(left_over_by_name(patient.records, {old_arn}), old_arn);
    EXPECT_EQ(left_over_by_name(patient.records, {"i-1", "0b"}), "");
    patient.asked_for = old_arn;
    const auto found = look();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->signs.front().certainty, doctor::Certainty::likely);
}

TEST_F(LeftOver, IsNotWhatIsWrongWhileNoneOfThemIsConnected) {
    patient.records.front().agent_connected = false;
    EXPECT_FALSE(look(mismatch_at("2026-03-11T08:14:58Z")));
}

} // namespace
} // namespace squall::host
