#include "ec2_call.h"
#include "lab_world.h"
#include "squall/wire/xml.h"

#include <gtest/gtest.h>

namespace squall::lab::ec2 {
namespace {

constexpr const char* one = "i-00000000000000001";
constexpr const char* two = "i-00000000000000002";

// Remembers what it was told, and does it when the test says so.
class Rack final : public Machines {
public:
    void stop(const std::string& id) override { orders.push_back("stop " + id); }

    void start(const std::string& id) override { orders.push_back("start " + id); }

    void reboot(const std::string& id) override { orders.push_back("reboot " + id); }

    void terminate(const std::string& id) override { orders.push_back("terminate " + id); }

    std::vector<std::string> orders;
};

class Ec2Orders : public ::testing::Test {
protected:
    Ec2Orders() {
        for (const char* id : {one, two}) {
            Instance instance;
            instance.id = id;
            instance.private_ip = "10.0.1.10";
            instances.launch(instance, now);
        }
        instances.use(&rack);
        instances.on_state([this](const Instance& instance, WallTime) {
            told.push_back(instance.id + " " + instance.state);
        });
    }

    Answer call(const std::string& operation, const FormMembers& form) {
        return instances.call(ec2_call(operation, form, now)).value();
    }

    // "id: before -> after (code)", of each instance.
    std::vector<std::string> changes(const std::string& operation,
                                     const std::vector<std::string>& ids) {
        FormMembers form;
        for (std::size_t i = 0; i < ids.size(); ++i)
            form.emplace_back(fmt::format("InstanceId.{}", i + 1), ids[i]);
        const auto answered = call(operation, form);
        if (!answered) return {answered.error().code};
        std::vector<std::string> found;
        const auto document = wire::XmlDocument::parse(std::get<std::string>(*answered)).value();
        document.for_each("instancesSet/item", [&](const wire::XmlDocument::Reader& read) {
            found.push_back(fmt::format("{}: {} -> {} ({})",
                                        read("instanceId"),
                                        read("previousState/name"),
                                        read("currentState/name"),
                                        read("currentState/code")));
        });
        return found;
    }

    std::string state(const char* id) { return instances.all.at(id).state; }

    using Texts = std::vector<std::string>;

    WallTime now = start_of_test;
    Instances instances;
    Rack rack;
    Texts told;
};

TEST_F(Ec2Orders, AStopTakesUntilTheMachineHasStopped) {
    EXPECT_EQ(changes("StopInstances", {one}),
              Texts{fmt::format("{}: running -> stopping (64)", one)});
    EXPECT_EQ(changes("StopInstances", {one}),
              Texts{fmt::format("{}: stopping -> stopping (64)", one)});
    EXPECT_EQ(rack.orders, Texts{std::string("stop ") + one}) << "ordered once";
    EXPECT_EQ(changes("StartInstances", {one}), Texts{"IncorrectInstanceState"});
    instances.settle(one, "running", now);
    EXPECT_EQ(state(one), "stopping") << "nobody had started it";
    instances.settle(one, "stopped", now);
    EXPECT_EQ(changes("StopInstances", {one}),
              Texts{fmt::format("{}: stopped -> stopped (80)", one)});
    now += Seconds(60);
    EXPECT_EQ(changes("StartInstances", {one}),
              Texts{fmt::format("{}: stopped -> pending (0)", one)});
    EXPECT_EQ(changes("StopInstances", {one}), Texts{"IncorrectInstanceState"});
    instances.settle(one, "running", now);
    EXPECT_EQ(changes("StartInstances", {one}),
              Texts{fmt::format("{}: running -> running (16)", one)});
    EXPECT_EQ(instances.all.at(one).launched_at, now) << "the last start";
    const std::string id = one;
    EXPECT_EQ(told, (Texts{id + " stopping", id + " stopped", id + " pending", id + " running"}));
}

TEST_F(Ec2Orders, AnEndIsForGoodAndIsDescribedForAnHour) {
    EXPECT_EQ(changes("TerminateInstances", {one, two, one}),
              (Texts{fmt::format("{}: running -> shutting-down (32)", one),
                     fmt::format("{}: running -> shutting-down (32)", two)}));
    instances.settle(one, "terminated", now);
    EXPECT_EQ(changes("TerminateInstances", {one}),
              Texts{fmt::format("{}: terminated -> terminated (48)", one)});
    for (const char* operation : {"StartInstances", "StopInstances"})
        EXPECT_EQ(changes(operation, {one}), Texts{"IncorrectInstanceState"});
    const auto described = call("DescribeInstances", {{"InstanceId.1", one}});
    ASSERT_TRUE(described);
    EXPECT_EQ(std::get<std::string>(*described).find("privateIpAddress"), std::string::npos);
    instances.tick(now + std::chrono::minutes(59));
    EXPECT_TRUE(call("DescribeInstances", {{"InstanceId.1", one}}));
    instances.tick(now + std::chrono::minutes(61));
    EXPECT_EQ(changes("DescribeInstances", {one}), Texts{"InvalidInstanceID.NotFound"});
    EXPECT_EQ(state(two), "shutting-down") << "it has not ended yet";
}

TEST_F(Ec2Orders, WhatIsStoppedHasNothingToShutDown) {
    changes("StopInstances", {one});
    instances.settle(one, "stopped", now);
    EXPECT_EQ(changes("TerminateInstances", {one}),
              Texts{fmt::format("{}: stopped -> terminated (48)", one)});
    EXPECT_EQ(rack.orders.back(), std::string("terminate ") + one);
}

TEST_F(Ec2Orders, ACallThatIsRefusedChangesNothing) {
    const std::string unknown = "i-0ffffffffffffffff";
    for (const char* operation :
         {"StartInstances", "StopInstances", "TerminateInstances", "RebootInstances"}) {
        EXPECT_EQ(changes(operation, {one, unknown}), Texts{"InvalidInstanceID.NotFound"});
        EXPECT_EQ(changes(operation, {one, "i-nonsense"}), Texts{"InvalidInstanceID.Malformed"});
        EXPECT_EQ(changes(operation, {}), Texts{"MissingParameter"});
        const auto dry = call(operation, {{"InstanceId.1", one}, {"DryRun", "true"}});
        ASSERT_FALSE(dry);
        EXPECT_EQ(dry.error().code, "DryRunOperation");
        EXPECT_EQ(dry.error().status, 412);
    }
    EXPECT_EQ(rack.orders, Texts{});
    EXPECT_EQ(told, Texts{});
    changes("TerminateInstances", {two});
    EXPECT_EQ(changes("StopInstances", {one, two}), Texts{"IncorrectInstanceState"});
    EXPECT_EQ(changes("RebootInstances", {one, two}), Texts{"IncorrectState"});
    EXPECT_EQ(state(one), "running");
}

TEST_F(Ec2Orders, ARebootIsNoChangeOfState) {
    EXPECT_TRUE(call("RebootInstances", {{"InstanceId.1", one}}));
    EXPECT_EQ(rack.orders, Texts{std::string("reboot ") + one});
    EXPECT_EQ(told, Texts{});
}

TEST_F(Ec2Orders, ChangeTheTypeOfAnInstanceOnlyWhileItIsStopped) {
    const auto change = [&] {
        return call("ModifyInstanceAttribute",
                    {{"InstanceId", one}, {"InstanceType.Value", "m5.large"}});
    };
    const auto refused = change();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "IncorrectInstanceState");
    ASSERT_TRUE(instances.stop(one, now));
    EXPECT_FALSE(instances.stop(one, now)) << "it is on its way";
    instances.settle(one, "stopped", now);
    EXPECT_TRUE(change());
    EXPECT_EQ(instances.all.at(one).type, "m5.large");
    EXPECT_EQ(instances.all.at(two).type, "t3.medium");
    ASSERT_TRUE(instances.start(one, now));
    EXPECT_EQ(instances.all.at(one).state, "pending");
    for (const char* type : {"", "large", "m5 large"})
        EXPECT_FALSE(
            call("ModifyInstanceAttribute", {{"InstanceId", two}, {"InstanceType.Value", type}}))
            << type;
    EXPECT_EQ(call("ModifyInstanceAttribute",
                   {{"InstanceId", "i-0000000000000000f"}, {"InstanceType.Value", "m5.large"}})
                  .error()
                  .code,
              "InvalidInstanceID.NotFound");
}

TEST_F(Ec2Orders, SwitchTheMetadataServiceOffAndOn) {
    const auto turn = [&](const char* how) {
        return call("ModifyInstanceMetadataOptions", {{"InstanceId", one}, {"HttpEndpoint", how}});
    };
    ASSERT_TRUE(turn("disabled"));
    EXPECT_FALSE(instances.all.at(one).has_metadata);
    EXPECT_TRUE(instances.all.at(two).has_metadata);
    ASSERT_TRUE(turn("enabled"));
    EXPECT_TRUE(instances.all.at(one).has_metadata);
    EXPECT_FALSE(turn("perhaps"));
}

class TerminatedHosts : public ::testing::Test {
protected:
    LabWorld world;
    FakeInstance instance{world, one};
};

TEST_F(TerminatedHosts, AreDeregisteredWhenTheirAgentWasConnectedAtTheTime) {
    instance.connect();
    const WallTime begun = world.now;
    world.pass(Seconds(5));
    instance.close();
    world.ecs().host_terminated(one, begun, world.now);
    EXPECT_TRUE(world.ecs().store().instances.empty());
}

TEST_F(TerminatedHosts, AreLeftOverWhenTheirAgentWasGone) {
    instance.connect();
    instance.close();
    world.pass(Seconds(5));
    world.ecs().host_terminated(one, world.now, world.now);
    EXPECT_EQ(json::string_at(instance.describe(), "status"), "ACTIVE");
    EXPECT_FALSE(json::bool_at(instance.describe(), "agentConnected"));
}

} // namespace
} // namespace squall::lab::ec2
