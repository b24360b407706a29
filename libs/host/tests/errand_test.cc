#include "afar/errand_report.h"
#include "squall/base/text.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace squall::host {
namespace {

using Texts = std::vector<std::string>;

// What the errand's script printed, by its sections.
doctor::Look look_at(const ErrandReport& report, const std::string& check) {
    const auto looks = looks_of(report);
    const auto found = std::find_if(
        looks.begin(), looks.end(), [&](const auto& look) { return look.check == check; });
    return found == looks.end() ? doctor::Look() : *found;
}

std::string cause_of(const doctor::Look& look) {
    return look.signs.empty() ? std::string() : look.signs.front().cause;
}

TEST(Errand, ComparesTheClockWithAnyAnswersDate) {
    ErrandReport report;
    // 2026-11-21T01:13:00Z
    report.facts["clock"] = "now=1795223580\ndate=Sat, 21 Nov 2026 02:00:00 GMT\nof=metadata";
    const auto look = look_at(report, "clock");
    EXPECT_EQ(cause_of(look), "CLOCK_SKEW");
    EXPECT_EQ(look.summary, "the host's clock is 2820 s behind that of the instance metadata");
    report.facts["clock"] = "now=1795226401\ndate=Sat, 21 Nov 2026 02:00:00 GMT\nof=api";
    EXPECT_EQ(look_at(report, "clock").state, doctor::Look::State::healthy);
    report.facts["clock"] = "now=1795226401001\ndate=Sat, 21 Nov 2026 02:00:00 GMT\nof=api";
    EXPECT_EQ(look_at(report, "clock").state, doctor::Look::State::could_not_look);
    report.facts["clock"] = "now=1795226401";
    EXPECT_EQ(look_at(report, "clock").state, doctor::Look::State::could_not_look);
}

TEST(Errand, TakesACertificateThatIsNotValidYetForAWrongClock) {
    ErrandReport report;
    const std::string early =
        "exit=60 http=000 curl: (60) SSL certificate problem: certificate is not yet valid";
    report.facts["endpoint/api"] = early;
    EXPECT_EQ(cause_of(look_at(report, "endpoint-api")), "CLOCK_SKEW");
    const std::string late =
        "exit=60 http=000 curl: (60) SSL certificate problem: certificate has expired";
    report.facts["endpoint/api"] = late;
    EXPECT_EQ(cause_of(look_at(report, "endpoint-api")), "CLOCK_SKEW");
    report.config = "ECS_BACKEND_HOST=https://ecs.test\n";
    EXPECT_EQ(cause_of(look_at(report, "endpoint-api")), "TLS_TRUST") << "somebody's own";
    report.config = "ECS_BACKEND_HOST=\n";
    EXPECT_EQ(cause_of(look_at(report, "endpoint-api")), "CLOCK_SKEW") << "set to nothing";
    report.facts["endpoint/api"] = "exit=60 http=000 curl: (60) SSL certificate problem: unable "
                                   "to get local issuer certificate";
    EXPECT_EQ(cause_of(look_at(report, "endpoint-api")), "TLS_TRUST");
}

TEST(Errand, TakesAProxyThatDoesNotAnswerForTheCause) {
    ErrandReport report;
    const std::string refused = "exit=7 http=000 address= dns=0.001 tcp=0.000 connect=000";
    const std::string silent = "exit=28 http=000 address= dns=0.001 tcp=0.000 connect=000";
    const auto cause = [&](const std::string& seen) {
        report.facts["endpoint/api"] = seen;
        return cause_of(look_at(report, "endpoint-api"));
    };
    EXPECT_EQ(cause(refused), "NET_REFUSED");
    EXPECT_EQ(cause(silent), "NET_API_TIMEOUT");
    report.config = "HTTP_PROXY=10.0.0.40:3128\n";
    EXPECT_EQ(cause(refused), "NET_PROXY");
    EXPECT_EQ(cause(silent), "NET_PROXY");
    const std::string behind_it = "exit=28 http=000 address= dns=0.001 tcp=0.002 connect=200";
    EXPECT_EQ(cause(behind_it), "NET_API_TIMEOUT") << "it has let the host through";
}

TEST(Errand, NamesTheFileOfTheUnitThatSetsTheProxy) {
    ErrandReport report;
    const std::string unit = "/etc/systemd/system/ecs.service.d/http-proxy.conf";
    report.facts["endpoint/api"] =
        "exit=7 proxy_setting=HTTPS_PROXY proxy_file=" + unit + " tried=10.0.0.20:9 tcp=0.000000";
    const auto look = look_at(report, "endpoint-api");
    ASSERT_EQ(cause_of(look), "NET_PROXY");
    EXPECT_EQ(look.signs.front().remedy.front().rfind("HTTPS_PROXY is set in " + unit + ": ", 0),
              0U);
    EXPECT_EQ(look.signs.front().instead_of, 1U);
}

TEST(Errand, NamesASettingOfAProxyThatNobodyCanRead) {
    ErrandReport report;
    for (const char* fact : {"endpoint/api", "endpoint/acs"})
        report.facts[fact] = "exit=5 proxy_setting=HTTPS_PROXY proxy_file=/etc/ecs/ecs.config "
                             "proxy_unreadable=yes";
    const auto look = look_at(report, "endpoint-api");
    ASSERT_EQ(cause_of(look), "NET_PROXY");
    EXPECT_EQ(look.signs.front().certainty, doctor::Certainty::certain);
    EXPECT_EQ(
        look.signs.front().summary,
        "no proxy can be read out of HTTPS_PROXY in /etc/ecs/ecs.config: its user or password "
        "has characters that must be percent-encoded");
    EXPECT_NE(look.signs.front().remedy.front().find("`@` as %40"), std::string::npos);
    EXPECT_EQ(look_at(report, "endpoint-acs").state, doctor::Look::State::could_not_look);
}

TEST(Errand, NamesTheRegionWhereNothingTellsIt) {
    ErrandReport report;
    report.facts["metadata"] = "put_exit=0 put_http=403\nrole=none";
    report.config = "ECS_CLUSTER=web\nAWS_DEFAULT_REGION=\n";
    report.facts["endpoint/api"] = "url=https://ecs../ region=";
    report.facts["introspection"] = "curl: (7) Failed to connect to 127.0.0.1 port 51678";
    EXPECT_EQ(cause_of(look_at(report, "imds")), "REGION_MISSING");
    // It has registered: it knows it.
    report.facts["introspection"] = "{\"Cluster\":\"web\"}";
    EXPECT_EQ(cause_of(look_at(report, "imds")), "IMDS_UNREACHABLE");
    report.facts.erase("introspection");
    report.facts["endpoint/api"] = "url=https://ecs.eu-west-1.amazonaws.com/ region=eu-west-1";
    EXPECT_EQ(cause_of(look_at(report, "imds")), "IMDS_UNREACHABLE");
}

TEST(Errand, NamesTheSettingOfAnEndpointOfOnesOwn) {
    ErrandReport report;
    report.facts["endpoint/api"] = "exit=6 http=000 curl: (6) Could not resolve host: ecs.tset";
    report.facts["endpoint/acs"] = report.facts["endpoint/api"];
    EXPECT_TRUE(look_at(report, "endpoint-api").signs.front().remedy.empty());
    report.config = "ECS_CLUSTER=web\nECS_BACKEND_HOST=https://ecs.tset\n";
    const auto unreached = look_at(report, "endpoint-api").signs.front();
    ASSERT_EQ(unreached.remedy.size(), 1U);
    EXPECT_EQ(unreached.remedy.front().rfind(
                  "ECS_BACKEND_HOST in /etc/ecs/ecs.config is https://ecs.tset: mend it", 0),
              0U);
    EXPECT_EQ(unreached.evidence.back().file, "/etc/ecs/ecs.config");
    EXPECT_EQ(unreached.evidence.back().text, "ECS_BACKEND_HOST=https://ecs.tset");
    EXPECT_TRUE(look_at(report, "endpoint-acs").signs.front().remedy.empty());
}

TEST(Errand, NamesTheSettingOfTheAuthoritiesThatCountInPlaceOfTheHosts) {
    ErrandReport report;
    report.facts["endpoint/acs"] =
        "exit=77 http=000 curl: (77) error setting certificate file: /etc/ssl/ca.crt";
    const auto unread = look_at(report, "endpoint-acs").signs.front();
    EXPECT_EQ(unread.summary,
              "ECS's acs endpoint: the authorities to trust cannot be read: /etc/ssl/ca.crt");
    EXPECT_EQ(unread.instead_of, doctor::Sign::all_steps) << "no proxy that looks into TLS";
    EXPECT_NE(unread.remedy.front().find("-in /etc/ssl/ca.crt"), std::string::npos);
    EXPECT_NE(unread.remedy.back().find("update-ca-certificates"), std::string::npos);
    report.config = "SSL_CERT_FILE=/nonexistent\n";
    const auto untrusted = look_at(report, "endpoint-acs");
    ASSERT_EQ(cause_of(untrusted), "TLS_TRUST");
    EXPECT_EQ(untrusted.signs.front().remedy.front().rfind(
                  "SSL_CERT_FILE in /etc/ecs/ecs.config is /nonexistent: mend it", 0),
              0U);
}

TEST(Errand, TellsAHandshakeThatIsNotAnsweredFromAConnectionThatIsNot) {
    ErrandReport report;
    const std::string timeout = "tried=10.0.0.11:443 {}http=000 address=10.0.0.11 dns=0.01 "
                                "tcp=0.000000 tls={} connect=000 curl: (28) Connection timed out";
    const auto cause_where = [&](const char* greeted, const char* tls) {
        report.facts["endpoint/acs"] =
            "exit=28 " + fmt::format(fmt::runtime(timeout), greeted, tls);
        return cause_of(look_at(report, "endpoint-acs"));
    };
    EXPECT_EQ(cause_where("greeted=yes ", "0.000000"), "TLS_HANDSHAKE");
    EXPECT_EQ(cause_where("", "0.000000"), "NET_ACS_BLOCKED");
    EXPECT_EQ(cause_where("greeted=yes ", "0.050000"), "NET_ACS_BLOCKED");
}

TEST(Errand, NamesWhoHasTheLockThatTheAgentWaitsFor) {
    ErrandReport report;
    const std::string state = "folder=/var/lib/ecs/data\nhas_agent=yes\nhas_folder=yes\n"
                              "file=/var/lib/ecs/data/agent.db\nlock=77\nlocker={}\nfirst=\nsize=0";
    report.facts["state"] = replace_all(state, "{}", "backup");
    report.facts["agent"] = "agent=20\nstate=S";
    const auto look = look_at(report, "agent-state");
    ASSERT_EQ(cause_of(look), "STATE_LOCKED");
    EXPECT_EQ(look.summary,
              "process 77 (backup) holds the lock on /var/lib/ecs/data/agent.db, and the agent "
              "waits for it");
    EXPECT_EQ(look.signs.front().certainty, doctor::Certainty::certain);
    EXPECT_EQ(look.signs.front().remedy.front(), "sudo kill 77");
    report.facts["agent"] = "agent=none";
    EXPECT_EQ(look_at(report, "agent-state").signs.front().certainty, doctor::Certainty::likely);
    // Its own, by its name.
    report.facts["agent"] = "agent=20";
    report.facts["state"] = replace_all(state, "{}", "agent");
    EXPECT_EQ(cause_of(look_at(report, "agent-state")), "");
}

TEST(Errand, SaysNothingOfWhatNobodyAskedFor) {
    ErrandReport report;
    EXPECT_EQ(look_at(report, "imds").state, doctor::Look::State::could_not_look)
        << "the answer was cut";
    report.facts["metadata"] = "put_exit=127 put_http=timeout: failed to run command 'curl'";
    EXPECT_EQ(look_at(report, "imds").state, doctor::Look::State::could_not_look);
    report.facts["endpoint/api"] = "exit=127 timeout: failed to run command 'curl'";
    EXPECT_EQ(look_at(report, "endpoint-api").state, doctor::Look::State::could_not_look);
    report.facts["metadata"] = "put_exit=28 put_http=000";
    EXPECT_EQ(cause_of(look_at(report, "imds")), "IMDS_UNREACHABLE");
}

TEST(Errand, NamesTheNameServerThatDoesNotKnow) {
    ErrandReport report;
    report.facts["endpoint/api"] = "exit=6 tried= servers=10.9.9.9,10.0.0.2, http=000 dns=0.000000 "
                                   "curl: (6) Could not resolve host";
    const auto look = look_at(report, "endpoint-api");
    EXPECT_EQ(cause_of(look), "NET_DNS");
    EXPECT_NE(look.summary.find("(/etc/resolv.conf has 10.9.9.9,10.0.0.2)"), std::string::npos)
        << look.summary;
}

TEST(Errand, NamesTheSupervisorThatIsStopped) {
    ErrandReport report;
    const std::string unit = "MainPID=7\nId=ecs.service\nLoadState=loaded\nActiveState=active\n"
                             "main_name=amazon-ecs-init\nmain_state={}\n\nId=docker.service";
    report.facts["services"] = replace_all(unit, "{}", "S");
    report.facts["agent"] = "agent=none";
    EXPECT_EQ(look_at(report, "agent-process").state, doctor::Look::State::could_not_look);
    report.facts["agent"] = "agent=none\nended=42";
    EXPECT_EQ(cause_of(look_at(report, "agent-process")), "AGENT_CRASHLOOP");
    report.facts["services"] = replace_all(unit, "{}", "T");
    const auto look = look_at(report, "agent-process");
    ASSERT_EQ(cause_of(look), "AGENT_HUNG");
    EXPECT_NE(look.summary.find("process 7 (amazon-ecs-init)"), std::string::npos) << look.summary;
    EXPECT_EQ(look.signs.front().remedy, Texts{"sudo kill -CONT 7"});
    report.facts["agent"] = "agent=42\nstate=S";
    EXPECT_EQ(look_at(report, "agent-process").state, doctor::Look::State::healthy);
}

// systemd gives properties in an order of its own, whatever was asked for first.
TEST(Errand, SeesAllThatSystemdSaysOfAUnit) {
    const auto service = [](const std::string& ecs) {
        ErrandReport report;
        report.facts["services"] = ecs
                                   + "\n\nResult=success\nExecMainStatus=0\nId=docker.service\n"
                                     "LoadState=loaded\nActiveState=active\n";
        return look_at(report, "ecs-service");
    };
    const std::string failed = "Id=ecs.service\nLoadState=loaded\nActiveState=failed";
    EXPECT_EQ(cause_of(service("Result=exit-code\nNRestarts=0\nExecMainStatus=5\n" + failed)),
              "AGENT_TERMINAL");
    const auto given_up = service("Result=start-limit-hit\nExecMainStatus=1\n" + failed);
    EXPECT_EQ(cause_of(given_up), "AGENT_CRASHLOOP");
    EXPECT_EQ(given_up.signs.front().severity, doctor::Severity::terminal);
    EXPECT_EQ(cause_of(service("NRestarts=7\nId=ecs.service\nLoadState=loaded\nActiveState="
                               "activating")),
              "AGENT_CRASHLOOP");
    const auto without = service(failed + "\nprogram_missing=/usr/libexec/amazon-ecs-init");
    EXPECT_EQ(
        without.summary,
        "the ecs service cannot start: its program /usr/libexec/amazon-ecs-init is not there");
    EXPECT_TRUE(without.signs.front().is_root);
}

const std::string dropping = "-A OUTPUT -d 10.0.0.11/32 -p tcp -m tcp --dport 443 -j DROP";
const std::string dropped = "exit=28 tried=10.0.0.11:443 http=000 address= dns=0.001 tcp=0.000000 "
                            "tls=0.000000 connect=000 curl: (28) Connection timed out";

// Of an API whose packets are lost.
ErrandReport lost(const std::string& firewall, const std::string& api = dropped) {
    ErrandReport report;
    report.facts["endpoint/api"] = api;
    report.facts["firewall"] = firewall;
    return report;
}

// How to take away what is in the way of the API.
Texts removals(const ErrandReport& report) {
    const auto look = look_at(report, "endpoint-api");
    return look.signs.empty() ? Texts{"no sign"} : look.signs.front().remedy;
}

TEST(Errand, NamesTheRuleOfTheHostsFirewallThatIsInTheWay) {
    const auto report = lost("-N OTHER\n" + dropping + "\nexit=0");
    const auto look = look_at(report, "endpoint-api");
    ASSERT_EQ(cause_of(look), "NET_API_TIMEOUT");
    EXPECT_EQ(look.signs.front().evidence.back().file, "iptables -S");
    EXPECT_EQ(look.signs.front().evidence.back().text, dropping);
    EXPECT_EQ(removals(report), Texts{"sudo iptables -D" + dropping.substr(2)});
    EXPECT_EQ(look_at(report, "firewall").state, doctor::Look::State::not_here) << "told already";
    const auto refused = lost(dropping + "\nexit=0", "exit=7 tried=10.0.0.11:443 tcp=0.000000");
    EXPECT_EQ(cause_of(look_at(refused, "endpoint-api")), "NET_REFUSED");
    EXPECT_EQ(removals(refused), Texts{"sudo iptables -D" + dropping.substr(2)});
}

// By its words it cannot be taken away, as its comment holds what is not told.
TEST(Errand, TakesARuleWithASecretInItsCommentAwayByItsNumber) {
    const std::string rule = "-A OUTPUT -d 10.0.0.11/32 -p tcp -m comment --comment "
                             "\"JIRA-1 token=hunter2hunter2\" -j DROP";
    const Texts steps = removals(lost(rule + "\nexit=0"));
    ASSERT_EQ(steps.size(), 1U);
    EXPECT_EQ(steps.front(),
              "`sudo iptables -L OUTPUT -n --line-numbers` shows the rule's number; `sudo iptables "
              "-D OUTPUT NUMBER` takes it away");
}

TEST(Errand, NamesNoRuleForWhatItDoesNotKeepAway) {
    const std::string rules = dropping + "\nexit=0";
    EXPECT_EQ(removals(lost(rules, "exit=28 tried=10.0.0.12:443 dns=0.001 tcp=0.000000")), Texts{});
    EXPECT_EQ(removals(lost(rules, "exit=28 tried=10.0.0.11:443 dns=0.001 tcp=0.002000")), Texts{})
        << "it was connected, and then nothing came";
    EXPECT_EQ(removals(lost(rules, "exit=60 tried=10.0.0.11:443 dns=0.001 tcp=0.002000")), Texts{});
    EXPECT_EQ(look_at(lost(rules, "exit=28 tried=10.0.0.12:443"), "firewall").state,
              doctor::Look::State::healthy);
}

TEST(Errand, DoesNotCallAFirewallHealthyThatHasRulesInOtherTables) {
    auto report = lost("-P OUTPUT ACCEPT\nexit=0");
    EXPECT_EQ(look_at(report, "firewall").state, doctor::Look::State::healthy);
    report.facts["firewall_others"] =
        "iptables -t raw -A OUTPUT -p tcp -m tcp --dport 443 -j DROP\n"
        "nft inet filter output: ip daddr 10.0.0.11 tcp dport 443 drop";
    const auto look = look_at(report, "firewall");
    EXPECT_EQ(look.state, doctor::Look::State::could_not_look);
    EXPECT_EQ(look.summary.rfind("rules of other tables are not followed", 0), 0U) << look.summary;
    for (const char* rule : {"`iptables -t raw -A OUTPUT -p tcp -m tcp --dport 443 -j DROP`",
                             "`nft inet filter output: ip daddr 10.0.0.11 tcp dport 443 drop`"})
        EXPECT_NE(look.summary.find(rule), std::string::npos) << look.summary;
    EXPECT_NE(look.how.find("nft list ruleset"), std::string::npos);
    EXPECT_NE(look.how.find("iptables -t raw -S"), std::string::npos);
}

TEST(Errand, CouldNotJudgeARuleOfWhichOnlyTheKernelKnowsWhomItMeans) {
    const std::string rule = "-A OUTPUT -p tcp -m owner --uid-owner 0 -m tcp --dport 443 -j DROP";
    const auto report = lost(rule + "\nexit=0");
    EXPECT_EQ(removals(report), Texts{});
    const auto look = look_at(report, "firewall");
    EXPECT_EQ(look.state, doctor::Look::State::could_not_look);
    EXPECT_NE(look.summary.find("`" + rule + "`"), std::string::npos) << look.summary;
    EXPECT_EQ(look.how, "sudo iptables -L OUTPUT -v -n");
}

// Before 7.73 curl says no port of what it tries.
TEST(Errand, KnowsThePortThatAnOldCurlHasTried) {
    auto report = lost(dropping + "\nexit=0", "exit=28 tried=10.0.0.11 dns=0.001 tcp=0.000000");
    EXPECT_EQ(removals(report), Texts{"sudo iptables -D" + dropping.substr(2)});
    report.config = "HTTPS_PROXY=10.0.0.11:3128\n";
    EXPECT_EQ(removals(report), Texts{}) << "it may have tried another port";
}

TEST(Errand, SaysThatItCouldNotLookWhereTheRulesAreNotAllThere) {
    for (const std::string& sent : {dropping,
                                    dropping + "\nexit=124 ",
                                    dropping + "\nexit=4 Fatal: can't open lock file",
                                    std::string("exit=127 timeout: failed to run command"),
                                    std::string("too_many=5000"),
                                    std::string()}) {
        const auto report = lost(sent);
        EXPECT_EQ(removals(report), Texts{}) << sent;
        EXPECT_EQ(look_at(report, "firewall").state, doctor::Look::State::could_not_look) << sent;
    }
    EXPECT_EQ(look_at(lost("not asked"), "firewall").state, doctor::Look::State::not_here);
}

TEST(Errand, NamesTheRuleThatKeepsTheMetadataAway) {
    ErrandReport report;
    report.facts["metadata"] = "put_exit=28 put_http=000";
    report.facts["firewall"] = "-A OUTPUT -d 169.254.169.254/32 -j DROP\nexit=0";
    const auto look = look_at(report, "imds");
    ASSERT_EQ(cause_of(look), "IMDS_UNREACHABLE");
    EXPECT_EQ(look.signs.front().remedy,
              Texts{"sudo iptables -D OUTPUT -d 169.254.169.254/32 -j DROP"});
}

TEST(Errand, SeesWhatNobodyCanWriteTo) {
    ErrandReport report;
    report.facts["disk"] = "/dev/xvda1 8376300 2000000 6376300 24% /\n"
                           "tmpfs 1000000 0 1000000 0% /var/lib/ecs";
    EXPECT_EQ(look_at(report, "disk").state, doctor::Look::State::healthy);
    report.facts["disk"] += "\nread_only=/var/lib/ecs /var/lib";
    const auto look = look_at(report, "disk");
    ASSERT_EQ(cause_of(look), "DISK_FULL");
    EXPECT_EQ(look.signs.front().certainty, doctor::Certainty::certain);
    EXPECT_EQ(look.summary.rfind("/var/lib/ecs is read-only", 0), 0U) << look.summary;
    EXPECT_NE(look.signs.front().remedy.back().find("sudo mount -o remount,rw /var/lib`"),
              std::string::npos);
}

TEST(Errand, ComparesTheSavedInstanceWithThisOne) {
    const std::string here = "i-0123456789abcdef0";
    const auto stale = [&](const std::string& saved, const std::string& answer) {
        ErrandReport report;
        report.facts["state"] = "folder=/var/lib/ecs/data\nhas_folder=yes\nsize=90\nfirst=7b\n"
                                "file=/var/lib/ecs/data/agent.db\nform={\"\":\"\"}\n"
                                "saved.ec2-instance-id="
                                + saved;
        report.facts["metadata"] = "put_exit=0 put_http=200\ninstance-id=" + answer;
        return cause_of(look_at(report, "agent-state"));
    };
    EXPECT_EQ(stale(here, here + " 200"), "");
    EXPECT_EQ(stale("i-0fedcba9876543210", here + " 200"), "STALE_IDENTITY");
    EXPECT_EQ(stale("i-0fedcba9876543210", "<html>Not Found</html> 404"), "");
}

TEST(Errand, IsReadAsItIsFromAHostThatCannotPackIt) {
    const auto report =
        read_errand("squall-doctor 1 b\n\n=== b facts/disk\nfull\n=== b facts/clock\nnow=1\n", "b");
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->fact("disk"), "full");
    EXPECT_EQ(report->fact("clock"), "now=1");
    EXPECT_FALSE(read_errand("squall-doctor 1 b\n\nbash: no such file\n", "b"));
}

} // namespace
} // namespace squall::host
