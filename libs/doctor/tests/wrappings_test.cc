// Whatever the lines of an agent are wrapped in, they say the same.
#include "corpus.h"
#include "logs/record.h"
#include "squall/base/json.h"
#include "squall/base/time_text.h"

#include <functional>

namespace squall::doctor {
namespace {

// As journald writes what is not plain UTF-8.
std::string bytes_of(const std::string& text) {
    std::string list = "[";
    for (const char c : text)
        list += fmt::format("{}{}", list.size() > 1 ? ", " : "", static_cast<unsigned char>(c));
    return list + "]";
}

struct Wrapping {
    std::string name;
    std::function<std::string(int second, const std::string& line)> wrap;
};

std::string clock_of(int second) { return fmt::format("2026-03-11T08:15:{:02}", second); }

std::string quoted(const std::string& text) { return json::text(json::Value(text)); }

std::vector<Wrapping> wrappings() {
    const auto before = [](std::string prefix) {
        return [prefix = std::move(prefix)](int, const std::string& line) {
            return prefix + line;
        };
    };
    const auto stamped = [](std::string prefix, std::string behind) {
        return [prefix = std::move(prefix), behind = std::move(behind)](int second,
                                                                        const std::string& line) {
            return prefix + clock_of(second) + behind + line;
        };
    };
    return {
        {"none", before("")},
        {"docker logs -t", stamped("", ".123456789Z ")},
        {"docker logs -t, with an offset", stamped("", ".000000000+02:00 ")},
        {"CRI", stamped("", ".1234Z stderr F ")},
        {"docker compose", before("ecs-agent-1  | ")},
        {"docker compose -t", stamped("ecs-agent-1  | ", ".123456789Z ")},
        {"grep of one file", before("ecs-agent.log:")},
        {"mail", before("> ")},
        {"syslog", before("Mar 11 08:15:00 ip-10-0-4-4 docker[1611]: ")},
        {"syslog of the agent", before("Mar 11 08:15:00 ip-10-0-4-4 ecs-agent[1611]: ")},
        {"journalctl -o short-iso", stamped("", "+0000 ip-10-0-4-4 docker[1611]: ")},
        {"journalctl -o short-monotonic",
         [](int second, const std::string& line) {
             return fmt::format("[{:12.6f}] ip-10-0-4-4 docker[1611]: {}", 8123.25 + second, line);
         }},
        {"journalctl -o short-delta",
         [](int second, const std::string& line) {
             return fmt::format("[{:12.6f} <{:12.6f} >] ip-10-0-4-4 ecs-agent[1611]: {}",
                                8123.25 + second,
                                1.0,
                                line);
         }},
        {"rsyslog", stamped("", ".123456+00:00 ip-10-0-4-4 docker[1611]: ")},
        {"docker's json-file",
         [](int second, const std::string& line) {
             return fmt::format(R"({{"log":{},"stream":"stderr","time":"{}.1Z"}})",
                                quoted(line + "\n"),
                                clock_of(second));
         }},
        {"docker's json-file in another order",
         [](int second, const std::string& line) {
             return fmt::format(R"({{"time": "{}.1Z", "stream": "stderr", "log": {}}})",
                                clock_of(second),
                                quoted(line + "\n"));
         }},
        {"journalctl -o json",
         [](int, const std::string& line) {
             return fmt::format(R"({{"SYSLOG_IDENTIFIER":"docker","_PID":"1611","MESSAGE":{}}})",
                                quoted(line));
         }},
        {"journalctl -o json, as bytes",
         [](int, const std::string& line) {
             return fmt::format(
                 R"({{"SYSLOG_IDENTIFIER" : "docker","_PID":"1611","MESSAGE" : {}}})",
                 bytes_of("\x1b[31m" + line + "\xff"));
         }},
        {"journalctl of ecs-init", before("Mar 11 08:15:00 ip-10-0-4-4 amazon-ecs-init[1611]: ")},
        {"RFC 5424", before("<30>1 2026-03-11T08:15:00.000Z ip-10-0-4-4 docker 1611 - - ")},
        {"RFC 5424 with data",
         before(
             "<30>1 2026-03-11T08:15:00.000Z ip-10-0-4-4 docker 1611 ID47 [a@1 b=\"c\\]d\"][e@2] "
             "\xEF\xBB\xBF")},
        {"RFC 5424 without a process", before("<30>1 - - ecs-agent - - - ")},
        {"RFC 3164 with its priority", before("<30>Mar 11 08:15:00 ip-10-0-4-4 docker[1611]: ")},
        {"grep of RFC 5424",
         before("syslog:<30>1 2026-03-11T08:15:00.000Z ip-10-0-4-4 docker 1611 - - ")},
        {"docker compose of a syslog", before("log-1  | <30>Mar 11 08:15:00 h docker[1611]: ")},
        {"grep -n of a journal",
         [](int second, const std::string& line) {
             return fmt::format(
                 "{}:{}+0000 ip-10-0-4-4 docker[1611]: {}", second + 1, clock_of(second), line);
         }},
        {"CloudWatch Logs",
         [](int second, const std::string& line) {
             return fmt::format(
                 R"({{"@timestamp":"{}Z","message":{}}})", clock_of(second), quoted(line));
         }},
    };
}

// A log of the agent's own, in colours or out of grep.
std::vector<Wrapping> other_wrappings() {
    return {
        {"docker's json-file, in colours",
         [](int second, const std::string& line) {
             return fmt::format(R"({{"log":{},"stream":"stderr","time":"{}.1Z"}})",
                                quoted("\x1b[33m" + line + "\x1b[0m\n"),
                                clock_of(second));
         }},
        {"grep -n",
         [](int second, const std::string& line) {
             return fmt::format("./var/log/ecs/ecs-agent.log:{}:{}", second + 1, line);
         }},
        {"grep -C",
         [](int second, const std::string& line) {
             const char* sign = line.starts_with("caused by") || line.starts_with("\t") ? "-" : ":";
             return fmt::format(
                 "./var/log/ecs/ecs-agent.log{}{}{}{}", sign, second + 1, sign, line);
         }},
    };
}

std::vector<Wrapping> all_wrappings() {
    std::vector<Wrapping> all = wrappings();
    const std::vector<Wrapping> others = other_wrappings();
    all.insert(all.end(), others.begin(), others.end());
    return all;
}

std::string wrapped(const Wrapping& wrapping, const std::vector<std::string>& lines) {
    std::string text;
    for (std::size_t i = 0; i < lines.size(); ++i)
        text += wrapping.wrap(static_cast<int>(i), lines[i]) + "\n";
    return text;
}

bool names_writer(const Wrapping& wrapping) {
    return !parse_record(wrapping.wrap(0, "panic: x"), corpus_now()).writer.empty();
}

const std::vector<std::string>& agent_at_work() {
    static const std::vector<std::string> lines{
        "level=info time=2026-03-11T08:15:00Z msg=\"Loading configuration\"",
        "level=info time=2026-03-11T08:15:01Z msg=\"Connected to ACS endpoint\"",
        "level=info time=2026-03-11T08:15:02Z msg=\"Sending state change to ECS\""};
    return lines;
}

struct Crash {
    std::string cause;
    std::vector<std::string> lines;
};

const std::vector<Crash>& crashes() {
    static const std::vector<Crash> all{
        {"AGENT_PANIC",
         {"panic: runtime error: invalid memory address or nil pointer dereference",
          "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1]",
          "",
          "goroutine 77 [running]:",
          "main.main()",
          "\t/go/src/x.go:1 +0x1"}},
        {"AGENT_PANIC", {"panic: close of closed channel", "", "goroutine 1 [running]:"}},
        {"AGENT_PANIC", {"panic: assignment: entry in nil map"}},
        {"AGENT_PANIC",
         {"fatal error: concurrent map read and map write",
          "",
          "goroutine 77 [running]:",
          "runtime.throw(0x1,0x2)",
          "\t/usr/local/go/src/runtime/panic.go:1 +0x1"}},
        {"AGENT_PANIC", {"fatal error: all goroutines are asleep - deadlock!"}},
        {"AGENT_PANIC",
         {"fatal error: unexpected signal during runtime execution",
          "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1]"}},
        {"OOM", {"fatal error: runtime: out of memory", "", "runtime stack:"}},
        {"OOM",
         {"runtime: out of memory: cannot allocate 1-byte block", "fatal error: out of memory"}},
    };
    return all;
}

// Names of files that say what is in them, and of one that does not.
const std::vector<std::string>& files() {
    static const std::vector<std::string> names{"a.log", "ecs-agent.log", "messages", "journal"};
    return names;
}

TEST(Wrappings, HideNotWhatAnOldAgentsErrorGoesOnWith) {
    for (const Wrapping& wrapping : all_wrappings()) {
        const std::string text = wrapped(
            wrapping,
            {"2026-03-11T08:15:00Z [INFO] Loading configuration",
             "2026-03-11T08:15:05Z [ERROR] Unable to register as a container instance with ECS: "
             "RequestError: send request failed",
             "caused by: Post https://ecs.eu-west-1.amazonaws.com/: dial tcp: lookup "
             "ecs.eu-west-1.amazonaws.com on 10.0.0.2:53: no such host"});
        for (const std::string& file : files()) {
            if (!names_writer(wrapping) && (file == "messages" || file == "journal")) continue;
            const auto diagnosis = diagnosed(text, file);
            EXPECT_EQ(told(diagnosis), "finding: NET_DNS") << wrapping.name << " in " << file;
        }
    }
}

const std::string pull_fails =
    " [ERROR] Error transitioning container: CannotPullECRContainerError: "
    "RequestError: send request failed";
const std::string no_such_host = "caused by: Post https://ecr.us-east-1.amazonaws.com/: dial tcp: "
                                 "lookup ecr.us-east-1.amazonaws.com on 10.0.0.2:53: no such host";
const std::string no_credentials = "2018-08-09T19:09:07Z [ERROR] Could not register: "
                                   "NoCredentialProviders: no valid providers in chain";

// A healthy agent, and a task of which an image cannot be pulled.
TEST(Wrappings, HideNotWhoseAnErrorIsThatGoesOn) {
    for (const Wrapping& wrapping : all_wrappings()) {
        const std::string text =
            wrapped(wrapping,
                    {"2026-03-11T08:15:00Z [INFO] Loading configuration",
                     "2026-03-11T08:15:01Z [INFO] Connected to ACS endpoint",
                     "2026-03-11T08:15:02Z" + pull_fails,
                     no_such_host,
                     "2026-03-11T08:15:04Z" + pull_fails,
                     "\tstatus code: 400, request id: 1",
                     no_such_host,
                     "2026-03-11T08:15:07Z [INFO] Sending state change to ECS"});
        for (const std::string& file : files()) {
            if (!names_writer(wrapping) && (file == "messages" || file == "journal")) continue;
            EXPECT_EQ(told(diagnosed(text, file)), "healthy: ")
                << wrapping.name << " in " << file << "\n"
                << text;
        }
    }
}

TEST(Wrappings, HideNotThatTheMetadataServiceHasNoRole) {
    for (const Wrapping& wrapping : all_wrappings()) {
        const std::string text =
            wrapped(wrapping,
                    {"2018-08-09T19:09:06Z [INFO] Loading configuration",
                     no_credentials,
                     "caused by: EnvAccessKeyNotFound: failed to find credentials.",
                     "SharedCredsLoad: failed to load profile, .",
                     "EC2RoleRequestError: no EC2 instance role found",
                     "caused by: EC2MetadataError: failed to make EC2Metadata request",
                     "",
                     "\tstatus code: 404, request id: ",
                     "caused by: <?xml version=\"1.0\" encoding=\"iso-8859-1\"?>"});
        EXPECT_EQ(told(diagnosed(text, "a.log")), "finding: IAM_NO_CREDS") << wrapping.name << "\n"
                                                                           << text;
        const ScannedLog log = scanned(text);
        const auto found = log.segments.back().causes.find(*catalogue().index_of("IAM_NO_CREDS"));
        ASSERT_NE(found, log.segments.back().causes.end()) << wrapping.name;
        EXPECT_EQ(found->second.count, 1U) << wrapping.name;
        // The record's, and not that of a wrapping that has no year.
        ASSERT_TRUE(log.last_time) << wrapping.name;
        EXPECT_EQ(rfc3339_seconds(*log.last_time), "2018-08-09T19:09:07Z") << wrapping.name;
    }
}

TEST(Wrappings, HideNotInWhatTheAgentCrashed) {
    for (const Wrapping& wrapping : all_wrappings()) {
        std::vector<std::string> lines = agent_at_work();
        for (const char* line :
             {"panic: runtime error: invalid memory address or nil pointer dereference",
              "[signal SIGSEGV: segmentation violation code=0x1 addr=0x10 pc=0x9]",
              "",
              "goroutine 1 [running]:",
              "go.etcd.io/bbolt.(*DB).page(...)",
              "\t/go/src/github.com/aws/amazon-ecs-agent/agent/vendor/go.etcd.io/bbolt/db.go:967"})
            lines.emplace_back(line);
        const std::string text = wrapped(wrapping, lines);
        EXPECT_EQ(told(diagnosed(text, "a.log")), "finding: STATE_CORRUPT") << wrapping.name << "\n"
                                                                            << text;
    }
}

TEST(Wrappings, HideNoConnectionThatWasCut) {
    for (const Wrapping& wrapping : all_wrappings()) {
        const std::string text = wrapped(
            wrapping,
            {"2026-03-11T08:15:00Z [INFO] Loading configuration",
             "2026-03-11T08:15:01Z [INFO] Connected to ACS endpoint",
             "2026-03-11T08:15:02Z [ERROR] Error connecting to ACS: websocket client: unable to "
             "dial ecs-a-7.us-east-1.amazonaws.com response: : read tcp "
             "10.0.1.23:4321->52.46.1.2:443: read: connection reset by peer"});
        const auto diagnosis = diagnosed(text, "a.log");
        ASSERT_EQ(told(diagnosis), "finding: NET_CONN_RESET") << wrapping.name << "\n" << text;
        EXPECT_EQ(diagnosis.findings.front().certainty, Certainty::likely) << wrapping.name;
    }
}

TEST(Wrappings, OfBytesAreShownAsText) {
    const std::string line = "level=error time=2026-03-11T08:15:00Z msg=\"no such host\\x\"";
    const std::string entry = "{\"MESSAGE\":" + bytes_of(line + "\xff\tend") + ",\"_PID\":\"1\"}\n";
    const ScannedLog log = scanned(entry + entry);
    const auto found = log.segments.back().causes.find(*catalogue().index_of("NET_DNS"));
    ASSERT_NE(found, log.segments.back().causes.end());
    EXPECT_EQ(found->second.count, 2U);
    EXPECT_EQ(found->second.last.line, 2U);
    EXPECT_EQ(found->second.last.text,
              "{\"MESSAGE\":\"level=error time=2026-03-11T08:15:00Z msg=\\\"no such host\\\\x\\\""
              "? end\",\"_PID\":\"1\"}\n");
}

TEST(Wrappings, OfBytesThatAreNoneStayAsTheyAre) {
    for (const char* list :
         {"[1,2", "[300]", "[-1]", "[\"a\"]", "[1 2]", "[1.5]", "[[1]]", "[,]"}) {
        const std::string text = "{\"MESSAGE\":" + std::string(list) + "}\n";
        EXPECT_EQ(scanned(text).tail, text);
    }
    EXPECT_EQ(scanned("{\"MESSAGE\":[]}\n").tail, "{\"MESSAGE\":\"\"}\n");
    // A line alone: what follows is another record.
    EXPECT_EQ(scanned("{\"MESSAGE\":[104,\n105]}\n").tail, "{\"MESSAGE\":[104,\n105]}\n");
}

TEST(Wrappings, OfOthersAreNotTheAgents) {
    std::string text;
    for (const std::string& line : agent_at_work())
        text += "Mar 11 08:15:00 h docker[1611]: " + line + "\n";
    const std::string crash = "Mar 11 08:20:00 h docker[4711]: panic: close of closed channel\n";
    // Another client of Docker's may run anything.
    const auto diagnosis = diagnosed(text + crash, "messages");
    ASSERT_EQ(told(diagnosis), "finding: AGENT_PANIC");
    EXPECT_EQ(diagnosis.findings.front().certainty, Certainty::possible);
    EXPECT_EQ(told(diagnosed(text + "Mar 11 08:20:00 h 0123456789ab[9]: panic: x\n", "messages")),
              "healthy: ");
    EXPECT_EQ(told(diagnosed(text + "Mar 11 08:20:00 h nginx[9]: panic: x\n", "messages")),
              "healthy: ");
}

TEST(Wrappings, HideNoCrashOfTheAgent) {
    for (const Wrapping& wrapping : all_wrappings()) {
        for (const Crash& crash : crashes()) {
            std::vector<std::string> lines = agent_at_work();
            lines.insert(lines.end(), crash.lines.begin(), crash.lines.end());
            for (const std::string& file : files()) {
                // Without a wrapping that says whose it is, a bare line of the host's log is not
                // the agent's.
                const bool has_writer = names_writer(wrapping);
                if (!has_writer && (file == "messages" || file == "journal")) continue;
                const auto diagnosis = diagnosed(wrapped(wrapping, lines), file);
                ASSERT_EQ(told(diagnosis), "finding: " + crash.cause)
                    << wrapping.name << " in " << file << "\n"
                    << wrapped(wrapping, lines);
                EXPECT_EQ(diagnosis.findings.front().certainty, Certainty::certain)
                    << wrapping.name << " in " << file;
            }
        }
    }
}

} // namespace
} // namespace squall::doctor
