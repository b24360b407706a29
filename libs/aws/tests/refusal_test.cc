#include "refusal.h"

#include "refused_role.h"
#include "squall/base/json.h"

#include <gtest/gtest.h>

namespace squall::aws {
namespace {

constexpr const char* cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/demo";

// As AWS writes it since 2021, `because` and all.
ApiError refused(const std::string& because,
                 const std::string& principal = "arn:aws:iam::123456789012:user/u") {
    return answered_error("ecs:DescribeClusters",
                          "AccessDeniedException",
                          "User: " + principal
                              + " is not authorized to perform: ecs:DescribeClusters on resource: "
                              + cluster + " " + because,
                          400,
                          "request-1");
}

TEST(Refusal, WhereTheStatementBelongsFollowsFromWhoWasRefused) {
    const std::pair<const char*, const char*> cases[] = {
        {"arn:aws:iam::123456789012:user/team/u", "the user u (account 123456789012)"},
        {"arn:aws:sts::123456789012:assumed-role/ops/i-0abc",
         "the role ops (account 123456789012)"},
        {"arn:aws:iam::123456789012:role/path/ops", "the role ops (account 123456789012)"},
        {"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Power_User_0123abcd/me@corp",
         "the permission set Power_User in IAM Identity Center (account 123456789012)"},
        {"arn:aws:iam::123456789012:root", "the root user of account 123456789012"},
        {"", "these credentials"},
        {"somebody", "somebody"}};
    for (const auto& [principal, owner] : cases)
        EXPECT_EQ(owner_of_policies(principal), owner);
    const auto error = refused("because no identity-based policy allows the ecs:DescribeClusters "
                               "action",
                               "arn:aws:sts::123456789012:assumed-role/ops/me");
    EXPECT_EQ(error.hint, "add this statement to a policy of the role ops (account 123456789012)");
}

TEST(Refusal, TheStatementStandsReadyToPasteOnLinesOfItsOwn) {
    const auto error =
        refused("because no identity-based policy allows the ecs:DescribeClusters action");
    const std::string text = to_error(error).message;
    EXPECT_NE(text.find("(request request-1); add this statement to a policy of the user u "
                        "(account 123456789012):\n{\n"),
              std::string::npos)
        << text;
    EXPECT_EQ(json::text(json::parse(text.substr(text.find(":\n{") + 2)).value()),
              R"({"Effect":"Allow","Action":"ecs:DescribeClusters",)"
              R"("Resource":"arn:aws:ecs:us-east-1:123456789012:cluster/demo"})");
}

TEST(Refusal, AnExplicitDenyIsNotAnsweredWithAnAllowButWithWhoCanLiftIt) {
    const std::pair<const char*, const char*> cases[] = {
        {"with an explicit deny in a service control policy",
         "a service control policy denies this outright, so that adding a statement elsewhere does "
         "not help: only the administrators of the AWS organization (its management account) can"},
        {"with an explicit deny in a resource control policy", "administrators of the AWS org"},
        {"with an explicit deny in an identity-based policy: arn:aws:iam::123456789012:policy/p",
         "an identity-based policy denies this outright"},
        {"with an explicit deny in a permissions boundary", "whoever set the boundary"},
        {"with an explicit deny in a session policy", "whoever made this session"},
        {"with an explicit deny in a VPC endpoint policy", "the owner of that endpoint"},
        {"with an explicit deny in a resource-based policy", "the owner of the resource"},
        {"with an explicit deny", "a policy denies this outright"}};
    for (const auto& [because, told] : cases) {
        const auto error = refused(because);
        EXPECT_NE(error.hint.find(told), std::string::npos) << error.hint;
        EXPECT_NE(error.hint.find("does not help"), std::string::npos);
        EXPECT_EQ(policy_statement(error), std::nullopt) << because;
        EXPECT_EQ(to_error(error).message.find('\n'), std::string::npos);
    }
}

TEST(Refusal, APolicyThatLimitsOthersHasToAllowItItself) {
    const auto organization = refused("because no service control policy allows the "
                                      "ecs:DescribeClusters action");
    EXPECT_NE(organization.hint.find("only the administrators of the AWS organization"),
              std::string::npos)
        << organization.hint;
    EXPECT_EQ(policy_statement(organization), std::nullopt);
    EXPECT_EQ(policy_statement(refused("because no VPC endpoint policy allows the "
                                       "ecs:DescribeClusters action")),
              std::nullopt);
    const auto boundary =
        refused("because no permissions boundary allows the ecs:DescribeClusters action");
    EXPECT_EQ(boundary.hint,
              "add this statement to the permissions boundary of the user u (account "
              "123456789012)");
    EXPECT_TRUE(policy_statement(boundary));
    const auto session =
        refused("because no session policy allows the ecs:DescribeClusters action");
    EXPECT_NE(session.hint.find("the session policy with which this session was made"),
              std::string::npos);
}

class RefusedRoleTest : public testing::Test {
protected:
    static ApiError refused(const std::string& principal, const std::string& because = {}) {
        auto error = answered_error("sts:AssumeRole",
                                    "AccessDenied",
                                    "User: " + principal
                                        + " is not authorized to perform: sts:AssumeRole on "
                                          "resource: arn:aws:iam::210987654321:role/chaos"
                                        + because,
                                    403,
                                    "request-1");
        explain_refused_role(error, "arn:aws:iam::210987654321:role/chaos", "");
        return error;
    }
};

TEST_F(RefusedRoleTest, SaysWhoseTrustPolicyHasToNameWhom) {
    const auto user = refused("arn:aws:iam::123456789012:user/u");
    EXPECT_EQ(user.hint,
              "the trust policy of arn:aws:iam::210987654321:role/chaos has to name "
              "arn:aws:iam::123456789012:user/u, and the user u (account 123456789012) needs an "
              "Allow of sts:AssumeRole on that role (does it want an ExternalId? none was sent); "
              "add this statement to the trust policy");
    EXPECT_EQ(json::text(json::parse(user.statement).value()),
              R"({"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/u"},)"
              R"("Action":"sts:AssumeRole"})");
}

TEST_F(RefusedRoleTest, ASessionIsTrustedByItsRole) {
    const auto session = refused("arn:aws:sts::123456789012:assumed-role/ops/i-0abc");
    EXPECT_NE(session.statement.find("\"arn:aws:iam::123456789012:role/ops\""), std::string::npos)
        << session.statement;
    const auto sso =
        refused("arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123abcd/me@corp");
    EXPECT_EQ(json::text(json::parse(sso.statement).value()),
              R"({"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},)"
              R"("Action":"sts:AssumeRole","Condition":{"ArnLike":{"aws:PrincipalArn":)"
              R"("arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/)"
              R"(*AWSReservedSSO_Admin_*"}}})");
}

TEST_F(RefusedRoleTest, WhereAwsNamesAnotherPolicyItIsThatOne) {
    const auto identity =
        refused("arn:aws:iam::210987654321:user/u",
                " because no identity-based policy allows the sts:AssumeRole action");
    EXPECT_EQ(identity.hint, "add this statement to a policy of the user u (account 210987654321)");
    EXPECT_NE(identity.statement.find("arn:aws:iam::210987654321:role/chaos"), std::string::npos);
    EXPECT_EQ(identity.statement.find("Principal"), std::string::npos);
    const auto organization = refused("arn:aws:iam::210987654321:user/u",
                                      " with an explicit deny in a service control policy");
    EXPECT_EQ(organization.statement, "");
    EXPECT_NE(organization.hint.find("organization"), std::string::npos);
    const auto trust = refused("arn:aws:iam::210987654321:user/u",
                               " because no role trust policy allows the sts:AssumeRole action");
    EXPECT_NE(trust.statement.find("Principal"), std::string::npos);
}

TEST_F(RefusedRoleTest, OtherTroubleIsNoMatterOfTrust) {
    auto expired = answered_error("sts:AssumeRole", "ExpiredToken", "expired", 403, "");
    const std::string before = expired.hint;
    explain_refused_role(expired, "arn:aws:iam::210987654321:role/chaos", "");
    EXPECT_EQ(expired.hint, before);
    EXPECT_EQ(expired.statement, "");
}

} // namespace
} // namespace squall::aws
