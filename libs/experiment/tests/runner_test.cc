#include "fake_world.h"
#include "squall/sqlite/database.h"

#include <gtest/gtest.h>

namespace squall::experiment {
namespace {

// As a full disk would.
void refuse_updates(const Path& file) {
    // Of the same version, and so nothing is made anew.
    auto database = sqlite::Database::open(file, {"journal", {""}});
    ASSERT_TRUE(database) << database.error().message;
    EXPECT_TRUE((*database)->execute("CREATE TRIGGER refuse BEFORE UPDATE ON runs BEGIN SELECT "
                                     "RAISE(FAIL, 'the disk is full'); END"));
}

TEST(Runner, StopsEveryAgentHoldsAndBringsThemBack) {
    TestWorld test;
    const auto result = test.run(test.plan(duration(60)));
    EXPECT_EQ(result.verdict, Verdict::passed) << result.reason;
    EXPECT_TRUE(all_agents_run(test));
    EXPECT_EQ(test.aws.host(1).stops, 1);
    EXPECT_EQ(
        test.events.kinds_of("i-00000000000000001"),
        (std::vector<std::string>{
            "intent", "sent", "injected", "affected", "revert-sent", "reverted", "recovered"}));
    EXPECT_EQ(test.events.events.back().kind, "verdict");
    EXPECT_EQ(test.files.journal->find("r-test").value()->verdict, "passed");
    const auto held = test.clock.wall() - start_of_test;
    EXPECT_GE(held, Seconds(60));
    EXPECT_LE(held, Seconds(70));
}

TEST(Runner, WritesTheIntentBeforeItTellsAnybody) {
    TestWorld test;
    test.aws.on_call = [&](const std::string& operation) {
        if (operation != "SendCommand") return;
        const auto events = test.files.journal->events("r-test").value();
        EXPECT_EQ(std::count_if(events.begin(),
                                events.end(),
                                [](const Event& event) { return event.kind == "intent"; }),
                  3);
        test.aws.on_call = nullptr;
    };
    EXPECT_EQ(test.run(test.plan(duration(10))).verdict, Verdict::passed);
}

TEST(Runner, DoesNothingWhenTheJournalCannotBeWritten) {
    TestWorld test;
    const auto plan = test.plan(duration(10));
    Journal& journal = *test.files.journal;
    ASSERT_TRUE(journal.begin("r-other", Plan{}, test.clock.wall()));
    // The same sequence numbers once more: every write of an event is refused by the database.
    for (int sequence = 1; sequence <= 20; ++sequence)
        static_cast<void>(journal.append({sequence, test.clock.wall(), "r-test", "x", "", {}}));
    const auto result = test.run(plan, "r-other");
    EXPECT_EQ(result.verdict, Verdict::refused) << "the run exists already";
    EXPECT_EQ(test.aws.calls["SendCommand"], 0);
}

TEST(Runner, TakesOneHostAfterAnotherInSerial) {
    TestWorld test;
    RawValues given = duration(10);
    given["SEQUENCE"] = {"serial", "test"};
    int away_max = 0;
    test.events.watcher = [&](const Event&) {
        const auto away =
            std::count_if(test.aws.hosts().begin(), test.aws.hosts().end(), [](const auto& entry) {
                return !entry.second.agent_running;
            });
        away_max = std::max(away_max, static_cast<int>(away));
    };
    EXPECT_EQ(test.run(test.plan(given)).verdict, Verdict::passed);
    EXPECT_EQ(away_max, 1);
    EXPECT_GE(test.clock.wall() - start_of_test, Seconds(30));
    EXPECT_TRUE(all_agents_run(test));
}

TEST(Runner, RampsBeforeAndAfter) {
    TestWorld test;
    RawValues given = duration(10);
    given["RAMP_TIME"] = {"20", "test"};
    EXPECT_EQ(test.run(test.plan(given)).verdict, Verdict::passed);
    EXPECT_GE(test.clock.wall() - start_of_test, Seconds(50));
}

TEST(Runner, SaysNoEffectWhenEcsNeverSeesTheAgentsGo) {
    TestWorld test;
    for (auto& [id, host] : test.aws.hosts())
        host.seen_after = Seconds(40);
    const auto result = test.run(test.plan(duration(30)));
    EXPECT_EQ(result.verdict, Verdict::no_effect);
    EXPECT_NE(result.reason.find("TOTAL_CHAOS_DURATION=60"), std::string::npos) << result.reason;
    EXPECT_TRUE(all_agents_run(test));
}

TEST(Runner, SaysNoEffectWhenOneOfThreeWasNotSeen) {
    TestWorld test;
    test.aws.host(2).seen_after = Seconds(300);
    EXPECT_EQ(test.run(test.plan(duration(30))).verdict, Verdict::no_effect);
}

TEST(Runner, FailsWhenAnAgentDoesNotComeBack) {
    TestWorld test;
    test.aws.host(2).never_starts = true;
    const auto result = test.run(test.plan(duration(10)));
    EXPECT_EQ(result.verdict, Verdict::failed) << result.reason;
    EXPECT_EQ(test.events.count("not-recovered"), 1);
    EXPECT_EQ(test.events.count("recovered"), 2);
}

TEST(Runner, SaysThatItCouldNotLookWhereItCouldNot) {
    TestWorld test;
    test.events.watcher = [&](const Event& event) {
        if (json::string_at(event.data, "phase") == "revert")
            test.aws.fail_with["DescribeContainerInstances"] = {
                "AccessDeniedException",
                "User: arn:aws:iam::123456789012:user/test is not authorized to perform: "
                "ecs:DescribeContainerInstances on resource: *",
                400};
    };
    const auto result = test.run(test.plan(duration(10)));
    EXPECT_EQ(result.verdict, Verdict::failed);
    EXPECT_EQ(result.reason,
              "3 of 3 hosts were not seen to be well again (3 of them could not be looked at); "
              "`squall sweep` looks for what is left on them");
    for (const auto& event : test.events.events) {
        if (event.kind == "not-recovered") {
            EXPECT_NE(json::string_at(event.data, "why").find("ecs:DescribeContainerInstances"),
                      std::string::npos);
        }
    }
    EXPECT_LE(test.events.count("warning"), 4) << "the same trouble is told once a minute";
}

TEST(Runner, TellsOfTwoTroublesInTurnEachOnceAMinute) {
    TestWorld test;
    test.events.watcher = [&](const Event& event) {
        if (json::string_at(event.data, "phase") != "revert") return;
        for (const char* operation : {"DescribeContainerInstances", "SendCommand"})
            test.aws.fail_with[operation] = {"AccessDeniedException", "no", 400};
    };
    const auto result = test.run(test.plan(duration(10)));
    EXPECT_EQ(result.verdict, Verdict::failed);
    // Over more than two minutes: each of the two, and the undo again when the hosts' own was due.
    EXPECT_LE(test.events.count("warning"), 8);
    EXPECT_GE(test.events.count("warning"), 3);
}

TEST(Runner, EndsTheFaultAtOnceWhenAbortedAndStillSeesItThrough) {
    for (const std::string when : {"intent", "sent", "injected", "affected"}) {
        TestWorld test;
        test.events.watcher = [&](const Event& event) {
            if (event.kind == when) test.abort.request_stop();
        };
        const auto result = test.run(test.plan(duration(3600)));
        EXPECT_EQ(result.verdict, Verdict::aborted) << when << ": " << result.reason;
        EXPECT_LT(test.clock.wall() - start_of_test, Seconds(60)) << when;
        // An order that was still on its way must not be followed later.
        let_pass(test, Seconds(60));
        EXPECT_TRUE(all_agents_run(test)) << when;
    }
}

TEST(Runner, TellsWhenSomebodyElseEndsTheFaultOnAHost) {
    TestWorld test;
    test.events.watcher = [&](const Event& event) {
        FakeHost& host = test.aws.host(1);
        if (event.kind != "affected" || event.target != host.id) return;
        host.agent_running = true;
        host.agent_changed_at = test.clock.wall();
    };
    EXPECT_EQ(test.run(test.plan(duration(60))).verdict, Verdict::passed);
    const auto warnings = test.events.kinds_of(test.aws.host(1).id);
    EXPECT_EQ(std::count(warnings.begin(), warnings.end(), "warning"), 1);
    EXPECT_EQ(test.events.count("warning"), 1);
}

TEST(Runner, SendsTheUndoAgainToAHostWhoseAgentDidNotStart) {
    TestWorld test;
    test.aws.host(2).failed_starts = 2;
    test.events.watcher = [&](const Event& event) {
        if (json::string_at(event.data, "phase") == "hold") test.abort.request_stop();
    };
    const auto result = test.run(test.plan({{"TOTAL_CHAOS_DURATION", {"600", "test"}}}));
    EXPECT_EQ(result.verdict, Verdict::aborted);
    EXPECT_EQ(test.events.count("revert-failed"), 2);
    EXPECT_EQ(test.aws.calls["SendCommand"], 4) << "one order, one undo for all, two for one host";
    EXPECT_LT(test.clock.wall(), start_of_test + Seconds(60)) << "not when the host's time is up";
    EXPECT_TRUE(test.aws.host(2).agent_running);
}

TEST(Runner, IsAbortedInItsRampBeforeAnythingIsDone) {
    TestWorld test;
    RawValues given = duration(10);
    given["RAMP_TIME"] = {"600", "test"};
    test.events.watcher = [&](const Event& event) {
        if (event.kind == "phase") test.abort.request_stop();
    };
    EXPECT_EQ(test.run(test.plan(given)).verdict, Verdict::aborted);
    EXPECT_EQ(test.aws.calls["SendCommand"], 0);
    EXPECT_LT(test.clock.wall() - start_of_test, Seconds(5));
}

TEST(Runner, LeavesTheHostsToThemselvesWhenToldToQuit) {
    TestWorld test;
    test.events.watcher = [&](const Event& event) {
        if (event.kind != "injected") return;
        test.abort.request_stop();
        test.quit.request_stop();
    };
    EXPECT_EQ(test.run(test.plan(duration(60))).verdict, Verdict::aborted);
    EXPECT_TRUE(test.files.journal->find("r-test").value()->open) << "recover looks after it";
    EXPECT_EQ(test.events.events.back().kind, "left") << "no verdict yet: recover gives it";
    let_pass(test, Seconds(70));
    EXPECT_TRUE(all_agents_run(test));
}

TEST(Runner, LeavesAnAgentAloneThatItFindsStopped) {
    TestWorld test;
    // It is well when the plan is made, and has stopped when the order comes.
    const auto plan = test.plan(duration(10));
    test.aws.host(2).agent_running = false;
    const auto result = test.run(plan);
    EXPECT_EQ(result.verdict, Verdict::passed) << result.reason;
    EXPECT_FALSE(test.aws.host(2).agent_running)
        << "the undo does not start what the fault did not stop";
    EXPECT_EQ(test.events.kinds_of("i-00000000000000002"),
              (std::vector<std::string>{"intent", "sent", "not-injected"}));
}

TEST(Runner, DoesNotStopAHostThatComesBackAfterTheEnd) {
    TestWorld test(1);
    const auto plan = test.plan(duration(10));
    test.aws.host(1).online = false;
    const auto result = test.run(plan);
    test.aws.host(1).online = true;
    let_pass(test, Seconds(60));
    EXPECT_EQ(result.verdict, Verdict::no_effect);
    EXPECT_EQ(test.aws.host(1).stops, 0);
}

TEST(Runner, DoesNotStopAHostThatGetsItsOrderAfterTheUndo) {
    TestWorld test(2);
    const auto plan = test.plan(duration(5));
    test.aws.host(1).online = false;
    test.events.watcher = [&](const Event& event) {
        // Both commands are delivered together, in whatever order.
        if (event.kind == "revert-sent") test.aws.host(1).online = true;
    };
    static_cast<void>(test.run(plan));
    let_pass(test, Seconds(60));
    EXPECT_EQ(test.aws.host(1).stops, 0);
}

TEST(Runner, RefusesHostsThatAnotherRunHolds) {
    TestWorld test;
    const auto plan = test.plan(duration(30));
    // From another machine: this journal does not know of it.
    for (int number = 1; number <= 3; ++number)
        test.aws.host(number).held_by = "r-theirs";
    const auto result = test.run(plan);
    EXPECT_EQ(result.verdict, Verdict::refused) << result.reason;
    EXPECT_NE(result.reason.find("r-theirs"), std::string::npos);
    for (int number = 1; number <= 3; ++number) {
        EXPECT_EQ(test.aws.host(number).held_by, "r-theirs");
        EXPECT_EQ(test.aws.host(number).stops, 0);
    }
}

TEST(Runner, IsAbortedWhenItMeetsAHostThatAnotherRunHoldsAfterItHasDoneSomething) {
    TestWorld test;
    auto values = duration(10);
    values["SEQUENCE"] = {"serial", "test"};
    const auto plan = test.plan(values);
    test.events.watcher = [&](const Event& event) {
        if (event.kind == "recovered") test.aws.host(2).held_by = "r-theirs";
    };
    const auto result = test.run(plan);
    EXPECT_EQ(result.verdict, Verdict::aborted);
    EXPECT_EQ(result.reason,
              "ended early, since a host is held by the run r-theirs; the host is well again");
    EXPECT_EQ(test.events.kinds_of("i-00000000000000003"),
              (std::vector<std::string>{"not-injected"}));
    EXPECT_EQ(test.aws.host(3).stops, 0);
}

TEST(Runner, EndsAtOnceWhatItHasDoneWhenAnotherRunHoldsAHost) {
    TestWorld test;
    const auto plan = test.plan(duration(30));
    test.aws.host(3).held_by = "r-theirs";
    EXPECT_EQ(test.run(plan).verdict, Verdict::aborted);
    EXPECT_EQ(test.aws.host(3).held_by, "r-theirs");
    for (int number = 1; number <= 2; ++number) {
        EXPECT_EQ(test.aws.host(number).stops, 1);
        EXPECT_TRUE(test.aws.host(number).agent_running);
    }
    EXPECT_LT(test.clock.wall() - start_of_test, Seconds(5));
}

TEST(Runner, BringsBackAHostWhoseRecordOfItWasRemoved) {
    TestWorld test;
    test.events.watcher = [&](const Event& event) {
        if (event.kind != "phase" || json::string_at(event.data, "phase") != "hold") return;
        test.aws.host(1).held_by.clear();
        test.aws.host(1).restore_at.reset();
    };
    EXPECT_EQ(test.run(test.plan(duration(10))).verdict, Verdict::passed);
    EXPECT_TRUE(all_agents_run(test));
    for (const auto& event : test.events.events) {
        if (event.kind == "reverted") {
            EXPECT_EQ(json::string_at(event.data, "by"), "our command");
        }
    }
}

TEST(Runner, BlamesNobodyForAHostThatRestoredItselfInTime) {
    TestWorld test(1);
    const auto plan = test.plan(duration(10));
    const WallTime end = start_of_test + Seconds(60);
    test.aws.on_call = [&](const std::string& operation) {
        // A runner that was stopped (Ctrl-Z) in the hold, and goes on long after it.
        if (operation != "DescribeContainerInstances" || test.aws.host(1).stops == 0
            || test.clock.wall() >= end || test.events.kinds_of(test.aws.host(1).id).size() < 4)
            return;
        let_pass(test, Seconds(60));
    };
    const auto result = test.run(plan);
    EXPECT_EQ(result.verdict, Verdict::passed) << result.reason;
    for (const auto& event : test.events.events)
        EXPECT_NE(event.kind, "warning") << json::text(event.data);
}

TEST(Runner, SaysThatItStaysOpenBeforeItsVerdictWhichIsTheLastEvent) {
    TestWorld test(1);
    const auto plan = test.plan(duration(5));
    test.events.watcher = [&](const Event& event) {
        if (event.kind == "phase" && json::string_at(event.data, "phase") == "revert")
            refuse_updates(test.files.journal->file());
    };
    const auto result = test.run(plan);
    EXPECT_EQ(result.verdict, Verdict::passed);
    EXPECT_TRUE(result.is_open);
    EXPECT_EQ(test.events.events.back().kind, "verdict");
    EXPECT_NE(json::string_at(test.events.events.at(test.events.events.size() - 2).data, "text")
                  .find("the run stays open"),
              std::string::npos);
}

TEST(Runner, RefusesASecondRunOnTheSameHosts) {
    TestWorld test;
    const auto plan = test.plan(duration(30));
    ASSERT_TRUE(test.files.journal->begin("r-first", plan, test.clock.wall()));
    const auto result = test.run(plan);
    EXPECT_EQ(result.verdict, Verdict::refused);
    EXPECT_NE(result.reason.find("r-first"), std::string::npos);
    EXPECT_EQ(test.aws.calls["SendCommand"], 0);
    Plan elsewhere = plan;
    elsewhere.endpoint = "https://ecs.us-east-1.amazonaws.com";
    EXPECT_TRUE(test.files.journal->begin("r-elsewhere", elsewhere, test.clock.wall()))
        << "the same names in another world are other hosts";
}

TEST(Runner, EndsAtOnceWhenSendCommandIsDenied) {
    TestWorld test;
    const auto plan = test.plan(duration(60));
    test.aws.fail_with["SendCommand"] = {"AccessDeniedException",
                                         "User: arn:aws:iam::123456789012:user/test is not "
                                         "authorized to perform: ssm:SendCommand on resource: *",
                                         400};
    const auto result = test.run(plan);
    EXPECT_EQ(result.verdict, Verdict::error);
    EXPECT_NE(result.reason.find("ssm:SendCommand"), std::string::npos) << result.reason;
    EXPECT_LT(test.clock.wall() - start_of_test, Seconds(10))
        << "nobody was told, so there is nothing to wait for";
}

TEST(Runner, EndsAtOnceWhenNobodyMayAskWhatBecameOfTheCommands) {
    TestWorld test;
    const auto plan = test.plan(duration(600));
    for (const std::string operation : {"ListCommandInvocations", "GetCommandInvocation"})
        test.aws.fail_with[operation] = {"AccessDeniedException",
                                         "User: arn:aws:iam::123456789012:user/test is not "
                                         "authorized to perform: ssm:"
                                             + operation + " on resource: *",
                                         400};
    // Somebody adds the permission meanwhile, so that the end is seen before the hosts' own.
    test.events.watcher = [&](const Event& event) {
        if (event.kind == "revert-sent") test.aws.fail_with.clear();
    };
    const auto result = test.run(plan);
    EXPECT_EQ(result.verdict, Verdict::error);
    EXPECT_NE(result.reason.find("ssm:ListCommandInvocations"), std::string::npos) << result.reason;
    EXPECT_TRUE(all_agents_run(test));
    EXPECT_LT(test.clock.wall() - start_of_test, Seconds(30));
}

TEST(Runner, GoesOnWithoutSsmAndSeesTheHostsRestoreThemselves) {
    TestWorld test;
    test.events.watcher = [&](const Event& event) {
        if (event.kind == "affected")
            test.aws.fail_with["SendCommand"] = {"InternalServerError", "no", 500};
    };
    const auto result = test.run(test.plan(duration(30)));
    EXPECT_EQ(result.verdict, Verdict::passed) << result.reason;
    EXPECT_TRUE(all_agents_run(test));
    EXPECT_GE(test.events.count("warning"), 1);
    EXPECT_EQ(test.events.count("recovered"), 3);
}

TEST(Runner, HoldsNobodyLongerForAHostThatDoesNotAnswer) {
    TestWorld test(3);
    test.aws.host(2).online = false;
    WallTime held_from;
    test.events.watcher = [&](const Event& event) {
        if (event.kind == "phase" && json::string_at(event.data, "phase") == "hold")
            held_from = event.at;
    };
    const auto result = test.run(test.plan(duration(20)));
    EXPECT_NE(held_from, WallTime{}) << "it says that it holds";
    for (const auto& event : test.events.events) {
        if (event.kind == "revert-sent") {
            EXPECT_LE(event.at - start_of_test, Seconds(22)) << event.target;
        }
    }
    EXPECT_TRUE(all_agents_run(test)) << result.reason;
}

TEST(Runner, NeverTakesAnErrorOfEcsForAnEffect) {
    TestWorld test;
    const auto plan = test.plan(duration(20));
    test.aws.fail_with["DescribeContainerInstances"] = {"ServerException", "no", 500};
    test.aws.on_call = [&](const std::string&) {
        // Not before everything is over and well again.
        if (test.clock.wall() > start_of_test + Seconds(60)) test.aws.fail_with.clear();
    };
    const auto result = test.run(plan);
    EXPECT_EQ(result.verdict, Verdict::no_effect);
    EXPECT_EQ(test.events.count("affected"), 0);
    EXPECT_TRUE(all_agents_run(test));
}

TEST(Runner, ReportsAHostWhoseAgentWouldNotStop) {
    TestWorld test;
    test.aws.host(1).refuses_to_stop = true;
    const auto result = test.run(test.plan(duration(10)));
    EXPECT_EQ(result.verdict, Verdict::passed);
    EXPECT_EQ(test.events.kinds_of("i-00000000000000001"),
              (std::vector<std::string>{"intent", "sent", "not-injected"}));
}

TEST(Runner, CountsItsCallsByBatchesAndNotByHosts) {
    TestWorld test(120);
    const auto plan = test.plan(duration(30));
    test.aws.calls.clear();
    EXPECT_EQ(test.run(plan).verdict, Verdict::passed);
    EXPECT_EQ(test.aws.calls["SendCommand"], 6) << "three batches of fifty there, three back";
    EXPECT_EQ(test.aws.calls["DescribeContainerInstances"] % 2, 0)
        << "two batches of a hundred at a time";
    EXPECT_LT(test.aws.calls["DescribeContainerInstances"], 2 * 25);
    EXPECT_LT(test.aws.calls["ListCommandInvocations"], 30);
}

} // namespace
} // namespace squall::experiment
