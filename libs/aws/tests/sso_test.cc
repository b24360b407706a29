#include "chain_fixture.h"
#include "squall/base/sha1.h"
#include "squall/base/text.h"
#include "sso_token.h"

namespace squall::aws {
namespace {

using std::chrono::minutes;

constexpr const char* start_url = "https://corp.awsapps.com/start";

// The portal of single sign-on before the rest of AWS: knows tokens and who may have which role.
class FakePortal final : public HttpSender {
public:
    FakePortal(FakeAws& aws, FakeClock& clock) : aws_(aws), clock_(clock) {}

    std::set<std::string> tokens;
    std::set<std::string> assigned; // "123456789012/Ops"
    int failures = 0;               // 503s to give first
    std::vector<std::string> asked; // origin and path, without the token

    [[nodiscard]] Result<wire::HttpResponse> send(const wire::Url& server,
                                                  const wire::HttpRequest& request,
                                                  Deadline deadline,
                                                  std::stop_token stop) override {
        if (request.method != "GET") return aws_.send(server, request, deadline, std::move(stop));
        asked.push_back(server.origin() + request.target);
        if (failures-- > 0) return wire::HttpResponse{503, {}, ""};
        if (wire::has_header(request.headers, "Authorization"))
            return refuse("InvalidRequestException", "signed", 400);
        const std::string token(wire::header_value(request.headers, "x-amz-sso_bearer_token"));
        if (!tokens.contains(token))
            return refuse("UnauthorizedException", "Session token not found or invalid", 401);
        const auto [path, query] = split_once(request.target, '?');
        const auto asked_for = wire::QueryParameters::parse(query).value();
        const std::string role = std::string(asked_for.get("account_id")) + "/"
                                 + std::string(asked_for.get("role_name"));
        if (!path.ends_with("/federation/credentials") || !assigned.contains(role))
            return refuse("ForbiddenException", "No access", 403);
        const auto expires = clock_.wall() + minutes(60);
        return json_answer(
            {{"roleCredentials",
              json::Object{
                  {"accessKeyId", "AKID-" + role},
                  {"secretAccessKey", "s3cret"},
                  {"sessionToken", "t"},
                  {"expiration",
                   std::chrono::duration_cast<Millis>(expires.time_since_epoch()).count()}}}});
    }

private:
    static wire::HttpResponse refuse(const char* code, const char* message, int status) {
        return {status,
                {{"Content-Type", "application/json"}, {"x-amzn-ErrorType", code}},
                json::text(json::Object{{"message", message}})};
    }

    FakeAws& aws_;
    FakeClock& clock_;
};

class SsoTest : public ChainTest {
protected:
    SsoTest() {
        sender = &portal;
        portal.tokens = {"token-1"};
        portal.assigned = {"123456789012/Ops"};
        write_config("[profile ops]\nsso_session = corp\nsso_account_id = 123456789012\n"
                     "sso_role_name = Ops\n[sso-session corp]\nsso_start_url = "
                     + std::string(start_url) + "\nsso_region = eu-west-1\n");
    }

    void log_in(const std::string& name, minutes lifetime = minutes(480)) {
        (void)home.file(
            ".aws/sso/cache/" + sso_cache_name(name),
            json::text(json::Object{{"startUrl", start_url},
                                    {"region", "eu-west-1"},
                                    {"accessToken", "token-1"},
                                    {"expiresAt", rfc3339_seconds(clock.wall() + lifetime)}}));
    }

    FakePortal portal{aws, clock};
};

TEST_F(SsoTest, TheCacheFileIsNamedAsAwsToolsNameIt) {
    EXPECT_EQ(sso_cache_name("my-session"), sha1_hex("my-session") + ".json");
    EXPECT_EQ(sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST_F(SsoTest, ALoginGivesTheRolesCredentialsAndGivesThemAgainBeforeTheyExpire) {
    log_in("corp");
    auto& credentials = chain("ops");
    const auto got = credentials.get(Deadline::never(), {}).value();
    EXPECT_EQ(got.keys.access_key_id, "AKID-123456789012/Ops");
    EXPECT_EQ(got.expires, clock.wall() + minutes(60));
    EXPECT_EQ(got.source, "single sign-on as Ops in account 123456789012 (profile 'ops')");
    EXPECT_EQ(portal.asked.at(0),
              "https://portal.sso.eu-west-1.amazonaws.com/federation/"
              "credentials?role_name=Ops&account_id=123456789012");
    clock.advance(minutes(50));
    EXPECT_TRUE(credentials.get(Deadline::never(), {}));
    EXPECT_EQ(portal.asked.size(), 2U);
}

TEST_F(SsoTest, TheOlderKindWithoutASessionIsReadToo) {
    write_config("[profile ops]\nsso_account_id = 123456789012\nsso_role_name = Ops\n"
                 "sso_start_url = "
                 + std::string(start_url) + "\nsso_region = cn-north-1\n");
    log_in(start_url);
    EXPECT_EQ(key("ops"), "AKID-123456789012/Ops");
    EXPECT_TRUE(portal.asked.at(0).starts_with("https://portal.sso.cn-north-1.amazonaws.com.cn/"));
}

TEST_F(SsoTest, ThePortalCanBeElsewhere) {
    log_in("corp");
    variables["AWS_ENDPOINT_URL_SSO"] = "http://127.0.0.1:8080/portal/";
    EXPECT_EQ(key("ops"), "AKID-123456789012/Ops");
    EXPECT_TRUE(
        portal.asked.at(0).starts_with("http://127.0.0.1:8080/portal/federation/credentials?"))
        << portal.asked.at(0);
}

TEST_F(SsoTest, WhoHasNotLoggedInOrNotLatelyIsToldHow) {
    give_instance_a_role();
    EXPECT_NE(key("ops").find("nobody has logged in"), std::string::npos) << key("ops");
    EXPECT_NE(key("ops").find("; log in: aws sso login --profile 'ops'"), std::string::npos);
    log_in("corp", minutes(-1));
    EXPECT_NE(key("ops").find("the login expired at 2026-11-21T01:59:00Z; log in: aws sso login "
                              "--profile 'ops'"),
              std::string::npos)
        << key("ops");
    EXPECT_TRUE(portal.asked.empty());
    log_in("corp");
    portal.tokens.clear();
    const std::string said = key("ops");
    EXPECT_NE(said.find("Session token not found or invalid"), std::string::npos) << said;
    EXPECT_NE(said.find("; log in: aws sso login --profile 'ops'"), std::string::npos) << said;
    EXPECT_EQ(said.find("token-1"), std::string::npos);
}

TEST_F(SsoTest, ARoleThatIsNotAssignedIsNamed) {
    log_in("corp");
    portal.assigned.clear();
    const std::string said = key("ops");
    EXPECT_NE(said.find("ForbiddenException: No access"), std::string::npos) << said;
    EXPECT_NE(said.find("has to be assigned the permission set Ops in the account 123456789012"),
              std::string::npos)
        << said;
}

TEST_F(SsoTest, APortalThatIsBusyIsAskedAgain) {
    log_in("corp");
    portal.failures = 2;
    EXPECT_EQ(key("ops"), "AKID-123456789012/Ops");
    portal.failures = 3;
    EXPECT_NE(key("ops").find("sso:GetRoleCredentials: HTTP 503"), std::string::npos) << key("ops");
}

TEST_F(SsoTest, WhatIsMissingOrContradictsItselfIsAnError) {
    const std::string profile = "[profile ops]\nsso_account_id = 1\nsso_role_name = Ops\n";
    const std::pair<std::string, const char*> cases[] = {
        {profile, "uses single sign-on, but lacks sso_start_url, sso_region"},
        {profile + "sso_session = corp\n", "has no section [sso-session corp]"},
        {profile + "sso_session = corp\nsso_region = a\n[sso-session corp]\nsso_region = b\n",
         "name different values of sso_region"},
        {profile + "sso_start_url = u\nsso_region = evil.example/\n", "cannot be a region"}};
    for (const auto& [text, told] : cases) {
        write_config(text);
        EXPECT_NE(key("ops").find(told), std::string::npos) << key("ops");
    }
    EXPECT_TRUE(portal.asked.empty());
}

TEST_F(SsoTest, ASessionWithoutARoleIsNotForUs) {
    write_config("[profile ops]\nsso_session = corp\n");
    give_instance_a_role();
    EXPECT_EQ(key("ops"), "AKIDINSTANCE");
}

TEST(SsoToken, IsReadInBothSpellingsOfItsEnd) {
    const auto end = [](const char* text) {
        return read_sso_token(fmt::format(R"({{"accessToken":"t","expiresAt":"{}"}})", text));
    };
    EXPECT_EQ(end("2026-11-21T03:00:00Z")->expires, end("2026-11-21T03:00:00UTC")->expires);
    EXPECT_FALSE(end("soon"));
    for (const char* bad :
         {"",
          "[]",
          "{}",
          R"({"expiresAt":"2026-11-21T03:00:00Z"})",
          R"({"accessToken":"secret\r\nHost: x","expiresAt":"2026-11-21T03:00:00Z"})"}) {
        const auto read = read_sso_token(bad);
        ASSERT_FALSE(read) << bad;
        EXPECT_EQ(read.error().message.find("secret"), std::string::npos);
    }
}

TEST(RoleCredentials, NeedKeysAndAnEnd) {
    for (
        const char* bad :
        {"<html>",
         "{}",
         R"({"roleCredentials":{"accessKeyId":"A","secretAccessKey":"secret-1"}})",
         R"({"roleCredentials":{"accessKeyId":"A","secretAccessKey":"secret-1","expiration":99999999999999999}})"}) {
        const auto read = read_role_credentials(bad, "x");
        ASSERT_FALSE(read) << bad;
        EXPECT_EQ(read.error().message.find("secret-1"), std::string::npos);
    }
}

} // namespace
} // namespace squall::aws
