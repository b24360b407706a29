#include "agent/local_endpoints.h"
#include "agent_world.h"

namespace squall::labhost {
namespace {

AgentState example() {
    AgentState state;
    state.cluster = "demo";
    state.instance_arn = "arn:instance";
    TaskState& task = state.tasks[test_task];
    task.arn = test_task;
    task.family = "web";
    task.version = "7";
    task.known_status = "RUNNING";
    task.metadata_id = "meta-1";
    task.credentials = {{"credentialsId", "cred-1"},
                        {"roleArn", "arn:role"},
                        {"accessKeyId", "ASIA1"},
                        {"secretAccessKey", "secret"},
                        {"sessionToken", "token"},
                        {"expiration", "2026-11-21T08:00:00Z"}};
    ContainerState container;
    container.name = "web";
    container.id = "f673";
    container.docker_name = "ecs-web-7-web-abc";
    container.status = "RUNNING";
    container.definition = {{"image", "squall/web"}};
    task.containers.push_back(container);
    return state;
}

json::Object body_of(const wire::HttpResponse& response) {
    return json::parse_object(response.body).value();
}

wire::HttpResponse introspect(const std::string& target) {
    return introspection_answer(
        example(), "Amazon ECS Agent - v1.83.0 (*abc)", {"GET", target, {}, {}});
}

wire::HttpResponse ask(const std::string& target) {
    return credentials_answer(example(), {"GET", target, {}, {}});
}

TEST(Introspection, SaysWhoTheAgentIs) {
    const auto response = introspect("/v1/metadata");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(body_of(response),
              (json::Object{{"Cluster", "demo"},
                            {"ContainerInstanceArn", "arn:instance"},
                            {"Version", "Amazon ECS Agent - v1.83.0 (*abc)"}}));
}

TEST(Introspection, ListsTasksAndFindsOneByItsArnOrContainer) {
    const json::Object listed = body_of(introspect("/v1/tasks"));
    ASSERT_EQ(json::array_at(listed, "Tasks").size(), 1U);
    const json::Value task = json::array_at(listed, "Tasks").front();
    EXPECT_EQ(json::string_at(task, "Arn"), test_task);
    EXPECT_EQ(json::string_at(json::array_at(task, "Containers").front(), "DockerId"), "f673");
    EXPECT_EQ(json::Value(body_of(introspect("/v1/tasks?taskarn=" + test_task))), task);
    EXPECT_EQ(json::Value(body_of(introspect("/v1/tasks?dockerid=f673"))), task);
}

TEST(Introspection, AnswersAnUnknownTaskWith404AndNothing) {
    for (const char* target :
         {"/v1/tasks?taskarn=arn:other", "/v1/tasks?dockerid=", "/v1/tasks?dockerid=0"}) {
        const auto response = introspect(target);
        EXPECT_EQ(response.status, 404) << target;
        EXPECT_TRUE(body_of(response).empty()) << target;
    }
}

TEST(Introspection, AnswersEveryOtherPathWithItsCommands) {
    const auto response = introspect("/whatever");
    EXPECT_EQ(response.status, 200);
    EXPECT_FALSE(json::array_at(body_of(response), "AvailableCommands").empty());
}

TEST(CredentialsEndpoint, GivesATasksRoleInTheFormSdksRead) {
    const auto response = ask("/v2/credentials/cred-1");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(body_of(response),
              (json::Object{{"RoleArn", "arn:role"},
                            {"AccessKeyId", "ASIA1"},
                            {"SecretAccessKey", "secret"},
                            {"Token", "token"},
                            {"Expiration", "2026-11-21T08:00:00Z"}}));
}

TEST(CredentialsEndpoint, GivesNothingForAnIdItDoesNotKnow) {
    for (const char* target : {"/v2/credentials/other", "/v2/credentials/", "/v2/credentials"}) {
        const auto response = ask(target);
        EXPECT_GE(response.status, 400) << target;
        EXPECT_EQ(response.body.find("secret"), std::string::npos) << target;
    }
}

TEST(MetadataEndpoint, DescribesContainerAndTask) {
    for (const char* version : {"/v3/", "/v4/"}) {
        const auto container = ask(std::string(version) + "meta-1");
        EXPECT_EQ(container.status, 200);
        EXPECT_EQ(json::string_at(body_of(container), "DockerId"), "f673");
        const json::Object task = body_of(ask(std::string(version) + "meta-1/task"));
        EXPECT_EQ(json::string_at(task, "TaskARN"), test_task);
        EXPECT_EQ(json::string_at(task, "Revision"), "7");
        EXPECT_EQ(json::array_at(task, "Containers").size(), 1U);
    }
    EXPECT_EQ(ask("/v4/other").status, 404);
    EXPECT_EQ(ask("/").status, 404);
}

} // namespace
} // namespace squall::labhost
