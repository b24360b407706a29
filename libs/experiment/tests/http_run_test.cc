// Runs of the faults on HTTP traffic: the hosts tell what was met.
#include "fake_tasks.h"

#include <gtest/gtest.h>

namespace squall::experiment {
namespace {

TEST(HttpRun, PassesWhenRequestsHaveMetTheFault) {
    HttpWorld test;
    const auto result = test.run(test.plan_of({}).value());
    EXPECT_EQ(result.verdict, Verdict::passed) << result.reason;
    EXPECT_NE(result.reason.find("9 requests met the fault, on 3 of 3 tasks"), std::string::npos)
        << result.reason;
    EXPECT_TRUE(test.proxies.empty());
    EXPECT_TRUE(test.held.empty());
    EXPECT_EQ(test.events.count("armed"), 3);
    EXPECT_EQ(test.events.count("counted"), 3);
    EXPECT_EQ(test.events.count("absent"), 0) << "another host's tasks are nothing to tell of";
    EXPECT_EQ(test.aws.calls["DescribeContainerInstances"], 1) << "ECS knows nothing of it";
}

TEST(HttpRun, SaysHowTheRuleIsListedAndWhenItGoes) {
    HttpWorld test;
    test.run(test.plan_of({}).value());
    const auto armed = std::find_if(test.events.events.begin(),
                                    test.events.events.end(),
                                    [](const Event& event) { return event.kind == "armed"; });
    ASSERT_NE(armed, test.events.events.end());
    EXPECT_EQ(json::string_at(armed->data, "list"), "nft list table inet squall");
    EXPECT_EQ(json::string_at(armed->data, "until"), "2026-11-21T00:01:08Z");
}

TEST(HttpRun, HasNoEffectWhenNothingWasMet) {
    HttpWorld test;
    for (auto& [id, task] : test.tasks)
        task.requests = task.connections = 0;
    const auto result = test.run(test.plan_of({}).value());
    EXPECT_EQ(result.verdict, Verdict::no_effect);
    EXPECT_NE(result.reason.find("no connection came to the proxies: there was no traffic"),
              std::string::npos)
        << result.reason;
    EXPECT_NE(result.reason.find("EXISTING_CONNECTIONS=reset"), std::string::npos) << result.reason;
    test.tasks[HttpWorld::id(2)].requests = 1;
    EXPECT_EQ(test.run(test.plan_of({}).value(), "r-2").verdict, Verdict::passed)
        << "a single task's will do";
}

TEST(HttpRun, TheReasonsForNoEffectAreThoseThatTheCountsAllow) {
    HttpWorld test;
    for (auto& [id, task] : test.tasks)
        task.requests = 0;
    const auto reason = [&](RawValues values, const char* run) {
        return test.run(test.plan_of(std::move(values)).value(), run).reason;
    };
    const auto matched = reason(with({{"PATHS", "/api/*"}}), "r-1");
    EXPECT_NE(matched.find("27 connections came to the proxies: PATHS=/api/* let all of them pass"),
              std::string::npos)
        << matched;
    EXPECT_EQ(matched.find("EXISTING_CONNECTIONS"), std::string::npos) << matched;
    EXPECT_EQ(matched.find("no traffic"), std::string::npos) << matched;
    EXPECT_NE(reason({}, "r-2").find("none of them sent a whole request"), std::string::npos);
    HttpWorld late("ecs-container-http-latency");
    for (auto& [id, task] : late.tasks)
        task.requests = 0;
    EXPECT_NE(late.run(late.plan_of(with({{"LATENCY", "0"}})).value())
                  .reason.find("LATENCY=0 delays nothing"),
              std::string::npos);
}

TEST(HttpRun, TasksThatEndedMeanwhileAreNamed) {
    HttpWorld test;
    test.tasks[HttpWorld::id(2)].ended_by = "container";
    const auto result = test.run(test.plan_of({}).value());
    EXPECT_EQ(result.verdict, Verdict::passed);
    EXPECT_NE(result.reason.find("; 1 of the tasks ended meanwhile"), std::string::npos)
        << result.reason;
    const auto& events = test.events.events;
    const auto told = std::find_if(events.begin(), events.end(), [&](const Event& event) {
        return event.kind == "reverted" && event.target == test.aws.host(2).id;
    });
    ASSERT_NE(told, events.end());
    EXPECT_EQ(json::string_at(told->data, "by"), "") << "it was gone already";
}

TEST(HttpRun, AnAbortWhileTheOrderIsOnItsWayStillHearsWhatCameOfIt) {
    HttpWorld test;
    test.events.watcher = [&](const Event& event) {
        if (event.kind == "sent") test.abort.request_stop();
    };
    const auto result = test.run(test.plan_of({}).value());
    EXPECT_EQ(result.verdict, Verdict::aborted);
    EXPECT_EQ(result.reason, "told to end; all 3 hosts are well again");
    EXPECT_TRUE(test.proxies.empty());
    for (const auto& instance : json::array_at(test.events.events.back().data, "instances"))
        EXPECT_TRUE(json::bool_at(instance, "injected")) << json::text(instance);
}

TEST(HttpRun, WhatAHostAskedByItselfIsAProofAndNoEffect) {
    HttpWorld test;
    for (auto& [id, task] : test.tasks)
        task.requests = 0;
    test.tasks[HttpWorld::id(1)].canary = {{"before", "200"},
                                           {"during", "503"},
                                           {"during_ms", 4},
                                           {"after", "200"},
                                           {"met", true},
                                           {"more", "than was asked for"}};
    test.tasks[HttpWorld::id(2)].canary = {{"before", "200"}, {"during", "200"}, {"met", false}};
    const auto result = test.run(test.plan_of({}).value());
    EXPECT_EQ(result.verdict, Verdict::no_effect);
    EXPECT_NE(result.reason.find("but those of the hosts themselves, so it was in place"),
              std::string::npos)
        << result.reason;
    const auto& verdict = test.events.events.back().data;
    EXPECT_EQ(json::text(verdict.at("proof")), R"(["the hosts' own requests"])");
    EXPECT_EQ(
        json::text(
            json::array_at(json::array_at(verdict, "instances").at(0), "tasks").at(0).at("canary")),
        R"({"met":true,"before":"200","during":"503","after":"200","during_ms":4})");
    EXPECT_FALSE(json::array_at(json::array_at(verdict, "instances").at(2), "tasks")
                     .at(0)
                     .as_object()
                     .contains("canary"));
}

TEST(HttpRun, ACanaryThatTheFaultDidNotConcernIsNoProof) {
    HttpWorld test;
    test.tasks[HttpWorld::id(1)].canary = {{"before", "200"}, {"during", "200"}, {"met", false}};
    EXPECT_EQ(test.run(test.plan_of({}).value()).verdict, Verdict::passed);
    EXPECT_EQ(json::text(test.events.events.back().data.at("proof")), R"(["the proxies' counts"])");
}

TEST(HttpRun, TheHelperIsToldWhatToAskAndHowLongToWait) {
    HttpWorld test("ecs-container-http-latency");
    test.run(test.plan_of(with({{"LATENCY", "3000"}, {"CANARY_PATH", "/ready?x=1"}})).value());
    const auto told = [&](std::string_view words) {
        return std::any_of(
            test.aws.scripts.begin(), test.aws.scripts.end(), [&](const auto& script) {
                return script.find(words) != std::string::npos;
            });
    };
    EXPECT_TRUE(told("'--canary' '/ready?x=1' '--canary-wait' '8000'")) << test.aws.scripts.front();
    HttpWorld quiet("ecs-container-http-latency");
    quiet.run(quiet.plan_of(with({{"CANARY_PATH", "off"}})).value());
    EXPECT_TRUE(
        std::none_of(quiet.aws.scripts.begin(), quiet.aws.scripts.end(), [](const auto& script) {
            return script.find("--canary") != std::string::npos;
        }));
}

TEST(HttpRun, IsAnErrorWhereNoHostCouldDoIt) {
    HttpWorld test;
    test.cannot = "the helper: HTTP 404";
    const auto result = test.run(test.plan_of({}).value());
    EXPECT_EQ(result.verdict, Verdict::error);
    EXPECT_NE(result.reason.find("the helper: HTTP 404"), std::string::npos) << result.reason;
    EXPECT_TRUE(test.proxies.empty());
}

TEST(HttpRun, SerialHasOneProxyAtATimeAlsoOnOneHost) {
    HttpWorld test("ecs-container-http-latency", 1);
    test.tasks[HttpWorld::id(2)].host = 1;
    test.tasks[HttpWorld::id(3)].host = 1;
    const auto result = test.run(test.plan_of(with({{"SEQUENCE", "serial"}})).value());
    EXPECT_EQ(result.verdict, Verdict::passed) << result.reason;
    EXPECT_EQ(test.proxies_at_once, 1U);
    EXPECT_EQ(test.order_of_tasks.size(), 3U);
    EXPECT_NE(result.reason.find("on 3 of 3 tasks"), std::string::npos) << result.reason;
}

TEST(HttpRun, OnlyTheTasksOfAHostAreNamedToIt) {
    HttpWorld test("ecs-container-http-latency", 1);
    test.tasks[HttpWorld::id(2)].host = 1;
    test.run(test.plan_of(with({{"TASK_REPLICA_ID", HttpWorld::id(2)}})).value());
    EXPECT_EQ(test.order_of_tasks, std::vector<std::string>{HttpWorld::id(2)});
}

TEST(HttpRun, ATaskThatHasLeftItsHostIsTold) {
    HttpWorld test;
    const auto plan = test.plan_of({}).value();
    test.tasks[HttpWorld::id(2)].host = 3;
    test.run(plan);
    EXPECT_EQ(test.events.count("absent"), 1);
    EXPECT_EQ(test.events.count("armed"), 2) << "where it is now it is not the plan's";
}

TEST(HttpRun, AnAbortTakesTheProxiesAway) {
    HttpWorld test;
    test.events.watcher = [&](const Event& event) {
        if (event.kind == "phase" && json::string_at(event.data, "phase") == "hold")
            test.abort.request_stop();
    };
    const auto result = test.run(test.plan_of({}).value());
    EXPECT_EQ(result.verdict, Verdict::aborted);
    EXPECT_TRUE(test.proxies.empty());
}

TEST(HttpRun, WhatAHostDidNotAnswerIsUndoneAndCounted) {
    HttpWorld test;
    test.forgets_to_answer = true;
    const auto result = test.run(test.plan_of({}).value());
    EXPECT_TRUE(test.proxies.empty());
    EXPECT_EQ(result.verdict, Verdict::no_effect)
        << "that a host followed the order is not known: " << result.reason;
    EXPECT_EQ(test.events.count("counted"), 3);
}

TEST(HttpRun, AHostThatNeverAnswersTheUndoIsNotSaidToBeWell) {
    HttpWorld test;
    test.events.watcher = [&](const Event& event) {
        if (event.kind == "phase" && json::string_at(event.data, "phase") == "hold")
            test.aws.host(2).online = false;
    };
    const auto result = test.run(test.plan_of({}).value());
    EXPECT_EQ(result.verdict, Verdict::failed) << result.reason;
    EXPECT_EQ(test.events.kinds_of(test.aws.host(2).id).back(), "not-recovered");
}

TEST(HttpRun, RecoversAfterItsRunnerDied) {
    HttpWorld test;
    const auto plan = test.plan_of({}).value();
    test.events.watcher = [&](const Event& event) {
        if (event.kind == "phase" && json::string_at(event.data, "phase") == "hold")
            test.quit.request_stop(), test.abort.request_stop();
    };
    EXPECT_TRUE(test.run(plan).is_open);
    test.events.watcher = nullptr;
    EXPECT_EQ(test.proxies.size(), 3U);
    Runner runner(test.world, *test.files.journal, *test.fault, {&test.events}, {});
    const auto result = runner.finish(test.files.journal->find("r-test").value().value());
    EXPECT_EQ(result.verdict, Verdict::aborted) << result.reason;
    EXPECT_TRUE(test.proxies.empty());
    EXPECT_EQ(test.events.count("counted"), 3);
    // What the dead runner knew is part of the verdict.
    for (const auto& instance : json::array_at(test.events.events.back().data, "instances")) {
        EXPECT_TRUE(json::bool_at(instance, "injected")) << json::text(instance);
        for (const auto& task : json::array_at(instance, "tasks"))
            EXPECT_TRUE(json::bool_at(task, "armed") && json::integer_at(task, "hits") == 3)
                << json::text(task);
    }
}

TEST(HttpRun, TasksThatNeverHadTheFaultAreNamedInTheVerdict) {
    HttpWorld test;
    test.unable = test.aws.host(2).id;
    const auto result = test.run(test.plan_of({}).value());
    EXPECT_NE(result.reason.find("on 2 of 2 tasks (3 planned: the others never had it)"),
              std::string::npos)
        << result.reason;
}

TEST(HttpRun, TheSignedUrlReachesTheHostsAndNoJournal) {
    HttpWorld test;
    test.run(test.plan_of(with({{"HELPER_BUCKET", "tools"}})).value());
    EXPECT_NE(test.aws.scripts.front().find("X-Amz-Signature=secret"), std::string::npos);
    const auto journalled = test.files.journal->events("r-test").value();
    ASSERT_FALSE(journalled.empty());
    for (const auto& event : journalled)
        EXPECT_EQ(json::text(event.to_json()).find("Signature"), std::string::npos) << event.kind;
}

TEST(HttpRun, AHostThatAnotherRunHoldsEndsIt) {
    HttpWorld test;
    test.held[test.aws.host(2).id] = "r-other";
    const auto result = test.run(test.plan_of({}).value());
    EXPECT_EQ(result.verdict, Verdict::aborted);
    EXPECT_NE(result.reason.find("r-other"), std::string::npos) << result.reason;
    EXPECT_TRUE(test.proxies.empty());
}

} // namespace
} // namespace squall::experiment
