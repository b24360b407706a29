// What several files of an archive say only together: the saved state beside the settings, a job
// that waits beside the processes.
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

const std::string waiting =
    "UNIT LOAD ACTIVE SUB JOB DESCRIPTION\n"
    "docker.service loaded active running Docker Application Container Engine\n"
    "ecs.service loaded inactive dead start Amazon Elastic Container Service - container agent\n";
const std::string stopped = "UNIT LOAD ACTIVE SUB DESCRIPTION\n"
                            "ecs.service loaded inactive dead Amazon Elastic Container Service\n";

std::string processes(const std::string& parent, const std::string& command) {
    return "USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n"
           "root         1  0.0  0.1 170000 13000 ?        Ss   07:00   0:02 /usr/lib/systemd\n"
           "root      1402  0.0  0.5  90000 30000 ?        Ss   07:00   0:01 /usr/bin/python3 "
           "/usr/bin/cloud-init modules --mode=final\n"
           "root      1450  0.0  0.0  10000  3000 ?        S    07:00   0:00  \\_ /bin/bash "
           "/var/lib/cloud/instance/scripts/part-001\n"
           "root      1460  0.0  0.0  10000  3000 ?        S    07:00   0:00      \\_ sleep 600\n"
           + parent + "root      1510  0.0  0.0  10000  3000 ?        S    07:00   0:00      \\_ "
           + command + "\nroot       800  0.1  1.0 900000 80000 ?   Ssl  07:00   0:05 dockerd\n";
}

const std::string shell =
    "root      1500  0.0  0.0  10000  3000 pts/0    Ss   07:30   0:00 -bash\n";

TEST(BundleTogether, NamesUserDataThatWaitsForWhatWaitsForIt) {
    for (const char* command : {"systemctl start ecs",
                                "/usr/bin/systemctl enable --now ecs.service",
                                "systemctl restart ecs docker",
                                "sudo systemctl enable --now amazon-ecs"}) {
        const auto looks =
            looks_at({{"services.txt", waiting}, {"ps.txt", processes("", command)}});
        EXPECT_EQ(signs(looks), "CLOUD_INIT_DEADLOCK certain") << command;
        const Look* look = look_of(looks, "services");
        ASSERT_NE(look, nullptr);
        ASSERT_EQ(look->signs.front().evidence.size(), 2U);
        EXPECT_EQ(look->signs.front().evidence[0].line, 3U);
        EXPECT_EQ(look->signs.front().evidence[1].line, 6U);
    }
    EXPECT_EQ(signs(looks_at({{"ps.txt",
                               "USER PID COMMAND\nroot 1402 /usr/bin/cloud-init modules\nroot 1510 "
                               "systemctl start ecs\n"},
                              {"services.txt", waiting}})),
              "CLOUD_INIT_DEADLOCK certain");
}

TEST(BundleTogether, OfAServiceThatWaitsForItsStartDoesNotSayThatItWasStopped) {
    EXPECT_EQ(signs(looks_at({{"services.txt", waiting}})), "CLOUD_INIT_DEADLOCK likely");
    EXPECT_EQ(signs(looks_at({{"services.txt", waiting},
                              {"squall/services.txt",
                               "Id=ecs.service\nLoadState=loaded\nActiveState=inactive\n"}})),
              "CLOUD_INIT_DEADLOCK likely");
    EXPECT_EQ(signs(looks_at({{"services.txt", stopped}})), "AGENT_STOPPED likely");
    // User data that does not wait may still be at work; and somebody at a terminal is no
    // cloud-init.
    for (const char* command :
         {"sleep 100", "systemctl start docker", "systemctl start --no-block ecs"})
        EXPECT_EQ(signs(looks_at({{"services.txt", waiting}, {"ps.txt", processes("", command)}})),
                  "CLOUD_INIT_DEADLOCK possible")
            << command;
    EXPECT_EQ(signs(looks_at({{"services.txt", waiting},
                              {"ps.txt", processes(shell, "systemctl start ecs")}})),
              "CLOUD_INIT_DEADLOCK possible");
}

TEST(BundleTogether, KnowsTheDeadlockByItsProcessesAlone) {
    const std::string ps = processes("", "systemctl start ecs");
    // The list is not of systemd, or says of the service that it is not there yet.
    EXPECT_EQ(signs(looks_at({{"ps.txt", ps}})), "CLOUD_INIT_DEADLOCK likely");
    EXPECT_EQ(signs(looks_at({{"ps.txt", ps}, {"services.txt", stopped}})),
              "CLOUD_INIT_DEADLOCK likely");
    EXPECT_EQ(signs(looks_at({{"ps.txt", processes(shell, "systemctl start ecs")}})), "");
    for (const char* other : {"activating start-pre", "active running"})
        EXPECT_EQ(signs(looks_at({{"ps.txt", ps},
                                  {"services.txt",
                                   "ecs.service loaded " + std::string(other) + " Amazon\n"}})),
                  "")
            << other;
}

TEST(BundleTogether, SaysThatTheServiceOfTheAgentRuns) {
    const std::string runs = "● docker.service loaded failed failed Docker\n"
                             "ecs.service loaded active running Amazon Elastic Container Service\n";
    const auto looks = looks_at({{"services.txt", runs}});
    const Look* look = look_of(looks, "agent-service");
    ASSERT_NE(look, nullptr);
    EXPECT_EQ(look->state, Look::State::healthy);
    for (const char* not_so : {"ecs.service loaded active exited A\n",
                               "ecs.service loaded activating auto-restart A\n",
                               "docker.service loaded active running D\n"})
        EXPECT_EQ(look_of(looks_at({{"services.txt", not_so}}), "agent-service"), nullptr)
            << not_so;
}

} // namespace
} // namespace squall::doctor
