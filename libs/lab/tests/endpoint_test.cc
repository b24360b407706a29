#include "lab_world.h"
#include "squall/wire/xml.h"

namespace squall::lab {
namespace {

class EndpointTest : public ::testing::Test {
protected:
    wire::HttpRequest ecs_request(const std::string& operation, const std::string& body) {
        return {"POST",
                "/",
                {{"Host", "127.0.0.1:4747"},
                 {"Content-Type", "application/x-amz-json-1.1"},
                 {"X-Amz-Target", "AmazonEC2ContainerServiceV20141113." + operation}},
                body};
    }

    wire::HttpRequest form_request(const std::string& form) {
        return {"POST",
                "/",
                {{"Host", "127.0.0.1:4747"},
                 {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
                form};
    }

    wire::HttpResponse send(wire::HttpRequest request,
                            const std::string& service,
                            const std::string& region = "us-east-1") {
        wire::sign(request, key, region, service, now);
        return cloud.endpoint().handle(request, now);
    }

    static std::string error_code(const wire::HttpResponse& response,
                                  wire::Protocol protocol = wire::Protocol::json_1_1) {
        return wire::read_error(protocol, response).error.code;
    }

    Cloud cloud{"123456789012", "us-east-1"};
    wire::SigningCredentials key = cloud.keys().add_user("lab").credentials;
    WallTime now = start_of_test;
};

TEST_F(EndpointTest, AnswersEachServiceInItsOwnProtocol) {
    const auto ecs = send(ecs_request("ListClusters", "{}"), "ecs");
    EXPECT_EQ(ecs.status, 200);
    EXPECT_EQ(ecs.body, R"({"clusterArns":[]})");
    EXPECT_EQ(wire::header_value(ecs.headers, "Content-Type"), "application/x-amz-json-1.1");
    EXPECT_FALSE(wire::header_value(ecs.headers, "x-amzn-RequestId").empty());
    const auto sts = send(form_request("Action=GetCallerIdentity&Version=2011-06-15"), "sts");
    EXPECT_EQ(wire::XmlDocument::parse(sts.body).value().text_at("GetCallerIdentityResult/Arn"),
              "arn:aws:iam::123456789012:user/lab");
    const auto ec2 = send(form_request("Action=DescribeInstances&Version=2016-11-15"), "ec2");
    EXPECT_EQ(wire::XmlDocument::parse(ec2.body).value().root_name(), "DescribeInstancesResponse");
}

TEST_F(EndpointTest, AnswersUnknownOperationsWith400InEveryProtocol) {
    for (const auto& [response, protocol] :
         {std::pair(send(ecs_request("Fly", "{}"), "ecs"), wire::Protocol::json_1_1),
          std::pair(send(form_request("Action=Fly&Version=2011-06-15"), "sts"),
                    wire::Protocol::query),
          std::pair(send(form_request("Action=Fly&Version=2016-11-15"), "ec2"),
                    wire::Protocol::ec2)}) {
        EXPECT_EQ(response.status, 400);
        EXPECT_EQ(error_code(response, protocol), "UnknownOperationException");
    }
    auto unknown_service = ecs_request("x", "{}");
    wire::set_header(unknown_service.headers, "X-Amz-Target", "Other.Operation");
    EXPECT_EQ(error_code(send(unknown_service, "other")), "UnknownOperationException");
}

TEST_F(EndpointTest, RefusesWhatIsNotSignedOrSignedWrongly) {
    EXPECT_EQ(error_code(cloud.endpoint().handle(ecs_request("ListClusters", "{}"), now)),
              "MissingAuthenticationTokenException");
    auto stolen = key;
    stolen.secret_access_key = "wrong";
    auto request = ecs_request("ListClusters", "{}");
    wire::sign(request, stolen, "us-east-1", "ecs", now);
    EXPECT_EQ(error_code(cloud.endpoint().handle(request, now)), "InvalidSignatureException");
    auto unknown = key;
    unknown.access_key_id = "AKIANOBODY";
    wire::sign(request, unknown, "us-east-1", "ecs", now);
    EXPECT_EQ(error_code(cloud.endpoint().handle(request, now)), "UnrecognizedClientException");
    wire::sign(request, key, "us-east-1", "ecs", now - std::chrono::minutes(6));
    EXPECT_EQ(error_code(cloud.endpoint().handle(request, now)), "InvalidSignatureException");
    auto form = form_request("Action=GetCallerIdentity&Version=2011-06-15");
    wire::sign(form, stolen, "us-east-1", "sts", now);
    EXPECT_EQ(error_code(cloud.endpoint().handle(form, now), wire::Protocol::query),
              "SignatureDoesNotMatch");
}

TEST_F(EndpointTest, RefusesWhatWasSignedForAnotherService) {
    const auto answered = send(ecs_request("ListClusters", "{}"), "ssm");
    EXPECT_EQ(error_code(answered), "InvalidSignatureException");
    EXPECT_NE(answered.body.find("correct service: 'ecs'"), std::string::npos);
}

TEST_F(EndpointTest, RefusesABodyThatIsNotTheOneItsHeadersName) {
    auto request = ecs_request("ListClusters", "{}");
    wire::set_header(request.headers, "x-amz-content-sha256", sha256_hex("{}"));
    wire::sign(request, key, "us-east-1", "ecs", now);
    EXPECT_EQ(cloud.endpoint().handle(request, now).status, 200);
    request.body = R"({"maxResults":1})";
    EXPECT_EQ(error_code(cloud.endpoint().handle(request, now)), "InvalidSignatureException");
}

TEST_F(EndpointTest, TellsTheTimeByWhichClientsCorrectTheirClocks) {
    const auto good = send(ecs_request("ListClusters", "{}"), "ecs");
    EXPECT_EQ(wire::header_value(good.headers, "Date"), "Sat, 21 Nov 2026 00:00:00 GMT");
    auto late = ecs_request("ListClusters", "{}");
    wire::sign(late, key, "us-east-1", "ecs", now - std::chrono::hours(1));
    const auto refused = cloud.endpoint().handle(late, now);
    EXPECT_EQ(wire::header_value(refused.headers, "Date"), "Sat, 21 Nov 2026 00:00:00 GMT");
}

TEST_F(EndpointTest, RefusesMembersOfAnotherTypeThanTheModelHas) {
    for (const char* body : {R"({"clusters":"demo"})",
                             R"({"clusters":[1]})",
                             R"({"maxResults":"ten"})",
                             R"({"cluster":{}})",
                             R"({"force":1})"}) {
        const auto answered = send(ecs_request("DescribeClusters", body), "ecs");
        EXPECT_EQ(error_code(answered), "SerializationException") << body;
    }
    const auto answered =
        send(ecs_request("DescribeClusters", R"({"clusters":null,"new":{}})"), "ecs");
    EXPECT_EQ(answered.status, 200) << "absent, and unknown, are well";
}

TEST_F(EndpointTest, NamesTheMessageOfAnErrorAsItsServiceDoes) {
    auto request = ecs_request("SendCommand", R"({"DocumentName":"Nothing"})");
    wire::set_header(request.headers, "X-Amz-Target", "AmazonSSM.SendCommand");
    const auto ssm = json::parse_object(send(request, "ssm").body).value();
    EXPECT_EQ(json::string_at(ssm, "__type"), "InvalidDocument");
    EXPECT_FALSE(json::string_at(ssm, "Message").empty());
    const auto ecs =
        json::parse_object(send(ecs_request("ListTasks", R"({"cluster":"none"})"), "ecs").body)
            .value();
    EXPECT_EQ(json::string_at(ecs, "message"), "Cluster not found.");
}

TEST(Pages, GoOnWhereTheLastOneEndedThoughTheListHasChanged) {
    const auto first = page_of({"a", "b", "c", "d"}, "", 2).value();
    EXPECT_EQ(first.keys, (std::vector<std::string>{"a", "b"}));
    const auto second = page_of({"a", "c", "d"}, first.next_token, 2).value();
    EXPECT_EQ(second.keys, (std::vector<std::string>{"c", "d"})) << "b has gone meanwhile";
    EXPECT_TRUE(second.next_token.empty());
    const auto down = page_of({"d", "c", "b"}, "", 2, Order::descending).value();
    EXPECT_EQ(down.keys, (std::vector<std::string>{"d", "c"}));
    const auto rest = page_of({"d", "b", "a"}, down.next_token, 9, Order::descending).value();
    EXPECT_EQ(rest.keys, (std::vector<std::string>{"b", "a"})) << "c has gone meanwhile";
}

TEST(Pages, RefuseTokensThatTheyNeverGave) {
    const std::vector<std::string> all{"a", "b"};
    std::string token = page_of(all, "", 1)->next_token;
    EXPECT_TRUE(page_of(all, token, 1));
    token.back() = token.back() == '0' ? '1' : '0';
    for (const std::string& wrong :
         {token, std::string("a"), std::string("zz"), std::string(16, '0')})
        EXPECT_FALSE(page_of(all, wrong, 1)) << wrong;
}

TEST_F(EndpointTest, WantsTheSessionTokenOfTemporaryKeysAndNotesTheirEnd) {
    const auto session = cloud.keys().new_session(
        "arn:aws:iam::123456789012:role/squall-experiment", "me", now, Seconds(900));
    key = session.credentials;
    EXPECT_EQ(send(ecs_request("ListClusters", "{}"), "ecs").status, 200);
    now += Seconds(901);
    EXPECT_EQ(error_code(send(ecs_request("ListClusters", "{}"), "ecs")), "ExpiredTokenException");
    now -= Seconds(901);
    key.session_token.clear();
    EXPECT_EQ(error_code(send(ecs_request("ListClusters", "{}"), "ecs")),
              "UnrecognizedClientException");
}

TEST_F(EndpointTest, HasARealButEmptyWorldInEveryOtherRegion) {
    send(ecs_request("CreateCluster", R"({"clusterName":"demo"})"), "ecs");
    EXPECT_NE(send(ecs_request("ListClusters", "{}"), "ecs").body.find("cluster/demo"),
              std::string::npos);
    EXPECT_EQ(send(ecs_request("ListClusters", "{}"), "ecs", "eu-west-1").body,
              R"({"clusterArns":[]})");
}

TEST_F(EndpointTest, AssumesRolesItKnowsAndRefusesOthersInAwsWords) {
    const auto known =
        send(form_request("Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%"
                          "3A123456789012%3Arole%2Fsquall-experiment&RoleSessionName=me"),
             "sts");
    ASSERT_EQ(known.status, 200) << known.body;
    const auto document = wire::XmlDocument::parse(known.body).value();
    key = {document.text_at("AssumeRoleResult/Credentials/AccessKeyId"),
           document.text_at("AssumeRoleResult/Credentials/SecretAccessKey"),
           document.text_at("AssumeRoleResult/Credentials/SessionToken")};
    const auto who = send(form_request("Action=GetCallerIdentity&Version=2011-06-15"), "sts");
    EXPECT_EQ(wire::XmlDocument::parse(who.body).value().text_at("GetCallerIdentityResult/Arn"),
              "arn:aws:sts::123456789012:assumed-role/squall-experiment/me");
    const auto unknown =
        send(form_request("Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%"
                          "3A123456789012%3Arole%2Fother&RoleSessionName=me"),
             "sts");
    EXPECT_EQ(unknown.status, 403);
    EXPECT_EQ(error_code(unknown, wire::Protocol::query), "AccessDenied");
}

TEST_F(EndpointTest, AnswersBytesThatAreNoRequestWithAnError) {
    for (const char* body : {"", "[", "[]", "null", "\xff\xfe", "{\"a\":"}) {
        const auto response = send(ecs_request("DescribeClusters", body), "ecs");
        EXPECT_TRUE(response.status == 200 || response.status == 400) << body;
    }
}

TEST(Metadata, WantsATokenAndTellsWhatAgentsAsk) {
    KeyRing keys("123456789012");
    ec2::MetadataService metadata(keys, "us-east-1");
    ec2::Instance instance;
    instance.id = "i-00000000000000001";
    instance.availability_zone = "us-east-1b";
    instance.private_ip = "10.0.1.10";
    instance.mac = "0e:00:00:00:00:01";
    const auto ask = [&](const std::string& method,
                         const std::string& target,
                         wire::Headers headers) {
        return metadata.answer(instance, {method, target, std::move(headers), {}}, start_of_test);
    };
    EXPECT_EQ(ask("GET", "/latest/meta-data/instance-id", {}).status, 401);
    EXPECT_EQ(ask("PUT", "/latest/api/token", {}).status, 400);
    EXPECT_EQ(ask("PUT",
                  "/latest/api/token",
                  {{"X-aws-ec2-metadata-token-ttl-seconds", "60"}, {"X-Forwarded-For", "10.0.9.9"}})
                  .status,
              403);
    const auto token =
        ask("PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", "60"}});
    ASSERT_EQ(token.status, 200);
    const wire::Headers with_token{{"X-aws-ec2-metadata-token", token.body}};
    EXPECT_EQ(ask("GET", "/latest/meta-data/instance-id", with_token).body, instance.id);
    EXPECT_EQ(
        ask("GET", "/latest/meta-data/network/interfaces/macs/0e:00:00:00:00:01/vpc-id", with_token)
            .body,
        instance.vpc_id);
    EXPECT_EQ(ask("GET", "/latest/user-data", with_token).status, 404);
    EXPECT_EQ(json::string_at(
                  json::parse_object(
                      ask("GET", "/latest/dynamic/instance-identity/document", with_token).body)
                      .value(),
                  "region"),
              "us-east-1");
    const auto role = ask("GET", "/latest/meta-data/iam/security-credentials/", with_token).body;
    const auto credentials =
        json::parse_object(
            ask("GET", "/latest/meta-data/iam/security-credentials/" + role, with_token).body)
            .value();
    EXPECT_NE(keys.find(json::string_at(credentials, "AccessKeyId")), nullptr)
        << "the endpoint accepts what the metadata service gives";
    EXPECT_EQ(metadata
                  .answer(instance,
                          {"GET", "/latest/meta-data/instance-id", with_token, {}},
                          start_of_test + Seconds(61))
                  .status,
              401)
        << "the token has run out";
}

class MetadataOfARole : public ::testing::Test {
protected:
    MetadataOfARole() { instance.availability_zone = "us-east-1a"; }

    // Its status, or its text where that is 200.
    std::string ask(const std::string& path, WallTime now = start_of_test) {
        const auto token = metadata.answer(
            instance,
            {"PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", "60"}}, {}},
            now);
        if (token.status != 200) return std::to_string(token.status);
        const auto answer = metadata.answer(
            instance,
            {"GET", "/latest/meta-data/" + path, {{"X-aws-ec2-metadata-token", token.body}}, {}},
            now);
        return answer.status == 200 ? answer.body : std::to_string(answer.status);
    }

    json::Object credentials(WallTime now = start_of_test) {
        return json::parse_object(ask("iam/security-credentials/" + instance.role, now)).value();
    }

    KeyRing keys{"123456789012"};
    ec2::MetadataService metadata{keys, "us-east-1"};
    ec2::Instance instance;
};

TEST_F(MetadataOfARole, IsNotThereWithoutAnInstanceProfile) {
    EXPECT_EQ(ask("iam/security-credentials/"), "ecsInstanceRole");
    EXPECT_NE(ask("iam/info").find("instance-profile/ecsInstanceRole"), std::string::npos);
    EXPECT_NE(ask("").find("iam/"), std::string::npos);
    instance.role.clear();
    for (const char* path : {"iam/info", "iam/security-credentials/", "iam/security-credentials"})
        EXPECT_EQ(ask(path), "404") << path;
    EXPECT_EQ(ask("").find("iam/"), std::string::npos);
    EXPECT_NE(ask(""), "404");
}

TEST_F(MetadataOfARole, GivesKeysOfTheRoleThatTheInstanceHasNow) {
    const auto first = credentials();
    EXPECT_EQ(json::string_at(first, "AccessKeyId"), json::string_at(credentials(), "AccessKeyId"));
    instance.role = "other";
    const auto second = credentials();
    const auto* key = keys.find(json::string_at(second, "AccessKeyId"));
    ASSERT_NE(key, nullptr);
    EXPECT_NE(key->principal.arn.find("assumed-role/other/"), std::string::npos);
}

TEST_F(MetadataOfARole, GoesOnGivingKeysThatHaveExpiredUntilItIsMended) {
    instance.has_stale_keys = true;
    const auto stale = credentials();
    EXPECT_LT(parse_time(json::string_at(stale, "Expiration")).value(), start_of_test);
    const auto later = credentials(start_of_test + Seconds(3600));
    EXPECT_EQ(json::text(stale), json::text(later));
    instance.has_stale_keys = false;
    EXPECT_GT(parse_time(json::string_at(credentials(), "Expiration")).value(), start_of_test);
}

TEST_F(MetadataOfARole, RefusesEverythingWhileItIsDisabled) {
    instance.has_metadata = false;
    EXPECT_EQ(ask("instance-id"), "403");
    instance.has_metadata = true;
    EXPECT_EQ(ask("instance-type"), "t3.medium");
}

} // namespace
} // namespace squall::lab
