// What of all that the logs say still counts, and for how sure.
#include "agent_lines.h"
#include "corpus.h"
#include "squall/doctor/diagnose.h"

namespace squall::doctor {
namespace {

std::string told_surely(const Diagnosis& diagnosis) {
    std::string text(name_of(diagnosis.verdict));
    for (const Finding& finding : diagnosis.findings)
        text += fmt::format(", {} {}", finding.cause, name_of(finding.certainty));
    return text;
}

std::string info(std::string_view time, std::string_view message) {
    return replace_all(line(time, message), "level=error", "level=info");
}

const std::string& began() {
    static const std::string lines = info("08:00:00", "Starting Amazon ECS Agent")
                                     + info("08:00:02", "Registration completed successfully")
                                     + info("08:00:05", acs_is_up);
    return lines;
}

TEST(Current, FollowsTheLinesWhereTheClockWasSetBack) {
    const std::string expired =
        "Unable to discover poll endpoint: InvalidSignatureException: Signature expired: "
        "20260311T060000Z is now earlier than 20260311T075500Z (20260311T080000Z - 5 min.)";
    EXPECT_EQ(told(diagnosed(began() + line("06:00:00", expired) + line("06:02:00", expired))),
              "finding: CLOCK_SKEW");
    EXPECT_EQ(told(diagnosed(began() + line("07:10:00", dns))), "finding: NET_DNS");
    // Lines of two threads stand in no order within a moment.
    EXPECT_EQ(told(diagnosed(began() + line("08:00:03", dns))), "recovered: NET_DNS");
}

TEST(Current, ALostConnectionOfTelemetryIsNothingWhereAnotherFollows) {
    const std::string lost = "Error: lost websocket connection with ECS Telemetry service (TCS): "
                             "websocket: close 1006 (abnormal closure): unexpected EOF";
    const std::string up = "Connected to TCS endpoint";
    EXPECT_EQ(told(diagnosed(began() + line("08:20:00", lost) + info("08:20:01", up))),
              "healthy: ");
    EXPECT_EQ(told(diagnosed(began() + line("08:20:00", lost))), "healthy: ");
    EXPECT_EQ(told(diagnosed(began() + line("08:20:00", lost) + line("08:22:00", lost))),
              "finding: NET_TCS_ONLY");
    EXPECT_EQ(told(diagnosed(began() + line("08:20:00", lost) + line("08:22:00", tcs))),
              "finding: NET_TCS_ONLY");
    // Out of reach for a while is more than that.
    EXPECT_EQ(told(diagnosed(began() + line("08:20:00", tcs) + info("08:22:01", up))),
              "recovered: NET_TCS_ONLY");
}

TEST(Current, OfAnAgentThatIsAwayForAReasonThatNobodyKnowsIsUnknown) {
    EXPECT_EQ(told(diagnosed(began() + info("08:20:00", "Sending state change to ECS"))),
              "healthy: ");
    const std::string waits =
        line("08:10:00", "ACS WebSocket connection closed: some new reason")
        + info("08:10:00", "Waiting before reconnecting to ACS reconnectDelay=1m52s");
    EXPECT_EQ(told(diagnosed(began() + waits)), "unknown: ");
    EXPECT_EQ(told(diagnosed(began() + waits + info("08:12:00", acs_is_up))), "healthy: ");
    const std::string registered = info("08:00:00", "Starting Amazon ECS Agent")
                                   + info("08:00:02", "Registration completed successfully");
    EXPECT_EQ(
        told(diagnosed(registered
                       + line("08:00:20", "Error creating a websocket client: something new"))),
        "unknown: ");
    EXPECT_EQ(told(diagnosed("2026-03-11 09:00:00 app FATAL cannot start\n"
                             "2026-03-11 09:00:01 pool: Closing connection\n")),
              "unknown: ");
}

TEST(Current, TakesNothingForCertainThatAnybodyMayHaveWritten) {
    for (const char* text :
         {"An error occurred (InvalidParameterException): container instance abc is inactive\n",
          "[2026-03-11 09:00:00,123] ERROR Cluster not found (kafka.server)\n",
          "Error: NoCredentialProviders: no valid providers in chain. Deprecated.\n",
          "InvalidSignatureException: Signature expired: 20260512T is now earlier than\n",
          R"({"level":"error","ts":1,"msg":"dial tcp: lookup db on 10.0.0.2:53: no such host"})",
          "x509: certificate signed by unknown authority\n"}) {
        const Diagnosis alone = diagnosed(text);
        ASSERT_FALSE(alone.findings.empty()) << text;
        for (const Finding& finding : alone.findings)
            EXPECT_EQ(finding.certainty, Certainty::possible) << text;
    }
    EXPECT_EQ(told_surely(diagnosed("Mar 11 09:00:00 ip-10-0-0-4 kernel: Out of memory: Killed "
                                    "process 4567 (agent) total-vm:1kB\n")),
              "finding, OOM certain")
        << "it is this host's kernel";
}

TEST(Current, LeavesToOtherProgramsWhatTheyWriteInTheSystemsLog) {
    const auto of = [](std::string_view program, const std::string& text) {
        return fmt::format("Mar 11 09:20:00 ip-10-0-4-4 {}[901]: {}", program, text);
    };
    const std::string agent = of("docker", info("09:00:00", acs_is_up));
    for (const std::string_view other : {"promtail", "traefik", "vault", "kafka"}) {
        EXPECT_EQ(told(diagnosed(agent + of(other, line("09:20:00", dns)), "messages")),
                  "healthy: ")
            << other;
    }
    for (const std::string_view ours : {"docker", "ecs-agent", "agent", "0123456789ab"}) {
        EXPECT_EQ(told(diagnosed(agent + of(ours, line("09:20:00", dns)), "messages")),
                  "finding: NET_DNS")
            << ours;
    }
}

TEST(Current, TakesDockersSilenceForOverWhenTheLogGoesOnWithoutIt) {
    const std::string ping =
        info("08:10:00",
             "[DockerRuntimeHealthcheck] Docker Ping failed with error: context "
             "deadline exceeded");
    const std::string goes_on = info("08:25:00", "Managed task: task at steady state: RUNNING");
    EXPECT_EQ(told_surely(diagnosed(began() + ping)), "finding, DOCKER_UNRESPONSIVE certain");
    EXPECT_EQ(told_surely(diagnosed(began() + ping + goes_on)),
              "finding, DOCKER_UNRESPONSIVE possible");
    EXPECT_EQ(told_surely(
                  diagnosed(began() + ping + replace_all(ping, "08:10:00", "08:10:20") + goes_on)),
              "finding, DOCKER_UNRESPONSIVE certain");
    EXPECT_EQ(told(diagnosed(began() + ping + goes_on + line("08:26:00", dns))),
              "finding: NET_DNS, DOCKER_UNRESPONSIVE");
    const std::string away =
        line("08:10:00", "Cannot connect to the Docker daemon at unix:///var/run/docker.sock");
    const std::string works = info("08:12:00", "DockerGoClient: pulling image complete web:2");
    EXPECT_EQ(told(diagnosed(began() + away + line("08:15:00", dns))),
              "finding: DOCKER_DOWN, NET_DNS");
    EXPECT_EQ(told(diagnosed(began() + away + works + line("08:15:00", dns))), "finding: NET_DNS");
}

TEST(Current, TakesATasksTroubleForNoneOfTheAgents) {
    for (const char* text :
         {"Failed to create task resource: fetching secret data from AWS Secrets Manager: dial "
          "tcp: lookup secretsmanager.eu-west-1.amazonaws.com on 10.0.0.2:53: no such host",
          "Failed to create task resource: unable to download env file with key a.env: dial tcp: "
          "lookup shop.s3.eu-west-1.amazonaws.com on 10.0.0.2:53: no such host",
          "VolumeDriver.Create: mounting volume failed: Failed to resolve server fs-1.efs: Name "
          "or service not known",
          "fetching secret data from SSM Parameter Store: operation error SSM: GetParameters, api "
          "error ExpiredTokenException: The security token included in the request is expired",
          "Unable to decode provided docker credentials: unexpected end of JSON input"}) {
        EXPECT_EQ(told(diagnosed(began() + line("08:10:00", text))), "healthy: ") << text;
    }
}

TEST(Current, TakesWhatEveryStartSaysForNoWork) {
    const std::string start = info("08:00:00", "Starting Amazon ECS Agent")
                              + line("08:00:01", "Driver log level mapping not found")
                              + info("08:00:02", "Registering Instance with ECS");
    EXPECT_EQ(told(diagnosed(start)), "unknown: ");
    EXPECT_EQ(told(diagnosed(began() + start)), "unknown: ");
    EXPECT_EQ(told(diagnosed(start + info("08:00:04", "Registration completed successfully"))),
              "healthy: ");
    EXPECT_EQ(told(diagnosed("time=\"2026-03-11T08:00:00Z\" level=info msg=\"API listen on "
                             "/run/docker.sock\"\n",
                             "docker")),
              "unknown: ");
}

TEST(Current, PutsWhatKeepsAnAgentFromGettingThereBeforeWhatItWasToldThere) {
    const std::string before = began() + line("08:10:00", denied);
    const auto dns_at = [](std::string_view time) {
        return line(time, dns);
    };
    EXPECT_EQ(told(diagnosed(before + dns_at("08:11:00"))), "finding: IAM_DENIED, NET_DNS");
    EXPECT_EQ(told(diagnosed(before + dns_at("08:11:00") + dns_at("08:20:00"))),
              "finding: NET_DNS, IAM_DENIED");
}

TEST(Current, TakesAKillThatHasNoDateForOneThatMayBeLongOver) {
    const std::string uptime = "[  100.000000] Out of memory: Killed process 18 (agent) total\n";
    const std::string dated =
        "[Wed Mar 11 07:30:00 2026] Out of memory: Killed process 18 (agent) total\n";
    const auto of = [](const std::vector<std::pair<std::string, std::string>>& files) {
        Case evidence;
        for (const auto& [name, text] : files)
            evidence.logs.push_back(scanned(text, name));
        evidence.now = corpus_now();
        return diagnose(catalogue(), std::move(evidence));
    };
    EXPECT_EQ(told_surely(of({{"dmesg", uptime}})), "finding, OOM certain");
    EXPECT_EQ(told_surely(of({{"ecs-agent.log", began()}, {"dmesg", uptime}})),
              "finding, OOM possible");
    EXPECT_EQ(of({{"ecs-agent.log", began()}, {"dmesg", uptime}, {"dmesg.human", dated}}).verdict,
              Verdict::recovered);
}

TEST(Current, TakesOneEndThatWasFollowedByAStartForNoLoop) {
    const std::string end = info("08:00:00", "Agent exited with code 1");
    const std::string start = info("08:00:01", "Starting Amazon Elastic Container Service Agent");
    EXPECT_EQ(told(diagnosed(end, "ecs-init.log")), "finding: AGENT_CRASHLOOP");
    EXPECT_EQ(told(diagnosed(end + start, "ecs-init.log")), "unknown: ");
    EXPECT_EQ(
        told(diagnosed(end + start + replace_all(end + start, "08:00:", "08:01:"), "ecs-init.log")),
        "finding: AGENT_CRASHLOOP");
}

TEST(Current, NamesTheClusterThatTheAgentWasLastIn) {
    const auto in = [](std::string_view cluster) {
        return fmt::format("Connected to ACS endpoint containerInstanceARN=arn:aws:ecs:eu-west-1:"
                           "444455556666:container-instance/{}/0a1b2c3d",
                           cluster);
    };
    const Diagnosis moved =
        diagnosed(info("07:00:00", in("old")) + info("08:00:00", in("new"))
                  + line("08:01:00", "Error creating data client: invalid database"));
    ASSERT_FALSE(moved.findings.empty());
    const std::string steps = join(moved.findings.front().remedy, "\n");
    EXPECT_NE(steps.find("--cluster new "), std::string::npos) << told(moved) << steps;
}

TEST(Current, SaysSinceWhenTheAgentIsAway) {
    const Diagnosis away = diagnosed(began() + line("08:10:00", dns));
    ASSERT_EQ(away.findings.size(), 1U);
    EXPECT_NE(away.findings.front().summary.find(
                  " The agent last connected to ACS at 2026-03-11T08:00:05Z (a.log:3)."),
              std::string::npos)
        << away.findings.front().summary;
    EXPECT_TRUE(away.healthy.empty()) << "no log is well that tells of trouble";
    const Diagnosis well = diagnosed(began());
    ASSERT_EQ(well.healthy.size(), 1U);
    EXPECT_EQ(well.healthy.front().summary,
              "last connected to ACS at 2026-03-11T08:00:05Z (a.log:3)");
}

TEST(Current, DoesNotAnswerAnExplicitDenyWithAPolicyThatAllows) {
    const auto steps = [](const std::string& log) {
        return diagnosed(corpus_text(log)).findings.front().remedy;
    };
    const auto missing = steps("iam-denied-discover-new.log");
    const auto denied_by_order = steps("iam-denied-explicit-new.log");
    EXPECT_EQ(missing.front().rfind("`aws iam attach-role-policy ", 0), 0U);
    EXPECT_EQ(denied_by_order.size(), missing.size() - 1);
    EXPECT_EQ(denied_by_order.front().rfind("`explicit deny` ", 0), 0U);
}

TEST(Current, CountsTheHourFromTheEndOfTheLogWhateverItSaysThere) {
    const std::string mended = line("07:50:00", acs) + began();
    EXPECT_EQ(told(diagnosed(mended + info("08:40:00", "Nothing that anybody knows"))),
              "recovered: NET_ACS_BLOCKED");
    EXPECT_EQ(told(diagnosed(mended + info("13:00:00", "Nothing that anybody knows"))),
              "healthy: ");
    // No record's time, but a part of its text.
    EXPECT_EQ(told(diagnosed(mended + "2099-01-01T00:00:00Z is when it expires\n")),
              "recovered: NET_ACS_BLOCKED");
}

} // namespace
} // namespace squall::doctor
