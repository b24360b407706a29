#include "agent_world.h"

namespace squall::labhost {
namespace {

const json::Object interface_payload{
    {"attachmentArn", "arn:aws:ecs:us-east-1:123456789012:attachment/1"},
    {"ec2Id", "eni-0123"},
    {"macAddress", "0A:FF:0A:00:01:64"},
    {"ipv4Addresses",
     json::Array{json::Object{{"primary", true}, {"privateAddress", "10.0.1.100"}}}},
    {"subnetGatewayIpv4Address", "10.0.0.1/16"},
    {"privateDnsName", "ip-10-0-1-100.ec2.internal"}};

json::Object own_network(json::Array containers, const std::string& desired = "RUNNING") {
    json::Object payload = task_payload(std::move(containers), desired);
    payload["networkMode"] = "awsvpc";
    payload["elasticNetworkInterfaces"] = json::Array{json::Value(interface_payload)};
    return payload;
}

std::string_view network_mode(const json::Object& body) {
    return json::string_at(json::at(body, "HostConfig"), "NetworkMode");
}

TEST(TaskInterface, IsReadFromThePayloadOrRefusedInTheAgentsWords) {
    const auto interface = TaskInterface::parse(interface_payload).value();
    EXPECT_EQ(interface.mac, "0a:ff:0a:00:01:64");
    EXPECT_EQ(interface.address, "10.0.1.100/16");
    EXPECT_EQ(interface.plain_address(), "10.0.1.100");
    EXPECT_EQ(interface.gateway, "10.0.0.1");
    for (const auto& [member, words] :
         {std::pair("ipv4Addresses", "no ipv4 addresses in the message"),
          std::pair("subnetGatewayIpv4Address", "no subnet gateway ipv4 address in the message"),
          std::pair("macAddress", "empty eni mac address in the message"),
          std::pair("ec2Id", "empty eni id in the message")}) {
        json::Object without = interface_payload;
        without.erase(member);
        const auto parsed = TaskInterface::parse(without);
        ASSERT_FALSE(parsed);
        EXPECT_EQ(parsed.error().message, std::string("eni message validation: ") + words);
    }
}

TEST(TaskInterface, IsFoundByItsMac) {
    EXPECT_EQ(interface_with_mac("00:00:00:00:00:00"), "lo");
    EXPECT_EQ(interface_with_mac("0a:ff:ff:ff:ff:ff"), std::nullopt);
}

TEST(AwsvpcTasks, StartTheirPauseContainerFirstAndShareItsNetwork) {
    EngineWorld world;
    world.apply(own_network({container_payload("web"), container_payload("beside")}));
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
    EXPECT_EQ(world.networks, (std::vector<std::string>{"10.0.1.100/16 part 2"}));
    const auto pause = world.on_loop([&] { return world.docker->named("internalecspause")->body; });
    EXPECT_EQ(json::string_at(pause, "Image"), "amazon/amazon-ecs-pause:0.1.0");
    EXPECT_EQ(json::string_at(pause, "Hostname"), "ip-10-0-1-100.ec2.internal");
    EXPECT_EQ(network_mode(pause), "none");
    const auto id =
        world.on_loop([&] { return world.state().tasks.at(test_task).containers.front().id; });
    for (const char* name : {"web", "beside"}) {
        const auto body = world.on_loop([&] { return world.docker->named(name)->body; });
        EXPECT_EQ(network_mode(body), "container:" + id);
        EXPECT_TRUE(json::object_at(json::at(body, "HostConfig"), "PortBindings").empty());
    }
    EXPECT_EQ(json::array_at(world.last_report(), "containers").size(), 2U)
        << "nobody hears of the pause container";
}

TEST(AwsvpcTasks, StopTheirPauseContainerLast) {
    EngineWorld world;
    world.apply(own_network({container_payload("web")}));
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
    world.on_loop([&] { world.docker->end(*world.docker->named("web"), 3); });
    ASSERT_TRUE(world.until_reported(test_task, "STOPPED"));
    EXPECT_TRUE(world.on_loop([&] { return world.docker->named("internalecspause")->stop_grace; }));
    EXPECT_EQ(json::integer_at(json::array_at(world.last_report(), "containers").at(0), "exitCode"),
              3);
}

TEST(AwsvpcTasks, EndWithAReasonWhereTheirNetworkCannotBeMade) {
    EngineWorld world;
    world.network_trouble = "eni-0123 is not on this instance";
    world.apply(own_network({container_payload("web")}));
    ASSERT_TRUE(world.until_reported(test_task, "STOPPED"));
    EXPECT_EQ(json::string_at(world.last_report(), "reason"),
              "ResourceInitializationError: failed to configure ENI: failed to setup regular eni: "
              "eni-0123 is not on this instance");
    EXPECT_EQ(world.on_loop([&] { return world.docker->named("web"); }), nullptr);
    EXPECT_EQ(world.on_loop([&] { return world.docker->named("internalecspause")->status; }),
              "exited");
}

TEST(AwsvpcTasks, AreTakenUpAfterARestartOfTheAgentWithoutANewNetwork) {
    EngineWorld world;
    world.apply(own_network({container_payload("web")}));
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
    world.on_loop([&] { world.restart_agent(); });
    world.apply(own_network({container_payload("web")}, "STOPPED"));
    ASSERT_TRUE(world.until_reported(test_task, "STOPPED"));
    EXPECT_EQ(world.networks.size(), 1U);
    EXPECT_EQ(world.on_loop([&] { return world.docker->named("web")->starts; }), 1);
}

} // namespace
} // namespace squall::labhost
