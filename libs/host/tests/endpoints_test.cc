#include "fake_host.h"
#include "squall/base/text.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace squall::host {
namespace {

using State = doctor::Look::State;
using Causes = std::vector<std::string>;
using transport::Trouble;

wire::HttpResponse refusal(const std::string& code, const std::string& message) {
    return {400,
            {{"Content-Type", "application/x-amz-json-1.1"}},
            json::text(json::Object{{"__type", code}, {"message", message}})};
}

TEST(Endpoints, ThatAreReachedSayHowFast) {
    FakeHost host;
    const auto look = host.look("endpoint-acs");
    EXPECT_EQ(look.state, State::healthy);
    EXPECT_EQ(look.summary.rfind("acs.test:", 0), 0U) << look.summary;
    EXPECT_NE(look.summary.find("TCP"), std::string::npos);
}

TEST(Endpoints, WhoseNameIsNotKnownAreAMatterOfDns) {
    FakeHost host;
    const auto meaning = [&](Trouble trouble) {
        host.names["ecs.test"] = {{}, trouble, "words"};
        const auto look = host.look("endpoint-api");
        EXPECT_EQ(causes(look), Causes{"NET_DNS"});
        return look.summary.substr(look.summary.find('('));
    };
    EXPECT_EQ(meaning(Trouble::no_such_name), "(the name server knows no such name)");
    EXPECT_EQ(meaning(Trouble::name_refused), "(the name server answers with an error)");
    EXPECT_EQ(meaning(Trouble::name_timed_out), "(the name server does not answer)");
    EXPECT_EQ(meaning(Trouble::no_name_server), "(/etc/resolv.conf names no name server)");
    host.file("/etc/resolv.conf", "nameserver 10.0.0.2\n");
    EXPECT_EQ(meaning(Trouble::no_name_server), "(no name server listens)");
    const auto look = host.look("endpoint-api");
    const auto& seen = look.signs.front().evidence;
    EXPECT_TRUE(std::any_of(seen.begin(), seen.end(), [](const auto& each) {
        return each.file == "/etc/resolv.conf" && each.text == "nameserver 10.0.0.2";
    }));
}

TEST(Endpoints, OfOnesOwnAreNamedWithTheirSetting) {
    FakeHost host;
    const auto remedy = [&] {
        host.names["ecs.test"] = {{}, Trouble::no_such_name, "words"};
        return join(host.look("endpoint-api").signs.front().remedy, "\n");
    };
    const std::string config = read_file(host.path("/etc/ecs/ecs.config"), 4096).value();
    ASSERT_NE(config.find("ECS_BACKEND_HOST="), std::string::npos) << config;
    EXPECT_NE(remedy().find("ECS_BACKEND_HOST in /etc/ecs/ecs.config is "), std::string::npos);
    EXPECT_EQ(causes(host.look("endpoint-acs")), Causes{});
}

TEST(Endpoints, WhereNobodyListensAreRefused) {
    FakeHost host;
    host.stop_ecs();
    const auto look = host.look("endpoint-api");
    ASSERT_EQ(causes(look), Causes{"NET_REFUSED"});
    EXPECT_EQ(look.signs.front().evidence.front().text, "Connection refused");
    const std::string steps = join(look.signs.front().remedy, "\n");
    EXPECT_NE(steps.find("`getent hosts ecs.test`"), std::string::npos) << steps;
    EXPECT_NE(steps.find("`ip rule; ip route get 127.0.0.1`"), std::string::npos) << steps;
    // Where the other two are, nobody says then.
    EXPECT_EQ(host.look("endpoint-acs").state, State::could_not_look);
}

TEST(Endpoints, ThatThisHostsFirewallKeepsAwayNameItsRules) {
    FakeHost host;
    host.stop_ecs();
    const std::string port = host.backend_line().substr(host.backend_line().rfind(':') + 1);
    const std::string rule =
        "-A OUTPUT -p tcp -m tcp --dport " + std::string(trimmed(port)) + " -j REJECT";
    host.answers("iptables", "-P OUTPUT ACCEPT\n" + rule + "\n");
    const auto look = host.look("endpoint-api");
    ASSERT_EQ(causes(look), Causes{"NET_REFUSED"});
    EXPECT_EQ(look.signs.front().evidence.back().text, rule);
    ASSERT_FALSE(look.signs.front().remedy.empty());
    EXPECT_EQ(look.signs.front().remedy.front(), "sudo iptables -D" + rule.substr(2));
    EXPECT_NE(look.summary.find("this host's firewall"), std::string::npos);
}

TEST(Endpoints, OfAwsAreGuessedWhileEcsDoesNotSayThem) {
    FakeHost host;
    host.file("/etc/ecs/ecs.config", "AWS_DEFAULT_REGION=eu-west-1\n");
    host.names["ecs-a-1.eu-west-1.amazonaws.com"] = {{}, Trouble::name_timed_out, "silence"};
    const auto look = host.look("endpoint-acs");
    ASSERT_EQ(causes(look), Causes{"NET_DNS"});
    EXPECT_EQ(look.signs.front().certainty, doctor::Certainty::likely);
}

TEST(Endpoints, ThroughAProxyThatIsNotThereBlameTheProxy) {
    FakeHost host;
    host.file("/etc/ecs/ecs.config",
              host.backend_line() + "HTTP_PROXY=http://user:secret@proxy.test:3128\n");
    const auto look = host.look("endpoint-api");
    ASSERT_EQ(causes(look), Causes{"NET_PROXY"});
    EXPECT_EQ(look.summary.find("secret"), std::string::npos);
}

TEST(Routes, WithoutADefaultLeadNowhere) {
    FakeHost host;
    host.file("/proc/net/route", "Iface\tDestination\tGateway\neth0\t0000000A\t00000000\t0001\n");
    EXPECT_EQ(host.look("routes").state, State::healthy);
    host.stop_ecs();
    const auto nowhere = host.look("routes");
    ASSERT_EQ(causes(nowhere), Causes{"NET_REFUSED"});
    EXPECT_EQ(nowhere.signs.front().before, "NET_DNS");
}

TEST(Permissions, ThatAreThereAreHealthy) {
    FakeHost host;
    EXPECT_EQ(host.look("permissions").state, State::healthy);
    EXPECT_EQ(host.look("permission-poll").state, State::healthy);
    EXPECT_EQ(host.look("permission-telemetry").state, State::healthy);
}

TEST(Permissions, AreToldApartByWhatEcsAnswers) {
    FakeHost host;
    const auto cause_of = [&](const std::string& code, const std::string& message) {
        host.ecs["DiscoverPollEndpoint"] = refusal(code, message);
        return causes(host.look("permissions"));
    };
    EXPECT_EQ(cause_of("AccessDeniedException",
                       "User: arn:aws:sts::1:assumed-role/web/i-1 is not authorized to perform: "
                       "ecs:DiscoverPollEndpoint"),
              Causes{"IAM_DENIED"});
    EXPECT_EQ(cause_of("ExpiredTokenException", "The security token included is expired"),
              Causes{"IAM_EXPIRED"});
    EXPECT_EQ(cause_of("UnrecognizedClientException", "The security token included is invalid"),
              Causes{"IAM_EXPIRED"});
    EXPECT_EQ(cause_of("InvalidSignatureException",
                       "Signature expired: 20261122T000000Z is now earlier than 20261122T010000Z"),
              Causes{"CLOCK_SKEW"});
    EXPECT_EQ(cause_of("InvalidSignatureException", "The request signature does not match"),
              Causes{"IAM_EXPIRED"});
    EXPECT_EQ(cause_of("InvalidSignatureException",
                       "Credential should be scoped to a valid region, not 'us-east-1'."),
              Causes{"REGION_MISMATCH"});
    EXPECT_EQ(cause_of("ClusterNotFoundException", "Cluster not found."),
              Causes{"CLUSTER_NOT_FOUND"});
    EXPECT_EQ(cause_of("ThrottlingException", "Rate exceeded"), Causes{"API_THROTTLED"});
    EXPECT_EQ(cause_of("ServerException", "internal"), Causes{});
    EXPECT_EQ(host.look("permissions").state, State::could_not_look);
}

TEST(Permissions, ThatAreTakenAwayAreNotAnsweredByGivingThem) {
    FakeHost host;
    const auto left_out = [&](const std::string& why) {
        host.ecs["DiscoverPollEndpoint"] =
            refusal("AccessDeniedException",
                    "User: arn:aws:sts::1:assumed-role/web/i-1 is not authorized to perform: "
                    "ecs:DiscoverPollEndpoint on resource: *"
                        + why);
        const auto look = host.look("permissions");
        EXPECT_EQ(causes(look), Causes{"IAM_DENIED"});
        return look.signs.front().instead_of;
    };
    EXPECT_EQ(left_out(" with an explicit deny in a service control policy"), 1U);
    EXPECT_EQ(left_out(" because no identity-based policy allows the action"), 0U);
}

TEST(Permissions, WithoutKeysCannotBeAskedFor) {
    FakeHost host;
    host.metadata.erase("meta-data/iam/security-credentials/");
    const auto look = host.look("permissions");
    EXPECT_EQ(look.state, State::could_not_look);
    EXPECT_EQ(look.summary, "the instance metadata gives no keys");
}

TEST(Permissions, AreNotAskedForWhereTheClusterIsUnknown) {
    FakeHost host;
    // A folder cannot be read, whoever one is.
    host.remove("/etc/ecs/ecs.config");
    std::filesystem::create_directories(host.path("/etc/ecs/ecs.config"));
    EXPECT_EQ(host.look("config").state, State::could_not_look);
    EXPECT_EQ(host.look("permissions").state, State::could_not_look);
    EXPECT_EQ(host.look("permission-poll").state, State::could_not_look);
    EXPECT_EQ(host.look("endpoint-api").summary, "the ECS API: ecs.config could not be read");
}

TEST(Permissions, ToPollAreAskedInNobodysName) {
    FakeHost host;
    host.ecs["acs"] = {403, {}, R"({"AccessDeniedException":"Forbidden"})"};
    host.ecs["tcs"] = {400, {}, R"({"InvalidClusterException":"Cluster not found."})"};
    const auto poll = host.look("permission-poll");
    EXPECT_EQ(causes(poll), Causes{"IAM_DENIED"});
    EXPECT_EQ(poll.summary, "ecs:Poll is denied to the instance's role web");
    EXPECT_EQ(poll.signs.front().certainty, doctor::Certainty::likely);
    EXPECT_EQ(causes(host.look("permission-telemetry")), Causes{"CLUSTER_NOT_FOUND"});
}

TEST(AgentClock, IsComparedWithThatOfEcs) {
    FakeHost host;
    auto& answer = host.ecs["DiscoverPollEndpoint"];
    answer.headers.push_back({"Date", "Sat, 21 Nov 2026 02:00:00 GMT"});
    const auto at = [&](std::chrono::seconds after) {
        // 2026-11-21T02:00:00Z
        const WallTime now = WallTime(std::chrono::seconds(1'795'226'400)) + after;
        host.ground().now = [now] {
            return now;
        };
        return host.look("clock");
    };
    EXPECT_EQ(at(std::chrono::seconds(10)).state, State::healthy);
    const auto off = at(std::chrono::seconds(100));
    EXPECT_EQ(off.state, State::healthy);
    EXPECT_EQ(off.summary.rfind("this host's clock is 1m40s ahead of that of http://ecs.test", 0),
              0U)
        << off.summary;
    const auto wrong = at(-std::chrono::minutes(10));
    EXPECT_EQ(causes(wrong), Causes{"CLOCK_SKEW"});
    EXPECT_EQ(wrong.summary.rfind("this host's clock is 10m behind that of", 0), 0U)
        << wrong.summary;
}

TEST(AgentClock, IsComparedByAnUnsignedCallWhereThereAreNoKeys) {
    FakeHost host;
    host.metadata.erase("meta-data/iam/security-credentials/");
    host.ecs["unsigned"] = {404, {{"Date", "Sat, 21 Nov 2026 02:00:00 GMT"}}, ""};
    // 2026-11-21T01:13:00Z
    host.ground().now = [] {
        return WallTime(std::chrono::seconds(1'795'223'580));
    };
    const auto look = host.look("clock");
    EXPECT_EQ(causes(look), Causes{"CLOCK_SKEW"});
    EXPECT_EQ(look.summary.rfind("this host's clock is 47m behind that of http://ecs.test", 0), 0U)
        << look.summary;
}

TEST(AgentClock, WithoutAWayToEcsIsComparedWithThatOfTheInstanceMetadata) {
    FakeHost host;
    host.metadata["api/token"] = {200, {{"Date", "Sat, 21 Nov 2026 02:00:00 GMT"}}, "a-token"};
    host.stop_ecs();
    host.ground().now = [] {
        return WallTime(std::chrono::seconds(1'795'223'580));
    };
    EXPECT_EQ(causes(host.look("clock")), Causes{"CLOCK_SKEW"});
}

} // namespace
} // namespace squall::host
