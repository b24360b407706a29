#include "squall/aws/error.h"

#include "squall/base/json.h"

#include <gtest/gtest.h>

namespace squall::aws {
namespace {

ApiError refused(const std::string& operation,
                 const std::string& code,
                 const std::string& message,
                 int status = 400) {
    return answered_error(operation, code, message, status, "request-1");
}

// In one line.
std::string statement_of(const ApiError& error) {
    return json::text(json::parse(policy_statement(error).value()).value());
}

TEST(ApiError, SaysWhoLacksWhichActionOnWhat) {
    const auto error =
        refused("ecs:DescribeClusters",
                "AccessDeniedException",
                "User: arn:aws:sts::123456789012:assumed-role/ops/me is not authorized to perform: "
                "ecs:DescribeClusters on resource: arn:aws:ecs:us-east-1:123456789012:cluster/demo "
                "because no identity-based policy allows the ecs:DescribeClusters action");
    EXPECT_EQ(error.kind, Errc::denied);
    EXPECT_EQ(error.principal, "arn:aws:sts::123456789012:assumed-role/ops/me");
    EXPECT_EQ(error.action, "ecs:DescribeClusters");
    EXPECT_EQ(error.resource, "arn:aws:ecs:us-east-1:123456789012:cluster/demo");
    EXPECT_EQ(error.hint, "add this statement to a policy of the role ops (account 123456789012)");
    EXPECT_EQ(statement_of(error),
              R"({"Effect":"Allow","Action":"ecs:DescribeClusters",)"
              R"("Resource":"arn:aws:ecs:us-east-1:123456789012:cluster/demo"})");
}

TEST(ApiError, ReadsTheOtherFormsOfARefusal) {
    const auto without_resource = refused("ssm:SendCommand",
                                          "AccessDeniedException",
                                          "User: arn:aws:iam::1:user/u is not authorized to "
                                          "perform: ssm:SendCommand.");
    EXPECT_EQ(without_resource.action, "ssm:SendCommand");
    EXPECT_EQ(without_resource.resource, "");
    EXPECT_EQ(statement_of(without_resource),
              R"({"Effect":"Allow","Action":"ssm:SendCommand","Resource":"*"})");
    // Passing a role is another action than the operation that asked for it.
    const auto other_action = refused("ecs:RunTask",
                                      "AccessDeniedException",
                                      "User: arn:aws:iam::1:user/u is not authorized to perform: "
                                      "iam:PassRole on resource: arn:aws:iam::1:role/r because x");
    EXPECT_EQ(other_action.action, "iam:PassRole");
    // S3 quotes the resource.
    const auto quoted = refused("s3:PutObject",
                                "AccessDenied",
                                "User: arn:aws:iam::1:user/u is not authorized to perform: "
                                "s3:PutObject on resource: \"arn:aws:s3:::b/k\" because x",
                                403);
    EXPECT_EQ(statement_of(quoted),
              R"({"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/k"})");
    const auto web = refused("sts:AssumeRoleWithWebIdentity",
                             "AccessDenied",
                             "Not authorized to perform sts:AssumeRoleWithWebIdentity",
                             403);
    EXPECT_EQ(web.action, "sts:AssumeRoleWithWebIdentity");
    EXPECT_EQ(web.principal, "");
    const auto old = refused("ec2:DescribeInstances",
                             "UnauthorizedOperation",
                             "You are not authorized to perform this operation.",
                             403);
    EXPECT_EQ(old.action, "ec2:DescribeInstances");
    EXPECT_EQ(
        old.hint,
        "these credentials may not ec2:DescribeInstances on *; add this statement to a policy "
        "of these credentials");
}

TEST(ApiError, AnExplicitDenyIsNotAnsweredWithAnAllow) {
    const auto error = refused("ssm:SendCommand",
                               "AccessDeniedException",
                               "User: arn:aws:iam::1:user/u is not authorized to perform: "
                               "ssm:SendCommand on resource: arn:aws:ec2:us-east-1:1:instance/i-1 "
                               "with an explicit deny in a service control policy");
    EXPECT_EQ(error.resource, "arn:aws:ec2:us-east-1:1:instance/i-1");
    EXPECT_NE(error.hint.find("does not help"), std::string::npos);
    EXPECT_EQ(policy_statement(error), std::nullopt);
}

TEST(ApiError, Ec2sEncodedReasonComesWithTheCommandThatDecodesIt) {
    const auto error =
        refused("ec2:DescribeInstances",
                "UnauthorizedOperation",
                "You are not authorized to perform this operation. User: arn:aws:iam::1:user/u is "
                "not authorized to perform: ec2:DescribeInstances on resource: * because no "
                "identity-based policy allows the ec2:DescribeInstances action. Encoded "
                "authorization failure message: aBc-D_9x",
                403);
    EXPECT_EQ(error.action, "ec2:DescribeInstances");
    EXPECT_EQ(error.resource, "*");
    EXPECT_EQ(error.encoded, "aBc-D_9x");
    EXPECT_EQ(error.message.find("aBc-D_9x"), std::string::npos);
    EXPECT_NE(error.hint.find("decode-authorization-message --encoded-message 'aBc-D_9x'"),
              std::string::npos);
}

TEST(ApiError, KindsFollowFromCodeAndStatus) {
    const std::pair<std::pair<const char*, int>, Errc> kinds[] = {
        {{"ClusterNotFoundException", 400}, Errc::not_found},
        {{"InvocationDoesNotExist", 400}, Errc::not_found},
        {{"InvalidInstanceID.NotFound", 400}, Errc::not_found},
        {{"ThrottlingException", 400}, Errc::unavailable},
        {{"RequestLimitExceeded", 503}, Errc::unavailable},
        {{"ServerException", 500}, Errc::unavailable},
        {{"HTTP 502", 502}, Errc::unavailable},
        {{"AccessDenied", 403}, Errc::denied},
        {{"ExpiredTokenException", 400}, Errc::denied},
        {{"UnrecognizedClientException", 400}, Errc::denied},
        {{"InvalidParameterException", 400}, Errc::invalid_input},
        {{"ValidationError", 400}, Errc::invalid_input},
        {{"InvalidInstanceId", 400}, Errc::invalid_input},
        {{"ClientException", 400}, Errc::failed},
        {{"UnknownOperationException", 400}, Errc::failed},
        {{"HTTP 302", 302}, Errc::failed}};
    for (const auto& [given, kind] : kinds)
        EXPECT_EQ(refused("a:B", given.first, "", given.second).kind, kind) << given.first;
}

TEST(ApiError, IsOneLineForAnOperator) {
    const auto error =
        refused("ecs:DescribeClusters", "UnrecognizedClientException", "The token is invalid.");
    const auto line = to_error(error);
    EXPECT_EQ(line.code, Errc::denied);
    EXPECT_EQ(line.message.substr(0, 94),
              "ecs:DescribeClusters: UnrecognizedClientException: The token is invalid. (request "
              "request-1); ");
    EXPECT_EQ(refused("ecs:X", "HTTP 502", "<html>\n<body>Bad gateway", 502).message,
              "<html> <body>Bad gateway");
    EXPECT_EQ(to_error(not_answered("ecs:X", {Errc::timed_out, "too late"})).message,
              "ecs:X: too late");
    EXPECT_EQ(to_error(not_answered("", {Errc::denied, "no credentials"})).message,
              "no credentials");
}

} // namespace
} // namespace squall::aws
