#include "squall/doctor/bundle_evidence.h"

#include "archives.h"
#include "squall/base/text.h"
#include "squall/doctor/looks.h"

#include <gtest/gtest.h>

namespace squall::doctor {
namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

std::vector<Look> looks_at(const Files& files) {
    BundleEvidence evidence;
    for (const auto& [name, text] : files) {
        StringSource source(text);
        EXPECT_TRUE(evidence.take({"collect/i-1/" + name, name, text.size(), {}}, source)) << name;
    }
    return std::move(evidence).looks();
}

// "CAUSE certainty" of every sign, in order.
std::string signs(const std::vector<Look>& looks) {
    std::vector<std::string> all;
    for (const Look& look : looks)
        for (const Sign& sign : look.signs)
            all.push_back(sign.cause + " " + std::string(name_of(sign.certainty)));
    return join(all, ", ");
}

std::string signs_of(const std::string& name, const std::string& text) {
    return signs(looks_at({{name, text}}));
}

std::string container(const std::string& state, const std::string& name = "/ecs-agent") {
    return R"([{"Id":"0a","Name":")" + name + R"(","State":)" + state
           + R"(,"Config":{"Image":"x"}}])";
}

TEST(BundleEvidence, ReadsTheAgentsSettings) {
    const char* name = "ecs-agent/ecs.config";
    EXPECT_EQ(signs_of(name, "ECS_CLUSTER=prod\n"), "");
    EXPECT_EQ(looks_at({{name, "ECS_CLUSTER=prod\n"}}).front().summary,
              "the agent is told to join prod");
    // That the cluster "default" is not there, the agent's own log says.
    for (const char* none : {"# ECS_CLUSTER=prod\n", "ECS_CLUSTER=\n", "ECS_LOGLEVEL=info\n", ""}) {
        const auto looks = looks_at({{name, none}});
        EXPECT_EQ(signs(looks), "") << none;
        EXPECT_EQ(looks.front().summary,
                  "ECS_CLUSTER is not set: the agent joins the cluster \"default\"");
    }
    EXPECT_EQ(signs_of(name, "ECS_CLUSTER=c\nHTTP_PROXY=http://10.0.0.9:3128\n"),
              "NET_PROXY likely");
    EXPECT_EQ(signs_of(name, "ECS_CLUSTER=c\nHTTPS_PROXY=p:1\nNO_PROXY=169.254.169.254\n"),
              "NET_PROXY likely");
    EXPECT_EQ(signs_of(name,
                       "ECS_CLUSTER=c\nHTTP_PROXY=p:1\nNO_PROXY=169.254.169.254,169.254.170.2,/var/"
                       "run/docker.sock\n"),
              "");
    EXPECT_EQ(signs_of(name, "ECS_CLUSTER=c\nECS_EXTERNAL=true\n"), "REGION_MISSING certain");
    EXPECT_EQ(signs_of(name, "ECS_CLUSTER=c\nECS_EXTERNAL=true\nAWS_DEFAULT_REGION=eu-west-1\n"),
              "");
    EXPECT_EQ(signs_of(name, "ECS_CLUSTER=c\nECS_INSTANCE_ATTRIBUTES={\"a\":\"b\"}\n"), "");
    EXPECT_EQ(signs_of(name, "ECS_CLUSTER=c\nECS_INSTANCE_ATTRIBUTES={a:b}\n"),
              "INVALID_ATTRIBUTE likely");
    EXPECT_EQ(signs_of(name, "ECS_CLUSTER=c\nECS_CONTAINER_INSTANCE_TAGS={\"aws:x\":\"b\"}\n"),
              "INVALID_TAG certain");
    const Look look =
        looks_at({{name, "ECS_CLUSTER=c\nHTTP_PROXY=http://me:hunter2@p:1\n"}}).front();
    EXPECT_EQ(look.signs.front().evidence.front().file, "collect/i-1/ecs-agent/ecs.config");
    EXPECT_EQ(look.signs.front().evidence.front().line, 2U);
    EXPECT_EQ(look.signs.front().evidence.front().text, "HTTP_PROXY=http://[redacted]@p:1");
    EXPECT_EQ(looks_at({{name, "ECS_CLUSTER=p\xe2\x80\xaerod\n"}}).front().summary,
              "the agent is told to join prod");
}

TEST(BundleEvidence, SaysThatAnAgentWasNotRegistered) {
    for (const char* file : {"ecs-agent/agent-running-info.txt", "squall/agent-metadata.txt"}) {
        for (const char* arn : {"null", "\"\""}) {
            const auto looks = looks_at({{file,
                                          R"({"Cluster":"prod","ContainerInstanceArn":)"
                                              + std::string(arn) + R"(,"Version":"v1.105.1"})"}});
            ASSERT_EQ(looks.size(), 1U) << file << arn;
            EXPECT_EQ(looks.front().check, "introspection");
            EXPECT_EQ(looks.front().state, Look::State::could_not_look);
        }
        for (const char* other : {R"({"Tasks":[]})",
                                  R"({"Cluster":"prod","ContainerInstanceArn":"arn:x"})",
                                  "curl: (7) Failed to connect",
                                  ""})
            EXPECT_TRUE(looks_at({{file, other}}).empty()) << other;
    }
}

TEST(BundleEvidence, SaysOnceWhatNeitherTheHostNorItsFilesCouldTell) {
    Look blind;
    blind.check = "introspection";
    blind.summary = "it has not registered";
    const auto looks =
        looks_at({{"squall/looks.json", json::text(looks_json(std::vector{blind}))},
                  {"squall/agent-metadata.txt", R"({"ContainerInstanceArn":null})"}});
    ASSERT_EQ(looks.size(), 1U);
    EXPECT_EQ(looks.front().summary, blind.summary);
}

TEST(BundleEvidence, ReadsWhatDockerSaid) {
    EXPECT_EQ(signs_of("docker/docker-not-running.txt", ""), "DOCKER_DOWN certain");
    EXPECT_EQ(
        signs_of("docker/docker-not-running.txt", "docker did not end in time and was killed\n"),
        "DOCKER_UNRESPONSIVE likely");
    EXPECT_EQ(signs_of("docker/container-inspect-timed-out.txt", ""), "DOCKER_UNRESPONSIVE likely");
    EXPECT_EQ(signs_of("docker/docker-info.txt",
                       "Client:\nERROR: Cannot connect to the Docker daemon at "
                       "unix:///var/run/docker.sock.\n"),
              "DOCKER_DOWN certain");
    const auto looks = looks_at({{"docker/docker-info.txt", "Client:\n Server Version: 25.0.8\n"}});
    EXPECT_EQ(looks.front().state, Look::State::healthy);
    EXPECT_EQ(looks.front().summary, "Docker answered: Server Version: 25.0.8");
}

TEST(BundleEvidence, ReadsHowTheAgentsContainerEnded) {
    const auto end = [](const std::string& state) {
        return signs_of("docker/container-0a.txt", container(state));
    };
    EXPECT_EQ(end(R"({"Running":true,"ExitCode":0})"), "");
    EXPECT_EQ(end(R"({"Running":true,"Health":{"Status":"unhealthy"}})"), "AGENT_HUNG likely");
    EXPECT_EQ(end(R"({"Running":false,"ExitCode":0})"), "AGENT_STOPPED likely");
    EXPECT_EQ(end(R"({"Running":false,"ExitCode":1})"), "AGENT_CRASHLOOP likely");
    EXPECT_EQ(end(R"({"Running":false,"ExitCode":2})"), "AGENT_PANIC likely");
    EXPECT_EQ(end(R"({"Running":false,"ExitCode":5})"), "AGENT_TERMINAL certain");
    EXPECT_EQ(end(R"({"Running":false,"ExitCode":42})"), "");
    EXPECT_EQ(end(R"({"Running":false,"ExitCode":137,"OOMKilled":true})"), "OOM certain");
    EXPECT_EQ(end(R"({"Running":false,"ExitCode":137,"OOMKilled":false})"), "OOM possible");
    EXPECT_EQ(end(R"({"Running":false,"ExitCode":143})"), "AGENT_STOPPED likely");
    const auto looks = looks_at(
        {{"docker/container-0a.txt",
          container(R"({"Status":"exited","ExitCode":5,"FinishedAt":"2026-06-30T17:02:14Z"})")}});
    EXPECT_EQ(looks.front().signs.front().evidence.front().text,
              "State: Status exited, ExitCode 5, OOMKilled false");
    EXPECT_TRUE(looks.front().signs.front().evidence.front().when.has_value());
    // Other containers' ends, and what is no answer, say nothing of the agent.
    EXPECT_TRUE(
        looks_at({{"docker/container-0b.txt", container(R"({"ExitCode":137})", "/web")}}).empty());
    EXPECT_TRUE(looks_at({{"docker/container-0b.txt", "Error: No such object\n"}}).empty());
    // Twice the same container: under its name and under its id.
    const std::string twice = container(R"({"ExitCode":5})");
    EXPECT_EQ(signs(looks_at(
                  {{"docker/container-0a.txt", twice}, {"docker/container-ecs-agent.txt", twice}})),
              "AGENT_TERMINAL certain");
    EXPECT_EQ(signs_of("ecs-agent/ecs-agent-not-running.txt", "warning\n"),
              "AGENT_STOPPED possible");
}

TEST(BundleEvidence, ReadsTheAgentsRowOfTheContainers) {
    const auto row = [](const std::string& status, const std::string& name = "ecs-agent") {
        return "CONTAINER ID   IMAGE   COMMAND   CREATED   STATUS   PORTS   NAMES\n"
               "0b   web:1   \"/w\"   3 hours ago   Exited (5) 1 hour ago   web\n"
               "0a   amazon/amazon-ecs-agent:latest   \"/agent\"   3 hours ago   "
               + status + "      " + name + "\n";
    };
    const char* file = "docker/docker-ps.txt";
    EXPECT_EQ(signs_of(file, row("Up 3 hours (unhealthy)")), "AGENT_HUNG likely");
    EXPECT_EQ(signs_of(file, row("Exited (5) 1 hour ago")), "AGENT_TERMINAL likely");
    EXPECT_EQ(signs_of(file, row("Exited (5) 1 hour ago", "sad_name")), "AGENT_TERMINAL likely");
    EXPECT_EQ(signs_of(file, row("Exited (0) 1 hour ago")), "AGENT_STOPPED likely");
    EXPECT_EQ(signs_of(file, row("Restarting (1) 2 seconds ago")), "AGENT_CRASHLOOP likely");
    EXPECT_EQ(signs_of(file, row("Exited (137) 1 hour ago")), "OOM possible");
    for (const char* status :
         {"Up 3 hours (healthy)", "Up 3 hours", "Exited (42) 1 s ago", "Exited ("})
        EXPECT_TRUE(looks_at({{file, row(status)}}).empty()) << status;
    // An old one that is still there says nothing of the one that runs.
    EXPECT_TRUE(
        looks_at({{file,
                   "0c x/amazon-ecs-agent:1 \"/agent\" 1 d ago Up 1 hour new\n"
                   "0d x/amazon-ecs-agent:1 \"/agent\" 2 d ago Exited (5) 1 day ago old\n"}})
            .empty());
    const auto look = looks_at({{file, row("Exited (5) 1 hour ago")}}).front();
    EXPECT_EQ(look.check, "agent-container");
    EXPECT_EQ(look.signs.front().evidence.front().line, 3U);
    // That there is no process follows from it.
    EXPECT_EQ(signs(looks_at({{"ecs-agent/ecs-agent-not-running.txt", "warning\n"},
                              {file, row("Exited (5) 1 hour ago")}})),
              "AGENT_TERMINAL likely");
    // The container's own account stands beside it, and is no second sign.
    EXPECT_EQ(signs(looks_at({{"docker/container-0a.txt", container(R"({"ExitCode":5})")},
                              {file, row("Exited (5) 1 hour ago")}})),
              "AGENT_TERMINAL certain");
    EXPECT_EQ(signs(looks_at({{file, row("Exited (5) 1 hour ago")},
                              {"docker/container-0a.txt", container(R"({"ExitCode":5})")}})),
              "AGENT_TERMINAL certain");
}

TEST(BundleEvidence, ReadsStatesOfServices) {
    EXPECT_EQ(signs_of("services.txt",
                       "  UNIT LOAD ACTIVE SUB DESCRIPTION\n  docker.service loaded active running "
                       "Docker\n● ecs.service loaded failed failed Amazon ECS agent\n"),
              "AGENT_CRASHLOOP possible");
    EXPECT_EQ(signs_of("services.txt",
                       "docker.service loaded inactive dead Docker\necs.service loaded activating "
                       "auto-restart x\n"),
              "DOCKER_DOWN certain, AGENT_CRASHLOOP likely");
    EXPECT_EQ(
        signs_of(
            "squall/services.txt",
            "Id=docker.service\nLoadState=loaded\nActiveState=active\nSubState=running\n\nId=ecs."
            "service\nLoadState=loaded\nActiveState=failed\nSubState=failed\nExecMainStatus=5\n"),
        "AGENT_TERMINAL certain");
    EXPECT_EQ(signs_of("squall/services.txt",
                       "Id=ecs.service\nLoadState=loaded\nActiveState=inactive\nSubState="
                       "dead\nExecMainStatus=0\n"),
              "AGENT_STOPPED likely");
    EXPECT_TRUE(looks_at({{"squall/services.txt",
                           "Id=ecs.service\nLoadState=not-found\nActiveState=inactive\n"}})
                    .empty());
    EXPECT_EQ(
        looks_at({{"services.txt", "docker.service loaded active running D\n"}}).front().state,
        Look::State::healthy);
    EXPECT_TRUE(looks_at({{"services.txt", "acpid 0:off 1:off 2:on\n"}}).empty());
}

TEST(BundleEvidence, ReadsHowFullDisksAre) {
    const std::string head = "sysfs on /sys type sysfs (rw,nosuid)\n/dev/xvda1 on / type xfs "
                             "(rw)\n\nFilesystem      Size  Used Avail Use% Mounted on\n";
    EXPECT_EQ(
        signs_of("mounts.txt",
                 head + "/dev/xvda1      8.0G  3.1G  4.9G  39% /\ntmpfs 1G 0 1G 0% /dev/shm\n"),
        "");
    EXPECT_EQ(looks_at({{"mounts.txt", head + "/dev/xvda1      8.0G  3.1G  4.9G  39% /\n"}})
                  .front()
                  .summary,
              "the fullest disk is / with 39 % of its blocks");
    EXPECT_EQ(signs_of("mounts.txt", head + "/dev/xvda1      8.0G  8.0G  20K  100% /\n"),
              "DISK_FULL certain");
    EXPECT_EQ(signs_of("mounts.txt", head + "/dev/xvda1      8.0G  7.9G  90M  98% /var\n"),
              "DISK_FULL likely");
    EXPECT_EQ(signs_of("mounts.txt", head + "/dev/xvdb      80G  80G  0  100% /data\n"),
              "DISK_FULL possible");
    EXPECT_EQ(signs_of("mounts.txt", head + "/dev/loop1 56M 56M 0 100% /snap/core18/2\n"), "");
    EXPECT_EQ(
        signs_of("mounts.txt", head + "/dev/mapper/a-very-long-name\n   8.0G  8.0G  20K  100% /\n"),
        "DISK_FULL certain");
    const auto inodes =
        looks_at({{"mounts.txt",
                   head
                       + "/dev/xvda1 8.0G 3.1G 4.9G 39% /\n$ df -i\nFilesystem Inodes IUsed IFree "
                         "IUse% Mounted on\n/dev/xvda1 1000 1000 0 100% /\n"}});
    EXPECT_EQ(signs(inodes), "DISK_FULL certain");
    EXPECT_EQ(inodes.front().signs.front().summary, "the inodes of / are 100 % used");
}

TEST(BundleEvidence, ReadsWhatElseRunsOut) {
    EXPECT_EQ(signs_of("open-file-counts.txt", "/proc/1/fd\n61\n/proc/17/fd\n65537\n"),
              "FD_EXHAUSTION possible");
    EXPECT_EQ(signs_of("open-file-counts.txt", "/proc/1/fd\n61\n"), "");
    EXPECT_EQ(signs_of("squall/open-files.txt", "12000 17 dockerd\n3 1 init\n"),
              "FD_EXHAUSTION possible");
    EXPECT_EQ(signs_of("squall/open-files.txt", "12000 17 java\n"), "");
    EXPECT_EQ(signs_of("squall/file-nr", "990\t0\t1000\n"), "FD_EXHAUSTION certain");
    EXPECT_EQ(signs_of("squall/file-nr", "2112\t0\t9223372036854775807\n"), "");
    const std::string mem =
        "top - 17:02:14 up 1 day\nMiB Mem :   7812.5 total,    120.3 free,   7500.0 used,    192.2 "
        "buff/cache\nMiB Swap:      0.0 total,      0.0 free,      0.0 used.  ";
    EXPECT_EQ(signs_of("top.txt", mem + "81.9 avail Mem\n"), "OOM possible");
    EXPECT_EQ(signs_of("top.txt", mem + "3000.1 avail Mem\n"), "");
    EXPECT_EQ(signs_of("squall/meminfo",
                       "MemTotal:        8000000 kB\nMemFree: 1 kB\nMemAvailable:      10000 kB\n"),
              "OOM possible");
    EXPECT_EQ(signs_of("ps.txt",
                       "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND\nroot 9 0.0 0.0 1 2 "
                       "? Dsl 10:00 0:01 /usr/bin/dockerd -H fd://\n"),
              "DOCKER_UNRESPONSIVE possible");
    EXPECT_EQ(signs_of("ps.txt", "root 9 0.0 0.0 1 2 ? Ssl 10:00 0:01 /usr/bin/dockerd -H fd://\n"),
              "");
}

TEST(BundleEvidence, TakesTheHostsOwnLooksAsTheyAre) {
    Look look;
    look.check = "disk";
    look.state = Look::State::finding;
    look.summary = "/ is full";
    look.signs = {Sign{"DISK_FULL", Certainty::certain, "/ is full"}};
    Look blind;
    blind.check = "services";
    blind.summary = "no systemctl";
    const std::string json = json::text(looks_json(std::vector{look, blind}));
    const auto looks = looks_at(
        {{"mounts.txt", "Filesystem Size Used Avail Use% Mounted on\n/dev/xvda1 8G 1G 7G 9% /\n"},
         {"squall/looks.json", json},
         {"ecs-agent/ecs.config", "ECS_CLUSTER=c\n"},
         {"services.txt", "docker.service loaded active running D\n"}});
    ASSERT_EQ(looks.size(), 4U);
    EXPECT_EQ(looks[0].summary, "/ is full");
    EXPECT_EQ(looks[1].state, Look::State::could_not_look);
    EXPECT_EQ(looks[2].check, "config");
    EXPECT_EQ(looks[3].state,
              Look::State::healthy); // what the host could not look at, its files say
    EXPECT_EQ(looks_at({{"squall/looks.json", "broken"}}).front().state,
              Look::State::could_not_look);
}

TEST(BundleEvidence, OfADockerThatMayNotBeAskedClaimsNothing) {
    for (const char* file : {"docker/docker-not-running.txt", "docker/docker-info.txt"}) {
        const auto looks = looks_at({{file,
                                      "permission denied while trying to connect to the Docker "
                                      "daemon socket at unix:///var/run/docker.sock\n"}});
        ASSERT_EQ(looks.size(), 1U);
        EXPECT_EQ(looks.front().state, Look::State::could_not_look) << file;
    }
}

TEST(BundleEvidence, LeavesLogsToTheirReaders) {
    BundleEvidence evidence;
    for (const char* name : {"ecs_agent_logs/ecs-agent.log",
                             "kernel/dmesg.current",
                             "docker/docker-images.txt",
                             "system.log"}) {
        StringSource source("x");
        EXPECT_FALSE(evidence.take({name, name, 1, {}}, source));
        EXPECT_EQ(all_of(source), "x");
    }
    EXPECT_TRUE(std::move(evidence).looks().empty());
}

} // namespace
} // namespace squall::doctor
