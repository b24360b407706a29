#include "refused_call.h"

#include "fake_aws.h"

#include <gtest/gtest.h>

namespace squall::aws {
namespace {

constexpr const char* ops = "arn:aws:sts::123456789012:assumed-role/ops/me";

// Calls that AWS refuses, through a client that knows what it asked for.
class RefusedCallTest : public testing::Test {
protected:
    RefusedCallTest() {
        world.aws.on("sts:GetCallerIdentity", [](const Received&) {
            return xml_answer(fmt::format("<GetCallerIdentityResponse><GetCallerIdentityResult>"
                                          "<Arn>{}</Arn></GetCallerIdentityResult>"
                                          "</GetCallerIdentityResponse>",
                                          ops));
        });
    }

    // As AWS refuses it: with who, what and on what, or (empty) without a word of it.
    ApiError refuse(ServiceId id,
                    const std::string& operation,
                    const json::Object& input,
                    const std::string& resource) {
        const std::string name = std::string(service(id).name) + ":" + operation;
        world.aws.on(name, [=](const Received& received) {
            const std::string message =
                resource.empty() ? "Access denied."
                                 : fmt::format("User: {} is not authorized to perform: {} on "
                                               "resource: {} because no identity-based policy "
                                               "allows the {} action",
                                               ops,
                                               name,
                                               resource,
                                               name);
            return error_answer(received, "AccessDeniedException", message);
        });
        return world.client.call_json(id, operation, input, world.soon(), {}).error();
    }

    static std::string resource_of(const ApiError& error) {
        const auto statement = json::parse_object(error.statement);
        return statement ? json::text(json::at(*statement, "Resource")) : error.hint;
    }

    World world;
};

TEST_F(RefusedCallTest, TheStatementCoversTheWholeCallAndNotOnlyWhatAwsMetFirst) {
    const auto send = refuse(
        ServiceId::ssm,
        "SendCommand",
        {{"DocumentName", "AWS-RunShellScript"}, {"InstanceIds", json::Array{"i-1", "mi-2"}}},
        "arn:aws:ec2:us-east-1:123456789012:instance/i-1");
    EXPECT_EQ(resource_of(send),
              R"(["arn:aws:ssm:us-east-1:*:document/AWS-RunShellScript",)"
              R"("arn:aws:ec2:us-east-1:123456789012:instance/*",)"
              R"("arn:aws:ssm:us-east-1:123456789012:managed-instance/*"])");
    const auto describe =
        refuse(ServiceId::ecs,
               "DescribeContainerInstances",
               {{"cluster", "arn:aws:ecs:us-east-1:210987654321:cluster/demo"}},
               "arn:aws:ecs:us-east-1:210987654321:container-instance/demo/0123456789abcdef");
    EXPECT_EQ(resource_of(describe),
              R"("arn:aws:ecs:us-east-1:210987654321:container-instance/demo/*")");
    EXPECT_EQ(world.client.call_counts().count("sts:GetCallerIdentity"), 0U) << "AWS said who";
}

TEST_F(RefusedCallTest, EveryActionOfARunHasItsResource) {
    const json::Object in_demo{{"cluster", "demo"}};
    EXPECT_EQ(resource_of(refuse(ServiceId::ecs,
                                 "DescribeClusters",
                                 {{"clusters", json::Array{"demo"}}},
                                 "arn:aws:ecs:us-east-1:123456789012:cluster/demo")),
              R"("arn:aws:ecs:us-east-1:123456789012:cluster/demo")");
    EXPECT_EQ(resource_of(refuse(ServiceId::ecs,
                                 "ListContainerInstances",
                                 in_demo,
                                 "arn:aws:ecs:us-east-1:123456789012:cluster/demo")),
              R"("arn:aws:ecs:us-east-1:123456789012:cluster/demo")");
    for (const char* operation : {"DescribeInstanceInformation",
                                  "ListCommandInvocations",
                                  "GetCommandInvocation",
                                  "CancelCommand"}) {
        // AWS names an ARN here, and a statement with it is enough.
        const auto named =
            refuse(ServiceId::ssm, operation, {}, "arn:aws:ssm:us-east-1:123456789012:*");
        EXPECT_EQ(resource_of(named), R"("arn:aws:ssm:us-east-1:123456789012:*")");
        EXPECT_EQ(resource_of(refuse(ServiceId::ssm, operation, {}, "")), R"("*")");
    }
}

TEST_F(RefusedCallTest, ATerseRefusalIsCompletedFromTheCallAndByAskingWhoWeAre) {
    const auto error =
        refuse(ServiceId::ecs, "DescribeContainerInstances", {{"cluster", "demo"}}, "");
    EXPECT_EQ(error.principal, ops);
    EXPECT_EQ(error.hint,
              "arn:aws:sts::123456789012:assumed-role/ops/me may not "
              "ecs:DescribeContainerInstances on "
              "arn:aws:ecs:us-east-1:123456789012:container-instance/demo/*; add this statement to "
              "a policy of the role ops (account 123456789012)");
    EXPECT_EQ(world.client.call_counts().at("sts:GetCallerIdentity"), 1U);
    world.aws.on("sts:GetCallerIdentity", [](const Received&) { return connection_lost(); });
    const auto unknown =
        refuse(ServiceId::ecs, "DescribeContainerInstances", {{"cluster", "demo"}}, "");
    EXPECT_EQ(resource_of(unknown), R"("arn:aws:ecs:us-east-1:*:container-instance/demo/*")");
}

TEST_F(RefusedCallTest, WhatIsRefusedForAnotherActionIsNotGuessed) {
    world.aws.on("ecs:DescribeClusters", [](const Received& received) {
        return error_answer(received,
                            "AccessDeniedException",
                            "User: arn:aws:iam::1:user/u is not authorized to perform: kms:Decrypt "
                            "on resource: arn:aws:kms:us-east-1:1:key/k");
    });
    const auto error = world.client
                           .call_json(ServiceId::ecs,
                                      "DescribeClusters",
                                      {{"clusters", json::Array{"demo"}}},
                                      world.soon(),
                                      {})
                           .error();
    EXPECT_EQ(resource_of(error), R"("arn:aws:kms:us-east-1:1:key/k")");
}

// What is wrong with the keys themselves.
class RefusedKeysTest : public RefusedCallTest {
protected:
    ApiError list_with(const std::string& id, const std::string& secret, const std::string& token) {
        FixedCredentials given({{id, secret, token}, std::nullopt, "profile 'x' in /f"});
        Client client({world.aws, given, world.traffic, world.clock},
                      Endpoints::resolve(
                          "us-east-1", Environment(), SharedConfig::load(Environment()).value())
                          .value());
        return client.call_json(ServiceId::ecs, "ListTasks", {}, world.soon(), {}).error();
    }
};

TEST_F(RefusedKeysTest, AnUnknownKeyIsNamedWithItsPlace) {
    const auto error = list_with("AKIDNOBODY", "secret-1", "");
    EXPECT_NE(error.hint.find("AWS does not know this access key"), std::string::npos);
    EXPECT_NE(error.hint.find("it was the access key AKIDNOBODY from profile 'x' in /f"),
              std::string::npos)
        << error.hint;
    EXPECT_EQ(to_error(error).message.find("secret-1"), std::string::npos);
}

TEST_F(RefusedKeysTest, TemporaryKeysWithoutTheirTokenAreRecognised) {
    const auto error = list_with("ASIANOBODY", "s", "");
    EXPECT_NE(error.hint.find("came without its session token"), std::string::npos) << error.hint;
}

TEST_F(RefusedKeysTest, AWrongSecretIsToldFromAWrongClock) {
    const auto right_clock = list_with("AKIDWORLD", "wrong", "").hint;
    EXPECT_EQ(right_clock,
              "it is the secret key that does not belong to the access key AKIDWORLD from profile "
              "'x' in /f (this machine's clock is right)");
    world.clock.set_wrong_by(std::chrono::hours(-3));
    const auto wrong_clock = list_with("AKIDWORLD", "wrong", "").hint;
    EXPECT_NE(wrong_clock.find("clock is 3h0m behind AWS's, which was allowed for)"),
              std::string::npos)
        << wrong_clock;
}

TEST_F(RefusedKeysTest, AClockThatCannotBeAllowedForIsToldByHowMuchItIsOff) {
    world.clock.set_wrong_by(std::chrono::minutes(20));
    // Somebody between us and AWS signs time away: the correction does not help.
    world.aws.on("ecs:ListTasks", [](const Received& received) {
        return error_answer(received, "RequestTimeTooSkewed", "too skewed", 403);
    });
    const auto hint = list_with("AKIDWORLD", "world-secret", "").hint;
    EXPECT_NE(hint.find("this machine's clock is 20m ahead of AWS's"), std::string::npos) << hint;
}

TEST(ClockDifference, IsSaidInWords) {
    EXPECT_EQ(clock_difference_text(std::chrono::minutes(7)), "7m behind AWS's");
    EXPECT_EQ(clock_difference_text(-std::chrono::seconds(90)), "1m30s ahead of AWS's");
}

} // namespace
} // namespace squall::aws
