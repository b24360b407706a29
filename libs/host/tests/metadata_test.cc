#include "fake_host.h"

#include <gtest/gtest.h>

namespace squall::host {
namespace {

using State = doctor::Look::State;
using Causes = std::vector<std::string>;

TEST(Metadata, ThatIsSwitchedOffIsNamed) {
    FakeHost host;
    host.metadata["api/token"] = {403, {}, ""};
    const auto look = host.look("imds");
    ASSERT_EQ(causes(look), Causes{"IMDS_UNREACHABLE"});
    EXPECT_NE(look.summary.find("HTTP 403"), std::string::npos);
    EXPECT_EQ(host.look("role").state, State::could_not_look);
}

TEST(Metadata, ThatIsSwitchedOffLeavesAnAgentWithoutItsRegion) {
    FakeHost host;
    host.metadata["api/token"] = {403, {}, ""};
    host.stop_introspection();
    const auto look = host.look("imds");
    ASSERT_EQ(causes(look), Causes{"REGION_MISSING"});
    EXPECT_NE(look.summary.find("HTTP 403"), std::string::npos);
    host.file("/etc/ecs/ecs.config", "ECS_CLUSTER=web\nAWS_DEFAULT_REGION=eu-west-1\n");
    EXPECT_EQ(causes(host.look("imds")), Causes{"IMDS_UNREACHABLE"});
}

TEST(Metadata, ThatNobodyServesIsRefused) {
    FakeHost host;
    host.stop_metadata();
    const auto look = host.look("imds");
    ASSERT_EQ(causes(look), Causes{"IMDS_UNREACHABLE"});
    EXPECT_EQ(look.signs.front().evidence.front().text, "Connection refused");
}

TEST(Metadata, ThatDoesNotAnswerNamesTheRuleThatKeepsItAwayAndTakesItAway) {
    FakeHost host;
    host.silence_metadata();
    host.answers("iptables",
                 "-P OUTPUT ACCEPT\n-A OUTPUT -d 127.0.0.1/32 -j DROP\n-A OUTPUT -j ACCEPT\n");
    const auto look = host.look("imds", Seconds(4));
    ASSERT_EQ(causes(look), Causes{"IMDS_UNREACHABLE"});
    ASSERT_EQ(look.signs.front().evidence.size(), 2U);
    EXPECT_EQ(look.signs.front().evidence.back().text, "-A OUTPUT -d 127.0.0.1/32 -j DROP");
    EXPECT_EQ(look.signs.front().remedy.front(), "sudo iptables -D OUTPUT -d 127.0.0.1/32 -j DROP");
    EXPECT_EQ(look.signs.front().instead_of, doctor::Sign::all_steps);
}

TEST(Metadata, ThatDoesNotAnswerBlamesNoRuleForOthers) {
    FakeHost host;
    host.stop_metadata();
    const auto evidence_with = [&](const std::string& rules, int exit_code) {
        host.answers("iptables", rules, exit_code);
        return host.look("imds").signs.front().evidence.size();
    };
    EXPECT_EQ(evidence_with("-A FORWARD -d 127.0.0.1/32 -j DROP\n", 0), 1U);
    EXPECT_EQ(evidence_with("-A OUTPUT -d 169.254.169.254/32 -j DROP\n", 0), 1U);
    EXPECT_EQ(evidence_with("-A OUTPUT -j DROP\n", 4), 1U);
    EXPECT_EQ(evidence_with("-A OUTPUT -j DROP\n", 0), 2U);
}

TEST(Metadata, OfAnotherRegionThanTheSettingsIsAMismatch) {
    FakeHost host;
    host.file("/etc/ecs/ecs.config", "ECS_CLUSTER=web\nAWS_DEFAULT_REGION=eu-west-1a\n");
    EXPECT_EQ(causes(host.look("imds")), Causes{}) << "the agent is registered";
    host.stop_introspection();
    const auto look = host.look("imds");
    ASSERT_EQ(causes(look), Causes{"REGION_MISMATCH"});
    EXPECT_EQ(look.summary,
              "AWS_DEFAULT_REGION is eu-west-1a, and this instance is in eu-west-1: that is the "
              "name of a zone");
    EXPECT_EQ(look.signs.front().remedy.front().rfind("AWS_DEFAULT_REGION=eu-west-1 in ", 0), 0U);
    host.file("/etc/ecs/ecs.config", "ECS_CLUSTER=web\nAWS_DEFAULT_REGION=us-east-1\n");
    EXPECT_EQ(causes(host.look("imds")), Causes{"REGION_MISMATCH"});
    host.file("/etc/ecs/ecs.config", "ECS_CLUSTER=web\nAWS_DEFAULT_REGION=eu-west-1\n");
    EXPECT_EQ(causes(host.look("imds")), Causes{});
}

TEST(Metadata, ThatIsAwayLeavesTheInstancesNameToCloudInit) {
    FakeHost host;
    EXPECT_EQ(host.look("imds").names.instance, "i-1");
    host.stop_metadata();
    EXPECT_EQ(host.look("imds").names.instance, "");
    host.file("/var/lib/cloud/data/instance-id", "iid-datasource-none\n");
    EXPECT_EQ(host.look("imds").names.instance, "");
    host.file("/var/lib/cloud/data/instance-id", "i-0fedcba9876543210\n");
    EXPECT_EQ(host.look("imds").names.instance, "i-0fedcba9876543210");
}

TEST(Role, ThatIsNotThereMeansNoCredentials) {
    FakeHost host;
    host.metadata.erase("meta-data/iam/security-credentials/");
    const auto look = host.look("role");
    ASSERT_EQ(causes(look), Causes{"IAM_NO_CREDS"});
    EXPECT_EQ(look.signs.front().evidence.front().text, "HTTP 404");
}

TEST(Role, WhoseProfileIsGoneMeansNoCredentials) {
    FakeHost host;
    host.metadata["meta-data/iam/info"].body = R"({"Code":"InstanceProfileNotFound"})";
    EXPECT_EQ(causes(host.look("role")), Causes{"IAM_NO_CREDS"});
}

TEST(Role, WhoseKeysHaveEndedIsExpired) {
    FakeHost host;
    host.ground().now = [] {
        return WallTime(std::chrono::hours(24 * 365 * 140));
    };
    const auto look = host.look("role");
    ASSERT_EQ(causes(look), Causes{"IAM_EXPIRED"});
    EXPECT_EQ(look.signs.front().evidence.front().text, "Expiration 2100-01-01T00:00:00Z");
    EXPECT_EQ(look.summary.find("hidden"), std::string::npos);
}

TEST(Role, WhoseKeysCouldNotBeRenewedIsExpired) {
    FakeHost host;
    host.metadata["meta-data/iam/security-credentials/web"].body = R"({"Code":"Failed"})";
    EXPECT_EQ(causes(host.look("role")), Causes{"IAM_EXPIRED"});
}

TEST(Role, OutsideOfEc2IsNotHere) {
    FakeHost host;
    host.file("/etc/ecs/ecs.config", "ECS_EXTERNAL=true\nAWS_DEFAULT_REGION=eu-west-1\n");
    host.stop_metadata();
    EXPECT_EQ(host.look("imds").state, State::not_here);
    EXPECT_EQ(host.look("role").state, State::not_here);
}

} // namespace
} // namespace squall::host
