#include "diagnosis/particulars.h"

#include "agent_lines.h"

#include <gtest/gtest.h>

namespace squall::doctor {
namespace {

TEST(Particulars, SayWhoMayNotDoWhatAndByHowMuchAClockIsWrong) {
    EXPECT_EQ(particulars("IAM_DENIED", denied), "ecs:DiscoverPollEndpoint on * is denied to a.");
    EXPECT_EQ(particulars("IAM_DENIED",
                          "Error connecting to TCS: {\"AccessDeniedException\":\"Forbidden\"}"),
              "ecs:StartTelemetrySession is denied.");
    EXPECT_EQ(
        particulars("CLUSTER_MISMATCH", "saved cluster 'a' does not match configured cluster 'b'"),
        "The state is of cluster 'a', ECS_CLUSTER is 'b'.");
    EXPECT_EQ(particulars("RESERVED_MEMORY", "total memory: 1991, reserved: 4096"),
              "4096 MiB are reserved, the host has 1991.");
    EXPECT_EQ(particulars("CLOCK_SKEW",
                          "Signature not yet current: 20260311T081500Z is still later than "
                          "20260311T080230Z (20260311T075730Z + 5 min.)"),
              "The clock is 17 min fast.");
    EXPECT_EQ(particulars("CLOCK_SKEW",
                          "Signature expired: 20260311T081500Z is now earlier than "
                          "20260311T091000Z (20260311T091500Z - 5 min.)"),
              "The clock is 60 min slow.");
    EXPECT_EQ(particulars("CLOCK_SKEW",
                          "current time 2019-01-01T00:00:00Z is before 2025-11-02T00:00:00Z"),
              "The clock is at least 2497 days slow.");
    EXPECT_EQ(particulars("NET_DNS", "lookup ecs.x.amazonaws.com on 10.0.0.2:53: no such host"),
              "The name is ecs.x.amazonaws.com, asked was 10.0.0.2:53.");
    EXPECT_EQ(particulars("NET_API_TIMEOUT", "dial tcp 198.51.100.20:443: i/o timeout"),
              "No answer from 198.51.100.20:443.");
    EXPECT_EQ(particulars("NET_API_TIMEOUT", "request canceled"), "");
    EXPECT_EQ(particulars("NO_SUCH_CAUSE", "x"), "");
}

TEST(Particulars, OfAResourceAreWithoutTheQuoteThatEndsTheMessage) {
    constexpr std::string_view resource =
        "User: a is not authorized to perform: ecs:Poll on resource: arn:aws:ecs:cluster/shop";
    for (const char* end : {"\"", "\\\"", "\\", "'", " because no policy allows it", ""})
        EXPECT_EQ(particulars("IAM_DENIED", std::string(resource) + end),
                  "ecs:Poll on arn:aws:ecs:cluster/shop is denied to a.")
            << end;
    EXPECT_EQ(
        particulars("IAM_DENIED",
                    std::string(resource) + "\" with an explicit deny in a service control policy"),
        "ecs:Poll on arn:aws:ecs:cluster/shop is denied to a by a service control policy.");
}

TEST(Particulars, NameTheRoleAndTheRegionForTheRemedy) {
    const auto names = names_told(
        "User: arn:aws-cn:sts::444455556666:assumed-role/web-role/i-0fedcba9876543210 is not "
        "authorized to perform: ecs:Poll on resource: "
        "arn:aws-cn:ecs:cn-north-1:444455556666:container-instance/orders/0a");
    EXPECT_EQ(names.account, "444455556666");
    EXPECT_EQ(names.role, "web-role");
    EXPECT_EQ(names.instance, "i-0fedcba9876543210");
    EXPECT_EQ(names.region, "cn-north-1");
    EXPECT_EQ(names.container_instance + names.cluster, "");
    EXPECT_EQ(names_told("dial wss://ecs-a-3.us-gov-west-1.amazonaws.com/ws").region,
              "us-gov-west-1");
    EXPECT_EQ(names_told("Post \"https://ecs.eu-west-1.amazonaws.com/\": EOF").region, "eu-west-1");
    const auto nobody = names_told("arn:aws:sts::444455556666:assumed-role/ci/somebody");
    EXPECT_EQ(nobody.role + nobody.account + nobody.region, "");
    EXPECT_EQ(names_told("https://api.ecs.example.com").region, "");
}

} // namespace
} // namespace squall::doctor
