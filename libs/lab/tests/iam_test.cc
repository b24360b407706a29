// IAM and STS through the endpoint, as AWS's clients meet them.
#include "api/operations.h"
#include "lab_world.h"
#include "squall/wire/xml.h"

namespace squall::lab {
namespace {

constexpr const char* account_root = "arn:aws:iam::123456789012:root";

class IamTest : public ::testing::Test {
protected:
    struct Said {
        int status = 0;
        std::string code;
        std::string message;
        wire::HttpResponse response;
    };

    Said send(wire::HttpRequest request,
              const std::string& service,
              wire::Protocol protocol,
              const wire::SigningCredentials& key) {
        wire::sign(request, key, "us-east-1", service, now);
        auto response = cloud.endpoint().handle(request, now);
        if (response.status == 200) return {200, {}, {}, std::move(response)};
        const auto error = wire::read_error(protocol, response).error;
        return {response.status, error.code, error.message, std::move(response)};
    }

    Said form(const std::string& service,
              const std::string& operation,
              const std::vector<std::pair<std::string, std::string>>& members,
              const wire::SigningCredentials& key) {
        const std::map<std::string, std::string> versions{
            {"iam", "2010-05-08"}, {"sts", "2011-06-15"}, {"ec2", "2016-11-15"}};
        wire::QueryParameters parameters;
        parameters.add("Action", operation);
        parameters.add("Version", versions.at(service));
        for (const auto& [name, value] : members)
            parameters.add(name, value);
        return send({"POST",
                     "/",
                     {{"Host", "127.0.0.1:4747"},
                      {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
                     parameters.form()},
                    service,
                    service == "ec2" ? wire::Protocol::ec2 : wire::Protocol::query,
                    key);
    }

    Said iam(const std::string& operation,
             const std::vector<std::pair<std::string, std::string>>& members) {
        return form("iam", operation, members, lab);
    }

    Said json_call(const std::string& target,
                   const std::string& service,
                   const json::Object& body,
                   const wire::SigningCredentials& key) {
        return send({"POST",
                     "/",
                     {{"Host", "127.0.0.1:4747"},
                      {"Content-Type", "application/x-amz-json-1.1"},
                      {"X-Amz-Target", target}},
                     json::text(body)},
                    service,
                    wire::Protocol::json_1_1,
                    key);
    }

    Said ecs(const std::string& operation,
             const json::Object& body,
             const wire::SigningCredentials& key) {
        return json_call("AmazonEC2ContainerServiceV20141113." + operation, "ecs", body, key);
    }

    static std::string text_at(const Said& said, std::string_view path) {
        return wire::XmlDocument::parse(said.response.body).value().text_at(path);
    }

    // A new user with a key and, where given, a policy.
    wire::SigningCredentials make_user(const std::string& name, const std::string& policy = {}) {
        EXPECT_EQ(iam("CreateUser", {{"UserName", name}}).status, 200);
        if (!policy.empty()) {
            const auto put =
                iam("PutUserPolicy",
                    {{"UserName", name}, {"PolicyName", "p"}, {"PolicyDocument", policy}});
            EXPECT_EQ(put.status, 200) << put.message;
        }
        const auto made = iam("CreateAccessKey", {{"UserName", name}});
        return {text_at(made, "CreateAccessKeyResult/AccessKey/AccessKeyId"),
                text_at(made, "CreateAccessKeyResult/AccessKey/SecretAccessKey"),
                {}};
    }

    static std::string allow(const std::string& action, const std::string& resource = "*") {
        return fmt::format(R"({{"Version":"2012-10-17","Statement":{{"Effect":"Allow",)"
                           R"("Action":"{}","Resource":"{}"}}}})",
                           action,
                           resource);
    }

    static std::string trust(const std::string& principal, const std::string& condition = "{}") {
        return fmt::format(R"({{"Version":"2012-10-17","Statement":{{"Effect":"Allow",)"
                           R"("Principal":{},"Action":"sts:AssumeRole","Condition":{}}}}})",
                           principal,
                           condition);
    }

    void make_role(const std::string& name, const std::string& trust_document) {
        const auto made =
            iam("CreateRole", {{"RoleName", name}, {"AssumeRolePolicyDocument", trust_document}});
        EXPECT_EQ(made.status, 200) << made.message;
    }

    Said assume(const std::string& role,
                const wire::SigningCredentials& key,
                std::vector<std::pair<std::string, std::string>> more = {}) {
        more.emplace_back("RoleArn", "arn:aws:iam::123456789012:role/" + role);
        more.emplace_back("RoleSessionName", "me");
        return form("sts", "AssumeRole", more, key);
    }

    static wire::SigningCredentials session_of(const Said& said) {
        return {text_at(said, "AssumeRoleResult/Credentials/AccessKeyId"),
                text_at(said, "AssumeRoleResult/Credentials/SecretAccessKey"),
                text_at(said, "AssumeRoleResult/Credentials/SessionToken")};
    }

    Cloud cloud{"123456789012", "us-east-1"};
    wire::SigningCredentials lab = cloud.keys().add_user("lab").credentials;
    WallTime now = start_of_test;
};

TEST_F(IamTest, ANewUserMayDoNothingAndIsToldSoInTheFormOfEachService) {
    const auto x = make_user("x");
    const auto described = ecs("DescribeClusters", {{"clusters", json::Array{"demo"}}}, x);
    EXPECT_EQ(described.status, 400);
    EXPECT_EQ(described.code, "AccessDeniedException");
    EXPECT_EQ(described.message,
              "User: arn:aws:iam::123456789012:user/x is not authorized to perform: "
              "ecs:DescribeClusters on resource: "
              "arn:aws:ecs:us-east-1:123456789012:cluster/demo because no identity-based policy "
              "allows the ecs:DescribeClusters action");
    const auto instances = form("ec2", "DescribeInstances", {}, x);
    EXPECT_EQ(instances.status, 403);
    EXPECT_EQ(instances.code, "UnauthorizedOperation");
    EXPECT_EQ(instances.message,
              "You are not authorized to perform this operation. User: "
              "arn:aws:iam::123456789012:user/x is not authorized to perform: "
              "ec2:DescribeInstances because no identity-based policy allows the "
              "ec2:DescribeInstances action");
    const auto sent = json_call("AmazonSSM.SendCommand",
                                "ssm",
                                {{"DocumentName", "AWS-RunShellScript"},
                                 {"InstanceIds", json::Array{"i-00000000000000001"}}},
                                x);
    EXPECT_EQ(sent.code, "AccessDeniedException");
    EXPECT_NE(sent.message.find("ssm:SendCommand on resource: "
                                "arn:aws:ssm:us-east-1::document/AWS-RunShellScript because"),
              std::string::npos)
        << sent.message;
    const auto listed = json_call("AmazonSSM.ListCommandInvocations", "ssm", {}, x);
    EXPECT_NE(listed.message.find("on resource: arn:aws:ssm:us-east-1:123456789012:* because"),
              std::string::npos)
        << listed.message;
    const auto users = form("iam", "ListUsers", {}, x);
    EXPECT_EQ(users.status, 403);
    EXPECT_EQ(users.code, "AccessDenied");
    EXPECT_NE(users.message.find("on resource: arn:aws:iam::123456789012:user/ because"),
              std::string::npos)
        << users.message;
    EXPECT_EQ(form("sts", "GetCallerIdentity", {}, x).status, 200)
        << "everybody may know who he is";
    EXPECT_EQ(ecs("ListClusters", {}, lab).status, 200) << "the lab's own user may do everything";
}

TEST_F(IamTest, SendCommandNeedsItsDocumentAndEveryHost) {
    const auto body = [](json::Array ids) {
        return json::Object{{"DocumentName", "AWS-RunShellScript"},
                            {"InstanceIds", std::move(ids)},
                            {"Parameters", json::Object{{"commands", json::Array{"true"}}}}};
    };
    const auto x = make_user(
        "x",
        R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ssm:SendCommand",
            "Resource":["arn:aws:ssm:*:*:document/AWS-RunShellScript",
                        "arn:aws:ec2:*:*:instance/i-00000000000000001"]}})");
    const auto send_to = [&](json::Array ids) {
        return json_call("AmazonSSM.SendCommand", "ssm", body(std::move(ids)), x);
    };
    EXPECT_EQ(send_to({"i-00000000000000001"}).code, "InvalidInstanceId")
        << "allowed, and there is no such host";
    const auto refused = send_to({"i-00000000000000001", "i-00000000000000002"});
    EXPECT_NE(refused.message.find(
                  "arn:aws:ec2:us-east-1:123456789012:instance/i-00000000000000002 because"),
              std::string::npos)
        << refused.message;
}

TEST_F(IamTest, AnExplicitDenyIsNamedWithItsManagedPolicy) {
    const auto x = make_user("x", allow("*"));
    EXPECT_EQ(ecs("ListClusters", {}, x).status, 200);
    iam("CreatePolicy",
        {{"PolicyName", "never"},
         {"PolicyDocument",
          R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"ecs:*","Resource":"*"}})"}});
    const std::string arn = "arn:aws:iam::123456789012:policy/never";
    ASSERT_EQ(iam("AttachUserPolicy", {{"UserName", "x"}, {"PolicyArn", arn}}).status, 200);
    EXPECT_EQ(ecs("ListClusters", {}, x).message,
              "User: arn:aws:iam::123456789012:user/x is not authorized to perform: "
              "ecs:ListClusters on resource: * with an explicit deny in an identity-based policy: "
                  + arn);
    EXPECT_EQ(iam("DeletePolicy", {{"PolicyArn", arn}}).code, "DeleteConflict");
    ASSERT_EQ(iam("DetachUserPolicy", {{"UserName", "x"}, {"PolicyArn", arn}}).status, 200);
    EXPECT_EQ(ecs("ListClusters", {}, x).status, 200);
    EXPECT_EQ(iam("DeletePolicy", {{"PolicyArn", arn}}).status, 200);
}

TEST_F(IamTest, KeysAreTwoAtMostCanBeTurnedOffAndDeletedKeysAreUnknown) {
    const auto x = make_user("x", allow("ecs:*"));
    EXPECT_EQ(iam("CreateAccessKey", {{"UserName", "x"}}).status, 200);
    const auto third = iam("CreateAccessKey", {{"UserName", "x"}});
    EXPECT_EQ(third.code, "LimitExceeded");
    EXPECT_EQ(third.status, 409);
    EXPECT_EQ(third.message, "Cannot exceed quota for AccessKeysPerUser: 2");
    const auto set = [&](const std::string& status) {
        return iam("UpdateAccessKey",
                   {{"UserName", "x"}, {"AccessKeyId", x.access_key_id}, {"Status", status}});
    };
    EXPECT_EQ(set("Inactive").status, 200);
    EXPECT_EQ(ecs("ListClusters", {}, x).code, "UnrecognizedClientException");
    EXPECT_EQ(form("sts", "GetCallerIdentity", {}, x).code, "InvalidClientTokenId");
    EXPECT_EQ(form("ec2", "DescribeInstances", {}, x).code, "AuthFailure");
    EXPECT_EQ(set("Active").status, 200);
    EXPECT_EQ(ecs("ListClusters", {}, x).status, 200);
    EXPECT_EQ(iam("DeleteAccessKey", {{"UserName", "lab"}, {"AccessKeyId", x.access_key_id}}).code,
              "NoSuchEntity")
        << "it is not that user's";
    EXPECT_EQ(iam("DeleteAccessKey", {{"UserName", "x"}, {"AccessKeyId", x.access_key_id}}).status,
              200);
    EXPECT_EQ(ecs("ListClusters", {}, x).code, "UnrecognizedClientException");
}

TEST_F(IamTest, UsersAreMadeFoundListedAndDeletedInIamsWords) {
    make_user("x", allow("ecs:*"));
    const auto again = iam("CreateUser", {{"UserName", "x"}});
    EXPECT_EQ(again.code, "EntityAlreadyExists");
    EXPECT_EQ(again.message, "User with name x already exists.");
    EXPECT_EQ(text_at(iam("GetUser", {{"UserName", "x"}}), "GetUserResult/User/Arn"),
              "arn:aws:iam::123456789012:user/x");
    EXPECT_EQ(text_at(iam("GetUser", {}), "GetUserResult/User/UserName"), "lab")
        << "without a name, one's own";
    const auto page = iam("ListUsers", {{"MaxItems", "1"}});
    EXPECT_EQ(text_at(page, "ListUsersResult/IsTruncated"), "true");
    const auto rest = iam("ListUsers", {{"Marker", text_at(page, "ListUsersResult/Marker")}});
    EXPECT_EQ(text_at(rest, "ListUsersResult/Users/member/UserName"), "x");
    const auto in_use = iam("DeleteUser", {{"UserName", "x"}});
    EXPECT_EQ(in_use.code, "DeleteConflict");
    EXPECT_EQ(in_use.status, 409);
    EXPECT_EQ(in_use.message, "Cannot delete entity, must delete access keys first.");
    const auto missing = iam("GetUser", {{"UserName", "nobody"}});
    EXPECT_EQ(missing.code, "NoSuchEntity");
    EXPECT_EQ(missing.status, 404);
    EXPECT_EQ(missing.message, "The user with name nobody cannot be found.");
    EXPECT_EQ(iam("CreateUser", {{"UserName", "a b"}}).code, "ValidationError");
    EXPECT_EQ(iam("CreateUser", {}).code, "ValidationError");
    EXPECT_EQ(iam("CreateUser", {{"UserName", "y"}, {"Path", "/team/"}}).code, "ValidationError");
}

TEST_F(IamTest, InlinePoliciesAreKeptAsTheyWereGivenAndWithinTheirQuota) {
    make_user("x");
    const std::string document = "{\n  \"Version\": \"2012-10-17\", \"Statement\": []}";
    const auto malformed = iam(
        "PutUserPolicy", {{"UserName", "x"}, {"PolicyName", "p"}, {"PolicyDocument", document}});
    EXPECT_EQ(malformed.code, "MalformedPolicyDocument");
    const std::string good = allow("ecs:ListClusters");
    iam("PutUserPolicy", {{"UserName", "x"}, {"PolicyName", "p"}, {"PolicyDocument", good}});
    const auto got = iam("GetUserPolicy", {{"UserName", "x"}, {"PolicyName", "p"}});
    EXPECT_EQ(wire::percent_decoded(text_at(got, "GetUserPolicyResult/PolicyDocument"), false),
              good);
    const auto big = iam("PutUserPolicy",
                         {{"UserName", "x"},
                          {"PolicyName", "q"},
                          {"PolicyDocument", allow("ecs:" + std::string(2000, 'A'))}});
    EXPECT_EQ(big.code, "LimitExceeded");
    EXPECT_EQ(big.message, "Maximum policy size of 2048 bytes exceeded for user x");
    EXPECT_EQ(text_at(iam("ListUserPolicies", {{"UserName", "x"}}),
                      "ListUserPoliciesResult/PolicyNames/member"),
              "p");
    EXPECT_EQ(iam("DeleteUserPolicy", {{"UserName", "x"}, {"PolicyName", "p"}}).status, 200);
    EXPECT_EQ(iam("GetUserPolicy", {{"UserName", "x"}, {"PolicyName", "p"}}).message,
              "The user policy with name p cannot be found.");
    EXPECT_EQ(
        iam("AttachUserPolicy", {{"UserName", "x"}, {"PolicyArn", "arn:aws:iam::aws:policy/None"}})
            .message,
        "Policy arn:aws:iam::aws:policy/None does not exist or is not attachable.");
}

TEST_F(IamTest, ARoleThatTrustsTheAccountNeedsTheCallersOwnPolicyToo) {
    make_role("r", trust(fmt::format(R"({{"AWS":"{}"}})", account_root)));
    const auto without = assume("r", make_user("x"));
    EXPECT_EQ(without.status, 403);
    EXPECT_EQ(without.code, "AccessDenied");
    EXPECT_EQ(without.message,
              "User: arn:aws:iam::123456789012:user/x is not authorized to perform: "
              "sts:AssumeRole on resource: arn:aws:iam::123456789012:role/r because no "
              "identity-based policy allows the sts:AssumeRole action");
    EXPECT_EQ(assume("r", make_user("y", allow("sts:AssumeRole", "arn:aws:iam::*:role/r"))).status,
              200);
    EXPECT_EQ(assume("r", make_user("z", allow("sts:AssumeRole", "arn:aws:iam::*:role/q"))).status,
              403);
}

TEST_F(IamTest, ARoleThatNamesItsCallerIsEnoughUnlessThatIsDenied) {
    const auto x = make_user("x");
    make_role("r", trust(R"({"AWS":"arn:aws:iam::123456789012:user/x"})"));
    EXPECT_EQ(assume("r", x).status, 200);
    const auto other = assume("r", make_user("y", allow("*")));
    EXPECT_EQ(other.message,
              "User: arn:aws:iam::123456789012:user/y is not authorized to perform: "
              "sts:AssumeRole on resource: arn:aws:iam::123456789012:role/r");
    iam("PutUserPolicy",
        {{"UserName", "x"},
         {"PolicyName", "deny"},
         {"PolicyDocument",
          R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"sts:*","Resource":"*"}})"}});
    EXPECT_NE(assume("r", x).message.find("with an explicit deny"), std::string::npos);
    EXPECT_EQ(form("sts", "GetCallerIdentity", {}, x).status, 200)
        << "even a deny does not forbid to ask who one is";
    make_role("for-hosts", trust(R"({"Service":"ec2.amazonaws.com"})"));
    EXPECT_EQ(assume("for-hosts", lab).status, 403);
    const auto mistyped =
        iam("CreateRole",
            {{"RoleName", "s"},
             {"AssumeRolePolicyDocument", trust(R"({"AWS":"arn:aws:iam::123456789012:user/q"})")}});
    EXPECT_EQ(mistyped.code, "MalformedPolicyDocument");
    EXPECT_EQ(mistyped.message,
              R"(Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:user/q")");
}

TEST_F(IamTest, ATrustPolicyMayWantAnExternalId) {
    const auto x = make_user("x");
    make_role("r",
              trust(R"({"AWS":"arn:aws:iam::123456789012:user/x"})",
                    R"({"StringEquals":{"sts:ExternalId":"secret"}})"));
    EXPECT_EQ(assume("r", x).status, 403);
    EXPECT_EQ(assume("r", x, {{"ExternalId", "guess"}}).status, 403);
    EXPECT_EQ(assume("r", x, {{"ExternalId", "secret"}}).status, 200);
}

TEST_F(IamTest, ASessionHasItsRolesPoliciesForAsLongAsItLasts) {
    make_role("r", trust(fmt::format(R"({{"AWS":"{}"}})", account_root)));
    const auto session = session_of(assume("r", lab));
    const auto before = ecs("ListClusters", {}, session);
    EXPECT_NE(before.message.find("User: arn:aws:sts::123456789012:assumed-role/r/me is not "
                                  "authorized to perform: ecs:ListClusters on resource: *"),
              std::string::npos)
        << before.message;
    iam("PutRolePolicy",
        {{"RoleName", "r"}, {"PolicyName", "p"}, {"PolicyDocument", allow("ecs:List*")}});
    EXPECT_EQ(ecs("ListClusters", {}, session).status, 200);
    EXPECT_EQ(ecs("DescribeClusters", {}, session).status, 400);
    now += Seconds(3601);
    EXPECT_EQ(ecs("ListClusters", {}, session).code, "ExpiredTokenException");
    EXPECT_EQ(form("sts", "GetCallerIdentity", {}, session).code, "ExpiredToken");
    EXPECT_EQ(form("sts", "GetCallerIdentity", {}, session).status, 403);
    const auto ec2 = form("ec2", "DescribeInstances", {}, session);
    EXPECT_EQ(ec2.code, "RequestExpired");
    EXPECT_EQ(ec2.message, "Request has expired.");
    const auto next = session_of(assume("r", lab));
    iam("DeleteRolePolicy", {{"RoleName", "r"}, {"PolicyName", "p"}});
    EXPECT_EQ(iam("DeleteRole", {{"RoleName", "r"}}).status, 200);
    EXPECT_EQ(ecs("ListClusters", {}, next).code, "AccessDeniedException")
        << "a session of a role that is gone may do nothing";
}

TEST_F(IamTest, SessionsLastNoLongerThanTheirRoleAndChainingAllow) {
    make_role("r", trust(fmt::format(R"({{"AWS":"{}"}})", account_root)));
    const auto too_long = assume("r", lab, {{"DurationSeconds", "3601"}});
    EXPECT_EQ(too_long.code, "ValidationError");
    EXPECT_NE(too_long.message.find("MaxSessionDuration"), std::string::npos);
    EXPECT_EQ(assume("squall-experiment", lab, {{"DurationSeconds", "43200"}}).status, 200);
    const auto session = session_of(assume("squall-experiment", lab));
    EXPECT_EQ(assume("squall-experiment", session).status, 200);
    const auto chained = assume("squall-experiment", session, {{"DurationSeconds", "3601"}});
    EXPECT_NE(chained.message.find("role chaining"), std::string::npos) << chained.message;
}

TEST_F(IamTest, WhatIsNoArnAndNoSessionNameIsSaidInAwsWords) {
    const auto said = [&](const std::string& role, const std::string& session) {
        const auto refused =
            form("sts", "AssumeRole", {{"RoleArn", role}, {"RoleSessionName", session}}, lab);
        EXPECT_EQ(refused.code, "ValidationError");
        EXPECT_EQ(refused.status, 400);
        return refused.message;
    };
    for (const std::string role : {"arn::b:::something/test-role",
                                   "arn:a::::something/test-role",
                                   "arn:a:::something/test-role",
                                   "arn:a:a::aaaaaaaaaa:",
                                   "nothing-valid-in-here"})
        EXPECT_EQ(said(role, "me"), role + " is invalid");
    EXPECT_EQ(said("arn:aws:iam::123456789012:role/squall-experiment", "Session1:2"),
              "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to "
              "satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*");
}

TEST_F(IamTest, TheLabsHostsMayDoWhatTheirAgentsDoAndNoMore) {
    const auto host = cloud.keys()
                          .new_session("arn:aws:iam::123456789012:role/ecsInstanceRole",
                                       "i-00000000000000001",
                                       now,
                                       Seconds(3600))
                          .credentials;
    for (const auto& operation : all_operations()) {
        ApiCall call;
        call.service = operation.service;
        call.operation = operation.name;
        call.region = "us-east-1";
        call.caller = cloud.keys().find(host.access_key_id)->principal;
        call.now = now;
        const bool is_hosts = operation.is_of_agents || operation.name == "CreateCluster"
                              || operation.name == "DeregisterContainerInstance"
                              || operation.name == "UpdateContainerInstancesState";
        if (operation.resource == Resource::nobody_asks) continue;
        EXPECT_EQ(!cloud.endpoint().refusal(call), is_hosts)
            << operation.service << ":" << operation.name;
    }
}

} // namespace
} // namespace squall::lab
