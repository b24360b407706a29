#include "chain_fixture.h"

namespace squall::aws {
namespace {

using std::chrono::minutes;

// Profiles whose role is assumed with somebody else's credentials.
class ProfileRoleTest : public ChainTest {
protected:
    std::string profile(const std::string& name, const std::string& lines) {
        return "[profile " + name + "]\n" + lines;
    }

    std::string
    role(const std::string& name, const std::string& source, const std::string& more = {}) {
        return "role_arn = " + role_arn(name) + "\n" + source + "\n" + more;
    }
};

TEST_F(ProfileRoleTest, IsAssumedWithTheKeysOfItsSourceProfile) {
    write_config(profile("prod",
                         role("chaos",
                              "source_profile = base",
                              "external_id = ext-1\nrole_session_name = me\n"
                              "duration_seconds = 1800\n")));
    write_credentials("[base]\n" + keys("AKIDBASE"));
    trust("AKIDBASE", "chaos");
    const auto got = found("prod").value();
    EXPECT_EQ(got.keys.access_key_id, "AKID-chaos");
    EXPECT_EQ(got.expires, clock.wall() + minutes(30));
    EXPECT_EQ(got.source, "the role arn:aws:iam::123456789012:role/chaos of profile 'prod'");
    const auto form = aws.received("sts:AssumeRole").at(0).form;
    EXPECT_EQ(form.get("ExternalId"), "ext-1");
    EXPECT_EQ(form.get("RoleSessionName"), "me");
    EXPECT_EQ(form.get("DurationSeconds"), "1800");
}

TEST_F(ProfileRoleTest, GoesThroughSeveralRolesInTheirOrderAndIsRenewedBeforeItExpires) {
    write_config(profile("last", role("last", "source_profile = middle"))
                 + profile("middle", role("middle", "source_profile = first"))
                 + profile("first", keys("AKIDFIRST")));
    trust("AKIDFIRST", "middle");
    trust("AKID-middle", "last");
    auto& credentials = chain("last");
    EXPECT_EQ(credentials.get(Deadline::never(), {})->keys.access_key_id, "AKID-last");
    EXPECT_EQ(aws.received("sts:AssumeRole").size(), 2U);
    clock.advance(minutes(44));
    EXPECT_TRUE(credentials.get(Deadline::never(), {}));
    EXPECT_EQ(aws.received("sts:AssumeRole").size(), 2U);
    clock.advance(minutes(2));
    EXPECT_TRUE(credentials.get(Deadline::never(), {}));
    EXPECT_EQ(aws.received("sts:AssumeRole").size(), 4U);
}

TEST_F(ProfileRoleTest, KeysOfTheSourceProfileWinOverItsRole) {
    write_config(profile("top", role("top", "source_profile = both"))
                 + profile("both", role("never", "source_profile = nobody") + keys("AKIDBOTH")));
    trust("AKIDBOTH", "top");
    EXPECT_EQ(key("top"), "AKID-top");
}

TEST_F(ProfileRoleTest, AProfileMayNameItselfWhereItHasKeys) {
    write_config(profile("self", role("self", "source_profile = self") + keys("AKIDSELF")));
    trust("AKIDSELF", "self");
    EXPECT_EQ(key("self"), "AKID-self");
    write_config(profile("self", role("self", "source_profile = self")));
    EXPECT_NE(key("self").find("leads in a circle by source_profile: self -> self"),
              std::string::npos)
        << key("self");
}

TEST_F(ProfileRoleTest, ACircleIsAnErrorThatShowsIt) {
    write_config(profile("a", role("a", "source_profile = b"))
                 + profile("b", role("b", "source_profile = c"))
                 + profile("c", role("c", "source_profile = b")));
    EXPECT_EQ(key("a"), "the profile 'a' leads in a circle by source_profile: a -> b -> c -> b");
    EXPECT_TRUE(aws.received().empty());
}

TEST_F(ProfileRoleTest, CanStartFromTheEnvironmentTheContainerOrTheInstance) {
    give_instance_a_role();
    aws.add_key("AKIDINSTANCE", {"s", "t", std::nullopt});
    aws.add_key("AKIDENV", {"s", "", std::nullopt});
    trust("AKIDINSTANCE", "r");
    trust("AKIDENV", "r");
    write_config(profile("i", role("r", "credential_source = Ec2InstanceMetadata"))
                 + profile("e", role("r", "credential_source = Environment"))
                 + profile("c", role("r", "credential_source = EcsContainer")));
    EXPECT_EQ(key("i"), "AKID-r");
    EXPECT_NE(key("e").find("credential_source Environment, from which the profile 'e' wants its "
                            "credentials, has none: AWS_ACCESS_KEY_ID is not set"),
              std::string::npos)
        << key("e");
    variables["AWS_ACCESS_KEY_ID"] = "AKIDENV";
    variables["AWS_SECRET_ACCESS_KEY"] = "s";
    EXPECT_EQ(key("e"), "AKID-r");
    EXPECT_NE(key("c").find("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), std::string::npos);
}

TEST_F(ProfileRoleTest, WhatCannotBeMeantIsAnErrorBeforeAnythingIsAsked) {
    give_instance_a_role();
    const std::pair<std::string, const char*> cases[] = {
        {role("r", ""), "has role_arn, but no source_profile or credential_source"},
        {role("r", "source_profile = x\ncredential_source = Environment"),
         "has both source_profile and credential_source"},
        {role("r", "credential_source = Ec2"), "there are Environment, Ec2InstanceMetadata and"},
        {role("r", "source_profile = nobody"),
         "the profile 'nobody' that source_profile of profile 'p' names is neither in"},
        {role("r", "source_profile = empty"), "wants its credentials, has none"},
        {role("r", "source_profile = base", "duration_seconds = 60\n"), "from 900 to 43200"},
        {role("r", "source_profile = base", "mfa_serial = arn:aws:iam::1:mfa/me\n"),
         "wants a one-time code (arn:aws:iam::1:mfa/me), and nobody can be asked for it here; give "
         "its credentials by environment variables"}};
    for (const auto& [lines, told] : cases) {
        write_config(profile("p", lines) + profile("empty", "region = x\n")
                     + profile("base", keys("AKIDBASE")));
        EXPECT_NE(key("p").find(told), std::string::npos) << key("p");
    }
    EXPECT_TRUE(aws.received().empty());
}

TEST_F(ProfileRoleTest, AnyPlaceOfTheSourceProfileWillDo) {
    write_config(profile("top", role("top", "source_profile = web"))
                 + profile("web",
                           "role_arn = arn:aws:iam::1:role/pod\nweb_identity_token_file = "
                               + home.file("token", "jwt") + "\n"));
    aws.add_key("AKIDWEB", {"s", "t", std::nullopt});
    trust("AKIDWEB", "top");
    EXPECT_EQ(key("top"), "AKID-top");
}

TEST_F(ProfileRoleTest, ARefusalNamesTheTrustPolicyAndTheStatementForIt) {
    write_config(profile("prod", role("chaos", "source_profile = base", "external_id = ext-1\n")));
    write_credentials("[base]\n" + keys("AKIDBASE"));
    const auto error = found("prod").error();
    EXPECT_EQ(error.kind, Errc::denied);
    EXPECT_NE(error.message.find("assuming the role of the profile 'prod' with the credentials of "
                                 "profile 'base' in "),
              std::string::npos)
        << error.message;
    EXPECT_NE(
        error.hint.find("the trust policy of arn:aws:iam::123456789012:role/chaos has to name "
                        "arn:aws:iam::123456789012:user/AKIDBASE"),
        std::string::npos)
        << error.hint;
    const auto statement = json::parse_object(error.statement).value();
    EXPECT_EQ(json::string_at(json::object_at(statement, "Principal"), "AWS"),
              "arn:aws:iam::123456789012:user/AKIDBASE");
    EXPECT_EQ(json::text(json::object_at(statement, "Condition")),
              R"({"StringEquals":{"sts:ExternalId":"ext-1"}})");
}

} // namespace
} // namespace squall::aws
