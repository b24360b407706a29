// Hosts of every kind in one cluster: each is recognised, and gets what it understands.
#include "fake_world.h"
#include "faults/ecs_agent_stop_windows.h"
#include "squall/base/file.h"
#include "squall/experiment/sweep.h"

#include <gtest/gtest.h>

namespace squall::experiment {
namespace {

FakeHost& as_windows(FakeHost& host) {
    host.platform_type = "Windows";
    host.platform_name = "Microsoft Windows Server 2022 Datacenter";
    return host;
}

std::string skip_of(const Plan& plan, const std::string& id) {
    for (const auto& target : plan.targets) {
        if (target.instance_id == id) return target.skip;
    }
    return "it is not in the plan";
}

TEST(Platforms, AreRecognisedBeforeAnythingIsSent) {
    TestWorld test(7);
    test.aws.host(1).managed = false;
    test.aws.host(2).ping_status = "ConnectionLost";
    test.aws.host(3).seen_connected = test.aws.host(3).agent_running = false;
    as_windows(test.aws.host(4));
    test.aws.host(5).platform_name = "Bottlerocket";
    test.aws.host(6).platform_type = "MacOS";
    const auto plan = test.plan();
    EXPECT_EQ(skip_of(plan, test.aws.host(1).id), "it is not managed by SSM");
    EXPECT_EQ(skip_of(plan, test.aws.host(2).id), "SSM cannot reach it (ConnectionLost)");
    EXPECT_EQ(skip_of(plan, test.aws.host(3).id), "its agent is already disconnected");
    EXPECT_EQ(skip_of(plan, test.aws.host(4).id), "");
    EXPECT_TRUE(skip_of(plan, test.aws.host(5).id).starts_with("unsupported: on Bottlerocket"));
    EXPECT_TRUE(skip_of(plan, test.aws.host(6).id).starts_with("unsupported: "));
    EXPECT_EQ(skip_of(plan, test.aws.host(7).id), "");
    EXPECT_EQ(test.aws.calls["SendCommand"], 0);
}

TEST(Platforms, GetTheScriptsOfTheirShellThroughItsDocument) {
    TestWorld test(4);
    as_windows(test.aws.host(2));
    as_windows(test.aws.host(4));
    const auto plan = test.plan(duration(60));
    ASSERT_EQ(plan.scripts.size(), 2U);
    EXPECT_TRUE(plan.scripts[0].inject.starts_with("# squall ecs-agent-stop stop\nrun='<run>'\n"));
    EXPECT_TRUE(plan.scripts[1].revert.starts_with("# squall ecs-agent-stop start\n$run = "));
    const auto result = test.run(plan);
    EXPECT_EQ(result.verdict, Verdict::passed) << result.reason;
    EXPECT_TRUE(all_agents_run(test));
    for (int i = 1; i <= 4; ++i)
        EXPECT_EQ(test.aws.host(i).stops, 1) << i;
    // One for each shell, at the beginning and at the end, as the plan says.
    EXPECT_EQ(test.aws.calls["SendCommand"], 4);
    const auto planned = std::find_if(plan.calls.begin(), plan.calls.end(), [](const auto& call) {
        return call.operation == "ssm:SendCommand";
    });
    EXPECT_EQ(planned->count, 4);
}

TEST(Platforms, AreUndoneThoughOneKindCannotBeSentTo) {
    TestWorld test(2);
    as_windows(test.aws.host(2));
    int sends = 0;
    test.aws.on_call = [&](const std::string& operation) {
        // The first undo, which goes to the hosts with a POSIX shell.
        if (operation != "SendCommand") return;
        ++sends;
        test.aws.fail_with.erase("SendCommand");
        if (sends == 3) test.aws.fail_with["SendCommand"] = {"InternalServerError", "no", 500};
    };
    const auto result = test.run(test.plan(duration(60)));
    EXPECT_TRUE(all_agents_run(test)) << result.reason;
}

TEST(Platforms, AreReadBackFromAPlansJson) {
    TestWorld test(2);
    as_windows(test.aws.host(2));
    const auto plan = test.plan();
    const auto again = Plan::from_json(plan.to_json()).value();
    EXPECT_EQ(again.targets[0].shell, host::Shell::posix);
    EXPECT_EQ(again.targets[1].shell, host::Shell::powershell);
}

TEST(Platforms, AreSweptEachByItsScript) {
    TestWorld test(2);
    as_windows(test.aws.host(2)).held_by = "r-gone";
    test.aws.host(2).agent_running = false;
    test.aws.host(2).restore_at = start_of_test - std::chrono::hours(1);
    test.aws.timers_run = false;
    const auto swept = sweep({test.world, *test.files.journal, *test.fault},
                             test.values({}),
                             /*remove=*/true,
                             Deadline::never(),
                             {})
                           .value();
    ASSERT_EQ(swept.items.size(), 1U);
    EXPECT_EQ(swept.items[0].instance_id, test.aws.host(2).id);
    EXPECT_TRUE(swept.items[0].removed);
    EXPECT_TRUE(test.aws.host(2).agent_running);
}

// No Windows host runs here: what is sent is what somebody has read line by line. After a change:
// read it again, and take over what the test says was made.
TEST(WindowsScripts, AreWhatWasRead) {
    const std::vector<std::pair<std::string, std::string>> scripts{
        {"stop.ps1", windows_stop_script("r-1", "1700000000", "1700000030", "1700000068", "68")},
        {"start.ps1", windows_start_script("r-1", "1700000030", "no")},
        {"list.ps1", windows_list_script()},
        {"remove.ps1", windows_removal_script({"r-1", "r-2"})}};
    for (const auto& [name, made] : scripts) {
        const auto golden = read_file(Path(SQUALL_TEST_DATA) / "windows" / name, 1U << 16U);
        ASSERT_TRUE(golden) << golden.error().message;
        EXPECT_EQ(made, *golden) << name;
    }
}

TEST(WindowsScripts, AreQuotedSoThatNothingGetsOut) {
    const std::string script = windows_removal_script({"a'; Remove-Item C:\\ -Recurse; '"});
    EXPECT_TRUE(script.starts_with("# squall ecs-agent-stop remove\n"
                                   "$runs = 'a''; Remove-Item C:\\ -Recurse; '''\n"))
        << script;
}

} // namespace
} // namespace squall::experiment
