// What looks say, beside what logs say.
#include "agent_lines.h"
#include "corpus.h"
#include "squall/doctor/diagnose.h"
#include "squall/doctor/looks.h"

namespace squall::doctor {
namespace {

Look endpoint(const char* check, const char* cause, const char* summary) {
    Sign sign;
    sign.cause = cause;
    sign.summary = summary;
    sign.evidence.push_back({check, 0, "no answer", {}});
    return {check, Look::State::finding, summary, "", {sign}};
}

TEST(LooksAndLogs, DoesNotCallASymptomWhatWasSeenItself) {
    Look hung = endpoint("agent-process", "AGENT_HUNG", "it is in state T");
    const Look docker = endpoint("docker", "DOCKER_UNRESPONSIVE", "no answer");
    for (const bool is_root : {false, true}) {
        hung.signs.front().is_root = is_root;
        Case evidence;
        evidence.looks = {hung, docker};
        const Diagnosis diagnosis = diagnose(catalogue(), std::move(evidence));
        ASSERT_EQ(told(diagnosis), "finding: DOCKER_UNRESPONSIVE, AGENT_HUNG");
        EXPECT_EQ(diagnosis.findings.back().is_symptom, !is_root);
    }
}

TEST(LooksAndLogs, OfWhatALookSaysMoreExactlyDoesNotSayTheGeneralToo) {
    Look root = endpoint("disk", "DISK_FULL", "/ is full");
    root.signs.front().remedy = {"look at /"};
    root.signs.front().instead_of = 2;
    root.signs.push_back(root.signs.front());
    root.signs.back().remedy = {"look at /tmp"};
    Case evidence;
    evidence.looks = {root};
    const Diagnosis diagnosis = diagnose(catalogue(), std::move(evidence));
    ASSERT_EQ(told(diagnosis), "finding: DISK_FULL");
    const auto& all = catalogue().find("DISK_FULL")->remedy;
    const auto& remedy = diagnosis.findings.front().remedy;
    ASSERT_EQ(remedy.size(), all.size());
    EXPECT_EQ(remedy[0], "look at /tmp");
    EXPECT_EQ(remedy[1], "look at /");
    EXPECT_EQ(remedy[2], all[2]);
}

TEST(LooksAndLogs, OfADockerThatHangsDoesNotSayThatItIsDown) {
    Case evidence;
    evidence.now = corpus_now();
    evidence.logs.push_back(
        scanned(line("08:00:00",
                     "Error creating Docker client: Cannot connect to the Docker daemon "
                     "at unix:///var/run/docker.sock. Is the docker daemon running?"),
                "ecs-agent.log"));
    Sign sign;
    sign.cause = "DOCKER_UNRESPONSIVE";
    evidence.looks.push_back({"docker", Look::State::finding, "no answer", "", {sign}, {}});
    EXPECT_EQ(told(diagnose(catalogue(), std::move(evidence))), "finding: DOCKER_UNRESPONSIVE");
    EXPECT_EQ(told(diagnosed(line("08:00:00",
                                  "Error creating Docker client: context deadline "
                                  "exceeded"))),
              "finding: DOCKER_UNRESPONSIVE");
}

TEST(LooksAndLogs, TakesTheOutlookFromTheLookThatKnowsBetter) {
    Case evidence;
    evidence.now = corpus_now();
    Sign sign;
    sign.cause = "AGENT_STOPPED";
    sign.severity = Severity::heals;
    evidence.looks.push_back({"run-marks", Look::State::finding, "held", "", {sign}, {}});
    const Diagnosis diagnosis = diagnose(catalogue(), std::move(evidence));
    ASSERT_EQ(told(diagnosis), "finding: AGENT_STOPPED");
    EXPECT_EQ(diagnosis.findings.front().severity, Severity::heals);
}

TEST(LooksAndLogs, TakesLostCredentialsForTheProxysWorkWhereTheSettingsSaySo) {
    const std::string lost = line("08:00:00", "NoCredentialProviders: no valid providers in chain");
    const auto beside = [&](std::string_view check, std::string_view cause) {
        Case evidence;
        evidence.now = corpus_now();
        evidence.logs.push_back(scanned(lost, "ecs-agent.log"));
        Sign sign;
        sign.cause = "NET_PROXY";
        sign.certainty = Certainty::likely;
        evidence.looks.push_back({"config", Look::State::finding, "no NO_PROXY", "", {sign}, {}});
        sign.cause = cause;
        if (!check.empty())
            evidence.looks.push_back(
                {std::string(check), Look::State::finding, "404", "", {sign}, {}});
        return diagnose(catalogue(), std::move(evidence));
    };
    const Diagnosis proxied = beside("", "");
    EXPECT_EQ(told(proxied), "finding: NET_PROXY");
    ASSERT_EQ(proxied.findings.front().evidence.size(), 1U);
    EXPECT_EQ(proxied.findings.front().evidence.front().file, "ecs-agent.log");
    EXPECT_EQ(told(beside("role", "IAM_NO_CREDS")), "finding: IAM_NO_CREDS, NET_PROXY");
}

// Who has an answer of ECS had credentials to ask with, whatever the settings say of the proxy.
TEST(LooksAndLogs, PutsAProxyThatTheAgentGotPastBehindWhatEcsAnswered) {
    const auto beside = [&](const std::string& last) {
        Case evidence;
        evidence.now = corpus_now();
        evidence.logs.push_back(scanned(last, "ecs-agent.log"));
        Sign sign;
        sign.cause = "NET_PROXY";
        sign.certainty = Certainty::likely;
        evidence.looks.push_back({"config", Look::State::finding, "no NO_PROXY", "", {sign}, {}});
        return diagnose(catalogue(), std::move(evidence));
    };
    const Diagnosis gone = beside(line("08:00:00",
                                       "Error from acs: InactiveInstanceException: Container "
                                       "instance is deregistered"));
    ASSERT_EQ(told(gone), "finding: INSTANCE_DEREGISTERED, NET_PROXY");
    EXPECT_EQ(gone.findings.back().certainty, Certainty::possible);
    EXPECT_EQ(told(beside(line("08:00:00",
                               "RegisterContainerInstance: RequestError: send request failed "
                               "dial tcp 198.51.100.20:443: i/o timeout"))),
              "finding: NET_PROXY, NET_API_TIMEOUT");
}

TEST(LooksAndLogs, TellsOfTelemetryThatIsReachedNowAsOver) {
    Case evidence;
    evidence.logs.push_back(scanned(line("08:00:00", tcs), "ecs-agent.log"));
    evidence.looks.push_back({"endpoint-tcs", Look::State::healthy, "reached", "", {}, {}});
    evidence.now = corpus_now();
    const Finding found = diagnose(catalogue(), evidence).findings.front();
    EXPECT_EQ(found.cause, "NET_TCS_ONLY");
    EXPECT_NE(found.summary.find(". A look at it finds nothing wrong now"), std::string::npos)
        << found.summary;
}

// The disk was full; then it had room again, and somebody stopped the agent.
TEST(LooksAndLogs, PutsWhatIsOverBehindWhatKeepsTheAgentAwayNow) {
    Case evidence;
    evidence.logs.push_back(
        scanned(line("08:00:00", "write agent.db: no space left on device"), "ecs-agent.log"));
    evidence.looks.push_back({"disk", Look::State::healthy, "1 % used", "", {}, {}});
    evidence.now = corpus_now();
    const Finding full = diagnose(catalogue(), evidence).findings.front();
    EXPECT_EQ(full.cause, "DISK_FULL");
    EXPECT_EQ(full.certainty, Certainty::certain);
    Sign stopped;
    stopped.cause = "AGENT_STOPPED";
    stopped.certainty = Certainty::certain;
    stopped.summary = "the ecs service was stopped";
    evidence.looks.push_back(
        {"ecs-service", Look::State::finding, stopped.summary, "", {stopped}, {}});
    const Diagnosis both = diagnose(catalogue(), evidence);
    EXPECT_EQ(told(both), "finding: AGENT_STOPPED, DISK_FULL");
    EXPECT_EQ(both.findings.back().certainty, Certainty::possible);
    EXPECT_NE(both.findings.back().summary.find("nothing wrong now"), std::string::npos);
    evidence.looks.front().state = Look::State::could_not_look;
    EXPECT_EQ(told(diagnose(catalogue(), evidence)), "finding: DISK_FULL, AGENT_STOPPED");
}

TEST(LooksAndLogs, SaysOfWhatALookFindsWellThatTheAgentMayNotHaveTriedAgain) {
    Case evidence;
    evidence.logs.push_back(scanned(
        line("08:00:00", "Error connecting to ACS: dial tcp 198.51.100.7:443: connection refused"),
        "ecs-agent.log"));
    for (const char* check : {"endpoint-api", "endpoint-acs", "endpoint-tcs"})
        evidence.looks.push_back({check, Look::State::healthy, "reached", "", {}});
    evidence.now = corpus_now();
    const Finding open = diagnose(catalogue(), evidence).findings.front();
    EXPECT_EQ(open.cause, "NET_REFUSED");
    EXPECT_NE(open.summary.find("nothing wrong now"), std::string::npos);
    EXPECT_NE(open.remedy.front().find("restart ecs"), std::string::npos);
    evidence.looks.pop_back();
    const Finding closed = diagnose(catalogue(), evidence).findings.front();
    EXPECT_EQ(closed.summary.find("nothing wrong now"), std::string::npos);
}

TEST(LooksAndLogs, OfTwoReasonsTakesTheOneThatIsSeenNow) {
    const std::string timeouts =
        line("08:00:00",
             "Unable to register as a container instance with ECS: RequestError: send request "
             "failed caused by: Post \"https://ecs.eu-west-1.amazonaws.com/\": dial tcp "
             "198.51.100.1:443: i/o timeout");
    EXPECT_EQ(told(diagnosed(timeouts)), "finding: NET_API_TIMEOUT");
    Case evidence;
    evidence.now = corpus_now();
    evidence.logs.push_back(scanned(timeouts, "ecs-agent.log"));
    evidence.looks = {endpoint("endpoint-api", "NET_REFUSED", "it is refused")};
    const Diagnosis diagnosis = diagnose(catalogue(), std::move(evidence));
    ASSERT_EQ(told(diagnosis), "finding: NET_REFUSED, NET_API_TIMEOUT");
    EXPECT_EQ(diagnosis.findings.back().certainty, Certainty::possible);
}

TEST(LooksAndLogs, TakesMetadataThatOnlyTheAgentMissesForTheProxysWork) {
    const std::string missed =
        line("08:00:00",
             "Error getting EC2 metadata: EC2MetadataRequestError: failed to get EC2 instance "
             "identity document caused by: Get \"http://169.254.169.254/latest/api/token\": "
             "connection refused");
    EXPECT_EQ(told(diagnosed(missed)), "finding: IMDS_UNREACHABLE");
    Case evidence;
    evidence.now = corpus_now();
    evidence.logs.push_back(scanned(missed, "ecs-agent.log"));
    evidence.looks = {{"imds", Look::State::healthy, "it answers", "", {}, {}},
                      endpoint("endpoint-api", "NET_PROXY", "the proxy's name is unknown")};
    EXPECT_EQ(told(diagnose(catalogue(), std::move(evidence))), "finding: NET_PROXY");
}

TEST(LooksAndLogs, OfThreeEndpointsThatAreClosedNamesTheFirst) {
    Case evidence;
    evidence.looks = {endpoint("endpoint-api", "NET_API_TIMEOUT", "the API"),
                      endpoint("endpoint-acs", "NET_ACS_BLOCKED", "ACS"),
                      endpoint("endpoint-tcs", "NET_TCS_ONLY", "telemetry")};
    const Diagnosis closed = diagnose(catalogue(), evidence);
    ASSERT_EQ(closed.findings.size(), 1U);
    EXPECT_EQ(closed.findings.front().cause, "NET_API_TIMEOUT");
    EXPECT_EQ(closed.findings.front().summary, "the API");
    EXPECT_EQ(closed.findings.front().evidence.size(), 3U);
    // A name that is not found is not the same as a certificate: both are told.
    evidence.looks[1] = endpoint("endpoint-acs", "TLS_TRUST", "ACS");
    EXPECT_EQ(diagnose(catalogue(), evidence).findings.size(), 2U);
    evidence.looks.erase(evidence.looks.begin());
    EXPECT_EQ(diagnose(catalogue(), evidence).findings.size(), 2U);
}

TEST(LooksAndLogs, OfTwoEndpointsBehindTheApiNamesTheControlEndpoint) {
    Case evidence;
    evidence.looks = {endpoint("endpoint-acs", "NET_ACS_BLOCKED", "ACS"),
                      endpoint("endpoint-tcs", "NET_ACS_BLOCKED", "telemetry")};
    const Diagnosis closed = diagnose(catalogue(), evidence);
    ASSERT_EQ(closed.findings.size(), 1U);
    EXPECT_EQ(closed.findings.front().summary, "ACS");
    EXPECT_EQ(closed.findings.front().evidence.size(), 2U);
}

TEST(LooksAndLogs, WhereALookKnowsTheRootOfTwoItStandsFirst) {
    Case evidence;
    evidence.looks = {endpoint("endpoint-api", "NET_DNS", "no name server answers"),
                      endpoint("routes", "NET_REFUSED", "there is no route")};
    EXPECT_EQ(told(diagnose(catalogue(), evidence)), "finding: NET_DNS, NET_REFUSED");
    evidence.looks.back().signs.front().before = "NET_DNS";
    EXPECT_EQ(told(diagnose(catalogue(), evidence)), "finding: NET_REFUSED, NET_DNS");
    const auto kept = looks_of_text(json::text(looks_json(evidence.looks)));
    ASSERT_TRUE(kept) << kept.error().message;
    evidence.looks = *kept;
    EXPECT_EQ(told(diagnose(catalogue(), evidence)), "finding: NET_REFUSED, NET_DNS");
    evidence.looks.front().signs.front().cause = "NET_PROXY";
    EXPECT_EQ(told(diagnose(catalogue(), evidence)), "finding: NET_PROXY, NET_REFUSED");
}

TEST(LooksAndLogs, OfAProxyThatKeepsNothingFromAConnectedAgentSaysNothing) {
    Case evidence;
    Look config = endpoint("config", "NET_PROXY", "NO_PROXY lacks 169.254.169.254");
    config.signs.front().certainty = Certainty::likely;
    evidence.looks = {config};
    EXPECT_EQ(told(diagnose(catalogue(), evidence)), "finding: NET_PROXY");
    evidence.logs = {scanned(line("08:00:00", acs_is_up))};
    EXPECT_EQ(told(diagnose(catalogue(), evidence)), "healthy: ");
    evidence.logs = {scanned(line("08:00:00", acs_is_up)
                             + line("08:10:00", "NoCredentialProviders: no valid providers"))};
    EXPECT_EQ(told(diagnose(catalogue(), evidence)), "finding: NET_PROXY");
}

TEST(LooksAndLogs, OfAnAgentThatRunsDoesNotSayThatItWasStopped) {
    Case evidence;
    evidence.logs = {scanned(line("08:00:00", "Agent received termination signal: terminated"))};
    EXPECT_EQ(told(diagnose(catalogue(), evidence)), "finding: AGENT_STOPPED");
    Look runs{"ecs-service", Look::State::healthy, "active (running)", "", {}};
    evidence.looks = {runs};
    EXPECT_EQ(told(diagnose(catalogue(), evidence)), "healthy: ");
    // In an archive, the list of services says it; that the agent is well, it does not say.
    runs.check = "agent-service";
    evidence.looks = {runs};
    EXPECT_EQ(told(diagnose(catalogue(), evidence)), "unknown: ");
    const std::string before = line("07:00:00", acs_is_up);
    const std::string stop = line("08:00:00", "Agent received termination signal: terminated");
    evidence.logs = {scanned(before + stop)};
    EXPECT_EQ(told(diagnose(catalogue(), evidence)), "unknown: ");
    evidence.logs = {scanned(before + stop + line("08:01:00", acs_is_up))};
    EXPECT_EQ(told(diagnose(catalogue(), evidence)), "healthy: ");
}

// "there is no process of the agent", as AWS's collector says it.
Look no_process() {
    Look look = endpoint("agent-process", "AGENT_STOPPED", "there was no process of the agent");
    look.signs.front().certainty = Certainty::possible;
    return look;
}

Diagnosis without_process(const std::string& log, std::vector<Look> looks = {}) {
    Case evidence;
    evidence.now = corpus_now();
    if (!log.empty()) evidence.logs.push_back(scanned(log, "ecs-init.log"));
    evidence.looks = std::move(looks);
    evidence.looks.push_back(no_process());
    return diagnose(catalogue(), std::move(evidence));
}

TEST(LooksAndLogs, OfAnAgentThatEndedOtherwiseDoesNotSayThatItWasStopped) {
    const std::string terminal = line("08:00:00", "Agent exited with code 5");
    const Diagnosis final = without_process(terminal);
    ASSERT_EQ(told(final), "finding: AGENT_TERMINAL");
    EXPECT_EQ(final.findings.front().certainty, Certainty::certain);
    EXPECT_EQ(final.findings.front().evidence.back().file, "agent-process");
    std::string loop;
    for (const char* time : {"08:00:00", "08:00:05", "08:00:12"})
        loop += line(time, "Agent exited with code 1");
    EXPECT_EQ(told(without_process(loop)), "finding: AGENT_CRASHLOOP");
    EXPECT_EQ(told(without_process(terminal, {endpoint("config", "INVALID_TAG", "aws:")})),
              "finding: INVALID_TAG, AGENT_TERMINAL");
    // Nothing else tells of an end; and a stop that is logged is one.
    EXPECT_EQ(told(without_process("")), "finding: AGENT_STOPPED");
    EXPECT_EQ(told(without_process(line("08:00:00", "Agent exited with code 0"))),
              "finding: AGENT_STOPPED");
    EXPECT_EQ(told(without_process(line("08:00:00", "Agent exited with code 0"),
                                   {endpoint("disk", "DISK_FULL", "full")})),
              "finding: DISK_FULL, AGENT_STOPPED");
}

TEST(LooksAndLogs, BesideARootAProcessThatIsMissingIsItsSymptom) {
    const Diagnosis full = without_process("", {endpoint("disk", "DISK_FULL", "full")});
    ASSERT_EQ(told(full), "finding: DISK_FULL, AGENT_STOPPED");
    EXPECT_TRUE(full.findings.back().is_symptom);
    EXPECT_FALSE(full.findings.front().is_symptom);
    ASSERT_EQ(full.findings.back().remedy.size(), 1U);
    EXPECT_NE(full.findings.back().remedy.front().find("when that is mended"), std::string::npos);
    // What may be a root, or ends no agent, brings nothing about.
    Look vague = endpoint("memory", "OOM", "little is left");
    vague.signs.front().certainty = Certainty::possible;
    for (const Look& other : {vague, endpoint("endpoint-tcs", "NET_TCS_ONLY", "telemetry")}) {
        const Diagnosis both = without_process("", {other});
        ASSERT_EQ(both.findings.size(), 2U);
        for (const Finding& finding : both.findings) {
            if (finding.cause == "AGENT_STOPPED") {
                EXPECT_FALSE(finding.is_symptom) << told(both);
            }
        }
    }
}

TEST(LooksAndLogs, OfAnAgentThatWasNeverStartedDoesNotSayThatItWasStopped) {
    const Look deadlock = endpoint("services", "CLOUD_INIT_DEADLOCK", "it waits");
    EXPECT_EQ(told(without_process("", {deadlock})), "finding: CLOUD_INIT_DEADLOCK");
    EXPECT_EQ(told(without_process(line("08:00:00", "Agent exited with code 0"), {deadlock})),
              "finding: CLOUD_INIT_DEADLOCK");
}

TEST(LooksAndLogs, OfAnAgentThatDoesNotRunDoesNotSayThatItWaitsForALock) {
    const std::string last = line("08:00:00", "Loading configuration");
    EXPECT_EQ(told(diagnosed(last, "ecs-agent.log")), "finding: STATE_LOCKED");
    EXPECT_EQ(told(without_process(last)), "finding: AGENT_STOPPED");
    Case evidence;
    evidence.now = corpus_now();
    evidence.logs.push_back(scanned(last, "ecs-agent.log"));
    evidence.looks = {endpoint("agent-container", "AGENT_HUNG", "unhealthy")};
    EXPECT_EQ(told(diagnose(catalogue(), evidence)), "finding: AGENT_HUNG, STATE_LOCKED");
    evidence.looks = {endpoint("agent-container", "AGENT_TERMINAL", "it ended with 5")};
    EXPECT_EQ(told(diagnose(catalogue(), evidence)), "finding: AGENT_TERMINAL");
}

TEST(LooksAndLogs, AFileOfAnOldStateIsNothingToAnAgentThatIsPastIt) {
    Look left = endpoint("agent-state", "CLUSTER_MISMATCH", "prod, and staging");
    left.signs.front().certainty = Certainty::likely;
    const Look config{"config", Look::State::healthy, "the agent is told to join staging", "", {}};
    const auto beside = [&](const std::string& log) {
        Case evidence;
        evidence.now = corpus_now();
        if (!log.empty()) evidence.logs = {scanned(log, "ecs-agent.log")};
        evidence.looks = {config, left};
        return diagnose(catalogue(), std::move(evidence));
    };
    const auto tells_config = [](const Diagnosis& diagnosis) {
        return std::any_of(diagnosis.healthy.begin(),
                           diagnosis.healthy.end(),
                           [](const Look& look) { return look.check == "config"; });
    };
    EXPECT_EQ(told(beside("")), "finding: CLUSTER_MISMATCH");
    EXPECT_FALSE(tells_config(beside("")));
    EXPECT_EQ(told(beside(line("08:00:00", "Agent exited with code 5"))),
              "finding: CLUSTER_MISMATCH, AGENT_TERMINAL");
    EXPECT_EQ(
        told(beside(line("07:00:00", acs_is_up) + line("08:00:00", "Agent exited with code 5"))),
        "finding: CLUSTER_MISMATCH, AGENT_TERMINAL");
    EXPECT_EQ(told(beside(line("08:00:00", acs_is_up))), "healthy: ");
    EXPECT_TRUE(tells_config(beside(line("08:00:00", acs_is_up))));
    EXPECT_EQ(told(beside(line("08:00:00", dns))), "finding: NET_DNS");
    left.signs.front().cause = "DATA_DIR";
    EXPECT_EQ(told(beside(line("08:00:00", acs_is_up))), "finding: DATA_DIR");
    left.signs.front().cause = "CLUSTER_MISMATCH";
    // The host's own look has seen the state that counts.
    left.signs.front().certainty = Certainty::certain;
    EXPECT_EQ(told(beside(line("08:00:00", acs_is_up))), "finding: CLUSTER_MISMATCH");
}

TEST(LooksAndLogs, OfTwoLooksAtOneCauseTakesTheWordsOfTheSurer) {
    Look sure = endpoint("agent-process", "AGENT_HUNG", "it is in state T");
    sure.signs.front().remedy = {"kill -CONT 24"};
    Look unsure = endpoint("introspection", "AGENT_HUNG", "it does not answer");
    unsure.signs.front().certainty = Certainty::likely;
    unsure.signs.front().remedy = {"restart it"};
    for (const auto& looks : {std::vector{sure, unsure}, std::vector{unsure, sure}}) {
        Case evidence;
        evidence.looks = looks;
        const Diagnosis diagnosis = diagnose(catalogue(), std::move(evidence));
        ASSERT_EQ(diagnosis.findings.size(), 1U);
        EXPECT_EQ(diagnosis.findings.front().summary, "it is in state T");
        EXPECT_EQ(diagnosis.findings.front().remedy.front(), "kill -CONT 24");
    }
}

} // namespace
} // namespace squall::doctor
