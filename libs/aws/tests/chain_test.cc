#include "chain_fixture.h"

namespace squall::aws {
namespace {

using std::chrono::minutes;

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

TEST_F(ChainTest, WhatIsNotSupportedIsAnErrorWhereAwsToolsWouldUseIt) {
    give_instance_a_role();
    write_config("[default]\nlogin_session = x\n");
    EXPECT_EQ(key(),
              "not supported yet: the profile 'default' has login_session; give its credentials by "
              "environment variables: eval \"$(aws configure export-credentials --profile "
              "'default' --format env)\"");
    // Keys in the credentials file come before it, as with AWS's tools.
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

// AWS_AUTHENTICATION_SECRET
class OnlyFileTest : public ChainTest {
protected:
    OnlyFileTest() {
        only_file = home.file("secret",
                              "[default]\naws_access_key_id=AKIDSECRET\naws_secret_access_key=s\n"
                              "[other]\naws_access_key_id=AKIDOTHER\naws_secret_access_key=s\n"
                              "[empty]\n");
    }
};

TEST_F(OnlyFileTest, StandsInPlaceOfEverythingThatTheMachineHas) {
    variables["AWS_ACCESS_KEY_ID"] = "AKIDENVIRONMENT";
    variables["AWS_SECRET_ACCESS_KEY"] = "s";
    use_web_identity();
    write_config("[default]\nrole_arn = r\nsource_profile = x\n");
    write_credentials("[default]\naws_access_key_id=AKIDFILE\naws_secret_access_key=s\n");
    give_instance_a_role();
    EXPECT_EQ(key(), "AKIDSECRET");
    EXPECT_EQ(found()->source, "profile 'default' in " + only_file.string());
    variables["AWS_PROFILE"] = "other";
    EXPECT_EQ(key(), "AKIDOTHER");
}

TEST_F(OnlyFileTest, NeverFallsBackToTheMachine) {
    give_instance_a_role();
    variables["AWS_ACCESS_KEY_ID"] = "AKIDENVIRONMENT";
    variables["AWS_SECRET_ACCESS_KEY"] = "s";
    const std::string said = key("empty");
    EXPECT_NE(said.find(only_file.string() + ": no aws_access_key_id in profile 'empty'"),
              std::string::npos)
        << said;
    EXPECT_EQ(said.find("EC2"), std::string::npos) << said;
    EXPECT_TRUE(instance.asked.empty());
}

TEST_F(OnlyFileTest, ARoleInItIsAssumedWithAnotherProfileOfIt) {
    only_file = home.file("secret",
                          "[chaos]\nrole_arn = " + role_arn("chaos") + "\nsource_profile = base\n"
                              + "[base]\n" + keys("AKIDBASE"));
    trust("AKIDBASE", "chaos");
    EXPECT_EQ(key("chaos"), "AKID-chaos");
}

TEST_F(OnlyFileTest, HasToBeThere) {
    const auto missing = SharedConfig::load(Environment(), {}, "/nowhere/secret");
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message.find("/nowhere/secret"), std::string::npos);
    const auto other = SharedConfig::load(Environment(), "nobody", only_file);
    ASSERT_FALSE(other);
    EXPECT_NE(other.error().message.find("is not in " + only_file.string()), std::string::npos)
        << other.error().message;
}

} // namespace
} // namespace squall::aws
