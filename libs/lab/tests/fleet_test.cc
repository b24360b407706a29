#include "fleet/fleet.h"

#include "lab_world.h"

#include <gtest/gtest.h>

namespace squall::lab::fleet {
namespace {

constexpr const char* stop_order = "# squall ecs-agent-stop stop\n"
                                   "run='r-1'\nnot_after='{}'\nrestore_at='{}'\nlongest='68'\n"
                                   "set -u\nrun='not this one'\n";

std::int64_t seconds(WallTime when) {
    return std::chrono::floor<Seconds>(when.time_since_epoch()).count();
}

std::string stop_until(WallTime not_after, WallTime restore_at) {
    return fmt::format(fmt::runtime(stop_order), seconds(not_after), seconds(restore_at));
}

std::string start_order(WallTime not_after) {
    return fmt::format("# squall ecs-agent-stop start\nrun='r-1'\nnot_after='{}'\n",
                       seconds(not_after));
}

TEST(Orders, AreReadFromTheLinesBelowTheirName) {
    const auto order =
        read_order("# squall ecs-agent-stop stop\nrun='a'\nlongest='6'\n\nrun='b'\n");
    ASSERT_TRUE(order);
    EXPECT_EQ(order->verb, "stop");
    EXPECT_EQ(order->setting("run"), "a");
    EXPECT_EQ(order->setting("longest"), "6");
    EXPECT_EQ(order->setting("restore_at"), "");
    const auto windows = read_order("# squall ecs-agent-stop start\n$run = 'a'\n$x = 1\n");
    ASSERT_TRUE(windows);
    EXPECT_EQ(windows->setting("run"), "a");
    for (const char* other :
         {"", "systemctl stop ecs", "#squall ecs-agent-stop stop\n", "\n# squall"})
        EXPECT_FALSE(read_order(other)) << other;
}

TEST(Orders, AreFollowedAsTheScriptsWouldBe) {
    const WallTime now = start_of_test;
    const auto did = [](const ScriptEnd& end) {
        return std::string(json::string_at(json::parse_object(end.standard_output).value(), "did"));
    };
    const std::string stop = stop_until(now + Seconds(30), now + Seconds(68));
    VirtualHost host;
    EXPECT_EQ(did(host.run(stop, now + Seconds(31))), "too-late");
    EXPECT_TRUE(host.agent_runs());
    EXPECT_EQ(did(host.run(stop, now)), "injected");
    EXPECT_FALSE(host.agent_runs());
    EXPECT_EQ(did(host.run(replace_all(stop, "r-1", "r-2"), now)), "busy");
    EXPECT_EQ(did(host.run(start_order(now + Seconds(30)), now + Seconds(10))), "reverted");
    EXPECT_TRUE(host.agent_runs());
    EXPECT_EQ(did(host.run(start_order(now + Seconds(30)), now + Seconds(10))), "clean");
    // An order that comes after its undo is void.
    EXPECT_EQ(did(host.run(stop, now + Seconds(11))), "too-late");
    EXPECT_EQ(host.run("systemctl stop ecs", now).exit_code, 127);
}

TEST(Orders, EndByThemselves) {
    VirtualHost host;
    static_cast<void>(host.run(stop_until(start_of_test + Seconds(30), start_of_test + Seconds(20)),
                               start_of_test));
    EXPECT_FALSE(host.tick(start_of_test + Seconds(19)));
    EXPECT_TRUE(host.tick(start_of_test + Seconds(20)));
    EXPECT_TRUE(host.agent_runs());
}

TEST(Orders, OfARunThatIsOverAreListedUntilTheyDoNotMatter) {
    VirtualHost host;
    static_cast<void>(host.run(start_order(start_of_test + Seconds(30)), start_of_test));
    const std::string list = "# squall ecs-agent-stop list\n";
    EXPECT_NE(host.run(list, start_of_test).standard_output.find("tombstone"), std::string::npos);
    host.tick(start_of_test + Seconds(31));
    EXPECT_EQ(host.run(list, start_of_test).standard_output,
              "{\"squall\":\"ecs-agent-stop\",\"did\":\"listed\"}\n");
}

class Fleets : public ::testing::Test {
protected:
    Fleet& with(Rules rules, int count, Platform platform = Platform::amazon_linux) {
        rules.cluster = "demo";
        fleet_.emplace(world.cloud(), rules);
        for (int i = 1; i <= count; ++i) {
            ec2::Instance instance;
            instance.id = fmt::format("i-{:017}", i);
            instance.availability_zone = "us-east-1a";
            ids.push_back(instance.id);
            fleet_->add(instance, platform, world.now);
        }
        return *fleet_;
    }

    void live(Seconds time) {
        for (Millis done{0}; done < time; done += Millis(500)) {
            world.pass(Millis(500));
            fleet_->tick(world.now);
        }
    }

    int connected() {
        int count = 0;
        for (const auto& [arn, instance] : world.ecs().store().instances)
            count += instance.agent_connected ? 1 : 0;
        return count;
    }

    json::Array send(const std::string& script, const char* document = "AWS-RunShellScript") {
        json::Array to(ids.begin(), ids.end());
        const auto sent =
            world.try_call("ssm",
                           "SendCommand",
                           {{"DocumentName", document},
                            {"InstanceIds", to},
                            {"TimeoutSeconds", 30},
                            {"MaxErrors", "100%"},
                            {"MaxConcurrency", "100%"},
                            {"Parameters", json::Object{{"commands", json::Array{script}}}}});
        EXPECT_TRUE(sent);
        command = json::string_at(
            json::object_at(std::get<json::Value>(*sent).as_object(), "Command"), "CommandId");
        live(Seconds(5));
        return invocations();
    }

    json::Array invocations() {
        const auto listed = world.try_call(
            "ssm", "ListCommandInvocations", {{"CommandId", command}, {"Details", true}});
        return json::array_at(std::get<json::Value>(*listed).as_object(), "CommandInvocations");
    }

    static int count(const json::Array& invocations, std::string_view details) {
        return static_cast<int>(
            std::count_if(invocations.begin(), invocations.end(), [&](const auto& one) {
                return json::string_at(one, "StatusDetails") == details;
            }));
    }

    LabWorld world;
    std::vector<std::string> ids;
    std::string command;

private:
    std::optional<Fleet> fleet_;
};

TEST_F(Fleets, AreRunningConnectedAndOnline) {
    with({}, 3);
    EXPECT_EQ(connected(), 3);
    live(std::chrono::minutes(2));
    EXPECT_EQ(connected(), 3);
    for (const auto& id : ids) {
        EXPECT_TRUE(world.ssm().is_online(id, world.now));
        EXPECT_EQ(world.cloud().home().ec2.all.at(id).state, "running");
    }
}

TEST_F(Fleets, StopTheirAgentsUntilTheyAreToldToStartThem) {
    with({}, 40);
    const auto answers = send(stop_until(world.now + Seconds(30), world.now + Seconds(68)));
    EXPECT_EQ(count(answers, "Success"), 40);
    EXPECT_EQ(connected(), 0);
    static_cast<void>(send(start_order(world.now + Seconds(30))));
    EXPECT_EQ(connected(), 40);
}

TEST_F(Fleets, RestoreThemselvesWhenNobodyTellsThem) {
    with({}, 5);
    static_cast<void>(send(stop_until(world.now + Seconds(30), world.now + Seconds(20))));
    EXPECT_EQ(connected(), 0);
    live(Seconds(20));
    EXPECT_EQ(connected(), 5);
}

TEST_F(Fleets, FailAndStaySilentAsOftenAsWasAskedFor) {
    Rules rules;
    rules.failing_percent = 30;
    rules.silent_percent = 20;
    rules.seed = 7;
    with(rules, 50);
    auto answers = send(stop_until(world.now + Seconds(30), world.now + Seconds(68)));
    const int failed = count(answers, "Failed");
    const int done = count(answers, "Success");
    EXPECT_NEAR(failed, 15, 10);
    EXPECT_NEAR(done, 25, 12);
    EXPECT_EQ(connected(), 50 - done);
    live(Seconds(40));
    answers = invocations();
    EXPECT_EQ(count(answers, "DeliveryTimedOut"), 50 - failed - done);
    EXPECT_GT(50 - failed - done, 0);
    for (const auto& id : ids)
        EXPECT_TRUE(world.ssm().is_online(id, world.now));
}

TEST_F(Fleets, OfWindowsTakePowerShellOnly) {
    with({}, 1, Platform::windows);
    EXPECT_EQ(count(send(stop_until(world.now + Seconds(30), world.now + Seconds(68))), "Failed"),
              1);
    EXPECT_EQ(connected(), 1);
    const std::string order =
        "# squall ecs-agent-stop stop\n$run = 'r-1'\n"
        + fmt::format("$not_after = '{}'\n$restore_at = '{}'\n$longest = '68'\n",
                      seconds(world.now + Seconds(30)),
                      seconds(world.now + Seconds(68)));
    EXPECT_EQ(count(send(order, "AWS-RunPowerShellScript"), "Success"), 1);
    EXPECT_EQ(connected(), 0);
}

TEST_F(Fleets, TakeTasksAndReportThem) {
    with({}, 2);
    world.call("RegisterTaskDefinition", web_task_definition());
    const auto ran =
        world.call("RunTask", {{"cluster", "demo"}, {"taskDefinition", "web"}, {"count", 2}});
    ASSERT_EQ(json::array_at(ran, "tasks").size(), 2U);
    live(Seconds(2));
    json::Array arns;
    for (const auto& task : json::array_at(ran, "tasks"))
        arns.push_back(json::Value(json::string_at(task, "taskArn")));
    const auto status = [&] {
        const auto described = world.call("DescribeTasks", {{"cluster", "demo"}, {"tasks", arns}});
        return std::string(json::string_at(json::array_at(described, "tasks").at(0), "lastStatus"));
    };
    EXPECT_EQ(status(), "RUNNING");
    world.call("StopTask", {{"cluster", "demo"}, {"task", arns.at(0)}});
    live(Seconds(2));
    EXPECT_EQ(status(), "STOPPED");
}

TEST_F(Fleets, AreForgottenWhenTheyAreDeregistered) {
    with({}, 1);
    const std::string arn = world.ecs().store().instances.begin()->first;
    world.call("DeregisterContainerInstance",
               {{"cluster", "demo"}, {"containerInstance", arn}, {"force", true}});
    live(Seconds(60));
    EXPECT_EQ(world.ecs().store().instances.size(), 0U);
}

TEST_F(Fleets, AreGoneWhileTheyAreSwitchedOff) {
    Fleet& fleet = with({}, 2);
    fleet.switch_off(ids[0], world.now);
    live(Seconds(60));
    EXPECT_EQ(connected(), 1);
    EXPECT_FALSE(world.ssm().is_online(ids[0], world.now));
    EXPECT_TRUE(world.ssm().is_online(ids[1], world.now));
    fleet.switch_on(ids[0], world.now);
    live(Seconds(20));
    EXPECT_EQ(connected(), 2);
    EXPECT_TRUE(world.ssm().is_online(ids[0], world.now));
    EXPECT_EQ(world.ecs().store().instances.size(), 2U) << "the same container instances";
}

TEST_F(Fleets, HaveLostTheirTasksWhenTheyAreBack) {
    Fleet& fleet = with({}, 1);
    world.call("RegisterTaskDefinition", web_task_definition());
    world.call("RunTask", {{"cluster", "demo"}, {"taskDefinition", "web"}});
    live(Seconds(5));
    const auto status = [&] {
        return world.ecs().store().tasks.begin()->second.last_status;
    };
    ASSERT_EQ(status(), "RUNNING");
    fleet.switch_off(ids[0], world.now);
    live(Seconds(5));
    EXPECT_EQ(status(), "RUNNING") << "nobody has told ECS";
    fleet.switch_on(ids[0], world.now);
    live(Seconds(5));
    EXPECT_EQ(status(), "STOPPED");
}

} // namespace
} // namespace squall::lab::fleet
