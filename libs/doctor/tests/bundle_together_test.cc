// What several files of an archive say only together: the saved state beside the settings.
#include "squall/base/text.h"
#include "squall/doctor/bundle_evidence.h"
#include "squall/doctor/looks.h"
#include "string_source.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace squall::doctor {
namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

const std::string state_file = "ecs-agent/ecs_agent_data.txt";
const std::string config_file = "ecs-agent/ecs.config";

std::vector<Look> looks_at(const Files& files, const std::string& folder = "i-0abc1234def567890") {
    BundleEvidence evidence;
    for (const auto& [name, text] : files) {
        StringSource source(text);
        const std::string path = fmt::format("collect/{}/{}", folder, name);
        EXPECT_TRUE(evidence.take({path, name, text.size(), {}}, source)) << name;
    }
    return std::move(evidence).looks();
}

std::string signs(const std::vector<Look>& looks) {
    std::vector<std::string> all;
    for (const Look& look : looks)
        for (const Sign& sign : look.signs)
            all.push_back(sign.cause + " " + std::string(name_of(sign.certainty)));
    return join(all, ", ");
}

const Look* look_of(const std::vector<Look>& looks, std::string_view check) {
    const auto found = std::find_if(
        looks.begin(), looks.end(), [&](const Look& look) { return look.check == check; });
    return found == looks.end() ? nullptr : &*found;
}

std::string state(const std::string& cluster,
                  const std::string& instance = "i-0abc1234def567890",
                  const std::string& more = "") {
    return "{\"Data\": {\"Cluster\": \"" + cluster
           + "\", \"ContainerInstanceArn\": "
             "\"arn:aws:ecs:us-east-1:123456789012:container-instance/prod/0f1e2d\", "
             "\"EC2InstanceID\": \""
           + instance + "\"" + more + "}, \"Version\": 31}\n";
}

TEST(BundleTogether, ComparesTheSavedClusterWithTheSettings) {
    const auto looks =
        looks_at({{state_file, state("prod")}, {config_file, "# of today\nECS_CLUSTER=staging\n"}});
    EXPECT_EQ(signs(looks), "CLUSTER_MISMATCH likely");
    const Look* look = look_of(looks, "agent-state");
    ASSERT_NE(look, nullptr);
    const Sign& sign = look->signs.front();
    EXPECT_NE(sign.summary.find("'prod'"), std::string::npos) << sign.summary;
    EXPECT_NE(sign.summary.find("'staging'"), std::string::npos) << sign.summary;
    ASSERT_EQ(sign.evidence.size(), 2U);
    EXPECT_EQ(sign.evidence[0].file, "collect/i-0abc1234def567890/ecs-agent/ecs.config");
    EXPECT_EQ(sign.evidence[0].line, 2U);
    EXPECT_EQ(sign.evidence[1].text, "Cluster prod");
    EXPECT_NE(sign.remedy.front().find("ECS_CLUSTER=prod"), std::string::npos);
    // As it comes in another order, and as json.tool writes it.
    EXPECT_EQ(signs(looks_at({{config_file, "ECS_CLUSTER=\"staging\"\n"},
                              {state_file,
                               "{\n    \"Data\": {\n        \"Cluster\": \"prod\"\n    },\n    "
                               "\"Version\": 31\n}\n"}})),
              "CLUSTER_MISMATCH likely");
}

TEST(BundleTogether, OfAStateThatFitsSaysSo) {
    for (const char* config :
         {"ECS_CLUSTER=prod\n", "ECS_CLUSTER='prod'\n", "ECS_CLUSTER=\n", ""}) {
        const auto looks = looks_at({{config_file, config}, {state_file, state("prod")}});
        EXPECT_EQ(signs(looks), "") << config;
        const Look* look = look_of(looks, "agent-state");
        ASSERT_NE(look, nullptr);
        EXPECT_EQ(look->state, Look::State::healthy);
        EXPECT_EQ(look->names.container_instance,
                  "arn:aws:ecs:us-east-1:123456789012:container-instance/prod/0f1e2d");
    }
}

TEST(BundleTogether, OfAStateOrSettingsThatItCannotReadClaimsNothing) {
    const std::string masked = "ECS_CLUSTER={REDACTED}\n";
    EXPECT_EQ(signs(looks_at({{config_file, masked}, {state_file, state("prod")}})), "");
    for (const char* unread : {"No JSON object could be decoded\n", "", "[]", "{}", "{\"Data\":7}"})
        EXPECT_EQ(look_of(looks_at({{config_file, "ECS_CLUSTER=a\n"}, {state_file, unread}}),
                          "agent-state"),
                  nullptr)
            << unread;
}

TEST(BundleTogether, ComparesTheSavedInstanceWithTheArchives) {
    const std::string other = state("prod", "i-0fff0000ffff00000");
    EXPECT_EQ(signs(looks_at({{state_file, other}})), "STALE_IDENTITY likely");
    EXPECT_EQ(signs(looks_at({{"instance-id.txt", "i-0abc1234def567890\n"}, {state_file, other}},
                             "system")),
              "STALE_IDENTITY likely");
    // What is written in it is worth more than its folder.
    EXPECT_EQ(signs(looks_at({{state_file, other}, {"instance-id.txt", "i-0fff0000ffff00000\n"}})),
              "");
    // Nobody knows whose archive it is.
    EXPECT_EQ(signs(looks_at({{state_file, other}}, "system")), "");
    EXPECT_EQ(
        signs(looks_at({{state_file, other}, {"instance-id.txt", "404 - Not Found\n"}}, "system")),
        "");
    // On an external instance the agent does not ask for it.
    EXPECT_EQ(signs(looks_at({{config_file, "ECS_EXTERNAL=true\nAWS_DEFAULT_REGION=eu-west-1\n"},
                              {state_file, other}})),
              "");
    // An agent that finds another's state begins anew, and does not compare the cluster.
    EXPECT_EQ(signs(looks_at({{state_file, other}, {config_file, "ECS_CLUSTER=staging\n"}})),
              "STALE_IDENTITY likely");
}

TEST(BundleTogether, TellsNothingOfTheStateButWhoseItIs) {
    const std::string tasks = R"(, "TaskEngine": {"Tasks": [{"Containers": [{"environment": )"
                              R"({"API": "hunter2-hunter2"}}]}]})";
    for (const char* cluster : {"prod", "hunter2 hunter2", "hunter2\\nhunter2"}) {
        const auto looks =
            looks_at({{state_file, state(cluster, "i-0abc1234def567890", tasks)},
                      {config_file, "ECS_CLUSTER=staging\nAPI_PASSWORD=hunter2-hunter2\n"}});
        EXPECT_EQ(json::text(looks_json(looks)).find("hunter2"), std::string::npos) << cluster;
    }
}

TEST(BundleTogether, WhereTheHostLookedAtItsStateTheFileIsNotAsked) {
    Look look;
    look.check = "agent-state";
    look.state = Look::State::healthy;
    look.summary = "agent.db: registered in cluster staging";
    const auto looks = looks_at({{"squall/looks.json", json::text(looks_json(std::vector{look}))},
                                 {config_file, "ECS_CLUSTER=staging\n"},
                                 {state_file, state("prod")}});
    EXPECT_EQ(signs(looks), "");
}

} // namespace
} // namespace squall::doctor
