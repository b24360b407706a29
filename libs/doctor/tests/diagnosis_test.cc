#include "agent_lines.h"
#include "corpus.h"
#include "squall/doctor/diagnose.h"

namespace squall::doctor {
namespace {

struct File {
    std::string_view name;
    std::string text;
};

Diagnosis of_files(const std::vector<File>& files) {
    Case evidence;
    for (const File& file : files)
        evidence.logs.push_back(scanned(file.text, file.name));
    evidence.now = corpus_now();
    return diagnose(catalogue(), std::move(evidence));
}

TEST(Diagnosis, LooksAtWhatCameAfterTheLastGoodConnection) {
    const std::string before = line("08:00:00", dns) + line("08:01:00", acs_is_up);
    EXPECT_EQ(told(diagnosed(before)), "recovered: NET_DNS");
    EXPECT_EQ(told(diagnosed(before + line("08:02:00", denied))), "finding: IAM_DENIED");
}

TEST(Diagnosis, ForgetsWhatWasLongBeforeTheLastGoodConnection) {
    EXPECT_EQ(told(diagnosed(line("02:00:00", dns) + line("08:01:00", acs_is_up))), "healthy: ");
}

TEST(Diagnosis, PutsRollsByHourInTheirOrder) {
    const std::vector<File> files{
        {"/var/log/ecs/ecs-agent.log", line("09:00:00", acs_is_up)},
        {"/var/log/ecs/ecs-agent.log.2026-03-11-08", line("08:30:00", acs)},
        {"/var/log/ecs/ecs-agent.log.2026-03-11-07", line("07:30:00", acs_is_up)}};
    EXPECT_EQ(told(of_files(files)), "recovered: NET_ACS_BLOCKED");
}

TEST(Diagnosis, PutsRollsByNumberInTheirOrder) {
    const std::string without_times = "Connected to ACS endpoint\n";
    const std::vector<File> files{{"ecs-agent.log.10", line("08:00:00", dns)},
                                  {"ecs-agent.log.2", without_times},
                                  {"ecs-agent.log", line("08:00:00", acs)}};
    EXPECT_EQ(told(of_files(files)), "finding: NET_ACS_BLOCKED");
}

TEST(Diagnosis, TakesAConnectionInTheSecondOfAFailureForTheLaterOne) {
    EXPECT_EQ(told(diagnosed(line("08:00:00", acs_is_up) + line("08:00:00", acs))),
              "recovered: NET_ACS_BLOCKED");
    EXPECT_EQ(told(diagnosed(line("08:00:00", acs_is_up) + line("08:00:00", acs)
                             + line("08:00:31", acs))),
              "finding: NET_ACS_BLOCKED");
}

// Names that tell no order.
TEST(Diagnosis, OrdersFilesByTheirTimesWhereTheirNamesSayNothing) {
    const std::string old = line("08:00:00", "Connected to ACS endpoint");
    const std::string since = line("08:10:00", dns) + line("08:12:00", dns);
    for (const bool is_turned : {false, true}) {
        Case evidence;
        evidence.logs.push_back(
            scanned(is_turned ? since : old, is_turned ? "ecs-agent.log" : "ecs-agent.1.log"));
        evidence.logs.push_back(
            scanned(is_turned ? old : since, is_turned ? "ecs-agent.1.log" : "ecs-agent.log"));
        evidence.now = corpus_now();
        EXPECT_EQ(told(diagnose(catalogue(), std::move(evidence))), "finding: NET_DNS");
    }
}

TEST(Diagnosis, BlamesTheProxyThatIsDialledInPlaceOfTheMetadataService) {
    const auto token_by = [](std::string_view address) {
        return line(
            "08:00:00",
            fmt::format("Unable to retrieve EC2 instance metadata: Put "
                        "\"http://169.254.169.254/latest/api/token\": dial tcp {}: connect: "
                        "connection refused",
                        address));
    };
    EXPECT_EQ(told(diagnosed(token_by("10.0.0.20:9"))), "finding: NET_PROXY");
    EXPECT_EQ(told(diagnosed(token_by("192.168.1.20:3128"))), "finding: NET_PROXY");
    EXPECT_EQ(told(diagnosed(token_by("169.254.169.254:80"))), "finding: IMDS_UNREACHABLE");
}

TEST(Diagnosis, BlamesDockerForAnExitCodeOnlyWhereNothingElseIsKnown) {
    const auto messages = [](std::string_view text) {
        std::string lines;
        for (int i = 0; i < 3; ++i)
            lines += fmt::format("Mar 11 08:00:{}0 host {}\n"
                                 "Mar 11 08:00:{}0 host systemd[1]: ecs.service: Control process "
                                 "exited, code=exited, status=255/EXCEPTION\n",
                                 i,
                                 text,
                                 i);
        return lines;
    };
    EXPECT_EQ(told(diagnosed(messages("systemd[1]: Starting it."), "messages")),
              "finding: DOCKER_DOWN");
    EXPECT_EQ(told(diagnosed(messages("amazon-ecs-init[7]: level=error time=2026-03-11T08:00:00Z "
                                      "msg=\"could not create route to the credentials proxy: "
                                      "exit status 3\""),
                             "messages")),
              "finding: ECS_INIT_IPTABLES");
    const auto docker_runs =
        diagnosed("Mar 11 07:59:59 host systemd[1]: Started Docker Application Container Engine.\n"
                      + messages("systemd[1]: Starting it."),
                  "messages");
    EXPECT_EQ(docker_runs.findings.front().certainty, Certainty::possible);
}

TEST(Diagnosis, TellsTroubleWithTelemetryApart) {
    EXPECT_EQ(told(diagnosed(line("08:00:00", acs_is_up) + line("08:01:00", tcs))),
              "finding: NET_TCS_ONLY");
    const Diagnosis both = diagnosed(line("08:00:00", tcs) + line("08:01:00", acs));
    EXPECT_EQ(both.findings.front().cause, "NET_ACS_BLOCKED");
    EXPECT_TRUE(both.findings.back().is_symptom);
    EXPECT_EQ(told(diagnosed(line("08:00:00", acs_is_up) + line("08:01:00", tcs)
                             + line("08:02:00", "Connected to TCS endpoint"))),
              "recovered: NET_TCS_ONLY");
}

TEST(Diagnosis, SeesAProxyThatCutsConnectionsAfterAMinute) {
    std::string text;
    for (int i = 0; i < 4; ++i)
        text += line(fmt::format("08:{:02}:00", i * 2), acs_is_up)
                + line(fmt::format("08:{:02}:00", i * 2 + 1),
                       "Error getting message from ws backend: error: [websocket: close 1006 "
                       "(abnormal closure): unexpected EOF]");
    EXPECT_EQ(diagnosed(text).findings.front().cause, "NET_PROXY_IDLE");
    std::string seldom;
    for (int i = 0; i < 4; ++i)
        seldom += line(fmt::format("{:02}:00:00", i * 2), acs_is_up)
                  + line(fmt::format("{:02}:00:00", i * 2 + 1),
                         "ACS WebSocket connection closed for a valid reason: websocket: close "
                         "1006 (abnormal closure): unexpected EOF");
    EXPECT_TRUE(diagnosed(seldom).findings.empty());
}

TEST(Diagnosis, TakesOneSilenceForABlipAndManyForAnIllness) {
    std::string text;
    for (int i = 0; i < 4; ++i)
        text += line(fmt::format("08:{:02}:00", i * 5),
                     "ACS Connection hasn't had any activity for too long; closing connection")
                + line(fmt::format("08:{:02}:01", i * 5), acs_is_up);
    EXPECT_EQ(told(diagnosed(text)), "finding: ACS_INACTIVITY");
    EXPECT_EQ(told(diagnosed(text.substr(0, text.find("08:05")))).substr(0, 9), "recovered");
}

TEST(Diagnosis, SeesThatTheStateIsLockedByWhatIsNotThere) {
    const std::string start =
        line("08:00:00", "Starting Amazon ECS Agent") + line("08:00:00", "Loading configuration");
    EXPECT_EQ(told(diagnosed(start)), "finding: STATE_LOCKED");
    const std::string other_order =
        line("08:00:00", "Loading configuration") + line("08:00:00", "Starting Amazon ECS Agent");
    EXPECT_EQ(told(diagnosed(other_order)), "finding: STATE_LOCKED");
    EXPECT_NE(told(diagnosed(start + line("08:00:01", "Creating root ecs cgroup: /ecs"))),
              "finding: STATE_LOCKED");
}

TEST(Diagnosis, ForgetsAStopWhenTheAgentStartsAgain) {
    const std::string stop = line("08:00:00", acs_is_up)
                             + line("08:10:00", "Agent received termination signal: terminated");
    EXPECT_EQ(told(diagnosed(stop)), "finding: AGENT_STOPPED");
    EXPECT_EQ(told(diagnosed(stop + line("08:11:00", "Starting Amazon ECS Agent")
                             + line("08:11:09", acs_is_up))),
              "healthy: ");
}

TEST(Diagnosis, TakesOneEndBySignalForAStopAndManyForALoop) {
    const std::string connection = line("08:00:00", acs_is_up);
    const auto end_at = [](std::string_view time) {
        return line(time, "Agent exited with code 143");
    };
    const auto start_at = [](std::string_view time) {
        return line(time, "Starting Amazon Elastic Container Service Agent");
    };
    const std::string once = connection + end_at("08:10:00");
    EXPECT_EQ(told(diagnosed(once, "ecs-init.log")), "finding: AGENT_STOPPED");
    EXPECT_EQ(told(diagnosed(once + start_at("08:11:00") + line("08:11:09", acs_is_up))),
              "healthy: ");
    const std::string often = once + start_at("08:10:01") + end_at("08:10:02")
                              + start_at("08:10:04") + end_at("08:10:05");
    EXPECT_EQ(told(diagnosed(often, "ecs-init.log")), "finding: AGENT_CRASHLOOP");
    // One end as two logs have it, in two lines each.
    const std::string said_twice = once + end_at("08:10:00");
    EXPECT_EQ(told(of_files({{"ecs-init.log", said_twice}, {"system.log", said_twice}})),
              "finding: AGENT_STOPPED");
}

TEST(Diagnosis, TakesALaterStageForProofThatAnEarlierOneWorks) {
    EXPECT_EQ(told(diagnosed(line("08:00:00", dns) + line("08:01:00", denied)
                             + line("08:05:00", denied))),
              "finding: IAM_DENIED");
    const Diagnosis in_turns =
        diagnosed(line("08:00:00", dns) + line("08:01:00", denied) + line("08:02:00", dns));
    EXPECT_EQ(told(in_turns), "finding: IAM_DENIED, NET_DNS");
}

// The agent may not have been there again, and dials an endpoint that it remembers.
TEST(Diagnosis, KeepsARootThatASymptomFollowsAtOnce) {
    EXPECT_EQ(told(diagnosed(line("08:00:00", denied) + line("08:00:20", acs))),
              "finding: IAM_DENIED, NET_ACS_BLOCKED");
}

TEST(Diagnosis, TakesARegistrationForTheEndOfWhatKeptItFromIt) {
    const std::string throttled = line(
        "08:00:00",
        "Unable to register as a container instance with ECS: ThrottlingException: Rate exceeded");
    EXPECT_EQ(told(diagnosed(throttled)), "finding: API_THROTTLED");
    EXPECT_EQ(told(diagnosed(
                  throttled
                  + line("08:05:00", "Registration completed successfully. I am running as 'x'"))),
              "recovered: API_THROTTLED");
}

TEST(Diagnosis, TakesAnAgentThatRegistersForOneThatHasReadItsState) {
    const std::string mismatch = line("08:00:00",
                                      "Data mismatch; saved cluster 'blue' does not match "
                                      "configured cluster 'green'. Perhaps you want to delete the "
                                      "configured checkpoint file?");
    const std::string registers = line("08:00:40", "Registering Instance with ECS");
    const std::string unknown =
        line("08:00:41",
             "Unable to register as a container instance with ECS: ClusterNotFoundException: "
             "Cluster not found.");
    EXPECT_EQ(told(diagnosed(mismatch)), "finding: CLUSTER_MISMATCH");
    EXPECT_EQ(told(diagnosed(mismatch + registers + unknown)), "finding: CLUSTER_NOT_FOUND");
    EXPECT_EQ(told(diagnosed(registers + mismatch)), "finding: CLUSTER_MISMATCH");
}

TEST(Diagnosis, TellsOfAnIdentityThatWasLeftBehindThoughTheHostIsWell) {
    Case evidence;
    evidence.logs.push_back(
        scanned(line("08:00:00",
                     "Data mismatch; saved InstanceID 'i-0a' does not match current InstanceID "
                     "'i-0b'. Overwriting old datafile")
                    + line("08:00:02", acs_is_up),
                "ecs-agent.log"));
    evidence.looks.push_back({"introspection", Look::State::healthy, "registered", "", {}});
    evidence.now = corpus_now();
    const Diagnosis diagnosis = diagnose(catalogue(), std::move(evidence));
    EXPECT_EQ(told(diagnosis), "healthy: ");
    EXPECT_TRUE(
        std::any_of(diagnosis.healthy.begin(), diagnosis.healthy.end(), [](const Look& look) {
            return look.check == "agent-identity"
                   && look.summary.find("2026-03-11T08:00:00Z") != std::string::npos;
        }));
}

// A clock is told by what it says of time.
TEST(Diagnosis, OfASignatureWithAWrongKeyBlamesTheCredentials) {
    for (const char* error :
         {"SignatureDoesNotMatch: The request signature we calculated does not match the "
          "signature you provided. Check your AWS Secret Access Key and signing method.",
          "AuthFailure: AWS was not able to validate the provided access credentials"}) {
        const std::string text = fmt::format("Error registering: {}", error);
        EXPECT_EQ(told(diagnosed(line("08:00:00", text) + line("08:02:00", text))),
                  "finding: IAM_EXPIRED");
    }
}

TEST(Diagnosis, OfAFailureThatNobodyKnowsIsUnknown) {
    const Diagnosis diagnosis =
        diagnosed(line("08:00:00", "Error registering: ClientException: something new")
                  + line("08:02:00", "Error registering: password=hunter2: something newer"));
    EXPECT_EQ(told(diagnosis), "unknown: ");
    EXPECT_EQ(diagnosis.exit_code(), 2);
    ASSERT_FALSE(diagnosis.could_not_look.empty());
    const std::string& summary = diagnosis.could_not_look.front().summary;
    EXPECT_EQ(diagnosis.could_not_look.front().check, "error");
    EXPECT_NE(summary.find(":2 means: "), std::string::npos) << summary;
    EXPECT_NE(summary.find("something newer"), std::string::npos) << summary;
    EXPECT_EQ(summary.find("hunter2"), std::string::npos) << summary;
}

// Log lines have whole seconds. Within one, the lines of a log stand in their order: an agent that
// is started again once its cause is mended connects in the second in which it had ended.
TEST(Diagnosis, TakesAFinalFailureInTheSecondOfAConnectionForTheEnd) {
    const std::string gone =
        line("08:00:00",
             "Error from acs: InactiveInstanceException: Container instance is "
             "deregistered");
    EXPECT_EQ(told(diagnosed(line("08:00:00", acs_is_up) + gone)),
              "finding: INSTANCE_DEREGISTERED");
    EXPECT_EQ(told(diagnosed(gone + line("08:00:00", acs_is_up))),
              "recovered: INSTANCE_DEREGISTERED");
    EXPECT_EQ(told(diagnosed(line("08:00:00", acs) + line("08:00:00", acs_is_up))),
              "recovered: NET_ACS_BLOCKED");
}

// A disk with room says nothing of a connection.
TEST(Diagnosis, NeedsMoreThanAHealthyDiskToCallAnAgentHealthy) {
    const auto with_disk = [](const std::string& log) {
        Case evidence;
        evidence.now = corpus_now();
        if (!log.empty()) evidence.logs.push_back(scanned(log, "ecs-agent.log"));
        evidence.looks.push_back(
            {"disk", Look::State::healthy, "the fullest disk is / with 12 %", "", {}, Millis(0)});
        return told(diagnose(catalogue(), std::move(evidence)));
    };
    EXPECT_EQ(with_disk(""), "unknown: ");
    EXPECT_EQ(with_disk(line("08:00:00", "Registering Instance with ECS")), "unknown: ");
    EXPECT_EQ(with_disk(line("08:00:00", acs_is_up)), "healthy: ");
    EXPECT_EQ(with_disk(line("08:00:00", acs) + line("08:04:00", acs_is_up)),
              "recovered: NET_ACS_BLOCKED");
}

TEST(Diagnosis, OfALogThatCouldNotBeReadToItsEndIsUnknown) {
    ScannedLog cut = scanned(line("08:00:00", acs_is_up), "ecs-agent.log");
    cut.trouble = "the compressed file is cut short: its end is missing";
    Case evidence;
    evidence.now = corpus_now();
    evidence.logs.push_back(std::move(cut));
    const Diagnosis diagnosis = diagnose(catalogue(), std::move(evidence));
    EXPECT_EQ(told(diagnosis), "unknown: ");
    ASSERT_FALSE(diagnosis.could_not_look.empty());
    EXPECT_NE(diagnosis.could_not_look.front().summary.find("cut short"), std::string::npos);
}

// The agent that has no NO_PROXY asks its proxy for the metadata: as the settings say, where the
// metadata service itself was not looked at.
TEST(Diagnosis, OfAConnectionThatTheAgentEndedItselfSaysNoReset) {
    const std::string stopped =
        line("08:00:00", "Agent received termination signal: terminated")
        + line("08:00:00",
               "Error from acs: read tcp 10.0.0.5:4711->198.51.100.7:443: use of "
               "closed network connection");
    EXPECT_EQ(told(diagnosed(stopped)), "finding: AGENT_STOPPED");
}

TEST(Diagnosis, OfASymptomAloneAsksForTheLogThatHasTheReason) {
    const Diagnosis diagnosis =
        of_files({{"ecs-init.log", line("08:00:00", "Agent exited with code 1")}});
    EXPECT_EQ(told(diagnosis), "finding: AGENT_CRASHLOOP");
    EXPECT_TRUE(diagnosis.findings.front().is_symptom);
    EXPECT_FALSE(diagnosis.could_not_look.empty());
}

TEST(Diagnosis, ReadsTheAgentsLinesInTheLogsOfOthers) {
    const std::string journal = "Mar 11 08:00:00 h docker[12]: " + line("08:00:00", dns)
                                + "Mar 11 08:00:01 h nginx[9]: lookup api: no such host\n";
    const Diagnosis diagnosis = of_files({{"/var/log/messages", journal}});
    ASSERT_EQ(told(diagnosis), "finding: NET_DNS");
    EXPECT_EQ(diagnosis.findings.front().evidence.size(), 1U);
}

TEST(Diagnosis, ShowsLinesThatSayDifferentThings) {
    std::string text;
    for (int i = 0; i < 9; ++i)
        text += line(fmt::format("08:00:{:02}", i), acs)
                + line(fmt::format("08:00:{:02}", i),
                       "Error connecting to ACS: websocket client: unable to dial ecs-a-1: dial "
                       "tcp: i/o timeout");
    const Diagnosis diagnosis = diagnosed(text);
    ASSERT_EQ(diagnosis.findings.front().evidence.size(), 2U);
    EXPECT_NE(diagnosis.findings.front().evidence[0].text.substr(40),
              diagnosis.findings.front().evidence[1].text.substr(40));
}

TEST(Diagnosis, OfAnAgentThatBeganAnewAndWasNotSeenAtWorkDoesNotSayThatItIsBack) {
    const std::string before = line("08:00:00", dns) + line("08:01:00", acs_is_up);
    EXPECT_EQ(told(diagnosed(before + line("08:40:00", "Starting Amazon ECS Agent")
                             + line("08:40:02", "Registering Instance with ECS"))),
              "unknown: ");
}

TEST(Diagnosis, OfAnOldAgentThatBeganAnewDoesNotSayThatItIsWell) {
    const std::string before = line("08:00:00", acs_is_up);
    const std::string anew = line("08:40:00", "Loading configuration");
    EXPECT_EQ(told(diagnosed(before + anew + line("08:55:00", "Creating root ecs cgroup"))),
              "unknown: ");
    EXPECT_EQ(told(diagnosed(before + anew
                             + line("08:40:05",
                                    "Registration completed successfully. I am "
                                    "running as 'a' in cluster 'b'"))),
              "healthy: ");
}

TEST(Diagnosis, OfALogThatAgentsNeverWroteTakesNothingForCertain) {
    const Diagnosis diagnosis =
        diagnosed("2026/11/23 03:10:01 [error] connect() failed (111: Connection refused)\n"
                  "2026/11/23 03:10:02 [crit] write() failed (28: No space left on device)\n");
    for (const Finding& finding : diagnosis.findings)
        EXPECT_EQ(finding.certainty, Certainty::possible) << finding.cause;
}

TEST(Diagnosis, OfALogThatMayBeAnybodysTakesNothingForCertain) {
    for (const char* text : {"2024-03-01 09:32:00 java.net.SocketException: Too many open files\n",
                             "panic: runtime error: index out of range\n",
                             "write /data/x: no space left on device\n"}) {
        const Diagnosis diagnosis = diagnosed(text);
        for (const Finding& finding : diagnosis.findings)
            EXPECT_EQ(finding.certainty, Certainty::possible) << text;
        const std::string of_agent = line("08:00:00", dns) + text;
        const auto found = diagnosed(of_agent).findings;
        EXPECT_TRUE(std::any_of(found.begin(), found.end(), [](const Finding& finding) {
            return finding.certainty == Certainty::certain;
        }));
    }
}

TEST(Diagnosis, OfALogWhoseEndIsMissingTakesNothingForCertain) {
    Case evidence;
    evidence.logs.push_back(scanned(line("08:00:00", denied), "a.log.gz"));
    evidence.logs.front().trouble = "the compressed file is cut short";
    const Diagnosis diagnosis = diagnose(catalogue(), std::move(evidence));
    ASSERT_EQ(diagnosis.findings.size(), 1U);
    EXPECT_EQ(diagnosis.findings.front().certainty, Certainty::possible);
}

TEST(Diagnosis, SaysOfAFileThatNothingInItWasKnown) {
    for (const auto& [text, words] :
         {std::pair{"", "it is empty"}, {"hello\n", "none of its lines is known"}}) {
        const Diagnosis diagnosis = diagnosed(text);
        ASSERT_FALSE(diagnosis.could_not_look.empty());
        EXPECT_NE(diagnosis.could_not_look.front().summary.find(words), std::string::npos);
    }
    // A log of the agent is one under any name.
    const auto asked = diagnosed(line("08:00:00", "Starting Amazon ECS Agent")).could_not_look;
    EXPECT_TRUE(std::none_of(
        asked.begin(), asked.end(), [](const Look& look) { return look.check == "agent-log"; }));
}

} // namespace
} // namespace squall::doctor
