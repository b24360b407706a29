#include "squall/aws/ecs.h"

#include "fake_ecs.h"

#include <gtest/gtest.h>

namespace squall::aws {
namespace {

class EcsTest : public testing::Test {
protected:
    void make_instances(int count) {
        for (int i = 0; i < count; ++i)
            fake.instances.push_back(FakeEcs::instance_arn(i));
    }

    auto list() { return ecs.list_container_instances("demo", {}, world.soon(), {}); }

    auto describe(const std::vector<std::string>& arns) {
        return ecs.describe_container_instances("demo", arns, world.soon(), {});
    }

    [[nodiscard]] std::size_t calls(const std::string& operation) const {
        return world.aws.received(operation).size();
    }

    World world;
    FakeEcs fake{world.aws};
    Ecs ecs{world.client};
};

TEST_F(EcsTest, ListsAreReadToTheirLastPage) {
    make_instances(250);
    EXPECT_EQ(list().value(), fake.instances);
    EXPECT_EQ(calls("ecs:ListContainerInstances"), 3U);
    fake.instances.resize(100);
    EXPECT_EQ(list().value().size(), 100U);
    fake.instances.clear();
    EXPECT_TRUE(list().value().empty());
}

TEST_F(EcsTest, ListsSayWhatTheyAreLimitedTo) {
    const auto ask = [&] {
        return world.aws.received().back().input;
    };
    EXPECT_TRUE(ecs.list_container_instances(
        "demo", {"agentConnected==true", "DRAINING"}, world.soon(), {}));
    EXPECT_EQ(json::text(ask()),
              R"({"cluster":"demo","maxResults":100,"filter":"agentConnected==true",)"
              R"("status":"DRAINING"})");
    EXPECT_TRUE(ecs.list_tasks("demo", {"STOPPED", "ci", "web"}, world.soon(), {}));
    EXPECT_EQ(json::text(ask()),
              R"({"cluster":"demo","maxResults":100,"desiredStatus":"STOPPED",)"
              R"("containerInstance":"ci","serviceName":"web"})");
    EXPECT_TRUE(ecs.list_tasks("demo", {}, world.soon(), {}));
    EXPECT_EQ(json::text(ask()), R"({"cluster":"demo","maxResults":100})");
    EXPECT_TRUE(ecs.list_services("demo", world.soon(), {}));
}

TEST_F(EcsTest, AServerThatGoesInCirclesIsAnError) {
    make_instances(250);
    fake.lying_token = "100";
    const auto outcome = list();
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error().message.find("a token came a second time"), std::string::npos);
    EXPECT_EQ(calls("ecs:ListContainerInstances"), 2U);
}

TEST_F(EcsTest, AServerWhoseListNeverEndsIsAnError) {
    int n = 0;
    world.aws.on("ecs:ListTasks", [&n](const Received&) {
        return json_answer({{"taskArns", json::Array{"t"}}, {"nextToken", std::to_string(++n)}});
    });
    const auto outcome = ecs.list_tasks("demo", {}, Deadline::never(), {});
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().message, "the list is unusable: it does not end after 1000 pages");
}

TEST_F(EcsTest, HalfAListDoesNotPassForAWholeOne) {
    make_instances(250);
    int n = 0;
    world.aws.on_first(2, "ecs:ListContainerInstances", [&n](const Received& received) {
        if (n++ == 0) {
            return json_answer({{"containerInstanceArns", json::Array{"a"}}, {"nextToken", "x"}});
        }
        return error_answer(received, "InvalidParameterException", "token");
    });
    EXPECT_FALSE(list());
    for (const char* page : {"{}",
                             R"({"containerInstanceArns":null})",
                             R"({"containerInstanceArns":[],"nextToken":7})"}) {
        world.aws.on("ecs:ListContainerInstances", [page](const Received&) {
            return wire::HttpResponse{200, {}, page};
        });
        EXPECT_FALSE(list()) << page;
    }
}

TEST_F(EcsTest, DescribesInBatchesOfAHundredWithoutRepetitions) {
    make_instances(101);
    auto asked = fake.instances;
    asked.push_back(asked.front());
    const auto described = describe(asked).value();
    EXPECT_EQ(described.found.size(), 101U);
    EXPECT_TRUE(described.failures.empty());
    const auto received = world.aws.received("ecs:DescribeContainerInstances");
    ASSERT_EQ(received.size(), 2U);
    EXPECT_EQ(json::array_at(received[0].input, "containerInstances").size(), 100U);
    EXPECT_EQ(json::array_at(received[1].input, "containerInstances").size(), 1U);
}

TEST_F(EcsTest, DescribesServicesByTens) {
    for (int i = 0; i < 11; ++i)
        fake.services.push_back(fmt::format("arn:aws:ecs:us-east-1:1:service/demo/s{}", i));
    const auto described = ecs.describe_services("demo", fake.services, world.soon(), {}).value();
    EXPECT_EQ(described.found.size(), 11U);
    EXPECT_EQ(calls("ecs:DescribeServices"), 2U);
}

TEST_F(EcsTest, AsksNothingAboutNothing) {
    EXPECT_TRUE(describe({}).value().found.empty());
    EXPECT_TRUE(ecs.describe_tasks("demo", {}, world.soon(), {}).value().found.empty());
    EXPECT_TRUE(world.aws.received().empty());
}

TEST_F(EcsTest, WhatEcsDoesNotKnowIsAFailure) {
    const auto clusters =
        ecs.describe_clusters(std::vector<std::string>{"demo", "prod"}, world.soon(), {}).value();
    ASSERT_EQ(clusters.found.size(), 1U);
    ASSERT_EQ(clusters.failures.size(), 1U);
    EXPECT_EQ(clusters.failures[0].arn, "prod");
    EXPECT_EQ(clusters.failures[0].reason, "MISSING");
}

TEST_F(EcsTest, WhatEcsDoesNotSpeakOfIsAFailureTooAndNeverEvidence) {
    make_instances(3);
    world.aws.on("ecs:DescribeContainerInstances", [&](const Received&) {
        return json_answer(
            {{"containerInstances",
              json::Array{json::Object{{"containerInstanceArn", fake.instances[0]},
                                       {"agentConnected", false}},
                          json::Object{{"containerInstanceArn", fake.instances[1]}}}}});
    });
    const auto described = describe(fake.instances).value();
    ASSERT_EQ(described.found.size(), 1U);
    ASSERT_EQ(described.failures.size(), 2U);
    EXPECT_EQ(described.failures[0].arn, fake.instances[1]) << "it does not say agentConnected";
    EXPECT_EQ(described.failures[1].reason, DescribeFailure::not_answered);
}

TEST_F(EcsTest, ReadsWhatAwsSendsOfAnInstance) {
    const auto arn = FakeEcs::instance_arn(1);
    world.aws.on("ecs:DescribeContainerInstances", [&](const Received&) {
        return wire::HttpResponse{
            200, {}, R"({"containerInstances":[{"containerInstanceArn":")" + arn + R"(",
            "ec2InstanceId":"i-0123456789abcdef0","capacityProviderName":"cp","version":17,
            "versionInfo":{"agentVersion":"1.83.0","agentHash":"x","dockerVersion":"DockerVersion: 20.10"},
            "status":"ACTIVE","agentConnected":true,"runningTasksCount":3,"pendingTasksCount":1,
            "attributes":[{"name":"ecs.availability-zone","value":"us-east-1a"},
                          {"name":"ecs.capability.execution-role-awslogs"}],
            "registeredAt":1582136283.419,"unknown":[1]}],"failures":[]})"};
    });
    const auto instance = describe({arn}).value().found.at(0);
    EXPECT_EQ(instance.ec2_instance_id, "i-0123456789abcdef0");
    EXPECT_EQ(instance.capacity_provider_name, "cp");
    EXPECT_EQ(instance.version, 17);
    EXPECT_EQ(instance.agent_version, "1.83.0");
    EXPECT_EQ(instance.docker_version, "DockerVersion: 20.10");
    EXPECT_TRUE(instance.agent_connected);
    EXPECT_EQ(instance.running_tasks_count, 3);
    EXPECT_EQ(instance.pending_tasks_count, 1);
    EXPECT_EQ(instance.attributes.at("ecs.availability-zone"), "us-east-1a");
    EXPECT_EQ(instance.attributes.at("ecs.capability.execution-role-awslogs"), "");
    EXPECT_EQ(instance.registered_at, WallTime(Millis(1'582'136'283'419)));
}

TEST_F(EcsTest, ReadsWhatAwsSendsOfTasksAndClusters) {
    world.aws.on("ecs:DescribeTasks", [](const Received&) {
        return wire::HttpResponse{200, {}, R"({"tasks":[{"taskArn":"a/t1",
            "containerInstanceArn":"ci","taskDefinitionArn":"td","group":"service:web",
            "lastStatus":"STOPPED","desiredStatus":"STOPPED","stoppedReason":"why",
            "stopCode":"EssentialContainerExited","connectivity":"CONNECTED"}]})"};
    });
    const auto tasks =
        ecs.describe_tasks("demo", std::vector<std::string>{"t1"}, world.soon(), {}).value();
    ASSERT_EQ(tasks.found.size(), 1U);
    EXPECT_TRUE(tasks.failures.empty()) << "an id is answered by its ARN";
    EXPECT_EQ(tasks.found[0].stop_code, "EssentialContainerExited");
    EXPECT_EQ(tasks.found[0].group, "service:web");
    world.aws.on("ecs:DescribeClusters", [](const Received&) {
        return wire::HttpResponse{200, {}, R"({"clusters":[{"clusterArn":"a/demo",
            "clusterName":"demo","status":"ACTIVE","registeredContainerInstancesCount":4,
            "runningTasksCount":5,"pendingTasksCount":6,"activeServicesCount":7}]})"};
    });
    const auto clusters =
        ecs.describe_clusters(std::vector<std::string>{"demo"}, world.soon(), {}).value();
    EXPECT_EQ(clusters.found.at(0).registered_container_instances_count, 4);
    EXPECT_EQ(clusters.found.at(0).active_services_count, 7);
}

TEST_F(EcsTest, ReadsWhereATaskListensAndWhatItsDefinitionExposes) {
    world.aws.on("ecs:DescribeTasks", [](const Received&) {
        return wire::HttpResponse{200, {}, R"({"tasks":[{"taskArn":"a/t1","launchType":"EC2",
            "containers":[{"name":"web","networkBindings":[
                {"bindIP":"0.0.0.0","containerPort":80,"hostPort":32768,"protocol":"tcp"}]}]}]})"};
    });
    const auto tasks =
        ecs.describe_tasks("demo", std::vector<std::string>{"t1"}, world.soon(), {}).value();
    EXPECT_EQ(tasks.found.at(0).launch_type, "EC2");
    EXPECT_EQ(tasks.found.at(0).containers.at(0).bindings.at(0).host_port, 32768);
    world.aws.on("ecs:DescribeTaskDefinition", [](const Received&) {
        return wire::HttpResponse{200, {}, R"({"taskDefinition":{"taskDefinitionArn":"a/web:3",
            "containerDefinitions":[{"name":"web","essential":false,
                "healthCheck":{"command":["CMD-SHELL","curl -f localhost:80/health"]},
                "portMappings":[{"containerPort":80,"hostPort":0},
                                {"containerPortRange":"9000-9010","protocol":"udp"}]}]}})"};
    });
    const auto definition = ecs.describe_task_definition("a/web:3", world.soon(), {}).value();
    EXPECT_EQ(definition.network_mode, "bridge") << "as it is where nothing is said";
    const auto& web = definition.containers.at(0);
    EXPECT_FALSE(web.essential);
    EXPECT_EQ(web.health_command, "CMD-SHELL curl -f localhost:80/health");
    EXPECT_EQ(web.ports.at(0).first, 80);
    EXPECT_EQ(web.ports.at(0).protocol, "tcp");
    EXPECT_EQ(web.ports.at(1).last, 9010);
    world.aws.on("ecs:DescribeServices", [](const Received&) {
        return wire::HttpResponse{200, {}, R"({"services":[{"serviceArn":"a/web",
            "loadBalancers":[{"targetGroupArn":"tg","containerName":"web","containerPort":80}],
            "deployments":[{"serviceConnectConfiguration":{"enabled":true}}]}]})"};
    });
    const auto services =
        ecs.describe_services("demo", std::vector<std::string>{"web"}, world.soon(), {}).value();
    EXPECT_TRUE(services.found.at(0).uses_service_connect);
    EXPECT_EQ(services.found.at(0).load_balancers.at(0).container_port, 80);
}

TEST_F(EcsTest, ReadsDeploymentsAndTheNewestEventsFirst) {
    world.aws.on("ecs:DescribeServices", [](const Received&) {
        return wire::HttpResponse{
            200, {}, R"({"services":[{"serviceArn":"a/web","serviceName":"web",
            "status":"ACTIVE","desiredCount":3,"runningCount":2,"pendingCount":1,
            "deployments":[{"id":"ecs-svc/1","status":"PRIMARY","rolloutState":"IN_PROGRESS",
                            "desiredCount":3,"runningCount":2,"pendingCount":1}],
            "events":[{"id":"old","createdAt":1000.5,"message":"first"},
                      {"id":"new","createdAt":2000,"message":"second"},
                      {"id":"undated","message":"third"},
                      {"id":"absurd","createdAt":1e300,"message":"fourth"}]}]})"};
    });
    const auto services =
        ecs.describe_services("demo", std::vector<std::string>{"web"}, world.soon(), {}).value();
    const auto& web = services.found.at(0);
    EXPECT_EQ(web.deployments.at(0).rollout_state, "IN_PROGRESS");
    EXPECT_EQ(web.deployments.at(0).desired, 3);
    ASSERT_EQ(web.events.size(), 4U);
    EXPECT_EQ(web.events[0].id, "new");
    EXPECT_EQ(web.events[1].id, "old");
    EXPECT_EQ(web.events[1].created_at, WallTime(Millis(1'000'500)));
    EXPECT_EQ(web.events[3].created_at, std::nullopt);
}

TEST_F(EcsTest, ClustersAreListedToTheLastPage) {
    world.aws.on("ecs:ListClusters", [](const Received& received) {
        const bool is_first = json::string_at(received.input, "nextToken").empty();
        json::Object page{{"clusterArns", json::Array{is_first ? "arn:a" : "arn:b"}}};
        if (is_first) page["nextToken"] = "more";
        return json_answer(page);
    });
    EXPECT_EQ(ecs.list_clusters(world.soon(), {}).value(),
              (std::vector<std::string>{"arn:a", "arn:b"}));
}

TEST_F(EcsTest, TagsOfClustersComeWhereTheyAreAskedFor) {
    world.aws.on("ecs:DescribeClusters", [](const Received& received) {
        json::Object cluster{{"clusterArn", "arn:aws:ecs:us-east-1:1:cluster/demo"}};
        if (json::text(json::at(received.input, "include")) == R"(["TAGS"])")
            cluster["tags"] = json::Array{json::Object{{"key", "env"}, {"value", "prod"}}};
        return json_answer({{"clusters", json::Array{cluster}}});
    });
    const std::vector<std::string> names{"demo"};
    const auto plain = ecs.describe_clusters(names, world.soon(), {}).value();
    EXPECT_TRUE(plain.found.at(0).tags.empty());
    const auto tagged = ecs.describe_clusters(names, world.soon(), {}, Include::tags).value();
    EXPECT_EQ(tagged.found.at(0).tags.at("env"), "prod");
}

TEST_F(EcsTest, HealthOfInstancesComesWhereItIsAskedFor) {
    const std::string arn = FakeEcs::instance_arn(1);
    world.aws.on("ecs:DescribeContainerInstances", [arn](const Received& received) {
        EXPECT_EQ(json::text(json::at(received.input, "include")),
                  R"(["CONTAINER_INSTANCE_HEALTH"])");
        const json::Object runtime{{"type", "CONTAINER_RUNTIME"},
                                   {"status", "IMPAIRED"},
                                   {"statusReason", "it does not answer"},
                                   {"lastUpdated", 1795226400.25},
                                   {"lastStatusChange", 1795226300}};
        return json_answer({{"containerInstances",
                             json::Array{json::Object{{"containerInstanceArn", arn},
                                                      {"agentConnected", true},
                                                      {"healthStatus",
                                                       {{"overallStatus", "IMPAIRED"},
                                                        {"details", json::Array{runtime}}}}}}}});
    });
    const std::vector<std::string> arns{arn};
    const auto described = ecs.describe_container_instances(
        "demo", arns, world.soon(), {}, Include::container_instance_health);
    const auto& instance = described.value().found.at(0);
    EXPECT_EQ(instance.overall_health, "IMPAIRED");
    ASSERT_EQ(instance.health.size(), 1U);
    EXPECT_EQ(instance.health[0].type, "CONTAINER_RUNTIME");
    EXPECT_EQ(instance.health[0].status, "IMPAIRED");
    EXPECT_EQ(instance.health[0].status_reason, "it does not answer");
    const WallTime start{FakeClock::start_of_wall};
    EXPECT_EQ(instance.health[0].last_updated, start + Millis(250));
    EXPECT_EQ(instance.health[0].last_status_change, start - Seconds(100));
}

TEST_F(EcsTest, InstancesAreDrainedByTensAndThoseThatCannotBeAreFailures) {
    world.aws.on("ecs:UpdateContainerInstancesState", [](const Received& received) {
        const auto& asked = json::array_at(received.input, "containerInstances");
        if (asked.size() > 10)
            return error_answer(received, "InvalidParameterException", "more than ten");
        json::Array updated;
        json::Array failures;
        for (const auto& arn : asked) {
            if (json::string_of(arn) == FakeEcs::instance_arn(11))
                failures.push_back(json::Object{{"arn", arn}, {"reason", "INACTIVE"}});
            else
                updated.push_back(
                    json::Object{{"containerInstanceArn", arn},
                                 {"agentConnected", false},
                                 {"status", json::string_at(received.input, "status")}});
        }
        return json_answer({{"containerInstances", updated}, {"failures", failures}});
    });
    make_instances(12);
    const auto drained =
        ecs.update_container_instances_state("demo", fake.instances, "DRAINING", world.soon(), {})
            .value();
    EXPECT_EQ(calls("ecs:UpdateContainerInstancesState"), 2U);
    ASSERT_EQ(drained.found.size(), 11U);
    EXPECT_EQ(drained.found[0].status, "DRAINING");
    ASSERT_EQ(drained.failures.size(), 1U);
    EXPECT_EQ(drained.failures[0].reason, "INACTIVE");
}

} // namespace
} // namespace squall::aws
