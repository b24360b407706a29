#include "squall/doctor/collect.h"

#include "archives.h"
#include "collect/log_copy.h"
#include "collect/sources.h"
#include "squall/base/temporary_folder.h"
#include "squall/base/text.h"
#include "squall/doctor/looks.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <mutex>

namespace squall::doctor {
namespace {

constexpr std::uint64_t plenty = std::uint64_t{10} << 30U;

// A host: a root folder, and programs that say what they are told to.
struct Host {
    TemporaryFolder root;
    TemporaryFolder out;
    std::map<std::string, Finished> answers; // by the command's words
    Finished otherwise{0, "nothing to say\n", ""};
    std::uint64_t free = plenty;

    [[nodiscard]] Ground ground() const {
        return {
            root.path(),
            [this](const Command& command, Deadline, const std::stop_token&) -> Result<Finished> {
                const std::string words = join(command.argv, " ");
                if (words.starts_with("hang")) return fail(Errc::timed_out, "it did not end");
                const auto found = answers.find(words);
                return found == answers.end() ? otherwise : found->second;
            },
            [this](const Path&) -> Result<std::uint64_t> {
                return free;
            }};
    }

    [[nodiscard]] CollectOptions options() const {
        CollectOptions options;
        options.output = out / "x.tgz";
        return options;
    }

    [[nodiscard]] Result<CollectReport> collected(const CollectOptions& options) const {
        SystemClock clock;
        return collect(options, ground(), clock, {});
    }

    // What is in the archive, by the machine's own gzip.
    [[nodiscard]] std::map<std::string, std::string> files() const {
        return unpacked(output_of({"gzip", "-dc", (out / "x.tgz").string()})).files;
    }
};

TEST(Collect, MakesAnArchiveInTheLayoutOfTheCollectorOfAWS) {
    Host host;
    (void)host.root.file("var/lib/cloud/data/instance-id", "i-0123456789abcdef0\n");
    (void)host.root.file("etc/ecs/ecs.config", "ECS_CLUSTER=prod\nMY_OWN=hunter2\n");
    (void)host.root.file("var/log/ecs/ecs-agent.log", "level=info msg=\"new\"\n");
    (void)host.root.file("var/log/ecs/ecs-agent.log.1", "level=info msg=\"old\"\n");
    (void)host.root.file("var/log/ecs/x\xc3\xa9y.log", "a name\n");
    (void)host.root.file("proc/17/comm", "agent\n");
    (void)host.root.file("proc/17/fd/0", "");
    (void)host.root.file("proc/17/fd/1", "");
    host.answers["docker ps --all --quiet"] = {0, "0a1b2c\n", ""};
    host.answers["docker inspect 0a1b2c"] = {
        0, R"([{"Id":"0a1b2c","Config":{"Env":["COLOR=blue","ECS_CLUSTER=prod"]}}])", ""};
    host.answers["df -h"] = {0, "Filesystem Size\n", ""};
    host.answers["pgrep -x agent|amazon-ecs-agen"] = {1, "", ""};
    CollectOptions options = host.options();
    options.looks = {Look{"docker", Look::State::healthy, "it answers", "", {}, Millis(5)}};
    const auto report = host.collected(options);
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_EQ(report->instance_id, "i-0123456789abcdef0");

    struct stat status {};

    ASSERT_EQ(::stat(report->file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    EXPECT_EQ(static_cast<std::uint64_t>(status.st_size), report->bytes);

    // The machine's own tar reads it.
    const std::string names = output_of({"tar", "-tzf", report->file.string()});
    EXPECT_NE(names.find("collect/i-0123456789abcdef0/ecs_agent_logs/ecs-agent.log\n"),
              std::string::npos)
        << names;
    const auto files = host.files();
    EXPECT_EQ(files.at("ecs-agent/ecs.config"), "ECS_CLUSTER=prod\nMY_OWN=[redacted]\n");
    EXPECT_EQ(files.at("ecs_agent_logs/ecs-agent.log.1"), "level=info msg=\"old\"\n");
    EXPECT_EQ(files.at("ecs_agent_logs/x__y.log"), "a name\n");
    EXPECT_EQ(files.at("open-file-counts.txt"), "/proc/17/fd\n3\n");
    EXPECT_EQ(files.at("squall/open-files.txt"), "2 17 agent\n");
    EXPECT_NE(files.at("mounts.txt").find("$ df -h\nFilesystem Size"), std::string::npos);
    EXPECT_NE(files.at("docker/container-0a1b2c.txt").find("COLOR=[redacted]"), std::string::npos);
    EXPECT_NE(files.at("docker/container-0a1b2c.txt").find("ECS_CLUSTER=prod"), std::string::npos);
    EXPECT_TRUE(files.contains("ecs-agent/ecs-agent-not-running.txt"));
    EXPECT_TRUE(files.contains("kernel/dmesg.current"));
    EXPECT_EQ(looks_of_text(files.at("squall/looks.json")).value().front().summary, "it answers");
    EXPECT_NE(files.at("squall/collected.txt").find("ecs_agent_logs/ecs-agent.log: "),
              std::string::npos);
}

// One secret in each file and in each answer, in the forms that programs give them.
TEST(Collect, LetsNoSecretIntoTheArchive) {
    const std::vector<std::string> secrets{"AKIAIOSFODNN7EXAMPLE",
                                           "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                           "hunter2x",
                                           "Tr0ub4dor",
                                           "SlashedPw",
                                           "AtPassword",
                                           to_base64("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
                                           "wJalrXUtnFEMI\\/K7MDENG\\/bPxRfiCYEXAMPLEKEY"};
    const std::string environment = std::string(
        "PATH=/bin\0DB_PASSWORD=Tr0ub4dor\0AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\0", 72);
    const std::string proxy = "HTTPS_PROXY=http://bob:At@AtPassword/SlashedPw@10.0.0.20:3128\n";
    const std::string planted =
        proxy + "lookup atpassword on 10.0.0.2:53: no such host; bad path /SlashedPw\n"
        + "one AKIAIOSFODNN7EXAMPLE two\n{\"SecretAccessKey\":\""
        + replace_all(secrets[1], "/", "\\/") + "\",\"x\":[\"" + secrets[1]
        + "\"]}\nDB_PASSWORD=hunter2x\nhttp://me:hunter2x@proxy:1\nAuthorization: Basic "
          "Tr0ub4dor\nmsg=\"env {\\\"token\\\":\\\"hunter2x\\\"}\"\n"
        + secrets.at(6) + "\n  1234 ? S 0:00 server --password Tr0ub4dor --port 1\n" + environment
        + "\n";
    Host host;
    for (const char* name : {"etc/ecs/ecs.config",
                             "etc/ecs/ecs.config.json",
                             "var/lib/ecs/ecs.config",
                             "var/lib/ecs/data/ecs_agent_data.json",
                             "etc/sysconfig/docker",
                             "etc/docker/daemon.json",
                             "etc/os-release",
                             "etc/resolv.conf",
                             "etc/hosts",
                             "var/log/ecs/ecs-agent.log",
                             "var/log/ecs/ecs-init.log.2026-06-30-17",
                             "var/log/ecs/audit.log",
                             "var/log/ecs/exec/x",
                             "var/log/messages",
                             "var/log/syslog",
                             "var/log/cloud-init.log",
                             "var/log/docker",
                             "var/log/ecs/AKIAIOSFODNN7EXAMPLE.log",
                             "var/lib/cloud/data/instance-id",
                             "proc/1/environ",
                             "proc/1/comm"})
        (void)host.root.file(name, planted);
    host.otherwise = {0, planted, planted};
    host.answers["docker ps --all --quiet"] = {0, "0a1b2c\n0d1e2f\n", ""};
    host.answers["docker inspect 0a1b2c"] = {
        0,
        R"([{"Config":{"Env":["ANY=hunter2x","DB_PASSWORD=Tr0ub4dor","HTTP_PROXY=http://me:hunter2x@p:1"],"Cmd":["x","--token","hunter2x"]}}])",
        ""};
    CollectOptions options = host.options();
    options.looks = {
        Look{"proxy",
             Look::State::finding,
             planted,
             planted,
             {Sign{"NET_PROXY", Certainty::certain, planted, {{"f", 1, planted, {}}}, {planted}}},
             Millis(1)}};
    const auto report = host.collected(options);
    ASSERT_TRUE(report.has_value()) << report.error().message;
    const std::string tar = output_of({"gzip", "-dc", report->file.string()});
    ASSERT_GT(tar.size(), 20'000U);
    for (const std::string& secret : secrets)
        EXPECT_EQ(tar.find(secret), std::string::npos)
            << secret << " in …"
            << tar.substr(tar.find(secret) - std::min<std::size_t>(tar.find(secret), 300), 400);
    EXPECT_EQ(tar.find("atpassword"), std::string::npos);
    EXPECT_NE(tar.find("HTTPS_PROXY=http://[redacted]@10.0.0.20:3128"), std::string::npos);
    for (const Collected& item : report->items)
        EXPECT_EQ((item.name + item.problem).find("AKIA"), std::string::npos);
}

TEST(Collect, GoesOnWithoutWhatCannotBeHad) {
    Host host;
    host.answers["docker ps --all --quiet"] = {
        1,
        "",
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon "
        "running?\n"};
    host.answers["dmesg"] = {1, "", "dmesg: read kernel buffer failed: Operation not permitted\n"};
    const auto report = host.collected(host.options());
    ASSERT_TRUE(report.has_value()) << report.error().message;
    const auto files = host.files();
    EXPECT_NE(files.at("docker/docker-not-running.txt").find("Cannot connect to the Docker daemon"),
              std::string::npos);
    EXPECT_NE(files.at("squall/collected.txt").find("kernel/dmesg.current: 58 bytes"),
              std::string::npos)
        << files.at("squall/collected.txt");
    EXPECT_NE(files.at("squall/collected.txt").find("dmesg ended with 1"), std::string::npos);
    EXPECT_EQ(report->instance_id, "unknown-instance");
}

TEST(Collect, AsksADockerThatHangsNoMore) {
    Host host;
    std::mutex mutex;
    int inspections = 0;
    Ground ground = host.ground();
    ground.run = [&](const Command& command, Deadline, const std::stop_token&) -> Result<Finished> {
        const std::string words = join(command.argv, " ");
        if (words == "docker ps --all --quiet") return Finished{0, "0a\n0b\n0c\n", ""};
        const std::lock_guard lock(mutex);
        if (words.starts_with("docker inspect")) ++inspections;
        if (words.starts_with("docker"))
            return fail(Errc::timed_out, "docker did not end in time and was killed");
        return Finished{};
    };
    SystemClock clock;
    ASSERT_TRUE(collect(host.options(), ground, clock, {}).has_value());
    EXPECT_EQ(inspections, 1);
    EXPECT_TRUE(host.files().contains("docker/container-inspect-timed-out.txt"));
}

TEST(Collect, HasLittlePatienceWithADockerThatHasHungInTheCheckup) {
    Host host;
    std::mutex mutex;
    Millis longest{0};
    Ground ground = host.ground();
    ground.run = [&](const Command& command, Deadline deadline, const std::stop_token&) {
        const std::lock_guard lock(mutex);
        if (command.argv.front() == "docker") longest = std::max(longest, deadline.left());
        return Result<Finished>(Finished{});
    };
    SystemClock clock;
    CollectOptions options = host.options();
    ASSERT_TRUE(collect(options, ground, clock, {}).has_value());
    EXPECT_GT(longest, Seconds(20));
    longest = Millis(0);
    options.output = host.out / "y.tgz";
    options.looks = {Look{"docker",
                          Look::State::finding,
                          "no answer",
                          "",
                          {Sign{"DOCKER_UNRESPONSIVE", Certainty::certain, "no answer", {}, {}}},
                          Millis(12'000)}};
    ASSERT_TRUE(collect(options, ground, clock, {}).has_value());
    EXPECT_LE(longest, Seconds(5));
}

TEST(Collect, NeverOverwritesAndNeverFillsTheDisk) {
    Host host;
    (void)host.out.file("x.tgz", "mine");
    EXPECT_EQ(host.collected(host.options()).error().code, Errc::conflict);
    EXPECT_EQ(read_file(host.out / "x.tgz", 100).value(), "mine");
    CollectOptions other = host.options();
    other.output = host.out / "y.tgz";
    host.free = std::uint64_t{70} << 20U;
    EXPECT_EQ(host.collected(other).error().code, Errc::refused);
    EXPECT_FALSE(std::filesystem::exists(other.output));
}

TEST(Collect, LeavesNothingWhereItIsStopped) {
    Host host;
    std::stop_source stop;
    Ground ground = host.ground();
    ground.run = [&](const Command&, Deadline, const std::stop_token&) -> Result<Finished> {
        stop.request_stop();
        return fail(Errc::interrupted, "stopped");
    };
    SystemClock clock;
    const auto report = collect(host.options(), ground, clock, stop.get_token());
    ASSERT_FALSE(report.has_value());
    EXPECT_EQ(report.error().code, Errc::interrupted);
    EXPECT_TRUE(std::filesystem::is_empty(host.out.path()));
}

TEST(Collect, TakesTheNewestLogsWithinItsBudget) {
    Host host;
    const std::string line = "level=info msg=\"0123456789012345678901234567890123456789\"\n";
    std::string log;
    while (log.size() < 100'000)
        log += line;
    (void)host.root.file("var/log/ecs/ecs-agent.log", log + "level=error msg=\"the last\"\n");
    (void)host.root.file("var/log/ecs/ecs-agent.log.1", log);
    (void)host.root.file("var/log/messages", log);
    std::filesystem::last_write_time(host.root / "var/log/ecs/ecs-agent.log.1",
                                     std::filesystem::file_time_type::clock::now()
                                         - std::chrono::hours(1));
    CollectOptions options = host.options();
    options.log_bytes_max = 130'000;
    options.log_file_max = 80'000;
    ASSERT_TRUE(host.collected(options).has_value());
    const auto files = host.files();
    const std::string& newest = files.at("ecs_agent_logs/ecs-agent.log");
    EXPECT_LE(newest.size(), 80'000U);
    EXPECT_GT(newest.size(), 79'000U);
    EXPECT_TRUE(newest.starts_with("level=info"));
    EXPECT_TRUE(newest.ends_with("level=error msg=\"the last\"\n"));
    EXPECT_LE(files.at("ecs_agent_logs/ecs-agent.log.1").size(), 51'000U);
    EXPECT_FALSE(files.contains("var_log/messages") && files.at("var_log/messages").size() > 1000);
}

TEST(Collect, TakesCompressedLogsAsText) {
    Host host;
    const std::string path =
        host.root.file("var/log/messages-20260630", "DB_PASSWORD=hunter2x\nmore\n");
    (void)output_of({"gzip", path});
    ASSERT_TRUE(std::filesystem::exists(path + ".gz"));
    ASSERT_TRUE(host.collected(host.options()).has_value());
    EXPECT_EQ(host.files().at("var_log/messages-20260630"), "DB_PASSWORD=[redacted]\nmore\n");
}

TEST(Collect, FollowsNoLinkOutOfALogFolder) {
    Host host;
    (void)host.root.file("secret", "hunter2x");
    (void)host.root.file("var/log/ecs/real.log", "x\n");
    std::filesystem::create_symlink(host.root / "secret", host.root / "var/log/ecs/ecs-agent.log");
    ASSERT_EQ(::mkfifo((host.root / "var/log/ecs/pipe.log").c_str(), 0600), 0);
    ASSERT_TRUE(host.collected(host.options()).has_value());
    const auto files = host.files();
    EXPECT_TRUE(files.contains("ecs_agent_logs/real.log"));
    EXPECT_FALSE(files.contains("ecs_agent_logs/ecs-agent.log"));
    EXPECT_FALSE(files.contains("ecs_agent_logs/pipe.log"));
}

TEST(LogCopy, CutsNoSecretInTwo) {
    const TemporaryFolder folder;
    // Parts are a mebibyte: something secret lies across each of their ends.
    std::string log;
    const std::string secret =
        "DB_PASSWORD=hunter2x AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n";
    const std::string key =
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA0Z3VS5JJcds3xfn\nygWyF8PbnGy0\n-----END "
        "RSA PRIVATE KEY-----\n";
    while (log.size() < (std::size_t{3} << 20U))
        log += secret + key;
    const auto copy = copy_log(folder.file("a.log", log), 1U << 30U, folder.path(), {});
    ASSERT_TRUE(copy.has_value()) << copy.error().message;
    std::string text(copy->size, '\0');
    ASSERT_EQ(::pread(copy->file.get(), text.data(), text.size(), 0),
              static_cast<ssize_t>(text.size()));
    for (const char* each : {"hunter2x", "AKIA", "wJalr", "MIIE", "ygWyF8Pb"})
        EXPECT_EQ(text.find(each), std::string::npos) << each;
    EXPECT_EQ(whole_part("no line ends"), 0U);
    EXPECT_EQ(whole_part("one\ntwo"), 4U);
    EXPECT_EQ(whole_part("one\n-----BEGIN PRIVATE KEY-----\nMIIE\n"), 4U);
}

TEST(Collect, AsksThisMachineAndEndsInTime) {
    const TemporaryFolder out;
    CollectOptions options;
    options.output = out / "here.tgz";
    options.log_bytes_max = 1'000'000;
    options.free_bytes_min = 0;
    options.time_max = Millis(20'000);
    SystemClock clock;
    const auto report = collect(options, this_host(), clock, {});
    ASSERT_TRUE(report.has_value()) << report.error().message;
    const std::string names = output_of({"tar", "-tzf", options.output.string()});
    EXPECT_NE(names.find("/uname.txt"), std::string::npos);
    EXPECT_NE(names.find("/open-file-counts.txt"), std::string::npos);
}

} // namespace
} // namespace squall::doctor
