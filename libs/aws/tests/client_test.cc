#include "squall/aws/client.h"

#include "fake_aws.h"

#include <gtest/gtest.h>

#include <thread>

namespace squall::aws {
namespace {

class ClientTest : public testing::Test {
protected:
    Outcome<json::Value> list(Deadline deadline, std::stop_token stop = {}) {
        return world.client.call_json(
            ServiceId::ecs, "ListTasks", {{"cluster", "demo"}}, deadline, std::move(stop));
    }

    Outcome<json::Value> list() { return list(world.soon()); }

    void answer_lists() {
        world.aws.on("ecs:ListTasks", [](const Received&) {
            return json_answer({{"taskArns", json::Array{"a"}}});
        });
    }

    [[nodiscard]] std::uint64_t sent() const {
        const auto counts = world.client.call_counts();
        const auto found = counts.find("ecs:ListTasks");
        return found == counts.end() ? 0 : found->second;
    }

    World world;
};

TEST_F(ClientTest, SpeaksJsonToItsServicesRegion) {
    answer_lists();
    const auto answer = list().value();
    EXPECT_EQ(json::array_at(answer, "taskArns").size(), 1U);
    const auto one = world.aws.received().at(0);
    EXPECT_EQ(one.server.host, "ecs.us-east-1.amazonaws.com");
    EXPECT_TRUE(one.server.is_tls());
    EXPECT_EQ(json::string_at(one.input, "cluster"), "demo");
    const auto header = [&](const char* name) {
        return std::string(wire::header_value(one.request.headers, name));
    };
    EXPECT_EQ(header("Host"), "ecs.us-east-1.amazonaws.com");
    EXPECT_EQ(header("Content-Type"), "application/x-amz-json-1.1");
    EXPECT_EQ(header("X-Amz-Target"), "AmazonEC2ContainerServiceV20141113.ListTasks");
    EXPECT_TRUE(header("User-Agent").starts_with("squall/"));
    EXPECT_EQ(header("amz-sdk-request"), "attempt=1; max=5");
    EXPECT_NE(header("Authorization").find("/us-east-1/ecs/aws4_request"), std::string::npos);
}

TEST_F(ClientTest, SpeaksQueryToSts) {
    world.aws.on("sts:GetCallerIdentity", [](const Received&) {
        return xml_answer("<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>me</Arn>"
                          "</GetCallerIdentityResult></GetCallerIdentityResponse>");
    });
    const auto answer =
        world.client.call_query(ServiceId::sts, "GetCallerIdentity", {}, world.soon(), {}).value();
    EXPECT_EQ(answer.text_at("GetCallerIdentityResult/Arn"), "me");
    EXPECT_EQ(world.aws.received().at(0).form.get("Version"), "2011-06-15");
}

TEST_F(ClientTest, CarriesAwsErrorToTheCaller) {
    world.aws.on("ecs:ListTasks", [](const Received& received) {
        return error_answer(received, "ClusterNotFoundException", "Cluster not found.");
    });
    const auto error = list().error();
    EXPECT_EQ(error.code, "ClusterNotFoundException");
    EXPECT_EQ(error.operation, "ecs:ListTasks");
    EXPECT_EQ(error.request_id, "request-1");
    EXPECT_EQ(error.kind, Errc::not_found);
    EXPECT_EQ(sent(), 1U);
}

TEST_F(ClientTest, RepeatsWhatPassesUntilItWorks) {
    answer_lists();
    int n = 0;
    world.aws.on_first(3, "ecs:ListTasks", [&n](const Received& received) {
        switch (n++) {
        case 0:
            return Result<wire::HttpResponse>(connection_lost());
        case 1:
            return Result<wire::HttpResponse>(
                error_answer(received, "ThrottlingException", "Rate exceeded"));
        default:
            return Result<wire::HttpResponse>(wire::HttpResponse{502, {}, "<html>Bad gateway"});
        }
    });
    EXPECT_TRUE(list());
    EXPECT_EQ(sent(), 4U);
    const auto all = world.aws.received();
    const auto header = [&](std::size_t i, const char* name) {
        return wire::header_value(all.at(i).request.headers, name);
    };
    EXPECT_EQ(header(3, "amz-sdk-request"), "attempt=4; max=5");
    EXPECT_EQ(header(0, "amz-sdk-invocation-id"), header(3, "amz-sdk-invocation-id"));
    const auto waits = world.clock.waits();
    ASSERT_EQ(waits.size(), 3U);
    EXPECT_LE(waits[0], Seconds(1));
    EXPECT_LE(waits[1], Seconds(2));
    EXPECT_LE(waits[2], Seconds(4));
}

TEST_F(ClientTest, GivesUpAfterFiveAttempts) {
    world.aws.on("ecs:ListTasks", [](const Received& received) {
        return error_answer(received, "ServerException", "Service Unavailable", 500);
    });
    const auto error = list().error();
    EXPECT_EQ(error.message, "Service Unavailable (after 5 attempts)");
    EXPECT_EQ(error.kind, Errc::unavailable);
    EXPECT_EQ(sent(), 5U);
}

TEST_F(ClientTest, DoesNotRepeatWhatItsDeadlineWouldCutOff) {
    world.aws.on("ecs:ListTasks", [](const Received& received) {
        auto answer = error_answer(received, "ThrottlingException", "Rate exceeded");
        answer.headers.push_back({"Retry-After", "10"});
        return answer;
    });
    const auto error = list(world.clock.in(Seconds(8))).error();
    EXPECT_NE(error.message.find("(not repeated: the time limit comes first)"), std::string::npos);
    EXPECT_EQ(sent(), 1U);
}

TEST_F(ClientTest, WaitsAsLongAsTheServerAsksWithinReason) {
    answer_lists();
    const auto busy_for = [&](const std::string& text) {
        world.aws.on_first(1, "ecs:ListTasks", [text](const Received& received) {
            auto answer = error_answer(received, "ThrottlingException", "Rate exceeded");
            answer.headers.push_back({"Retry-After", text});
            return answer;
        });
        EXPECT_TRUE(list());
        return world.clock.waits().back();
    };
    EXPECT_EQ(busy_for("7"), Seconds(7));
    EXPECT_EQ(busy_for("3600"), RetrySettings().retry_after_max);
    const Millis by_date = busy_for(http_date(world.aws.time() + Seconds(9)));
    EXPECT_GE(by_date, Seconds(8));
    EXPECT_LE(by_date, Seconds(10));
}

TEST_F(ClientTest, StopsRepeatingWhenAServiceFailsForEverybody) {
    world.aws.on("ecs:ListTasks", [](const Received& received) {
        return error_answer(received, "ServerException", "down", 500);
    });
    std::string last;
    for (int call = 0; call < 30; ++call)
        last = list(Deadline::never()).error().message;
    EXPECT_EQ(last, "down (not repeated: too many calls failed lately)");
    EXPECT_EQ(sent(), 30U + 100U) << "500 tokens pay for 100 repetitions";
    // Another service still has its own.
    world.aws.on("ssm:ListCommands", [](const Received& received) {
        return error_answer(received, "InternalServerError", "down", 500);
    });
    (void)world.client.call_json(ServiceId::ssm, "ListCommands", {}, Deadline::never(), {});
    EXPECT_EQ(world.client.call_counts().at("ssm:ListCommands"), 5U);
}

TEST_F(ClientTest, SuccessGivesTokensBack) {
    answer_lists();
    world.aws.on_first(1, "ecs:ListTasks", [](const Received&) { return connection_lost(); });
    EXPECT_TRUE(list());
    EXPECT_EQ(world.traffic.retry_tokens(ServiceId::ecs).left(), RetryTokens::tokens_max);
}

TEST_F(ClientTest, AStopEndsTheWaitForARepetition) {
    std::stop_source stop;
    world.aws.on("ecs:ListTasks", [&](const Received& received) {
        stop.request_stop();
        return error_answer(received, "ThrottlingException", "Rate exceeded");
    });
    EXPECT_FALSE(list(world.soon(), stop.get_token()));
    EXPECT_EQ(sent(), 1U);
    EXPECT_EQ(list(world.soon(), stop.get_token()).error().kind, Errc::interrupted);
    EXPECT_EQ(sent(), 1U) << "what never left is not counted";
}

TEST_F(ClientTest, NothingIsSentAfterItsDeadline) {
    EXPECT_EQ(list(world.clock.in(Millis(0))).error().kind, Errc::timed_out);
    EXPECT_EQ(sent(), 0U);
}

TEST_F(ClientTest, AnswersThatMakeNoSenseAreErrors) {
    const auto answer = [&](const std::string& body) {
        world.aws.on("ecs:ListTasks", [body](const Received&) {
            return wire::HttpResponse{200, {}, body};
        });
        return list();
    };
    for (const char* body : {"", "null", "[]", "{\"a\":", "<html><body>Please log in"}) {
        const auto outcome = answer(body);
        ASSERT_FALSE(outcome) << body;
        EXPECT_EQ(outcome.error().kind, Errc::failed);
        EXPECT_NE(outcome.error().hint.find("proxy"), std::string::npos);
    }
    EXPECT_NE(answer("<html>Please log in").error().message.find("Please log in"),
              std::string::npos);
    EXPECT_EQ(answer("").error().message, "the answer is empty");
}

TEST_F(ClientTest, ASenselessAnswerOfStsIsNotShownBecauseItMayHoldSecrets) {
    const auto answer = [&](const std::string& body) {
        world.aws.on("sts:AssumeRole", [body](const Received&) {
            return wire::HttpResponse{200, {}, body};
        });
        return world.client.call_query(ServiceId::sts, "AssumeRole", {}, world.soon(), {})
            .error()
            .message;
    };
    EXPECT_EQ(answer("<A><SecretAccessKey>secret-1").find("secret-1"), std::string::npos);
    EXPECT_EQ(answer("<Other>secret-1</Other>").find("secret-1"), std::string::npos);
    EXPECT_NE(answer("<Other/>").find("no AssumeRoleResponse"), std::string::npos);
}

TEST_F(ClientTest, CorrectsItsClockByTheServersAndKeepsTheCorrection) {
    answer_lists();
    for (const auto wrong_by : {std::chrono::hours(3), std::chrono::hours(-3)}) {
        world.clock.set_wrong_by(wrong_by);
        const auto before = sent();
        EXPECT_TRUE(list());
        EXPECT_EQ(sent(), before + 2);
        EXPECT_TRUE(list());
        EXPECT_EQ(sent(), before + 3) << "the second call is right at once";
    }
}

TEST_F(ClientTest, AWrongSecretIsNoClockTrouble) {
    FixedCredentials wrong({{"AKIDWORLD", "not-the-secret", ""}, std::nullopt, "a typing error"});
    Client client(
        {world.aws, wrong, world.traffic, world.clock},
        Endpoints::resolve("us-east-1", Environment(), SharedConfig::load(Environment()).value())
            .value());
    const auto outcome = client.call_json(ServiceId::ecs, "ListTasks", {}, world.soon(), {});
    EXPECT_EQ(outcome.error().kind, Errc::denied);
    EXPECT_NE(outcome.error().hint.find("it is the secret key that does not belong to"),
              std::string::npos);
    EXPECT_EQ(sent(), 1U);
}

// Gives out what a test puts into it.
class Wallet final : public CredentialsProvider {
public:
    Credentials now;
    Credentials next;
    bool refreshable = true;
    int refreshed = 0;

    [[nodiscard]] Outcome<Credentials> get(Deadline, std::stop_token) override { return now; }

    [[nodiscard]] Outcome<Credentials>
    refresh(const Credentials&, Deadline, std::stop_token) override {
        ++refreshed;
        if (!refreshable) return fail(not_answered("sts:AssumeRole", {Errc::denied, "no more"}));
        now = next;
        return now;
    }
};

class ExpiredCredentialsTest : public ClientTest {
protected:
    ExpiredCredentialsTest() {
        world.aws.add_key("AKIDOLD", {"s", "t", world.aws.time() - Seconds(1)});
        world.aws.add_key("AKIDNEW", {"s", "t", std::nullopt});
        answer_lists();
        wallet.now = {{"AKIDOLD", "s", "t"}, std::nullopt, "the wallet"};
        wallet.next = {{"AKIDNEW", "s", "t"}, std::nullopt, "the wallet"};
    }

    Outcome<json::Value> list_by_wallet() {
        return client.call_json(ServiceId::ecs, "ListTasks", {}, world.soon(), {});
    }

    Wallet wallet;
    Client client{
        {world.aws, wallet, world.traffic, world.clock},
        Endpoints::resolve("us-east-1", Environment(), SharedConfig::load(Environment()).value())
            .value()};
};

TEST_F(ExpiredCredentialsTest, AreRenewedOnceAndTheCallMadeAgainAtOnce) {
    EXPECT_TRUE(list_by_wallet());
    EXPECT_EQ(wallet.refreshed, 1);
    EXPECT_EQ(sent(), 2U);
    EXPECT_TRUE(world.clock.waits().empty());
}

TEST_F(ExpiredCredentialsTest, ThatStayTheSameAreAnErrorThatSaysWhereTheyCameFrom) {
    wallet.next = wallet.now;
    const auto error = list_by_wallet().error();
    EXPECT_EQ(error.code, "ExpiredTokenException");
    EXPECT_EQ(error.hint, "the credentials came from the wallet: renew them there");
    EXPECT_EQ(sent(), 1U);
}

TEST_F(ExpiredCredentialsTest, ThatAreReplacedByExpiredOnesAreRenewedOnlyOnce) {
    world.aws.add_key("AKIDNEW", {"s", "t", world.aws.time() - Seconds(1)});
    EXPECT_EQ(list_by_wallet().error().code, "ExpiredTokenException");
    EXPECT_EQ(wallet.refreshed, 1);
    EXPECT_EQ(sent(), 2U);
}

TEST_F(ExpiredCredentialsTest, ThatCannotBeRenewedAreAnErrorWithBothReasons) {
    wallet.refreshable = false;
    const auto error = list_by_wallet().error();
    EXPECT_NE(error.message.find("The token is expired"), std::string::npos);
    EXPECT_NE(error.message.find("sts:AssumeRole: no more"), std::string::npos);
}

TEST_F(ClientTest, AFleetIsAskedAboutSlowlyInsteadOfBeingThrottled) {
    answer_lists();
    world.aws.throttle({100, 20}); // what AWS allows an account
    for (int i = 0; i < 500; ++i)
        ASSERT_TRUE(list(Deadline::never()));
    EXPECT_EQ(world.aws.throttled(), 0);
    EXPECT_EQ(sent(), 500U);
}

TEST_F(ClientTest, ACallWhoseTurnComesTooLateIsNotSent) {
    answer_lists();
    const auto burst = static_cast<std::uint64_t>(rate_of(ServiceId::ecs, "ListTasks").burst);
    for (std::uint64_t i = 0; i < burst; ++i)
        ASSERT_TRUE(list());
    const auto error = list(world.clock.in(Millis(10))).error();
    EXPECT_EQ(error.kind, Errc::timed_out);
    EXPECT_EQ(sent(), burst);
}

TEST_F(ClientTest, IsSharedByThreads) {
    answer_lists();
    world.aws.on_first(20, "ecs:ListTasks", [](const Received&) { return connection_lost(); });
    std::atomic<int> succeeded = 0;
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int k = 0; k < 25; ++k) {
                if (list(Deadline::never())) ++succeeded;
            }
        });
    }
    threads.clear();
    const auto counted = sent();
    EXPECT_EQ(counted, world.aws.received().size());
    EXPECT_GE(succeeded, 96) << "only a call that met five lost connections may fail";
}

} // namespace
} // namespace squall::aws
