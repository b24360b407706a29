// Policy documents: what they may say, and what they decide.
#include "iam/policy.h"

#include "squall/base/text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace squall::lab::iam {
namespace {

constexpr const char* cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/demo";

std::string document(const std::string& statements) {
    return R"({"Version":"2012-10-17","Statement":)" + statements + "}";
}

Policy policy_of(const std::string& statements) {
    auto policy = parse_policy(document(statements), PolicyKind::identity);
    EXPECT_TRUE(policy) << statements << ": " << (policy ? "" : policy.error().message);
    return policy ? std::move(*policy) : Policy{};
}

Decision asked(const Policy& policy,
               const std::string& action,
               const std::string& resource = cluster,
               const Context& context = {}) {
    return decide(policy, {action, resource}, context);
}

std::string problem_of(const std::string& text, PolicyKind kind = PolicyKind::identity) {
    const auto policy = parse_policy(text, kind);
    return policy ? "" : policy.error().message;
}

TEST(Policy, AllowsWhatItNamesAndNothingElse) {
    const auto policy = policy_of(
        R"({"Effect":"Allow","Action":["ecs:Describe*","ECS:ListClusters"],"Resource":"arn:aws:ecs:*:*:cluster/d?mo"})");
    EXPECT_EQ(asked(policy, "ecs:DescribeClusters"), Decision::allow);
    EXPECT_EQ(asked(policy, "ecs:describeclusters"), Decision::allow)
        << "actions compare without case";
    EXPECT_EQ(asked(policy, "ecs:ListClusters"), Decision::allow);
    EXPECT_EQ(asked(policy, "ecs:DeleteCluster"), Decision::implicit_deny);
    EXPECT_EQ(asked(policy, "ecs:DescribeClusters", "arn:aws:ecs:us-east-1:1:cluster/Demo"),
              Decision::implicit_deny)
        << "resources with it";
    EXPECT_EQ(asked(policy, "ecs:DescribeClusters", "*"), Decision::implicit_deny);
}

TEST(Policy, KnowsNotActionAndNotResource) {
    const auto all_but = policy_of(
        R"([{"Effect":"Allow","NotAction":"iam:*","Resource":"*"},
            {"Effect":"Deny","Action":"ecs:*","NotResource":"arn:aws:ecs:*:*:cluster/demo"}])");
    EXPECT_EQ(asked(all_but, "ssm:SendCommand"), Decision::allow);
    EXPECT_EQ(asked(all_but, "iam:GetUser"), Decision::implicit_deny);
    EXPECT_EQ(asked(all_but, "ecs:DescribeClusters"), Decision::allow);
    EXPECT_EQ(asked(all_but, "ecs:DescribeClusters", "*"), Decision::explicit_deny);
}

TEST(Policy, LooksAtItsConditions) {
    const auto policy = policy_of(
        R"({"Effect":"Allow","Action":"ecs:ListTasks","Resource":"*","Condition":{
            "ArnEquals":{"ecs:cluster":"arn:aws:ecs:*:*:cluster/demo"},
            "StringNotEquals":{"aws:username":["eve","mallory"]}}})");
    const Context good{{"ecs:cluster", cluster}, {"aws:username", "alice"}};
    EXPECT_EQ(asked(policy, "ecs:ListTasks", "*", good), Decision::allow);
    Context eve = good;
    eve["aws:username"] = "eve";
    EXPECT_EQ(asked(policy, "ecs:ListTasks", "*", eve), Decision::implicit_deny);
    EXPECT_EQ(asked(policy, "ecs:ListTasks", "*", {{"aws:username", "alice"}}),
              Decision::implicit_deny)
        << "a key that is not there equals nothing";
    const auto holds_for = [](const std::string& condition, const Context& context) {
        const auto one = policy_of(R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":)"
                                   + condition + "}");
        return asked(one, "a:b", "*", context) == Decision::allow;
    };
    EXPECT_TRUE(holds_for(R"({"StringEqualsIfExists":{"a:k":"v"}})", {}));
    EXPECT_FALSE(holds_for(R"({"StringEqualsIfExists":{"a:k":"v"}})", {{"a:k", "w"}}));
    EXPECT_TRUE(holds_for(R"({"StringLike":{"A:K":"v*"}})", {{"a:k", "vw"}}))
        << "keys compare without case";
    EXPECT_TRUE(holds_for(R"({"StringEqualsIgnoreCase":{"a:k":"V"}})", {{"a:k", "v"}}));
    EXPECT_TRUE(holds_for(R"({"Bool":{"a:k":true}})", {{"a:k", "true"}}));
    EXPECT_TRUE(holds_for(R"({"Null":{"a:k":"true"}})", {}));
    EXPECT_FALSE(holds_for(R"({"Null":{"a:k":"true"}})", {{"a:k", "v"}}));
    EXPECT_FALSE(holds_for(R"({"ArnLike":{"a:k":"arn:aws:iam::*:role/x"}})",
                           {{"a:k", "arn:aws:iam::1:2:role/x"}}))
        << "a star stays between its colons";
}

TEST(Policy, RefusesDocumentsInIamsOwnWords) {
    const std::string good = R"({"Effect":"Allow","Action":"ecs:*","Resource":"*"})";
    EXPECT_EQ(problem_of(document(good)), "");
    for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
             {"", "Syntax errors in policy."},
             {"[]", "Syntax errors in policy."},
             {R"({"Version":"2012-10-17"})", "Syntax errors in policy."},
             {R"({"Version":"2012-10-17","Statement":[]})", "Syntax errors in policy."},
             {R"({"Statement":)" + good + "}",
              "Policy document must be version 2012-10-17 or greater."},
             {document(R"({"Effect":"Maybe","Action":"ecs:*","Resource":"*"})"),
              "Syntax errors in policy."},
             {document(R"({"Effect":"Allow","Action":"ecs:*","Resource":"*","Colour":"red"})"),
              "Syntax errors in policy."},
             {document(R"({"Effect":"Allow","Resource":"*"})"),
              "Policy statement must contain actions."},
             {document(R"({"Effect":"Allow","Action":[],"Resource":"*"})"),
              "Policy statement must contain actions."},
             {document(R"({"Effect":"Allow","Action":"ecs:*"})"),
              "Policy statement must contain resources."},
             {document(R"({"Effect":"Allow","Action":"Describe","Resource":"*"})"),
              "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
             {document(R"({"Effect":"Allow","Action":"ecs:*","Resource":"demo"})"),
              "Resource demo must be in ARN format or \"*\"."},
             {document(R"({"Effect":"Allow","Principal":"*","Action":"ecs:*","Resource":"*"})"),
              "Policy document should not specify a principal."},
             {document(R"([{"Sid":"A","Effect":"Allow","Action":"ecs:*","Resource":"*"},)"
                       R"({"Sid":"A","Effect":"Allow","Action":"ssm:*","Resource":"*"}])"),
              "Statement IDs (SID) in a single policy must be unique."}}) {
        EXPECT_EQ(problem_of(text), message) << text;
    }
    // What this lab cannot judge by is refused, never overlooked.
    for (const char* condition : {R"({"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}})",
                                  R"({"ForAllValues:StringEquals":{"a:k":"v"}})",
                                  R"({"NullIfExists":{"a:k":"true"}})",
                                  R"({"StringEquals":{}})",
                                  R"({"StringEquals":{"a:k":[]}})",
                                  R"({"StringEquals":{"a:k":{}}})",
                                  R"({"StringEquals":{"a:k":"${aws:username}"}})",
                                  R"([])"}) {
        EXPECT_NE(
            problem_of(document(R"({"Effect":"Allow","Action":"ecs:*","Resource":"*","Condition":)"
                                + std::string(condition) + "}")),
            "")
            << condition;
    }
}

TEST(Policy, TrustsPrincipalsAndHasNoResources) {
    EXPECT_EQ(
        problem_of(document(R"({"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},)"
                            R"("Action":"sts:AssumeRole"})"),
                   PolicyKind::trust),
        "");
    EXPECT_EQ(
        problem_of(document(R"({"Effect":"Allow","Action":"sts:AssumeRole"})"), PolicyKind::trust),
        "Missing required field Principal");
    EXPECT_EQ(problem_of(document(R"({"Effect":"Allow","Principal":"*","Resource":"*",)"
                                  R"("Action":"sts:AssumeRole"})"),
                         PolicyKind::trust),
              "Has prohibited field Resource");
}

// Any statements, from small sets so that they meet each other.
std::string random_statement(std::mt19937& random) {
    const auto pick = [&](std::initializer_list<const char*> from) {
        return std::string(*(from.begin() + random() % from.size()));
    };
    return fmt::format(R"({{"Effect":"{}","{}":"{}","{}":"{}"{}}})",
                       pick({"Allow", "Deny", "Allow"}),
                       pick({"Action", "Action", "NotAction"}),
                       pick({"*", "ecs:*", "ecs:DescribeClusters", "ssm:Send*", "iam:*"}),
                       pick({"Resource", "Resource", "NotResource"}),
                       pick({"*", cluster, "arn:aws:ecs:*:*:cluster/*", "arn:aws:ssm:*:*:*"}),
                       pick({"", R"(,"Condition":{"StringEquals":{"aws:username":"x"}})"}));
}

TEST(Policy, DecidesTheSameInEveryOrderAndAnExplicitDenyAlwaysWins) {
    std::mt19937 random(20261121); // NOLINT(cert-msc51-cpp): a failure is to be repeatable
    for (int round = 0; round < 2000; ++round) {
        std::vector<std::string> statements(1 + random() % 5);
        for (auto& statement : statements)
            statement = random_statement(random);
        const Context context = random() % 2 == 0 ? Context{{"aws:username", "x"}} : Context{};
        const std::string action = random() % 2 == 0 ? "ecs:DescribeClusters" : "ssm:SendCommand";
        const auto decision_of = [&] {
            return asked(policy_of("[" + join(statements, ",") + "]"), action, cluster, context);
        };
        const Decision first = decision_of();
        std::shuffle(statements.begin(), statements.end(), random);
        ASSERT_EQ(decision_of(), first) << join(statements, "\n");
        bool any_deny = false;
        bool any_allow = false;
        for (const auto& statement : statements) {
            const Decision alone = asked(policy_of(statement), action, cluster, context);
            any_deny = any_deny || alone == Decision::explicit_deny;
            any_allow = any_allow || alone == Decision::allow;
        }
        ASSERT_EQ(first,
                  any_deny    ? Decision::explicit_deny
                  : any_allow ? Decision::allow
                              : Decision::implicit_deny)
            << join(statements, "\n");
    }
}

} // namespace
} // namespace squall::lab::iam
