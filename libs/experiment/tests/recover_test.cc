#include "fake_world.h"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

namespace squall::experiment {
namespace {

TEST(Recover, UndoesAndClosesARunWhoseRunnerDiedWhereverItStood) {
    for (const std::string died_at :
         {"run", "intent", "sent", "injected", "affected", "revert-sent", "reverted"}) {
        TestWorld test;
        const auto plan = test.plan(duration(600));
        // The journal as the dead runner left it: everything up to that event, and the hosts in the
        // state they had.
        test.events.watcher = [&](const Event& event) {
            if (event.kind != died_at || test.quit.stop_requested()) return;
            test.abort.request_stop();
            test.quit.request_stop();
        };
        static_cast<void>(test.run(plan));
        test.abort = std::stop_source();
        test.quit = std::stop_source();
        test.events.watcher = nullptr;
        auto record = test.files.journal->find("r-test").value();
        ASSERT_TRUE(record && record->open) << died_at;
        Runner runner(test.world,
                      *test.files.journal,
                      *test.fault,
                      {&test.events},
                      {test.abort.get_token(), test.quit.get_token()});
        const auto result = runner.finish(*record);
        EXPECT_EQ(result.verdict, Verdict::aborted) << died_at << ": " << result.reason;
        EXPECT_FALSE(test.files.journal->find("r-test").value()->open) << died_at;
        let_pass(test, Seconds(60));
        EXPECT_TRUE(all_agents_run(test)) << died_at;
    }
}

TEST(Recover, LeavesAHostAloneThatAnsweredThatItDidNothing) {
    TestWorld test;
    const auto plan = test.plan(duration(600));
    test.aws.host(2).agent_running = false;
    test.events.watcher = [&](const Event& event) {
        if (json::string_at(event.data, "phase") != "hold") return;
        test.abort.request_stop();
        test.quit.request_stop();
    };
    static_cast<void>(test.run(plan));
    test.events.watcher = nullptr;
    Runner runner(test.world, *test.files.journal, *test.fault, {&test.events}, {});
    const auto result = runner.finish(*test.files.journal->find("r-test").value());
    EXPECT_EQ(result.verdict, Verdict::aborted);
    EXPECT_EQ(result.reason, "its runner died; both hosts are well again");
    EXPECT_FALSE(test.aws.host(2).agent_running) << "it was found stopped, and stays so";
}

TEST(Recover, IsRefusedInAnotherWorldThanTheRunsOwn) {
    TestWorld test;
    Plan plan = test.plan(duration(60));
    plan.endpoint = "https://ecs.us-east-1.amazonaws.com";
    ASSERT_TRUE(test.files.journal->begin("r-test", plan, test.clock.wall()));
    Runner runner(test.world, *test.files.journal, *test.fault, {}, {});
    const auto result = runner.finish(*test.files.journal->find("r-test").value());
    EXPECT_EQ(result.verdict, Verdict::refused);
    EXPECT_TRUE(test.files.journal->find("r-test").value()->open);
    EXPECT_EQ(test.aws.calls["SendCommand"], 0);
}

TEST(Recover, LeavesARunToItsLivingRunner) {
    TestWorld test;
    const Plan plan = test.plan(duration(60));
    ASSERT_TRUE(test.files.journal->begin("r-test", plan, test.clock.wall()));
    ASSERT_TRUE(make_directories(test.files.journal->lock_path("r-test").parent_path()));
    // Another process holds the run's lock.
    auto ready = make_pipe().value();
    auto end = make_pipe().value();
    const pid_t child = ::fork();
    if (child == 0) {
        const auto lock = FileLock::try_take(test.files.journal->lock_path("r-test"));
        char byte = 'x';
        if (::write(ready.write_end.get(), &byte, 1) != 1) ::_exit(1);
        end.write_end.reset();
        ::_exit(::read(end.read_end.get(), &byte, 1) == 0 && lock ? 0 : 1);
    }
    char byte = 0;
    ASSERT_EQ(::read(ready.read_end.get(), &byte, 1), 1);
    Runner runner(test.world, *test.files.journal, *test.fault, {}, {});
    EXPECT_EQ(runner.finish(*test.files.journal->find("r-test").value()).verdict, Verdict::refused);
    end.write_end.reset();
    ::waitpid(child, nullptr, 0);
    EXPECT_EQ(test.aws.calls["SendCommand"], 0);
}

} // namespace
} // namespace squall::experiment
