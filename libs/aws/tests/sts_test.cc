#include "squall/aws/sts.h"

#include "fake_aws.h"

#include <gtest/gtest.h>

namespace squall::aws {
namespace {

class StsTest : public testing::Test {
protected:
    void answer(const std::string& action, const std::string& result) {
        world.aws.on("sts:" + action, [action, result](const Received&) {
            return xml_answer(fmt::format(
                "<{0}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{0}Result>{1}"
                "</{0}Result></{0}Response>",
                action,
                result));
        });
    }

    static std::string credentials(const std::string& expiration) {
        return "<Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s3cret"
               "</SecretAccessKey><SessionToken>t0ken</SessionToken><Expiration>"
               + expiration + "</Expiration></Credentials>";
    }

    Outcome<Credentials> assume() {
        return sts.assume_role(
            {"arn:aws:iam::1:role/r", "squall-1", "", Seconds(900)}, world.soon(), {});
    }

    World world;
    Sts sts{world.client};
};

TEST_F(StsTest, SaysWhoWeAre) {
    answer("GetCallerIdentity",
           "<Arn>arn:aws:iam::1:user/me</Arn><UserId>AIDA1</UserId><Account>1</Account>");
    const auto identity = sts.get_caller_identity(world.soon(), {}).value();
    EXPECT_EQ(identity.arn, "arn:aws:iam::1:user/me");
    EXPECT_EQ(identity.user_id, "AIDA1");
    EXPECT_EQ(identity.account, "1");
    EXPECT_EQ(world.aws.received().at(0).server.host, "sts.us-east-1.amazonaws.com");
    answer("GetCallerIdentity", "");
    EXPECT_EQ(sts.get_caller_identity(world.soon(), {}).error().message, "the answer names nobody");
}

TEST_F(StsTest, GivesTheCredentialsOfARole) {
    answer("AssumeRole", credentials("2026-11-21T03:00:00Z"));
    const auto role = assume().value();
    EXPECT_EQ(role.keys.access_key_id, "ASIA1");
    EXPECT_EQ(role.keys.secret_access_key, "s3cret");
    EXPECT_EQ(role.keys.session_token, "t0ken");
    EXPECT_EQ(role.expires, world.clock.wall() + std::chrono::hours(1));
    const auto form = world.aws.received().at(0).form;
    EXPECT_EQ(form.get("DurationSeconds"), "900");
    EXPECT_FALSE(form.has("ExternalId"));
}

TEST_F(StsTest, AnAnswerWithoutUsableCredentialsIsAnErrorThatShowsNoSecret) {
    answer("AssumeRole", "");
    EXPECT_EQ(assume().error().message, "the answer holds no credentials");
    answer("AssumeRole", credentials("whenever"));
    const auto error = to_error(assume().error()).message;
    EXPECT_NE(error.find("Expiration: 'whenever' is not a time"), std::string::npos) << error;
    EXPECT_EQ(error.find("s3cret"), std::string::npos);
}

} // namespace
} // namespace squall::aws
