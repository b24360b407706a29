// Parts of the errand, run by a real shell against the files of a host.
#include "afar/errand_script.h"

#include "afar/errand_report.h"
#include "bolt_bytes.h"
#include "checks/firewall.h"
#include "fake_host.h"
#include "squall/base/fd.h"
#include "squall/base/subprocess.h"
#include "squall/base/text.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <random>

namespace squall::host {
namespace {

using State = doctor::Look::State;
using Causes = std::vector<std::string>;

// What a function of the script prints, where /etc and /var are this host's.
std::string printed_by(const FakeHost& host, const std::string& function) {
    std::string script = errand_script("b");
    // Behind it, all is done at once.
    script.resize(script.find("\nfolder=\n"));
    const std::string root = host.path("/").string();
    for (const char* folder : {"/etc/ecs", "/var/lib/ecs", "/etc/systemd", "/run/ecs-agent.pid"})
        script = replace_all(std::move(script), folder, host.path(folder).string());
    script += fmt::format("\nfolder={}\nPATH={}:$PATH\n{}\n",
                          host.path("/dev/shm").string(),
                          host.path("/usr/bin").string(),
                          function);
    const auto done = run({{"sh", "-c", script}, {}, {}, {}}, Deadline::in(Seconds(30)));
    EXPECT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->errors, "");
    return replace_all(done->output, root, "/");
}

TEST(ServicesFromAfar, SayWhichProgramIsNotThere) {
    FakeHost host;
    host.file("/dev/shm/nothing", "");
    const auto unit_with = [&](const std::string& program) {
        host.file("/usr/bin/systemctl",
                  fmt::format("#!/bin/sh\necho \"Id=$2.service\"\necho ActiveState=failed\n"
                              "echo 'ExecStart={{ path={} ; argv[]={} start ; status=203 }}'\n",
                              program,
                              program));
        std::filesystem::permissions(host.path("/usr/bin/systemctl"),
                                     std::filesystem::perms::owner_all);
        ErrandReport report;
        report.facts["services"] = trimmed(printed_by(host, "services"));
        return looks_of(report).front();
    };
    EXPECT_EQ(unit_with("/usr/libexec/no-such-init").summary,
              "the ecs service cannot start: its program /usr/libexec/no-such-init is not there");
    EXPECT_NE(unit_with("/bin/sh").summary.find("ecs.service is failed"), std::string::npos);
    EXPECT_NE(unit_with("/etc/passwd").summary.find("may not be executed"), std::string::npos);
}

// A curl that says what it was given as a proxy.
TEST(ReachFromAfar, NeverHandsOverAProxyThatNobodyCanRead) {
    FakeHost host;
    host.file("/dev/shm/nothing", "");
    host.file("/usr/bin/curl",
              "#!/bin/sh\nwhile [ $# -gt 0 ]; do [ \"$1\" != -x ] || printf 'through %s' \"$2\"; "
              "shift; done\n");
    std::filesystem::permissions(host.path("/usr/bin/curl"), std::filesystem::perms::owner_all);
    const auto tried = [&](const std::string& file, const std::string& text) {
        host.file(file, text + "\n");
        auto out = printed_by(host, "reach http://x \"$folder/x.head\"");
        host.remove(file);
        return out;
    };
    const std::string config = "/etc/ecs/ecs.config";
    const std::string unit = "/etc/systemd/system/ecs.service.d/http-proxy.conf";
    for (const char* user : {"bob:aa/Secret",
                             "bob:hunter@Secret/x",
                             "bob:a#Secret",
                             "bob:a?Secret",
                             "bob:a Secret",
                             "bob:a%zzSecret",
                             "bob:Secret%2"}) {
        const std::string value = fmt::format("http://{}@10.0.0.20:3128", user);
        EXPECT_EQ(tried(config, "HTTPS_PROXY=" + value),
                  "exit=5 proxy_setting=HTTPS_PROXY proxy_file=/etc/ecs/ecs.config "
                  "proxy_unreadable=yes\n");
        EXPECT_EQ(tried(unit, "[Service]\nEnvironment=\"HTTP_PROXY=" + value + "\""),
                  "exit=5 proxy_setting=HTTP_PROXY proxy_file=" + unit + " proxy_unreadable=yes\n");
    }
    const auto through = [](const std::string& out) {
        return out.find("through ") == std::string::npos
                   ? ""
                   : split(out.substr(out.find("through ") + 8), ' ')[0];
    };
    EXPECT_EQ(through(tried(config, "HTTPS_PROXY=http://10.0.0.20:3128")), "http://10.0.0.20:3128");
    EXPECT_EQ(through(tried(config, "HTTP_PROXY=10.0.0.20:3128")), "http://10.0.0.20:3128");
    EXPECT_EQ(through(tried(unit, "Environment=A=b HTTPS_PROXY=http://10.0.0.20:9 C=d")),
              "http://10.0.0.20:9");
    EXPECT_EQ(through(tried(config, "ECS_CLUSTER=web")), "");
    // It is an '@' to whom the last one counts; what is printed of it has no user.
    EXPECT_EQ(through(tried(config, "HTTPS_PROXY=http://bob:hun@ter@10.0.0.20:3128")),
              "http://[redacted]@10.0.0.20:3128");
}

// By a real curl.
TEST(ErrandScript, TellsWhereTcpConnectedAndTlsWasNeverAnswered) {
    FakeHost host;
    host.file("/dev/shm/nothing", "");
    Fd socket = transport::listen_tcp("127.0.0.1", 0).value();
    const auto port = transport::port_of(socket).value();
    const SilentServer silent(std::move(socket));
    const std::string sent = printed_by(
        host,
        fmt::format(R"(reach https://127.0.0.1:{} "$folder/acs.head"; rm -f "$folder"/acs.*)",
                    port));
    EXPECT_TRUE(sent.starts_with("exit=28 ")) << sent;
    EXPECT_NE(sent.find(" greeted=yes "), std::string::npos) << sent;
}

class SavedStateFromAfar : public testing::Test {
protected:
    SavedStateFromAfar() {
        host.file("/etc/ecs/ecs.config", config);
        host.file("/dev/shm/nothing", "");
    }

    doctor::Look look() {
        sent = printed_by(host, "state");
        ErrandReport report;
        report.facts["state"] = trimmed(sent);
        report.facts["metadata"] = "put_exit=0 put_http=200\ninstance-id=i-1 200";
        report.config = config;
        const auto looks = looks_of(report);
        return *std::find_if(looks.begin(), looks.end(), [](const auto& each) {
            return each.check == "agent-state";
        });
    }

    // As the doctor on the host sees it, who reads the whole file.
    void expect_the_same(const std::string& name, const std::string& bytes) {
        host.file("/var/lib/ecs/data/" + name, bytes);
        const auto here = host.look("agent-state");
        const auto afar = look();
        EXPECT_EQ(causes(afar), causes(here)) << bytes.substr(0, 200) << "\nsent " << sent;
        EXPECT_EQ(afar.state, here.state) << sent;
        host.remove("/var/lib/ecs/data/" + name);
    }

    FakeHost host;
    std::string config = "ECS_CLUSTER=web\n";
    std::string sent;
};

const std::string secret = "hunter2";
// As the lab's agent writes it, with tasks that hold secrets.
const std::string json =
    R"({"cluster-name":"web",)"
    R"("container-instance-arn":"arn:aws:ecs:eu-west-1:1:container-instance/web/0a",)"
    R"("ec2-instance-id":"i-1","tasks":[{"arn":"a","n":-1.5e3,"is":true,"no":null,"env":)"
    R"([{"name":"PASS\"WORD","value":"hunter2, \"cluster-name\":\"x\" \\"}]},[],{}]})";

TEST_F(SavedStateFromAfar, OfADatabaseIsJudgedByItsMetaPages) {
    for (const std::size_t page : {1024U, 4096U, 16'384U, 65'536U}) {
        const std::string whole = bolt_database({{"cluster-name", "\"web\""}}, page);
        expect_the_same("agent.db", whole);
        std::string zeroed = whole;
        zeroed.replace(0, 512, std::string(512, '\0'));
        expect_the_same("agent.db", zeroed);
        std::string wrong = zeroed;
        wrong[page + 16 + 4] = 9;
        expect_the_same("agent.db", wrong);
        wrong = whole;
        wrong[16 + 60] ^= 1;
        wrong[page + 16 + 60] ^= 1;
        expect_the_same("agent.db", wrong);
        expect_the_same("agent.db", whole.substr(0, 3 * page));
        expect_the_same("agent.db", whole.substr(0, 50));
    }
    host.file("/var/lib/ecs/data/agent.db", std::string(512, '\0') + secret);
    const auto found = look();
    ASSERT_EQ(causes(found), Causes{"STATE_CORRUPT"});
    EXPECT_EQ(found.signs.front().summary, "the agent's state cannot be read: invalid database");
    EXPECT_EQ(sent.find("page"), std::string::npos) << "it may be anything";
}

TEST_F(SavedStateFromAfar, ThatIsJsonIsJudgedWholeAndCutAnywhere) {
    expect_the_same("agent.db", json);
    expect_the_same("agent.db", json + "\n");
    expect_the_same("agent.json", json);
    for (std::size_t size = 0; size < json.size(); size += 11)
        expect_the_same("agent.db", json.substr(0, size));
    for (const char* broken :
         {"{\"a\":1 2}", "{\"a\":tru}", "{\"a\":\"b\"c\"}", "{\"a\":#}", "{,}"})
        expect_the_same("agent.db", broken);
    expect_the_same("agent.db", replace_all(json, "hunter2", std::string(7, '\0')));
    expect_the_same("agent.db", "nonsense\n");
    expect_the_same("agent.db", "");
}

TEST_F(SavedStateFromAfar, TellsWhoTheAgentWasAndNothingOfItsTasks) {
    host.file("/var/lib/ecs/data/agent.db", json);
    const auto here = host.look("agent-state");
    EXPECT_EQ(look().summary, here.summary);
    EXPECT_NE(here.summary.find("registered in cluster web as arn:"), std::string::npos);
    expect_the_same("agent.db", replace_all(json, "\"web\"", "\"blue\""));
    expect_the_same("agent.db", replace_all(json, "\"i-1\"", "\"i-2\""));
    expect_the_same("ecs_agent_data.json",
                    R"({"Data":{"Cluster":"blue","EC2InstanceID":"i-1"},"Version":31})");
    // However it is broken.
    for (std::size_t at = 0; at < json.size(); at += 5) {
        std::string broken = json;
        broken[at] = at % 3 == 0 ? '"' : at % 3 == 1 ? '\\' : '\n';
        host.file("/var/lib/ecs/data/agent.db", broken);
        EXPECT_EQ(printed_by(host, "state").find(secret), std::string::npos) << broken;
    }
}

TEST_F(SavedStateFromAfar, IsLookedForWhereTheAgentHasIt) {
    EXPECT_EQ(look().state, State::healthy);
    EXPECT_NE(look().summary.find("holds no state"), std::string::npos);
    config = "ECS_CLUSTER=web\nECS_DATADIR=/data\n";
    host.file("/etc/ecs/ecs.config", config);
    expect_the_same("agent.db", "nonsense");
    host.file("/etc/ecs/ecs.config", fmt::format("ECS_DATADIR={}\n", host.path("/mnt").string()));
    host.file("/mnt/agent.db", "nonsense");
    ASSERT_EQ(causes(look()), Causes{"STATE_CORRUPT"});
    EXPECT_EQ(look().signs.front().evidence.front().file, "/mnt/agent.db");
    host.file("/etc/ecs/ecs.config", config);
    host.remove("/var/lib/ecs/data");
    EXPECT_EQ(causes(look()), Causes{"DATA_DIR"});
}

TEST_F(SavedStateFromAfar, ThatIsAFolderIsNoState) {
    std::filesystem::create_directories(host.path("/var/lib/ecs/data/agent.db"));
    const auto here = host.look("agent-state");
    const auto afar = look();
    ASSERT_EQ(causes(afar), Causes{"STATE_CORRUPT"});
    EXPECT_EQ(afar.summary, here.summary);
}

// By a process that has really taken it: this one.
TEST_F(SavedStateFromAfar, WithAFileInPlaceOfItsFolderIsToldAsThat) {
    std::filesystem::remove_all(host.path("/var/lib/ecs/data"));
    EXPECT_NE(look().summary.find("is not there"), std::string::npos);
    host.file("/var/lib/ecs/data", "x");
    for (const auto& seen : {look(), host.look("agent-state")}) {
        ASSERT_EQ(causes(seen), Causes{"DATA_DIR"});
        EXPECT_NE(seen.summary.find("/var/lib/ecs/data is a file"), std::string::npos)
            << seen.summary;
        EXPECT_NE(seen.signs.front().remedy.front().find("sudo mv"), std::string::npos);
        EXPECT_EQ(seen.signs.front().instead_of, doctor::Sign::all_steps);
    }
}

TEST_F(SavedStateFromAfar, ThatSomebodyHasLockedNamesHim) {
    host.file("/var/lib/ecs/data/agent.db", json);
    EXPECT_EQ(look().state, State::healthy);
    const Fd held(::open(host.path("/var/lib/ecs/data/agent.db").c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_TRUE(held);
    ASSERT_EQ(::flock(held.get(), LOCK_EX), 0);
    const auto found = look();
    ASSERT_EQ(causes(found), Causes{"STATE_LOCKED"}) << sent;
    EXPECT_EQ(found.signs.front().remedy.front(), fmt::format("sudo kill {}", ::getpid()));
    EXPECT_EQ(found.signs.front().evidence.front().file,
              fmt::format("/proc/{}/fdinfo", ::getpid()));
}

TEST_F(SavedStateFromAfar, ThatAnAgentHasOrHadWhichEndedSinceIsNotLocked) {
    host.file("/var/lib/ecs/data/agent.db", json);
    Fd held(::open(host.path("/var/lib/ecs/data/agent.db").c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_EQ(::flock(held.get(), LOCK_EX), 0);
    host.file("/run/ecs-agent.pid", fmt::format("{}\n", ::getpid()));
    EXPECT_EQ(causes(look()), Causes{});
    host.file("/run/ecs-agent.pid", "1\n");
    EXPECT_EQ(causes(look()), Causes{"STATE_LOCKED"});
    host.remove("/run/ecs-agent.pid");
    const FileThatActs ends(host.path("/run/ecs-agent.pid"), [&] { held.reset(); });
    EXPECT_EQ(causes(look()), Causes{});
    EXPECT_TRUE(ends.has_acted());
}

TEST_F(SavedStateFromAfar, ThatIsLargeIsJudgedByItsForm) {
    std::string large = json;
    const std::string task =
        json.substr(json.find("{\"arn\""), json.find(",[],{}]") - json.find("{\"arn\""));
    large.insert(large.find(",[],{}]"), [&] {
        std::string tasks;
        for (int i = 0; i < 10'000; ++i)
            tasks += "," + task;
        return tasks;
    }());
    expect_the_same("agent.db", large);
    expect_the_same("agent.db", large.substr(0, large.size() / 2));
    EXPECT_LT(sent.size(), 4U << 20U);
}

// What is left out of the rules changes nothing for the packets that were tried.
TEST(FirewallFromAfar, NamesTheSameRulesAsTheHostDoes) {
    FakeHost host;
    std::mt19937 chance(7); // NOLINT(cert-msc51-cpp): the same ones each time
    const auto one_of = [&](const std::vector<std::string>& all) {
        return all[chance() % all.size()];
    };
    const std::vector<std::string> matches{"",
                                           "-d 10.0.0.11/32 ",
                                           "-d 10.0.0.12/32 ",
                                           "! -d 10.0.0.12/32 ",
                                           "-s 10.0.0.1/32 -d 10.0.0.13/32 ",
                                           "-s 10.0.0.11/32 ",
                                           "-s 10.0.0.12/32 ",
                                           "-p tcp -m tcp --sport 443 ",
                                           "-i lo ",
                                           "-d 10.0.0.12/32 -m comment --comment \" -j DROP\" ",
                                           "-d 10.0.0.0/24 -p tcp ",
                                           "-p udp ",
                                           "-o eth1 ",
                                           "-m comment --comment \"x -d 10.0.0.12/32 -j B\" "};
    const std::vector<std::string> targets{"-j DROP",
                                           "-j DROP",
                                           "-j REJECT",
                                           "-j ACCEPT",
                                           "-j RETURN",
                                           "-j A",
                                           "-j B",
                                           "-g C",
                                           "-g A"};
    int found = 0;
    for (int round = 0; round < 80; ++round) {
        std::string listing = fmt::format("-P INPUT {}\n-P OUTPUT {}\n",
                                          one_of({"ACCEPT", "DROP"}),
                                          one_of({"ACCEPT", "DROP"}))
                              + "-N A\n-N B\n-N C\n-N D\n";
        for (int i = 0; i < 12; ++i)
            listing +=
                fmt::format("-A {} {}{}\n",
                            one_of({"OUTPUT", "OUTPUT", "INPUT", "INPUT", "A", "B", "C", "D"}),
                            one_of(matches),
                            one_of(targets));
        host.file("/usr/bin/iptables", "#!/bin/sh\ncat <<'END'\n" + listing + "END\n");
        std::filesystem::permissions(host.path("/usr/bin/iptables"),
                                     std::filesystem::perms::owner_all);
        host.file("/dev/shm/api.tried", "10.0.0.11:443\n");
        const std::string sent = printed_by(host, "firewall");
        EXPECT_TRUE(sent.ends_with("\nexit=0 \n")) << sent;
        const std::vector<Destination> destinations{{"10.0.0.11", 443}};
        const auto texts = [&](const std::string& from) {
            std::vector<std::string> all;
            for (const auto& each : rules_in_the_way(from, destinations))
                all.push_back(each.rule + " " + each.removal);
            return all;
        };
        EXPECT_EQ(texts(sent), texts(listing)) << listing << "sent\n" << sent;
        EXPECT_EQ(rules_that_may_be(sent, destinations), rules_that_may_be(listing, destinations))
            << listing << "sent\n"
            << sent;
        found += texts(listing).empty() ? 0 : 1;
    }
    EXPECT_GT(found, 10);
}

} // namespace
} // namespace squall::host
