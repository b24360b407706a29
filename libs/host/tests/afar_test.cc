#include "squall/host/afar.h"

#include "fake_cloud.h"

#include <gtest/gtest.h>

namespace squall::host {
namespace {

constexpr const char* one = "i-00000000000000001";
constexpr const char* two = "i-00000000000000002";

class AfarTest : public testing::Test {
protected:
    AfarTest() {
        cloud.hosts[one] = {};
        cloud.ssm.unmanaged = {one};
    }

    aws::Outcome<std::vector<Patient>> find(const std::vector<std::string>& named = {}) {
        return afar.find_patients("web", named, parts.soon(), {});
    }

    // What is wrong with the only patient there is.
    doctor::Diagnosis diagnosis(const std::vector<std::string>& named = {}) {
        auto patients = find(named);
        EXPECT_TRUE(patients && patients->size() == 1);
        if (!patients || patients->size() != 1) return {};
        return afar.consult(std::move(*patients), parts.soon(), {}).front().diagnosis;
    }

    static std::vector<std::string> causes(const doctor::Diagnosis& diagnosis) {
        std::vector<std::string> found;
        for (const auto& finding : diagnosis.findings)
            found.push_back(finding.cause);
        return found;
    }

    // Why this check could not look; empty where it could.
    static std::string excuse(const doctor::Diagnosis& diagnosis, std::string_view check) {
        for (const auto& look : diagnosis.could_not_look)
            if (look.check == check) return look.summary;
        return {};
    }

    using Texts = std::vector<std::string>;

    FakeCloud cloud;
    TestClient parts{cloud};
    aws::Ecs ecs{parts.client};
    aws::Ec2 ec2{parts.client};
    aws::Ec2Network network{parts.client};
    aws::Ssm ssm{parts.client};
    const doctor::Catalogue catalogue = doctor::Catalogue::embedded().value();
    Afar afar{{ecs, ec2, network, ssm, parts.clock}, catalogue};
};

TEST_F(AfarTest, WithoutEcsNobodyIsAPatient) {
    for (const char* operation : {"ecs:ListContainerInstances", "ecs:DescribeContainerInstances"}) {
        cloud.denied = {operation};
        const auto patients = find({one});
        ASSERT_FALSE(patients) << operation;
        EXPECT_EQ(patients.error().kind, Errc::denied);
        EXPECT_NE(aws::to_error(patients.error()).message.find(operation), std::string::npos)
            << aws::to_error(patients.error()).message;
    }
}

TEST_F(AfarTest, AreThoseWhoseAgentIsAwayWhereNobodyIsNamed) {
    cloud.hosts[two].agent_connected = true;
    EXPECT_EQ(find().value().size(), 1U);
    EXPECT_EQ(find().value().front().instance_id, one);
    EXPECT_EQ(find({two}).value().front().instance_id, two);
    EXPECT_EQ(find({FakeCloud::arn_of(two), two, one}).value().size(), 2U);
    EXPECT_EQ(find({"i-00000000000000009"}).value().front().records.size(), 0U);
    EXPECT_EQ(find({"no-such-instance"}).error().kind, Errc::not_found);
}

TEST_F(AfarTest, WhereSsmCannotGoTheNetworkIsLookedAtAllTheSame) {
    cloud.lets_out = false;
    const auto found = diagnosis();
    EXPECT_EQ(causes(found), Texts{"NET_API_TIMEOUT"});
    EXPECT_NE(
        excuse(found, "ssm").find(std::string("Instances [[") + one + "]] not in a valid state"),
        std::string::npos)
        << excuse(found, "ssm");
    EXPECT_TRUE(excuse(found, "ec2").empty());
}

TEST_F(AfarTest, WhereEc2RefusesOneListTheOthersAreReadAndThePermissionIsNamed) {
    cloud.lets_out = false;
    cloud.denied = {"ec2:DescribeRouteTables"};
    auto found = diagnosis();
    EXPECT_EQ(causes(found), Texts{"NET_API_TIMEOUT"});
    EXPECT_NE(excuse(found, "vpc-routes").find("ec2:DescribeRouteTables"), std::string::npos)
        << excuse(found, "vpc-routes");
    cloud.denied = {"ec2:DescribeInstances"};
    found = diagnosis();
    EXPECT_EQ(causes(found), Texts{});
    EXPECT_EQ(found.verdict, doctor::Verdict::unknown);
    EXPECT_NE(excuse(found, "ec2").find("ec2:DescribeInstances"), std::string::npos)
        << excuse(found, "ec2");
}

TEST_F(AfarTest, WhatEc2HasEndedIsAGhostWhateverEcsSays) {
    cloud.lets_out = false;
    for (const char* state : {"terminated", ""}) {
        for (const bool is_connected : {false, true}) {
            cloud.hosts[one] = {state, is_connected};
            cloud.asked.clear();
            EXPECT_EQ(causes(diagnosis({one})), Texts{"INSTANCE_GONE"}) << state;
            EXPECT_FALSE(cloud.asked.contains("ec2:DescribeSecurityGroups"))
                << "it is in no network any more";
        }
    }
    const auto mistyped = diagnosis({"i-00000000000000009"});
    EXPECT_EQ(causes(mistyped), Texts{}) << "nobody has ever heard of it";
    EXPECT_NE(excuse(mistyped, "ec2").find("is the id right?"), std::string::npos);
}

TEST_F(AfarTest, OfWhatEc2HasEndedAndEcsHasForgottenNothingIsAGhost) {
    cloud.hosts[two] = {"terminated"};
    cloud.forgotten = {two};
    const auto found = diagnosis({two});
    ASSERT_EQ(causes(found), Texts{"INSTANCE_GONE"});
    EXPECT_EQ(found.findings.front().summary.find("ghost"), std::string::npos);
    EXPECT_EQ(found.findings.front().remedy, Texts{}) << "there is nothing to deregister";
}

TEST_F(AfarTest, WhatDoesNotRunIsToBeStartedOnlyWhereThatCanBeDone) {
    cloud.hosts[one].state = "stopped";
    const auto stopped = diagnosis();
    ASSERT_EQ(causes(stopped), Texts{"INSTANCE_STOPPED"});
    const std::string start = fmt::format("aws ec2 start-instances --instance-ids {}", one);
    const auto& steps = stopped.findings.front().remedy;
    EXPECT_EQ(
        std::count_if(steps.begin(),
                      steps.end(),
                      [&](const auto& step) { return step.find(start) != std::string::npos; }),
        1);
    cloud.hosts[one].state = "shutting-down";
    EXPECT_EQ(causes(diagnosis()), Texts{"INSTANCE_GONE"}) << "it will not come back";
    cloud.hosts[one].state = "pending";
    const auto found = diagnosis();
    EXPECT_EQ(causes(found), Texts{}) << "it is being started already";
    EXPECT_NE(excuse(found, "ec2").find("pending"), std::string::npos) << excuse(found, "ec2");
}

TEST_F(AfarTest, AConnectedNeighbourIsProofOfWhatBothGoThrough) {
    cloud.lets_out = false;
    cloud.hosts[two] = {"running", /*agent_connected=*/true};
    EXPECT_EQ(causes(diagnosis()), Texts{});
    cloud.hosts[two].group_id = "sg-2";
    EXPECT_EQ(causes(diagnosis()), Texts{"NET_API_TIMEOUT"}) << "it is in another group";
    cloud.hosts[two].group_id = "sg-1";
    cloud.hosts[two].agent_connected = false;
    EXPECT_EQ(causes(afar.consult(find({one}).value(), parts.soon(), {}).front().diagnosis),
              Texts{"NET_API_TIMEOUT"});
}

TEST_F(AfarTest, WhatTheHostReachesIsWorthMoreThanRules) {
    cloud.lets_out = false;
    cloud.ssm.unmanaged.clear();
    cloud.brought[one] = section("facts/endpoint/api", "exit=0 http=403 seconds=0.1")
                         + section("facts/endpoint/acs", "exit=0 http=403 seconds=0.1")
                         + section("facts/endpoint/tcs", "exit=0 http=403 seconds=0.1");
    const auto found = diagnosis();
    EXPECT_EQ(causes(found), Texts{});
    EXPECT_EQ(excuse(found, "ssm"), "");
}

TEST_F(AfarTest, EcsHasTheLastWordOnWhoIsThere) {
    cloud.ssm.unmanaged.clear();
    cloud.brought[one] = section("facts/services", "Id=ecs.service\nActiveState=active\n")
                         + section("facts/endpoint/api", "exit=0 http=403 seconds=0.1")
                         + section("facts/endpoint/acs", "exit=0 http=403 seconds=0.1")
                         + section("facts/endpoint/tcs", "exit=0 http=403 seconds=0.1");
    const auto away = diagnosis({one});
    EXPECT_EQ(causes(away), Texts{});
    EXPECT_EQ(away.verdict, doctor::Verdict::unknown) << "the host looks well, and is away";
    EXPECT_EQ(away.is_connected, false);
    cloud.hosts[one].agent_connected = true;
    const auto there = diagnosis({one});
    EXPECT_EQ(there.verdict, doctor::Verdict::healthy);
    EXPECT_EQ(there.is_connected, true);
}

TEST_F(AfarTest, WhereNoCommandHasRoomTheDiskIsFull) {
    cloud.ssm.unmanaged.clear();
    cloud.ssm.outcomes[one] = {"Failed",
                               "Failed",
                               1,
                               "failed to create orchestration directory: mkdir "
                               "/var/lib/amazon/ssm: no space left on device"};
    const auto found = diagnosis();
    ASSERT_EQ(causes(found), Texts{"DISK_FULL"});
    EXPECT_EQ(found.findings.front().certainty, doctor::Certainty::likely);
    EXPECT_NE(found.findings.front().evidence.front().text.find("orchestration directory"),
              std::string::npos);
    cloud.ssm.outcomes[one].output = "permission denied";
    EXPECT_EQ(diagnosis().verdict, doctor::Verdict::unknown);
}

TEST_F(AfarTest, SaysWhyWhatWasSentBroughtNothing) {
    cloud.ssm.unmanaged.clear();
    EXPECT_NE(excuse(diagnosis(), "ssm").find("no answer came in time"), std::string::npos)
        << excuse(diagnosis(), "ssm");
    cloud.ssm.denied = {"ListCommandInvocations", "GetCommandInvocation"};
    EXPECT_NE(excuse(diagnosis(), "ssm").find("ssm:ListCommandInvocations"), std::string::npos)
        << excuse(diagnosis(), "ssm");
}

} // namespace
} // namespace squall::host
