// What `squall lab api` does to the endpoint: breakages, throttling, expired sessions.
#include "cloud/control.h"
#include "lab_world.h"

namespace squall::lab {
namespace {

class BadDayTest : public ::testing::Test {
protected:
    // What `squall lab api VERB` gets; the error's text where the lab refuses.
    json::Object order(const std::string& verb, const json::Object& members, int status = 200) {
        const auto answered =
            answer_api_control(cloud, {"POST", "/api/" + verb, {}, json::text(members)}, now);
        EXPECT_EQ(answered.status, status) << answered.body;
        return json::parse_object(answered.body).value();
    }

    std::optional<Fate> fate(const std::string& service,
                             const std::string& operation,
                             const std::string& caller = "arn:aws:iam::123456789012:user/lab") {
        ApiCall call;
        call.service = service;
        call.operation = operation;
        call.caller.arn = caller;
        call.now = now;
        return cloud.breakages().fate_of(call);
    }

    json::Object api() { return describe_api(cloud, now); }

    std::optional<wire::ServiceError> throttled(const std::string& service,
                                                const std::string& operation,
                                                const std::string& region = "us-east-1",
                                                const std::string& form = "") {
        ApiCall call;
        call.service = service;
        call.operation = operation;
        call.region = region;
        call.form = wire::QueryParameters::parse(form).value();
        call.now = now;
        return cloud.throttle().refusal(call);
    }

    // How many of these calls in a row get through.
    int granted(int count, const std::string& service, const std::string& operation) {
        int through = 0;
        for (int i = 0; i < count; ++i)
            through += throttled(service, operation) ? 0 : 1;
        return through;
    }

    Cloud cloud{"123456789012", "us-east-1"};
    WallTime now = start_of_test;
};

TEST_F(BadDayTest, BreaksTheCallsThatAreMeantUntilItIsMended) {
    const auto broken = order("break", {{"calls", "ssm:SendCommand"}, {"how", "500"}});
    ASSERT_TRUE(fate("ssm", "SendCommand"));
    EXPECT_EQ(fate("ssm", "SendCommand")->error.code, "InternalServerError");
    EXPECT_FALSE(fate("ssm", "ListCommands"));
    EXPECT_FALSE(fate("ecs", "SendCommand"));
    const auto shown = json::array_at(api(), "broken");
    ASSERT_EQ(shown.size(), 1U);
    EXPECT_EQ(json::integer_at(shown[0], "hits"), 2);
    EXPECT_EQ(json::integer_at(order("mend", {{"id", json::at(broken, "id")}}), "mended"), 1);
    EXPECT_FALSE(fate("ssm", "SendCommand"));
    EXPECT_TRUE(json::array_at(api(), "broken").empty());
}

TEST_F(BadDayTest, SpeaksTheErrorsOfEachService) {
    order("break", {{"calls", "*"}, {"how", "throttle"}});
    EXPECT_EQ(fate("ecs", "ListClusters")->error.code, "ThrottlingException");
    EXPECT_EQ(fate("ecs", "ListClusters")->error.message, "Rate exceeded");
    EXPECT_EQ(fate("ecs", "ListClusters")->error.status, 400);
    EXPECT_EQ(fate("ec2", "DescribeInstances")->error.code, "RequestLimitExceeded");
    EXPECT_EQ(fate("ec2", "DescribeInstances")->error.status, 503);
    EXPECT_EQ(fate("sts", "AssumeRole")->error.code, "Throttling");
    order("mend", {});
    order("break", {{"calls", "*"}, {"how", "500"}});
    for (const auto& [service, operation, code] :
         {std::tuple("ecs", "ListClusters", "ServerException"),
          std::tuple("ec2", "DescribeInstances", "InternalError"),
          std::tuple("sts", "AssumeRole", "InternalFailure"),
          std::tuple("iam", "GetUser", "ServiceFailure")}) {
        EXPECT_EQ(fate(service, operation)->error.code, code);
        EXPECT_EQ(fate(service, operation)->error.status, 500);
    }
    order("mend", {});
    order("break", {{"calls", "ecs:*"}, {"how", "AccessDeniedException"}});
    EXPECT_EQ(fate("ecs", "ListClusters")->error.status, 400);
}

TEST_F(BadDayTest, LeavesTheAgentsAloneUnlessTheyAreNamed) {
    order("break", {{"calls", "*"}, {"how", "500"}});
    order("break", {{"calls", "ecs:*"}, {"how", "500"}});
    EXPECT_FALSE(fate("ecs", "Poll"));
    EXPECT_FALSE(fate("ecs", "SubmitTaskStateChange"));
    EXPECT_FALSE(fate("ssm", "UpdateInstanceInformation"));
    EXPECT_FALSE(fate("ec2messages", "GetMessages"));
    order("break", {{"calls", "ecs:Poll"}, {"how", "500"}});
    order("break", {{"calls", "ec2messages:*"}, {"how", "500"}});
    EXPECT_TRUE(fate("ecs", "Poll"));
    EXPECT_TRUE(fate("ec2messages", "GetMessages"));
}

TEST_F(BadDayTest, IsOverAfterSoManyCallsOrSoLong) {
    order("break", {{"calls", "ecs:ListClusters"}, {"how", "500"}, {"times", 2}});
    EXPECT_TRUE(fate("ecs", "ListClusters"));
    EXPECT_TRUE(fate("ecs", "ListClusters"));
    EXPECT_FALSE(fate("ecs", "ListClusters"));
    order("break", {{"calls", "ecs:ListClusters"}, {"how", "hang=30s"}, {"for", "60s"}});
    now += Seconds(59);
    ASSERT_TRUE(fate("ecs", "ListClusters"));
    EXPECT_EQ(fate("ecs", "ListClusters")->mishap, Mishap::hang);
    EXPECT_EQ(fate("ecs", "ListClusters")->delay, Seconds(30));
    now += Seconds(1);
    EXPECT_FALSE(fate("ecs", "ListClusters"));
    EXPECT_TRUE(json::array_at(api(), "broken").empty());
}

TEST_F(BadDayTest, PicksAShareOfTheCallsAndTheSameOnesForTheSameSeed) {
    const auto picked = [&](std::int64_t seed) {
        std::string hits;
        order("break", {{"calls", "ecs:*"}, {"how", "500"}, {"share", 30}, {"seed", seed}});
        for (int i = 0; i < 1000; ++i)
            hits.push_back(fate("ecs", "ListClusters") ? 'x' : '.');
        order("mend", {});
        return hits;
    };
    const std::string first = picked(7);
    EXPECT_EQ(first, picked(7));
    EXPECT_NE(first, picked(8));
    const auto count = std::count(first.begin(), first.end(), 'x');
    EXPECT_GT(count, 200);
    EXPECT_LT(count, 400);
    const auto unseeded = order("break", {{"calls", "ecs:*"}, {"how", "500"}, {"share", 30}});
    EXPECT_FALSE(json::at(unseeded, "seed").is_null()) << "it says with what it can be repeated";
}

TEST_F(BadDayTest, RefusesOrdersThatCannotBeMeantAndSaysWhy) {
    const auto why = [&](const json::Object& members) {
        return std::string(json::string_at(order("break", members, 400), "error"));
    };
    EXPECT_NE(why({{"calls", "ssm:SendComand"}, {"how", "500"}}).find("ssm:SendCommand?"),
              std::string::npos);
    EXPECT_NE(why({{"calls", "kms:*"}, {"how", "500"}}).find("SERVICE:OPERATION"),
              std::string::npos);
    EXPECT_NE(why({{"calls", "*"}, {"how", "sometimes"}}).find("there are: 500"),
              std::string::npos);
    for (const char* how : {"slow", "slow=", "slow=-1s", "slow=2h", "hang=x", "500=1", ""})
        why({{"calls", "*"}, {"how", how}});
    why({{"calls", "*"}, {"how", "500"}, {"times", 0}});
    why({{"calls", "*"}, {"how", "500"}, {"times", "two"}});
    why({{"calls", "*"}, {"how", "500"}, {"share", 101}});
    why({{"calls", "*"}, {"how", "500"}, {"for", "soon"}});
    order("mend", {{"id", 99}}, 404);
    order("fly", {}, 404);
    EXPECT_TRUE(json::array_at(api(), "broken").empty()) << "nothing of it was done";
    for (std::size_t i = 0; i < Breakages::count_max; ++i)
        order("break", {{"calls", "ecs:*"}, {"how", "500"}});
    EXPECT_NE(why({{"calls", "ecs:*"}, {"how", "500"}}).find("broken already"), std::string::npos);
}

TEST_F(BadDayTest, DoesNotThrottleUnlessItIsTurnedOn) {
    EXPECT_EQ(granted(1000, "ecs", "DescribeClusters"), 1000);
    order("throttling", {{"on", true}});
    EXPECT_EQ(granted(1000, "ecs", "DescribeClusters"), 50);
    order("throttling", {{"on", false}});
    EXPECT_EQ(granted(1000, "ecs", "DescribeClusters"), 1000);
}

TEST_F(BadDayTest, ThrottlesByAwsBucketsWhichFillAgainEverySecond) {
    order("throttling", {{"on", true}});
    EXPECT_EQ(granted(60, "ecs", "DescribeClusters"), 50);
    EXPECT_EQ(granted(1, "ecs", "ListClusters"), 0) << "they share a bucket";
    EXPECT_EQ(granted(300, "ecs", "DescribeContainerInstances"), 100);
    EXPECT_FALSE(throttled("ecs", "DescribeClusters", "eu-west-1")) << "each region has its own";
    const auto refused = throttled("ecs", "DescribeClusters");
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code, "ThrottlingException");
    EXPECT_EQ(refused->message, "Rate exceeded");
    EXPECT_EQ(refused->status, 400);
    now += Millis(999);
    EXPECT_EQ(granted(1, "ecs", "DescribeClusters"), 0);
    now += Millis(1);
    EXPECT_EQ(granted(60, "ecs", "DescribeClusters"), 20);
    now += Seconds(2);
    EXPECT_EQ(granted(60, "ecs", "DescribeClusters"), 40);
    now += std::chrono::hours(24 * 365 * 50);
    EXPECT_EQ(granted(60, "ecs", "DescribeClusters"), 50) << "never more than it holds";
}

TEST_F(BadDayTest, GivesUnfilteredListsOfEc2ASmallerBucket) {
    order("throttling", {{"on", true}});
    EXPECT_EQ(granted(200, "ec2", "DescribeInstances"), 50);
    const auto refused = throttled("ec2", "DescribeInstances");
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code, "RequestLimitExceeded");
    EXPECT_EQ(refused->status, 503);
    EXPECT_FALSE(throttled("ec2", "DescribeInstances", "us-east-1", "MaxResults=5"));
    EXPECT_EQ(granted(1000, "ssm", "SendCommand"), 1000) << "its rates are not published";
}

TEST_F(BadDayTest, ThrottlesCallsThatComeThroughTheEndpoint) {
    order("throttling", {{"on", true}});
    const auto key = cloud.keys().add_user("lab").credentials;
    int through = 0;
    for (int i = 0; i < 60; ++i) {
        wire::HttpRequest request{
            "POST",
            "/",
            {{"Host", "127.0.0.1:4747"},
             {"Content-Type", "application/x-amz-json-1.1"},
             {"X-Amz-Target", "AmazonEC2ContainerServiceV20141113.ListClusters"}},
            "{}"};
        wire::sign(request, key, "us-east-1", "ecs", now);
        through += cloud.endpoint().handle(request, now).status == 200 ? 1 : 0;
    }
    EXPECT_EQ(through, 50);
}

TEST_F(BadDayTest, ExpiresTheSessionsOfARole) {
    const auto expires_of = [&](const std::string& id) {
        return *cloud.keys().find(id)->expires;
    };
    const auto mine = cloud.keys().new_session(
        "arn:aws:iam::123456789012:role/squall-experiment", "me", now, Seconds(900));
    const auto other = cloud.keys().new_session(
        "arn:aws:iam::123456789012:role/web-task", "task", now, Seconds(900));
    const auto done = order("expire", {{"role", "squall-experiment"}});
    EXPECT_EQ(json::integer_at(done, "expired"), 1);
    EXPECT_LT(expires_of(mine.credentials.access_key_id), now);
    EXPECT_GT(expires_of(other.credentials.access_key_id), now);
    order("expire", {{"role", "squall-experiment"}}, 404);
    order("expire", {{"role", "squall"}}, 404);
}

TEST_F(BadDayTest, BreaksTheCallsOfOneCallerAlone) {
    const auto broken =
        order("break",
              {{"calls", "ecs:RegisterContainerInstance"}, {"how", "throttle"}, {"caller", "i-1"}});
    EXPECT_EQ(json::string_at(broken, "caller"), "i-1");
    const auto of = [&](const std::string& caller) {
        return fate("ecs", "RegisterContainerInstance", caller).has_value();
    };
    EXPECT_TRUE(of("arn:aws:sts::123456789012:assumed-role/ecsInstanceRole/i-1"));
    EXPECT_FALSE(of("arn:aws:sts::123456789012:assumed-role/ecsInstanceRole/i-12"));
    EXPECT_FALSE(of("arn:aws:iam::123456789012:user/lab"));
    order("break", {{"calls", "ecs:*"}, {"how", "500"}, {"caller", "lab"}});
    EXPECT_TRUE(fate("ecs", "ListClusters", "arn:aws:iam::123456789012:user/lab"));
}

TEST_F(BadDayTest, TakesSignaturesOfAgentsForItsOwnRegionOnly) {
    ApiCall call;
    call.service = "ecs";
    call.operation = "DiscoverPollEndpoint";
    call.region = "eu-central-1";
    call.host = "10.0.0.1";
    call.now = now;
    ASSERT_TRUE(cloud.endpoint().refusal(call));
    EXPECT_EQ(cloud.endpoint().refusal(call)->code, "InvalidSignatureException");
    EXPECT_EQ(cloud.endpoint().refusal(call)->message.find("Credential should be scoped to a valid "
                                                           "region"),
              0U);
    call.caller.arn = "arn:aws:iam::123456789012:user/lab";
    call.host = "127.0.0.1:4747";
    EXPECT_FALSE(cloud.endpoint().refusal(call)) << "there all regions are";
    call.host = "10.0.0.1";
    call.region = "us-east-1";
    EXPECT_FALSE(cloud.endpoint().refusal(call));
}

} // namespace
} // namespace squall::lab
