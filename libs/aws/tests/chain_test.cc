#include "fake_aws.h"
#include "fake_instance.h"
#include "squall/aws/credential_chain.h"
#include "squall/base/temporary_folder.h"
#include "squall/base/time_text.h"

#include <gtest/gtest.h>

namespace squall::aws {
namespace {

using std::chrono::minutes;

// A machine on which every place can hold credentials, and STS next to it.
class ChainTest : public testing::Test {
protected:
    ChainTest() {
        variables["HOME"] = home.path().string();
        aws.on("sts:AssumeRoleWithWebIdentity", [this](const Received& received) {
            tokens_seen.emplace_back(received.form.get("WebIdentityToken"));
            return xml_answer(fmt::format(
                "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
                "<AccessKeyId>AKIDWEB</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
                "<SessionToken>t</SessionToken><Expiration>{}</Expiration></Credentials>"
                "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
                rfc3339_seconds(clock.wall() + minutes(60))));
        });
    }

    void write_config(const std::string& text) { (void)home.file(".aws/config", text); }

    void write_credentials(const std::string& text) { (void)home.file(".aws/credentials", text); }

    void use_web_identity() {
        variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = home.file("token", "jwt-1\n");
        variables["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/pod";
    }

    void give_instance_a_role() {
        instance.items["iam/security-credentials/"] = "web\n";
        instance.items["iam/security-credentials/web"] =
            metadata_answer("AKIDINSTANCE", minutes(360));
    }

    std::string metadata_answer(const std::string& key, minutes lifetime) {
        return fmt::format(R"({{"Code":"Success","AccessKeyId":"{}","SecretAccessKey":"s",)"
                           R"("Token":"t","Expiration":"{}"}})",
                           key,
                           rfc3339_seconds(clock.wall() + lifetime));
    }

    // A chain over what is there now.
    CredentialChain& chain(const std::string& profile = {}) {
        environment = std::make_unique<Environment>(variables);
        const auto config = SharedConfig::load(*environment, profile).value();
        metadata = std::make_unique<MetadataClient>(instance, clock, *environment, config);
        chain_ = std::make_unique<CredentialChain>(
            ChainParts{aws, instance, *metadata, traffic, clock, *environment},
            Endpoints::resolve("us-east-1", *environment, config).value(),
            profile);
        return *chain_;
    }

    Outcome<Credentials> found(const std::string& profile = {}) {
        return chain(profile).get(clock.in(Seconds(60)), {});
    }

    std::string key(const std::string& profile = {}) {
        const auto got = found(profile);
        return got ? got->keys.access_key_id : to_error(got.error()).message;
    }

    TemporaryFolder home;
    Environment::Variables variables;
    FakeClock clock;
    FakeAws aws{clock};
    FakeInstance instance{clock};
    Traffic traffic{1};
    std::vector<std::string> tokens_seen;
    std::unique_ptr<Environment> environment;
    std::unique_ptr<MetadataClient> metadata;
    std::unique_ptr<CredentialChain> chain_;
};

// Every place has something; taking away the first one found gives the next.
TEST_F(ChainTest, LooksInAwsOrder) {
    variables["AWS_ACCESS_KEY_ID"] = "AKIDENVIRONMENT";
    variables["AWS_SECRET_ACCESS_KEY"] = "s";
    use_web_identity();
    write_credentials("[default]\naws_access_key_id=AKIDFILE\naws_secret_access_key=s\n");
    write_config("[default]\naws_access_key_id=AKIDCONFIG\naws_secret_access_key=s\n");
    give_instance_a_role();
    EXPECT_EQ(key(), "AKIDENVIRONMENT");
    variables.erase("AWS_ACCESS_KEY_ID");
    EXPECT_EQ(key(), "AKIDWEB");
    variables.erase("AWS_WEB_IDENTITY_TOKEN_FILE");
    EXPECT_EQ(key(), "AKIDFILE");
    write_credentials("[default]\n");
    EXPECT_EQ(key(), "AKIDCONFIG");
    write_config("[default]\n");
    EXPECT_EQ(key(), "AKIDINSTANCE");
    EXPECT_EQ(found()->source, "the role of this EC2 instance (web)");
}

TEST_F(ChainTest, EnvironmentKeysWinOverAwsProfileButNotOverAProfileNamedInTheCommand) {
    variables["AWS_ACCESS_KEY_ID"] = "AKIDENVIRONMENT";
    variables["AWS_SECRET_ACCESS_KEY"] = "s";
    write_credentials("[prod]\naws_access_key_id=AKIDPROD\naws_secret_access_key=s\n");
    variables["AWS_PROFILE"] = "prod";
    EXPECT_EQ(key(), "AKIDENVIRONMENT");
    variables.erase("AWS_PROFILE");
    EXPECT_EQ(key("prod"), "AKIDPROD");
    use_web_identity();
    EXPECT_EQ(key("prod"), "AKIDPROD");
}

TEST_F(ChainTest, TakesTokenAndExpiryFromTheEnvironment) {
    variables = {{"AWS_ACCESS_KEY_ID", "AKID"},
                 {"AWS_SECRET_ACCESS_KEY", "s"},
                 {"AWS_SESSION_TOKEN", "t"},
                 {"AWS_CREDENTIAL_EXPIRATION", "2026-11-21T03:00:00Z"}};
    const auto got = found().value();
    EXPECT_EQ(got.keys.session_token, "t");
    EXPECT_EQ(got.expires, clock.wall() + minutes(60));
    variables["AWS_CREDENTIAL_EXPIRATION"] = "9999-01-01T00:00:00Z";
    EXPECT_NE(key().find("AWS_CREDENTIAL_EXPIRATION"), std::string::npos);
}

TEST_F(ChainTest, HalfAKeyIsAnErrorAndNotAStepToTheNextPlace) {
    give_instance_a_role();
    variables["AWS_ACCESS_KEY_ID"] = "AKID";
    EXPECT_NE(key().find("AWS_SECRET_ACCESS_KEY is not"), std::string::npos);
    variables.erase("AWS_ACCESS_KEY_ID");
    write_credentials("[default]\naws_access_key_id=AKID\n");
    EXPECT_NE(key().find("has aws_access_key_id but no aws_secret_access_key"), std::string::npos);
}

TEST_F(ChainTest, WhatIsNotSupportedYetIsAnErrorWhereAwsToolsWouldUseIt) {
    give_instance_a_role();
    const std::pair<const char*, const char*> settings[] = {
        {"role_arn = arn:aws:iam::1:role/x\nsource_profile = base\n",
         "role_arn and source_profile"},
        {"role_arn = arn:aws:iam::1:role/x\ncredential_source = Ec2InstanceMetadata\n",
         "role_arn and credential_source"},
        {"role_arn = arn:aws:iam::1:role/x\n", "role_arn"},
        {"sso_session = corp\n", "sso_session"},
        {"sso_start_url = https://x\n", "sso_start_url"},
        {"login_session = x\n", "login_session"},
        {"credential_process = /bin/secret-tool\naws_access_key_id=a\naws_secret_access_key=b\n",
         "credential_process"}};
    for (const auto& [text, named] : settings) {
        write_config("[default]\n" + std::string(text));
        EXPECT_NE(key().find("not supported yet: the profile 'default' has " + std::string(named)),
                  std::string::npos)
            << key();
    }
    // Keys in the credentials file come before a credential process, as with AWS's tools.
    write_credentials("[default]\naws_access_key_id=AKIDFILE\naws_secret_access_key=s\n");
    EXPECT_EQ(key(), "AKIDFILE");
}

TEST_F(ChainTest, NothingAnywhereIsOneErrorThatListsEveryPlace) {
    instance.is_there = false;
    const auto nothing = found();
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().kind, Errc::denied);
    for (const char* said : {"environment variables: AWS_ACCESS_KEY_ID is not set",
                             "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set",
                             "/.aws/credentials: no aws_access_key_id in profile 'default'",
                             "/.aws/config: no aws_access_key_id in profile 'default'",
                             "container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                             "EC2 instance: nobody answers"})
        EXPECT_NE(nothing.error().message.find(said), std::string::npos) << nothing.error().message;
    instance.is_there = true;
    EXPECT_NE(key().find("no role is attached to this EC2 instance"), std::string::npos);
}

TEST_F(ChainTest, WebIdentityIsAskedUnsignedAndReadsItsTokenAgainAtEachRenewal) {
    use_web_identity();
    auto& credentials = chain();
    EXPECT_TRUE(credentials.get(Deadline::never(), {}));
    (void)home.file("token", "jwt-2");
    clock.advance(minutes(50));
    EXPECT_TRUE(credentials.get(Deadline::never(), {}));
    EXPECT_EQ(tokens_seen, (std::vector<std::string>{"jwt-1", "jwt-2"}));
    const auto request = aws.received().front();
    EXPECT_FALSE(wire::has_header(request.request.headers, "Authorization"));
    EXPECT_EQ(request.form.get("RoleArn"), "arn:aws:iam::1:role/pod");
    EXPECT_TRUE(request.form.get("RoleSessionName").starts_with("squall-"));
    EXPECT_EQ(traffic.counts().by_operation().at("sts:AssumeRoleWithWebIdentity"), 2U);
}

TEST_F(ChainTest, WebIdentityCanStandInTheProfile) {
    write_config("[default]\nrole_arn = arn:aws:iam::1:role/r\nrole_session_name = me\n"
                 "web_identity_token_file = "
                 + home.file("token", "jwt") + "\n");
    EXPECT_EQ(key(), "AKIDWEB");
    EXPECT_EQ(aws.received().front().form.get("RoleSessionName"), "me");
}

TEST_F(ChainTest, WebIdentityThatFailsIsAnErrorWithoutTheToken) {
    give_instance_a_role();
    use_web_identity();
    aws.on("sts:AssumeRoleWithWebIdentity", [](const Received& received) {
        return error_answer(received,
                            "AccessDenied",
                            "Not authorized to perform sts:AssumeRoleWithWebIdentity",
                            403);
    });
    const std::string said = key();
    EXPECT_NE(said.find("arn:aws:iam::1:role/pod"), std::string::npos) << said;
    EXPECT_NE(said.find("trust policy"), std::string::npos) << said;
    EXPECT_EQ(said.find("jwt-1"), std::string::npos);
    variables.erase("AWS_ROLE_ARN");
    EXPECT_NE(key().find("set AWS_ROLE_ARN too"), std::string::npos);
    variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/nowhere/token";
    variables["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/pod";
    EXPECT_NE(key().find("/nowhere/token"), std::string::npos);
}

TEST_F(ChainTest, TheInstancesRoleIsRenewedBeforeItExpires) {
    give_instance_a_role();
    auto& credentials = chain();
    EXPECT_EQ(credentials.get(Deadline::never(), {})->keys.access_key_id, "AKIDINSTANCE");
    clock.advance(minutes(350));
    instance.items["iam/security-credentials/web"] = metadata_answer("AKIDNEXT", minutes(360));
    EXPECT_EQ(credentials.get(Deadline::never(), {})->keys.access_key_id, "AKIDNEXT");
}

TEST_F(ChainTest, CredentialsThatTheInstanceCouldNotRenewAreUsedAndLookedAtAgainLater) {
    give_instance_a_role();
    instance.items["iam/security-credentials/web"] = metadata_answer("AKIDOLD", minutes(-5));
    auto& credentials = chain();
    EXPECT_EQ(credentials.get(Deadline::never(), {})->keys.access_key_id, "AKIDOLD");
    const auto asked = instance.asked.size();
    clock.advance(minutes(4));
    EXPECT_TRUE(credentials.get(Deadline::never(), {}));
    EXPECT_EQ(instance.asked.size(), asked);
    clock.advance(minutes(2));
    EXPECT_TRUE(credentials.get(Deadline::never(), {}));
    EXPECT_GT(instance.asked.size(), asked);
}

TEST_F(ChainTest, ARoleThatTheInstanceMayNotUseIsAnError) {
    instance.items["iam/security-credentials/"] = "web";
    instance.items["iam/security-credentials/web"] =
        R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role web."})";
    EXPECT_NE(key().find("AssumeRoleUnauthorizedAccess: EC2 cannot assume the role web."),
              std::string::npos);
}

TEST_F(ChainTest, OnceFoundThePlaceIsKeptAndItsFileReadAgain) {
    write_credentials("[default]\naws_access_key_id=AKID1\naws_secret_access_key=s\n");
    auto& credentials = chain();
    const auto first = credentials.get(Deadline::never(), {}).value();
    write_credentials("[default]\naws_access_key_id=AKID2\naws_secret_access_key=s\n");
    EXPECT_EQ(credentials.get(Deadline::never(), {})->keys.access_key_id, "AKID1");
    EXPECT_EQ(credentials.refresh(first, Deadline::never(), {})->keys.access_key_id, "AKID2");
    write_credentials("");
    give_instance_a_role();
    const auto second = credentials.get(Deadline::never(), {}).value();
    EXPECT_FALSE(credentials.refresh(second, Deadline::never(), {}))
        << "never somebody else in the middle of a run";
}

// What a container's agent answers: the instance's double is a plain HTTP server too.
class ContainerServer final : public HttpSender {
public:
    std::string body;
    int status = 200;
    int failures = 0; // connections to lose first
    std::vector<std::string> seen;

    [[nodiscard]] Result<wire::HttpResponse> send(const wire::Url& server,
                                                  const wire::HttpRequest& request,
                                                  Deadline,
                                                  std::stop_token) override {
        seen.push_back(server.origin() + request.target + " "
                       + std::string(wire::header_value(request.headers, "Authorization")));
        if (failures-- > 0) return connection_lost();
        return wire::HttpResponse{status, {}, body};
    }
};

class ContainerChainTest : public ChainTest {
protected:
    std::string container_key() {
        environment = std::make_unique<Environment>(variables);
        const auto config = SharedConfig::load(*environment).value();
        metadata = std::make_unique<MetadataClient>(instance, clock, *environment, config);
        CredentialChain with_container(
            ChainParts{aws, server, *metadata, traffic, clock, *environment},
            Endpoints::resolve("us-east-1", *environment, config).value(),
            {});
        const auto got = with_container.get(clock.in(Seconds(60)), {});
        return got ? got->keys.access_key_id : to_error(got.error()).message;
    }

    ContainerServer server;
};

TEST_F(ContainerChainTest, AnEcsTaskGetsItsRoleAndNotTheInstances) {
    give_instance_a_role();
    variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/uuid";
    server.body = metadata_answer("AKIDTASK", minutes(60));
    server.failures = 1;
    EXPECT_EQ(container_key(), "AKIDTASK");
    EXPECT_EQ(server.seen.back(), "http://169.254.170.2/v2/credentials/uuid ");
    server.status = 500;
    EXPECT_NE(container_key().find("the container's credentials at http://169.254.170.2: HTTP 500"),
              std::string::npos);
}

TEST_F(ContainerChainTest, AnEksPodShowsItsToken) {
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1/credentials";
    variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = home.file("eks", "pod-token");
    server.body = metadata_answer("AKIDPOD", minutes(60));
    EXPECT_EQ(container_key(), "AKIDPOD");
    EXPECT_EQ(server.seen.back(), "http://169.254.170.23/v1/credentials pod-token");
}

TEST_F(ContainerChainTest, NoTokenGoesToAStrangerInPlainText) {
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://example.com/credentials";
    variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "secret-token";
    EXPECT_NE(container_key().find("only from this machine"), std::string::npos);
    EXPECT_TRUE(server.seen.empty());
}

} // namespace
} // namespace squall::aws
