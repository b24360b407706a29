// Tasks in awsvpc mode, as users and agents see them.
#include "ec2/network.h"
#include "ecs/agent_payload.h"
#include "ecs/interface_plug.h"
#include "hosts/vpc.h"
#include "service_world.h"

namespace squall::lab {
namespace {

const std::string subnet_a = "subnet-0000000000000000a";
const std::string subnet_b = "subnet-0000000000000000b";

json::Object network_of(json::Array subnets, json::Object more = {}) {
    more["subnets"] = std::move(subnets);
    return {{"networkConfiguration", json::Object{{"awsvpcConfiguration", std::move(more)}}}};
}

class FakePlug final : public ecs::InterfacePlug {
public:
    void attach(const std::string& instance, const ecs::NetworkInterface& interface) override {
        plugged.insert(instance + " " + interface.address);
    }

    void detach(const ecs::NetworkInterface& interface) override {
        std::erase_if(plugged,
                      [&](const std::string& one) { return one.ends_with(interface.address); });
    }

    std::set<std::string> plugged;
};

// The definition is `own`; hosts are in zone a.
class AwsvpcWorld : public ServiceWorld {
public:
    explicit AwsvpcWorld(int instances = 1) : ServiceWorld(instances) {
        json::Object definition = web_task_definition();
        definition["family"] = "own";
        definition["networkMode"] = "awsvpc";
        definition["containerDefinitions"]
            .as_array()
            .at(0)
            .at("portMappings")
            .as_array()
            .at(0)
            .as_object()
            .erase("hostPort");
        call("RegisterTaskDefinition", definition);
        ecs().use(&plug);
    }

    ~AwsvpcWorld() { ecs().use(nullptr); }

    AwsvpcWorld(const AwsvpcWorld&) = delete;
    AwsvpcWorld& operator=(const AwsvpcWorld&) = delete;

    json::Object run(json::Object body) {
        body["cluster"] = "demo";
        body["taskDefinition"] = "own";
        return call("RunTask", std::move(body));
    }

    std::string start() {
        const auto ran = run(network_of({json::Value(subnet_a)}));
        return std::string(json::string_at(json::array_at(ran, "tasks").at(0), "taskArn"));
    }

    std::string refused(json::Object body, const std::string& definition = "own") {
        body["cluster"] = "demo";
        body["taskDefinition"] = definition;
        const auto answered = try_call("ecs", "RunTask", std::move(body));
        return answered ? "accepted" : answered.error().message;
    }

    json::Object task(const std::string& arn) {
        const auto answered =
            call("DescribeTasks", {{"cluster", "demo"}, {"tasks", json::Array{json::Value(arn)}}});
        return json::array_at(answered, "tasks").at(0).as_object();
    }

    std::string status(const std::string& arn) {
        const auto described = task(arn);
        return fmt::format(
            "{} {}",
            json::string_at(described, "lastStatus"),
            json::string_at(json::array_at(described, "attachments").at(0), "status"));
    }

    // The value of a detail of its attachment; empty where there is none.
    std::string detail(const std::string& arn, std::string_view name) {
        const auto described = task(arn);
        for (const auto& one :
             json::array_at(json::array_at(described, "attachments").at(0), "details")) {
            if (json::string_at(one, "name") == name)
                return std::string(json::string_at(one, "value"));
        }
        return {};
    }

    FakePlug plug;
};

TEST(NetworkConfiguration, IsDemandedByAwsvpcAndByNothingElse) {
    AwsvpcWorld world;
    EXPECT_EQ(world.refused({}),
              "Network Configuration must be provided when networkMode 'awsvpc' is specified.");
    EXPECT_EQ(world.refused(network_of({json::Value(subnet_a)}), "web"),
              "Network Configuration is not valid for the given networkMode of this task "
              "definition.");
    EXPECT_EQ(world.refused(network_of({json::Value(subnet_a)})), "accepted");
    const json::Object service{
        {"cluster", "demo"}, {"serviceName", "own"}, {"taskDefinition", "own"}};
    EXPECT_EQ(world.try_call("ecs", "CreateService", service).error().message,
              "Network Configuration must be provided when networkMode 'awsvpc' is specified.");
}

TEST(NetworkConfiguration, NamesSubnetsAndGroupsThatAreThere) {
    AwsvpcWorld world;
    EXPECT_EQ(world.refused(network_of({})), "subnets can not be empty.");
    EXPECT_EQ(world.refused(network_of(json::Array(17, json::Value(subnet_a)))),
              "subnets can have at most 16 items.");
    EXPECT_EQ(world.refused(network_of({json::Value(subnet_a), "subnet-1"})),
              "Error retrieving subnet information for [subnet-0000000000000000a, subnet-1]: The "
              "subnet ID 'subnet-1' does not exist (ErrorCode: InvalidSubnetID.NotFound)");
    EXPECT_EQ(world.refused(
                  network_of({json::Value(subnet_a)}, {{"securityGroups", json::Array{"sg-1"}}})),
              "Error retrieving security group information for [sg-1]: The security group 'sg-1' "
              "does not exist (ErrorCode: InvalidGroup.NotFound)");
    EXPECT_EQ(world.refused(network_of({json::Value(subnet_a)}, {{"assignPublicIp", "ENABLED"}})),
              "Assign public IP is not supported for this launch type.");
    EXPECT_EQ(world.refused(network_of(
                  {json::Value(subnet_a)},
                  {{"assignPublicIp", "DISABLED"},
                   {"securityGroups", json::Array{json::Value(ec2::security_group_id)}}})),
              "accepted");
}

TEST(Awsvpc, ATaskIsProvisioningUntilItsAgentHasSeenTheInterface) {
    AwsvpcWorld world;
    const std::string arn = world.start();
    EXPECT_EQ(world.status(arn), "PROVISIONING PRECREATED");
    EXPECT_EQ(world.detail(arn, "subnetId"), subnet_a);
    EXPECT_EQ(world.detail(arn, "networkInterfaceId"), "");
    world.pass(Seconds(1));
    EXPECT_EQ(world.status(arn), "PROVISIONING ATTACHING");
    EXPECT_EQ(world.plug.plugged, (std::set<std::string>{"i-00000000000000001 10.0.1.100"}));
    EXPECT_EQ(json::integer_at(world.hosts.at(0)->describe(), "pendingTasksCount"), 1);
    world.live(Seconds(1));
    EXPECT_EQ(world.status(arn), "RUNNING ATTACHED");
    EXPECT_EQ(world.detail(arn, "privateIPv4Address"), "10.0.1.100");
    EXPECT_EQ(world.detail(arn, "macAddress"), "0a:ff:0a:00:01:64");
    EXPECT_EQ(world.detail(arn, "privateDnsName"), "ip-10-0-1-100.ec2.internal");
    const auto described = world.task(arn);
    const auto& container = json::array_at(described, "containers").at(0);
    EXPECT_EQ(json::array_at(container, "networkBindings").size(), 0U);
    EXPECT_EQ(
        json::array_at(container, "networkInterfaces"),
        (json::Array{json::Object{
            {"attachmentId", json::string_at(json::array_at(described, "attachments").at(0), "id")},
            {"privateIpv4Address", "10.0.1.100"}}}));
    world.call("StopTask", {{"cluster", "demo"}, {"task", arn}});
    world.live(Seconds(1));
    EXPECT_EQ(world.status(arn), "STOPPED DELETED");
    EXPECT_TRUE(world.plug.plugged.empty());
}

TEST(Awsvpc, EventsShowEveryStepInAwssOrder) {
    AwsvpcWorld world;
    const std::string arn = world.start();
    world.live(Seconds(2));
    world.call("StopTask", {{"cluster", "demo"}, {"task", arn}});
    world.live(Seconds(2));
    std::vector<std::string> steps;
    for (const auto& event : world.ecs().events().after(0)) {
        const auto& detail = json::at(event, "detail");
        if (json::string_at(detail, "taskArn") != arn) continue;
        std::string step(json::string_at(detail, "lastStatus"));
        if (steps.empty() || steps.back() != step) steps.push_back(std::move(step));
    }
    EXPECT_EQ(steps,
              (std::vector<std::string>{
                  "PROVISIONING", "PENDING", "RUNNING", "DEPROVISIONING", "STOPPED"}));
}

TEST(Awsvpc, AnInterfaceThatNobodySeesEndsTheTaskInAwssWords) {
    AwsvpcWorld world;
    world.hosts.at(0)->sees_interfaces = false;
    const std::string arn = world.start();
    world.live(Seconds(170));
    EXPECT_EQ(world.status(arn), "PROVISIONING ATTACHING");
    world.live(Seconds(15));
    EXPECT_EQ(world.status(arn), "STOPPED DELETED");
    EXPECT_EQ(json::string_at(world.task(arn), "stoppedReason"),
              "Timeout waiting for network interface provisioning to complete.");
    EXPECT_EQ(json::string_at(world.task(arn), "stopCode"), "TaskFailedToStart");
    EXPECT_TRUE(world.plug.plugged.empty());
}

TEST(Awsvpc, AnAgentThatComesBackIsToldAgain) {
    AwsvpcWorld world;
    world.hosts.at(0)->sees_interfaces = false;
    const std::string arn = world.start();
    world.live(Seconds(5));
    world.stop_agent(0);
    world.pass(Seconds(5));
    world.hosts.at(0)->sees_interfaces = true;
    world.start_agent(0);
    world.live(Seconds(2));
    EXPECT_EQ(world.status(arn), "RUNNING ATTACHED");
}

TEST(Awsvpc, ATaskThatIsStoppedWhileItIsProvisioningEndsWithoutItsAgent) {
    AwsvpcWorld world;
    const std::string arn = world.start();
    world.call("StopTask", {{"cluster", "demo"}, {"task", arn}});
    world.pass(Seconds(1));
    EXPECT_EQ(world.status(arn), "STOPPED DELETED");
    const auto waiting = world.hosts.at(0)->waiting();
    EXPECT_EQ(std::count(waiting.begin(), waiting.end(), "PayloadMessage"), 0);
}

TEST(Awsvpc, AnInstanceHasAsManyInterfacesAsItsType) {
    AwsvpcWorld world;
    const std::string first = world.start();
    world.start();
    world.live(Seconds(2));
    const auto third = world.run(network_of({json::Value(subnet_a)}));
    EXPECT_EQ(json::string_at(json::array_at(third, "failures").at(0), "reason"), "RESOURCE:ENI");
    const auto address = world.detail(first, "privateIPv4Address");
    world.call("StopTask", {{"cluster", "demo"}, {"task", first}});
    world.live(Seconds(2));
    const auto again = world.start();
    world.live(Seconds(2));
    EXPECT_EQ(world.detail(again, "privateIPv4Address"), address) << "addresses come back";
}

TEST(Awsvpc, TasksGoToInstancesInTheZonesOfTheirSubnets) {
    AwsvpcWorld world;
    const auto elsewhere = world.run(network_of({json::Value(subnet_b)}));
    EXPECT_EQ(json::string_at(json::array_at(elsewhere, "failures").at(0), "reason"), "ATTRIBUTE");
    FakeInstance other(world, "i-00000000000000002", 2048, 4096, "us-east-1b");
    other.connect();
    const auto there = world.run(network_of({json::Value(subnet_b)}));
    EXPECT_EQ(json::string_at(json::array_at(there, "tasks").at(0), "containerInstanceArn"),
              other.arn);
}

TEST(Awsvpc, AServiceKeepsItsNetworkAndIsDeployedAnewWithAnother) {
    AwsvpcWorld world(2);
    json::Object body = network_of({json::Value(subnet_a)});
    body["taskDefinition"] = "own";
    body["cluster"] = "demo";
    body["serviceName"] = "web";
    body["desiredCount"] = 2;
    world.call("CreateService", body);
    world.live(Seconds(15));
    EXPECT_EQ(json::integer_at(world.service(), "runningCount"), 2);
    const auto shown = json::object_at(world.service(), "networkConfiguration");
    EXPECT_EQ(json::array_at(json::at(shown, "awsvpcConfiguration"), "subnets"),
              (json::Array{json::Value(subnet_a)}));
    const auto same = world.update({{"desiredCount", 1}});
    EXPECT_EQ(json::array_at(same, "deployments").size(), 1U);
    const auto changed = world.update(network_of({json::Value(subnet_a), json::Value(subnet_b)}));
    ASSERT_EQ(json::array_at(changed, "deployments").size(), 2U);
    world.live(Seconds(30));
    EXPECT_EQ(world.deployments().size(), 1U);
    EXPECT_EQ(world.plug.plugged.size(), 1U);
}

TEST(Awsvpc, AgentsAreToldOfAnInterfaceAsTheyExpectIt) {
    ecs::NetworkInterface interface;
    interface.id = "eni-0123";
    interface.mac = "0a:ff:0a:00:01:64";
    interface.address = "10.0.1.100";
    interface.dns_name = "ip-10-0-1-100.ec2.internal";
    const auto payload = ecs::interface_payload(interface, "arn:x");
    EXPECT_EQ(json::string_at(payload, "ec2Id"), "eni-0123");
    EXPECT_EQ(json::string_at(payload, "subnetGatewayIpv4Address"),
              fmt::format("{}/{}", Vpc::gateway(), Vpc::prefix_length));
    EXPECT_EQ(json::array_at(payload, "ipv4Addresses"),
              (json::Array{json::Object{{"primary", true}, {"privateAddress", "10.0.1.100"}}}));
}

TEST(Awsvpc, HostPortsAreThoseOfTheContainers) {
    LabWorld world;
    json::Object definition = web_task_definition(64, 64, 80);
    definition["networkMode"] = "awsvpc";
    EXPECT_EQ(world.try_call("ecs", "RegisterTaskDefinition", definition).error().message,
              "When networkMode=awsvpc, the host ports and container ports in port mappings must "
              "match.");
    EXPECT_EQ(ec2::mac_of_address("10.0.1.300"), "");
    EXPECT_EQ(ec2::private_dns_name("10.0.1.100", "eu-west-1"),
              "ip-10-0-1-100.eu-west-1.compute.internal");
}

} // namespace
} // namespace squall::lab
