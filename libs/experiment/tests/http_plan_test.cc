// What a plan of the faults on HTTP traffic says, and what it refuses.
#include "fake_tasks.h"

#include <gtest/gtest.h>

namespace squall::experiment {
namespace {

bool mentions(const std::vector<std::string>& warnings, const std::string& text) {
    return std::any_of(warnings.begin(), warnings.end(), [&](const std::string& warning) {
        return warning.find(text) != std::string::npos;
    });
}

std::string refusal(HttpWorld& test, RawValues given) {
    const auto plan = test.plan_of(std::move(given));
    return plan ? "" : plan.error().message;
}

TEST(HttpPlan, NamesTheTasksOfAServiceOnTheirHosts) {
    HttpWorld test;
    const auto plan = test.plan_of({}).value();
    ASSERT_EQ(plan.targets.size(), 3U);
    EXPECT_EQ(plan.task_count(), 3U);
    const auto& task = plan.targets[1].tasks.at(0);
    EXPECT_EQ(task.id, HttpWorld::id(2));
    EXPECT_EQ(task.container, "web");
    EXPECT_EQ(task.port, 80);
    EXPECT_EQ(task.network_mode, "awsvpc");
    EXPECT_EQ(plan.wave_count(), 1U);
    const auto again = Plan::from_json(plan.to_json()).value();
    EXPECT_EQ(again.targets[1].tasks.at(0).arn, task.arn);
    EXPECT_EQ(again.helpers.at(0).sha256, std::string(64, 'a'));
}

TEST(HttpPlan, ItsHashChangesWithTheTasks) {
    HttpWorld test;
    const auto before = test.plan_of({}).value().hash();
    EXPECT_EQ(test.plan_of({}).value().hash(), before);
    test.tasks[HttpWorld::id(4)].host = 1;
    EXPECT_NE(test.plan_of({}).value().hash(), before);
}

TEST(HttpPlan, TakesAPercentageRoundedDownAndAtLeastOne) {
    HttpWorld test;
    for (int i = 4; i <= 10; ++i)
        test.tasks[HttpWorld::id(i)].host = 1 + i % 3;
    const auto count = [&](const char* percent) {
        return test.plan_of(with({{"TASK_REPLICA_AFFECTED_PERC", percent}})).value().task_count();
    };
    EXPECT_EQ(count("1"), 1U);
    EXPECT_EQ(count("33"), 3U);
    EXPECT_EQ(count("99"), 9U);
    EXPECT_EQ(count("100"), 10U);
    const auto ids = [&](const char* seed) {
        const auto plan =
            test.plan_of(with({{"TASK_REPLICA_AFFECTED_PERC", "50"}, {"SEED", seed}})).value();
        return plan.tasks_of_wave(1, plan.injected_ids());
    };
    EXPECT_EQ(ids("7"), ids("7"));
    EXPECT_NE(ids("7"), ids("8"));
    EXPECT_TRUE(test.plan_of(with({{"TASK_REPLICA_AFFECTED_PERC", "50"}})).value().is_by_chance());
}

TEST(HttpPlan, NamedTasksWinOverTheService) {
    HttpWorld test;
    const auto plan =
        test.plan_of(with({{"SERVICE_NAME", "web"},
                           {"TASK_REPLICA_ID",
                            HttpWorld::arn(HttpWorld::id(2)) + "," + HttpWorld::id(3)}}))
            .value();
    EXPECT_EQ(plan.task_count(), 2U);
    EXPECT_TRUE(mentions(plan.warnings, "both set"));
}

TEST(HttpPlan, SerialTakesOneTaskAfterAnotherAlsoOnOneHost) {
    HttpWorld test("ecs-container-http-latency", 1);
    test.tasks[HttpWorld::id(2)].host = 1;
    const auto plan = test.plan_of(with({{"SEQUENCE", "serial"}})).value();
    EXPECT_EQ(plan.waves().size(), 2U);
    EXPECT_EQ(plan.waves().at(0), plan.waves().at(1)) << "the same host";
    EXPECT_EQ(plan.tasks_of_wave(2, plan.waves().at(1)),
              std::vector<std::string>{HttpWorld::id(2)});
}

TEST(HttpPlan, RefusesWhatCannotBe) {
    HttpWorld test;
    EXPECT_NE(refusal(test, with({{"SERVICE_NAME", "other"}})).find("no service 'other'"),
              std::string::npos);
    EXPECT_NE(refusal(test, with({{"TASK_REPLICA_ID", HttpWorld::id(9)}})).find("has no task 0"),
              std::string::npos);
    EXPECT_NE(refusal(test, with({{"TARGET_SERVICE_PORT", "8080"}}))
                  .find("no container exposes TARGET_SERVICE_PORT=8080: web exposes 80/tcp"),
              std::string::npos)
        << refusal(test, with({{"TARGET_SERVICE_PORT", "8080"}}));
    EXPECT_NE(refusal(test, with({{"CONTAINER_NAME", "log"}})).find("CONTAINER_NAME is one of web"),
              std::string::npos);
    test.tasks[HttpWorld::id(2)].launch_type = "FARGATE";
    EXPECT_NE(refusal(test, {}).find("runs on Fargate"), std::string::npos);
    test.tasks[HttpWorld::id(2)] = {.host = 2, .status = "STOPPED"};
    EXPECT_NE(refusal(test, with({{"TASK_REPLICA_ID", HttpWorld::id(2)}})).find("is STOPPED"),
              std::string::npos);
    EXPECT_EQ(test.plan_of({}).value().task_count(), 2U) << "of the service the others run";
    test.tasks.clear();
    EXPECT_NE(refusal(test, {}).find("has no running task"), std::string::npos);
}

TEST(HttpPlan, RefusesToGuessTheContainer) {
    HttpWorld test;
    const auto exposing = [](const char* name, bool essential, json::Array ports) {
        return json::Object{
            {"name", name}, {"essential", essential}, {"portMappings", std::move(ports)}};
    };
    const auto port = [](int number) {
        return json::Array{json::Object{{"containerPort", number}}};
    };
    test.containers = {exposing("a", true, port(80)), exposing("b", true, port(80))};
    EXPECT_NE(refusal(test, {}).find("set CONTAINER_NAME to one of a, b"), std::string::npos);
    EXPECT_EQ(test.plan_of(with({{"CONTAINER_NAME", "b"}})).value().targets[0].tasks[0].container,
              "b");
    test.containers = {
        exposing(
            "a", true, {json::Object{{"containerPort", 80}}, json::Object{{"containerPort", 81}}}),
        exposing("b", true, port(82))};
    const auto both = test.plan_of(with({{"TARGET_SERVICE_PORT", "80,81"}})).value();
    EXPECT_EQ(both.targets[0].tasks[0].container, "a");
    EXPECT_NE(test.fault->inject_script(both, {}, host::Shell::posix).find("'--port' '80,81' "),
              std::string::npos);
    EXPECT_NE(refusal(test, with({{"TARGET_SERVICE_PORT", "80,82"}}))
                  .find("the container a does not expose 82 of TARGET_SERVICE_PORT=80,82"),
              std::string::npos);
    test.containers = {exposing("app", true, {}), exposing("log", false, {})};
    EXPECT_EQ(test.plan_of({}).value().targets[0].tasks[0].container, "app")
        << "the only essential one, where no port is mapped";
    test.containers = {exposing("app", true, {}), exposing("log", true, {})};
    EXPECT_NE(refusal(test, {}).find("set CONTAINER_NAME to one of app, log"), std::string::npos);
    test.network_mode = "bridge";
    EXPECT_NE(refusal(test, {}).find("no container exposes"), std::string::npos);
    test.network_mode = "none";
    EXPECT_NE(refusal(test, {}).find("no network"), std::string::npos);
}

TEST(HttpPlan, RefusesAProxyPortThatTheTaskHasItself) {
    HttpWorld test;
    test.containers = {
        json::Object{{"name", "web"},
                     {"portMappings",
                      json::Array{json::Object{{"containerPort", 80}},
                                  json::Object{{"containerPortRange", "20000-20010"}}}}}};
    EXPECT_NE(refusal(test, {}).find("PROXY_PORT=20000 is a port of the container web"),
              std::string::npos);
}

TEST(HttpPlan, AHostOutOfReachIsLeftOutUnlessItWasMeant) {
    HttpWorld test;
    test.aws.host(2).managed = false;
    test.aws.host(3).platform_type = "Windows";
    const auto plan = test.plan_of({}).value();
    EXPECT_EQ(plan.task_count(), 1U);
    EXPECT_TRUE(plan.targets.at(2).skip.starts_with("unsupported"));
    EXPECT_TRUE(mentions(plan.warnings, "2 of 3 hosts"));
    EXPECT_NE(
        refusal(test, with({{"TASK_REPLICA_ID", HttpWorld::id(2)}})).find("not managed by SSM"),
        std::string::npos);
    test.aws.host(1).platform_name = "Bottlerocket";
    EXPECT_NE(refusal(test, {}).find("unsupported: on Bottlerocket"), std::string::npos);
}

TEST(HttpPlan, WarnsOfWhatWouldSurprise) {
    HttpWorld test;
    test.containers[0].as_object()["healthCheck"] =
        json::Object{{"command", json::Array{"CMD", "curl", "localhost/health"}}};
    test.service["loadBalancers"] = json::Array{
        json::Object{{"targetGroupArn", "tg"}, {"containerName", "web"}, {"containerPort", 80}}};
    test.service["deployments"] =
        json::Array{json::Object{{"serviceConnectConfiguration", json::Object{{"enabled", true}}}}};
    test.network_mode = "host";
    const auto warnings = test.plan_of({}).value().warnings;
    for (const char* text : {"TASK_REPLICA_AFFECTED_PERC=33",
                             "curl localhost/health",
                             "a load balancer has port 80",
                             "EXEMPT_PATHS",
                             "Service Connect",
                             "own container's address",
                             "clients on the same instance",
                             "HELPER_BUCKET"})
        EXPECT_TRUE(mentions(warnings, text)) << text;
    const auto third = test.plan_of(with({{"TASK_REPLICA_AFFECTED_PERC", "34"},
                                          {"HELPER_URL", "https://x/{arch}/{sha256}"}}))
                           .value();
    EXPECT_FALSE(mentions(third.warnings, "every request"));
    EXPECT_FALSE(mentions(third.warnings, "HELPER_BUCKET"));
    EXPECT_EQ(third.helpers.at(0).source, "https://x/x86_64/" + std::string(64, 'a'));
}

TEST(HttpPlan, WarnsOfRequestsThatAreToShowTheFaultAndCannot) {
    HttpWorld test;
    test.network_mode = "bridge";
    const auto warned = [&](RawValues values, const char* text) {
        return mentions(test.plan_of(std::move(values)).value().warnings, text);
    };
    EXPECT_FALSE(warned({}, "CANARY_PATH asks"));
    EXPECT_TRUE(warned(with({{"EXEMPT_PATHS", "/"}}), "CANARY_PATH asks for /, and"));
    EXPECT_TRUE(warned(with({{"METHODS", "POST"}}), "CANARY_PATH asks for /, and"));
    EXPECT_FALSE(warned(with({{"PATHS", "/a*"}, {"CANARY_PATH", "/ab?x=/"}}), "CANARY_PATH asks"));
    EXPECT_FALSE(warned(with({{"PATHS", "/a*"}, {"CANARY_PATH", "off"}}), "CANARY_PATH asks"));
    EXPECT_TRUE(
        warned(with({{"EXEMPT_PATHS", "/health"}, {"CANARY_URL", "http://web.example/health"}}),
               "CANARY_URL asks for /health, and"));
    test.network_mode = "awsvpc";
    EXPECT_FALSE(warned(with({{"EXEMPT_PATHS", "/"}}), "CANARY_PATH asks")) << "nobody asks there";
}

TEST(HttpPlan, WarnsOfFaultsThatNobodyCanMeet) {
    HttpWorld test;
    const auto warned = [&](RawValues values, const char* text) {
        return mentions(test.plan_of(std::move(values)).value().warnings, text);
    };
    EXPECT_TRUE(warned(with({{"EXEMPT_PATHS", "/*"}}), "no request can meet"));
    EXPECT_FALSE(warned(with({{"EXEMPT_PATHS", "/*"}}), "every request to the service"));
    EXPECT_TRUE(warned(with({{"PATHS", "/a,/ab*"}, {"EXEMPT_PATHS", "/a*"}}), "no request can"));
    EXPECT_FALSE(warned(with({{"PATHS", "/a,/b"}, {"EXEMPT_PATHS", "/a"}}), "no request can"));
    EXPECT_FALSE(warned(with({{"EXEMPT_PATHS", "/"}}), "no request can"));
    EXPECT_TRUE(warned({}, "FORWARDED_HEADER can tell"));
    EXPECT_FALSE(warned(with({{"FORWARDED_HEADER", "X-Real-IP"}}), "FORWARDED_HEADER can tell"));
    HttpWorld late("ecs-container-http-latency");
    const auto late_warned = [&](const char* latency, const char* text) {
        return mentions(late.plan_of(with({{"LATENCY", latency}})).value().warnings, text);
    };
    EXPECT_TRUE(late_warned("0", "delays nothing"));
    EXPECT_TRUE(late_warned("60000", "no less than the fault lasts"));
    EXPECT_FALSE(late_warned("59999", "no less than the fault lasts"));
}

TEST(HttpPlan, HoldsNoSecret) {
    HttpWorld test;
    const auto plan = test.plan_of(with({{"HELPER_BUCKET", "tools"}})).value();
    EXPECT_EQ(plan.helpers.at(0).source,
              "s3://tools/squall/" + std::string(64, 'a') + "/squall-host");
    EXPECT_EQ(json::text(plan.to_json()).find("Signature"), std::string::npos);
}

struct BadValue {
    const char* name;
    const char* value;
    const char* fault;
};

class HttpTunables : public ::testing::TestWithParam<BadValue> {};

TEST_P(HttpTunables, SayWhatIsWrong) {
    HttpWorld test(fmt::format("ecs-container-http-{}", GetParam().fault));
    const auto told =
        test.problems_of(with({{"SERVICE_NAME", "web"}, {GetParam().name, GetParam().value}}));
    EXPECT_NE(told.find(GetParam().name), std::string::npos) << told;
    EXPECT_TRUE(told.starts_with("test: ")) << told;
}

INSTANTIATE_TEST_SUITE_P(
    BadInput,
    HttpTunables,
    ::testing::Values(BadValue{"SERVICE_NAME", "a b", "latency"},
                      BadValue{"TASK_REPLICA_ID", "xyz", "latency"},
                      BadValue{"TASK_REPLICA_AFFECTED_PERC", "0", "latency"},
                      BadValue{"TASK_REPLICA_AFFECTED_PERC", "101", "latency"},
                      BadValue{"TARGET_SERVICE_PORT", "0", "latency"},
                      BadValue{"TARGET_SERVICE_PORT", "65536", "latency"},
                      BadValue{"TARGET_SERVICE_PORT", "80,65536", "latency"},
                      BadValue{"TARGET_SERVICE_PORT", "80,,81", "latency"},
                      BadValue{"TARGET_SERVICE_PORT", "80,81,80", "latency"},
                      BadValue{"TARGET_SERVICE_PORT", "", "latency"},
                      BadValue{"TARGET_SERVICE_PORT", "http", "latency"},
                      BadValue{"TARGET_SERVICE_PORT", "1,2,3,4,5,6,7,8,9", "latency"},
                      BadValue{"TARGET_SERVICE_PORT", "80,20000", "latency"},
                      BadValue{"PROXY_PORT", "http", "latency"},
                      BadValue{"PROXY_PORT", "80", "latency"},
                      BadValue{"NETWORK_INTERFACE", "eth0;reboot", "latency"},
                      BadValue{"TOTAL_CHAOS_DURATION", "4", "latency"},
                      BadValue{"INSTALL_DEPENDENCIES", "yes", "latency"},
                      BadValue{"SEQUENCE", "waves", "latency"},
                      BadValue{"RAMP_TIME", "-1", "latency"},
                      BadValue{"ASSUME_ROLE_ARN", "role", "latency"},
                      BadValue{"CONTAINER_NAME", "a/b", "latency"},
                      BadValue{"EXISTING_CONNECTIONS", "cut", "latency"},
                      BadValue{"INTERCEPT", "ebpf", "latency"},
                      BadValue{"DRAIN", "61", "latency"},
                      BadValue{"PATHS", "api", "latency"},
                      BadValue{"EXEMPT_PATHS", "/a*b", "latency"},
                      BadValue{"PATHS", ",", "latency"},
                      BadValue{"PATHS", "/a,,/b", "latency"},
                      BadValue{"PATHS", "/a b", "latency"},
                      BadValue{"PATHS", "/a\nb", "latency"},
                      BadValue{"EXEMPT_PATHS", "/a,", "latency"},
                      BadValue{"EXEMPT_SOURCES", "10.0.0.7,,10.0.0.8", "latency"},
                      BadValue{"EXEMPT_SOURCES", ",", "latency"},
                      BadValue{"MATCH_HEADERS", "X: a,,Y: b", "latency"},
                      BadValue{"MATCH_HEADERS", "X y: a", "latency"},
                      BadValue{"MATCH_HEADERS", "X: a\n  hosts 1", "latency"},
                      BadValue{"NETWORK_INTERFACE", "", "latency"},
                      BadValue{"METHODS", "get it", "latency"},
                      BadValue{"MATCH_HEADERS", ": x", "latency"},
                      BadValue{"TOXICITY", "0", "latency"},
                      BadValue{"EVERY_NTH", "0", "latency"},
                      BadValue{"HELPER_BUCKET", "A_B", "latency"},
                      BadValue{"HELPER_PREFIX", "a b", "latency"},
                      BadValue{"HELPER_PREFIX", "../a/", "latency"},
                      BadValue{"HELPER_URL", "ftp://x", "latency"},
                      BadValue{"HELPER_URL", "https://x/\"", "latency"},
                      BadValue{"FORWARDED_HEADER", "Content-Length", "latency"},
                      BadValue{"FORWARDED_HEADER", "X-A: b", "latency"},
                      BadValue{"CANARY_PATH", "ready", "latency"},
                      BadValue{"CANARY_PATH", "/a b", "latency"},
                      BadValue{"CANARY_URL", "web.example", "latency"},
                      BadValue{"CANARY_URL", "ftp://web.example/", "latency"},
                      BadValue{"CANARY_URL", "http://me:secret@web.example/", "latency"},
                      BadValue{"CANARY_URL", "http://web.example:99999/", "latency"},
                      BadValue{"CANARY_URL", "http://web.example/a b", "latency"},
                      BadValue{"STOP_ALARMS", "alarm", "latency"},
                      BadValue{"MONITOR_URL", "monitor:9100", "latency"},
                      BadValue{"MONITOR_URL", "http://me:secret@monitor:9100", "latency"},
                      BadValue{"MONITOR_URL", "http://monitor:99999", "latency"},
                      BadValue{"MONITOR_URL", "unix:monitor.sock", "latency"},
                      BadValue{"ANNOUNCE_BUS", "a bus", "latency"},
                      BadValue{"ANNOUNCE_BUS", "arn:aws:sns:us-east-1:123456789012:t", "latency"},
                      BadValue{"LATENCY", "600001", "latency"},
                      BadValue{"JITTER", "2001", "latency"},
                      BadValue{"STATUS_CODE", "199", "status-code"},
                      BadValue{"STATUS_CODE", "600", "status-code"},
                      BadValue{"MODIFY_RESPONSE_BODY", "maybe", "status-code"},
                      BadValue{"RETRY_AFTER", "soon", "status-code"},
                      BadValue{"RETRY_AFTER", "99999", "status-code"},
                      BadValue{"LOCATION", "https://x", "status-code"},
                      BadValue{"RESET_TIMEOUT", "-1", "reset-peer"},
                      BadValue{"RESET_AT", "never", "reset-peer"},
                      BadValue{"HEADERS", "X: y", "modify-body"},
                      BadValue{"HEADERS", "{\"Content-Length\":\"1\"}", "modify-body"},
                      BadValue{"CONTENT_TYPE", "\x01", "modify-body"},
                      BadValue{"RESPONSE_BODY", "{{ssm:secret}}", "modify-body"}));

TEST(HttpTunables, NeedTasks) {
    HttpWorld test;
    EXPECT_NE(test.problems_of({}).find("neither SERVICE_NAME nor TASK_REPLICA_ID"),
              std::string::npos);
    EXPECT_NE(test.problems_of(with({{"SERVICE_NAME", "web"},
                                     {"HELPER_BUCKET", "tools"},
                                     {"HELPER_URL", "https://x"}}))
                  .find("contradict"),
              std::string::npos);
}

TEST(HttpTunables, AreNotTakenFromVariablesThatMeanSomethingElse) {
    HttpWorld test("ecs-container-http-modify-body");
    const auto values = test.values_of({},
                                       {{"SERVICE_NAME", "web"},
                                        {"CONTAINER_NAME", "this-one"},
                                        {"CONTENT_TYPE", "text/html"}})
                            .value();
    EXPECT_EQ(values.text("SERVICE_NAME"), "web");
    EXPECT_EQ(values.text("CONTAINER_NAME"), "");
    EXPECT_EQ(values.text("CONTENT_TYPE"), "");
}

TEST(HttpTunables, GiveTheHelperWhatWasAskedForAndNothingElse) {
    HttpWorld test("ecs-container-http-reset-peer");
    EXPECT_EQ(test.problems_of(with({{"SERVICE_NAME", "web"}, {"RESET_AT", "response"}})), "");
    const auto script =
        test.plan_of(with({{"RESET_AT", "response"}, {"PATHS", "/a,/b*"}})).value().scripts[0];
    EXPECT_NE(script.inject.find("'--fault' 'reset-peer'"), std::string::npos);
    EXPECT_NE(script.inject.find("'--set' 'PATHS=/a,/b*'"), std::string::npos);
    EXPECT_EQ(script.inject.find("RESET_TIMEOUT"), std::string::npos)
        << "it means another moment than RESET_AT=response";
}

} // namespace
} // namespace squall::experiment
