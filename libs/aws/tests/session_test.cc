#include "squall/aws/session.h"

#include "fake_aws.h"
#include "fake_instance.h"
#include "squall/base/temporary_folder.h"
#include "squall/base/time_text.h"

#include <gtest/gtest.h>

namespace squall::aws {
namespace {

using std::chrono::minutes;

constexpr const char* role = "arn:aws:iam::123456789012:role/chaos";

class SessionTest : public testing::Test {
protected:
    SessionTest() {
        instance.is_there = false;
        options.environment = Environment{{"AWS_ACCESS_KEY_ID", "AKIDBASE"},
                                          {"AWS_SECRET_ACCESS_KEY", "base-secret"},
                                          {"AWS_REGION", "eu-central-1"}};
        aws.add_key("AKIDBASE", {"base-secret", "", std::nullopt});
        aws.on("ecs:ListClusters", [](const Received&) {
            return json_answer({{"clusterArns", json::Array{}}});
        });
        aws.on("sts:AssumeRole", [this](const Received& received) { return assume(received); });
    }

    // Keys that really are good for as long as they were asked for.
    wire::HttpResponse assume(const Received& received) {
        const auto seconds = std::stol(std::string(received.form.get("DurationSeconds")));
        const auto expires = aws.time() + Seconds(seconds);
        const auto key = fmt::format("AKIDROLE{}", ++assumed);
        aws.add_key(key, {"role-secret", "role-token", expires});
        return xml_answer(fmt::format(
            "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>{}</AccessKeyId>"
            "<SecretAccessKey>role-secret</SecretAccessKey><SessionToken>role-token</SessionToken>"
            "<Expiration>{}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>",
            key,
            rfc3339_seconds(expires)));
    }

    Result<std::unique_ptr<Session>> open() {
        return Session::open_over({aws, instance}, options, clock, clock.in(Seconds(60)), {});
    }

    Outcome<json::Value> list(Session& session) {
        return session.client().call_json(
            ServiceId::ecs, "ListClusters", {}, clock.in(Seconds(60)), {});
    }

    FakeClock clock;
    FakeAws aws{clock};
    FakeInstance instance{clock};
    SessionOptions options;
    int assumed = 0;
};

TEST_F(SessionTest, PutsRegionEndpointsAndCredentialsTogether) {
    const auto session = open().value();
    EXPECT_EQ(session->region().name, "eu-central-1");
    EXPECT_EQ(session->region().source, "AWS_REGION");
    EXPECT_TRUE(list(*session));
    EXPECT_EQ(aws.received().at(0).server.host, "ecs.eu-central-1.amazonaws.com");
}

TEST_F(SessionTest, AssumesARoleOnTopAndRenewsItBeforeItExpires) {
    options.assume_role_arn = role;
    options.role_session = "squall-run-7";
    options.external_id = "external";
    const auto session = open().value();
    EXPECT_TRUE(list(*session));
    EXPECT_TRUE(list(*session));
    EXPECT_EQ(assumed, 1);
    const auto form = aws.received("sts:AssumeRole").at(0).form;
    EXPECT_EQ(form.get("RoleArn"), role);
    EXPECT_EQ(form.get("RoleSessionName"), "squall-run-7");
    EXPECT_EQ(form.get("ExternalId"), "external");
    EXPECT_EQ(form.get("DurationSeconds"), "3600");
    clock.advance(minutes(46));
    EXPECT_TRUE(list(*session));
    EXPECT_EQ(assumed, 2);
    EXPECT_EQ(
        session->client().call_counts(),
        (std::map<std::string, std::uint64_t>{{"ecs:ListClusters", 3}, {"sts:AssumeRole", 2}}));
}

TEST_F(SessionTest, RenewsARoleThatAwsEndedEarly) {
    options.assume_role_arn = role;
    const auto session = open().value();
    EXPECT_TRUE(list(*session));
    aws.add_key("AKIDROLE1", {"role-secret", "role-token", aws.time()});
    EXPECT_TRUE(list(*session));
    EXPECT_EQ(assumed, 2);
}

TEST_F(SessionTest, ARefusedRoleNamesWhoseTrustPolicyHasToNameWhom) {
    options.assume_role_arn = role;
    aws.on("sts:AssumeRole", [](const Received& received) {
        return error_answer(received,
                            "AccessDenied",
                            "User: arn:aws:iam::1:user/ops is not authorized to perform: "
                            "sts:AssumeRole on resource: arn:aws:iam::123456789012:role/chaos",
                            403);
    });
    const auto session = open().value();
    const auto error = list(*session).error();
    EXPECT_EQ(error.operation, "sts:AssumeRole");
    EXPECT_EQ(error.principal, "arn:aws:iam::1:user/ops");
    EXPECT_NE(error.hint.find("the trust policy of arn:aws:iam::123456789012:role/chaos has to "
                              "name arn:aws:iam::1:user/ops, and the user ops (account 1) needs"),
              std::string::npos)
        << error.hint;
    EXPECT_NE(error.statement.find("\"arn:aws:iam::1:user/ops\""), std::string::npos);
    EXPECT_EQ(aws.received().size(), 1U);
}

TEST_F(SessionTest, SaysWhoItIsAndHowItCameToBeThat) {
    aws.on("sts:GetCallerIdentity", [](const Received&) {
        return xml_answer("<GetCallerIdentityResponse><GetCallerIdentityResult>"
                          "<Arn>arn:aws:sts::1:assumed-role/chaos/x</Arn><Account>1</Account>"
                          "</GetCallerIdentityResult></GetCallerIdentityResponse>");
    });
    const auto base = open().value()->identity(clock.in(Seconds(60)), {}).value();
    EXPECT_EQ(base.caller.account, "1");
    EXPECT_EQ(base.source, "environment variables");
    EXPECT_EQ(base.expires, std::nullopt);
    options.assume_role_arn = role;
    const auto assumed_one = open().value()->identity(clock.in(Seconds(60)), {}).value();
    EXPECT_EQ(assumed_one.caller.arn, "arn:aws:sts::1:assumed-role/chaos/x");
    EXPECT_EQ(assumed_one.source, "the assumed role arn:aws:iam::123456789012:role/chaos");
    EXPECT_EQ(assumed_one.expires, clock.wall() + minutes(60));
}

TEST_F(SessionTest, ACredentialsFileCanStandInPlaceOfTheEnvironment) {
    const TemporaryFolder folder;
    options.credentials_file =
        folder.file("secret", "[ops]\naws_access_key_id=AKIDSECRET\naws_secret_access_key=s\n");
    EXPECT_TRUE(open()) << "the region is still the environment's";
    options.profile = "ops";
    aws.add_key("AKIDSECRET", {"s", "", std::nullopt});
    const auto session = open().value();
    EXPECT_TRUE(list(*session));
    const auto received = aws.received();
    const auto header = wire::header_value(received.at(0).request.headers, "Authorization");
    EXPECT_NE(header.find("AKIDSECRET/"), std::string_view::npos);
    options.credentials_file = folder / "nothing";
    EXPECT_FALSE(open());
}

TEST_F(SessionTest, WithoutCredentialsNothingIsSentAndTheErrorNamesTheCall) {
    options.environment = Environment{{"AWS_REGION", "eu-central-1"}};
    const auto session = open().value();
    const auto error = list(*session).error();
    EXPECT_EQ(error.operation, "ecs:ListClusters");
    EXPECT_NE(error.message.find("no credentials were found"), std::string::npos);
    EXPECT_TRUE(aws.received().empty());
}

TEST_F(SessionTest, IsNotOpenedOverABrokenConfiguration) {
    options.profile = "nobody";
    EXPECT_FALSE(open());
    options.profile = "";
    options.environment = Environment();
    EXPECT_NE(open().error().message.find("no region is known"), std::string::npos);
}

TEST_F(SessionTest, NoSecretIsInAnyMessage) {
    aws.add_key("AKIDBASE", {"another-secret", "", std::nullopt});
    const auto session = open().value();
    const auto error = to_error(list(*session).error()).message;
    EXPECT_EQ(error.find("secret-"), std::string::npos);
    EXPECT_EQ(error.find("base-secret"), std::string::npos);
}

} // namespace
} // namespace squall::aws
