#include "logs/record.h"

#include "corpus.h"
#include "logs/continuation.h"
#include "squall/base/time_text.h"

namespace squall::doctor {
namespace {

Record parsed(std::string_view lines) { return parse_record(lines, corpus_now()); }

bool goes_on(std::string_view line, bool in_panic = false) {
    return is_continuation(unwrapped(line, corpus_now()), in_panic);
}

std::string time_of(const Record& record) {
    return record.when ? rfc3339_seconds(*record.when) : "none";
}

TEST(Record, OfSeelogHasItsLevelAndItsContinuations) {
    const Record record =
        parsed("2026-03-11T08:15:00Z [ERROR] Unable to discover poll endpoint, err: RequestError\n"
               "caused by: Post https://ecs.eu-central-1.amazonaws.com/: EOF\n"
               "\tstatus code: 400, request id: 1\n");
    EXPECT_EQ(record.level, Level::error);
    EXPECT_EQ(time_of(record), "2026-03-11T08:15:00Z");
    EXPECT_TRUE(record.has_agents_form);
    EXPECT_EQ(record.text,
              "2026-03-11T08:15:00Z [ERROR] Unable to discover poll endpoint, err: RequestError "
              "caused by: Post https://ecs.eu-central-1.amazonaws.com/: EOF status code: 400, "
              "request id: 1");
}

TEST(Record, OfLogfmtIsUnquotedWhateverTheOrderOfItsKeys) {
    const Record record =
        parsed("level=warn time=2026-03-11T08:15:00Z msg=\"a \\\"b\\\"\\nc\" "
               "lastConnectedTime=2026-03-11 08:15:00.4 +0000 UTC m=+1.2 error=\"x -\\u003e y\"");
    EXPECT_EQ(record.level, Level::warn);
    EXPECT_EQ(time_of(record), "2026-03-11T08:15:00Z");
    EXPECT_NE(record.text.find("msg=\"a \"b\" c\""), std::string::npos);
    EXPECT_NE(record.text.find("x -> y"), std::string::npos);
}

TEST(Record, OfJsonReadsAsTheOtherForms) {
    const Record record = parsed(
        R"({"module":"agent.go","msg":"no \"such\" host","time":"2026-03-11T08:15:00Z","level":"error"})");
    EXPECT_EQ(record.level, Level::error);
    EXPECT_EQ(time_of(record), "2026-03-11T08:15:00Z");
    EXPECT_TRUE(
        record.text.starts_with("level=error time=2026-03-11T08:15:00Z msg=no \"such\" host"));
}

TEST(Record, OfADaemonIsNotTakenForTheAgents) {
    EXPECT_FALSE(parsed("time=\"2026-03-11T08:15:00Z\" level=error msg=\"x\"").has_agents_form);
    EXPECT_FALSE(parsed("panic: runtime error: index out of range").has_agents_form);
    EXPECT_TRUE(parsed("level=error time=2026-03-11T08:15:00Z msg=\"x\"").has_agents_form);
}

struct Wrapped {
    std::string_view line;
    LogKind kind;
};

TEST(Record, ComesOutOfItsWrappings) {
    constexpr std::string_view inner = "level=error time=2026-03-11T08:15:00Z msg=\"no such host\"";
    for (
        const Wrapped& each :
        {Wrapped{
             R"({"log":"level=error time=2026-03-11T08:15:00Z msg=\"no such host\"\n","stream":"stdout","time":"2026-03-11T08:15:00.1Z"})",
             LogKind::unknown},
         Wrapped{
             R"(Mar 11 08:15:01 ip-10-0-0-1 docker[12]: level=error time=2026-03-11T08:15:00Z msg="no such host")",
             LogKind::unknown},
         Wrapped{
             R"(Mar  1 08:15:01 ip-10-0-0-1 amazon-ecs-init[12]: level=error time=2026-03-11T08:15:00Z msg="no such host")",
             LogKind::init},
         Wrapped{
             R"(2026-03-11T08:15:01+0000 ip-10-0-0-1 ecs-agent[12]: level=error time=2026-03-11T08:15:00Z msg="no such host")",
             LogKind::agent},
         Wrapped{
             R"(Wed 2026-03-11 08:15:01 UTC h ecs[12]: level=error time=2026-03-11T08:15:00Z msg="no such host")",
             LogKind::unknown},
         Wrapped{
             R"(./var_log/ecs/ecs-agent.log:12:level=error time=2026-03-11T08:15:00Z msg="no such host")",
             LogKind::unknown},
         Wrapped{
             R"(ecs-agent.log.2026-03-11-08:level=error time=2026-03-11T08:15:00Z msg="no such host")",
             LogKind::unknown},
         Wrapped{
             R"(2026-03-11T08:15:00.123456789Z stdout F level=error time=2026-03-11T08:15:00Z msg="no such host")",
             LogKind::unknown},
         Wrapped{
             R"({"MESSAGE":"level=error time=2026-03-11T08:15:00Z msg=\"no such host\"","SYSLOG_IDENTIFIER":"docker"})",
             LogKind::unknown},
         Wrapped{
             R"({"@timestamp":"2026-03-11T08:15:02Z","message":"level=error time=2026-03-11T08:15:00Z msg=\"no such host\""})",
             LogKind::unknown},
         Wrapped{R"(> level=error time=2026-03-11T08:15:00Z msg="no such host")", LogKind::unknown},
         Wrapped{R"(    level=error time=2026-03-11T08:15:00Z msg="no such host")",
                 LogKind::unknown}}) {
        const Record record = parsed(each.line);
        EXPECT_EQ(record.text, inner) << each.line;
        EXPECT_EQ(record.level, Level::error) << each.line;
        EXPECT_EQ(record.kind, each.kind) << each.line;
        EXPECT_EQ(time_of(record), "2026-03-11T08:15:00Z") << each.line;
    }
}

TEST(Record, OfAnotherProgramSaysSo) {
    EXPECT_EQ(parsed("Mar 11 08:15:00 h nginx[4]: accept4() failed").kind, LogKind::other);
    EXPECT_EQ(parsed("Mar 11 08:15:00 h kernel: [12.5] x").kind, LogKind::kernel);
    EXPECT_EQ(parsed("Mar 11 08:15:00 h systemd[1]: x").kind, LogKind::system);
    EXPECT_EQ(parsed("Mar 11 08:15:00 h dockerd[9]: x").kind, LogKind::docker);
    EXPECT_EQ(parsed("Mar 11 08:15:00 h cloud-init[9]: x").kind, LogKind::cloud_init);
    EXPECT_EQ(parsed("[12345.678901] Out of memory").kind, LogKind::kernel);
    EXPECT_EQ(parsed("[ 345.678901] IPv6: ADDRCONF(NETDEV_UP): eth0: up").kind, LogKind::kernel);
    EXPECT_EQ(parsed("[   45.678901] systemd[1]: Started: ecs-agent[5]: x").kind, LogKind::kernel);
    EXPECT_EQ(parsed("[  345.678901] h kernel: Out of memory: Killed").kind, LogKind::kernel);
    EXPECT_EQ(parsed("[  345.678901] h dockerd[7]: level=info msg=x").kind, LogKind::docker);
}

TEST(Record, GoesOnInLinesThatAreIndentedAndHaveNoPrefix) {
    EXPECT_TRUE(goes_on("\tstatus code: 400"));
    EXPECT_TRUE(goes_on("caused by: Post https://x: EOF"));
    EXPECT_TRUE(goes_on("EC2RoleRequestError: no EC2 instance role found"));
    EXPECT_TRUE(goes_on("   Active: inactive (dead)"));
    EXPECT_FALSE(goes_on("    2026-03-11T08:15:00Z [INFO] Agent exited with code 1"));
    EXPECT_FALSE(goes_on("level=info time=x"));
    EXPECT_FALSE(goes_on(""));
}

TEST(Record, GoesOnWhateverEachOfItsLinesIsWrappedIn) {
    EXPECT_TRUE(goes_on(R"({"log":"\tstatus code: 400\n","stream":"stdout","time":"x"})"));
    EXPECT_TRUE(goes_on("Mar 11 08:15:00 h docker[12]: \tstatus code: 400"));
    EXPECT_TRUE(goes_on("Mar 11 08:15:00 h docker[12]: #011status code: 400"));
    EXPECT_TRUE(goes_on("<30>1 2026-03-11T08:15:00Z h ecs-agent 12 - - caused by: Post x"));
    EXPECT_FALSE(goes_on("Mar 11 08:15:00 h docker[12]: 2026-03-11T08:15:00Z [INFO] x"));
    // Others write line by line.
    EXPECT_FALSE(goes_on("Mar 11 08:15:00 h dockerd[12]: \tstatus code: 400"));
    EXPECT_FALSE(goes_on("Mar 11 08:15:00 h systemd[1]: Started x", /*in_panic=*/true));
    EXPECT_FALSE(goes_on("Mar 11 08:15:00 h kernel: [1.5] caused by: x"));
    EXPECT_FALSE(goes_on("Mar 11 08:15:00 h nginx[9]: caused by: x"));
}

TEST(Record, OfAPanicGoesOnUntilALineHasAPrefix) {
    const auto begins = [](std::string_view line) {
        return begins_panic(unwrapped(line, corpus_now()));
    };
    EXPECT_TRUE(begins("panic: runtime error: index out of range"));
    EXPECT_TRUE(begins(R"({"log":"fatal error: concurrent map writes\n"})"));
    EXPECT_FALSE(begins("level=error msg=\"panic: \""));
    EXPECT_TRUE(goes_on("main.main()", true));
    EXPECT_FALSE(goes_on("2026-03-11T08:15:00Z [INFO] x", true));
}

TEST(Record, IsCutBehindAWordAndSaysSo) {
    EXPECT_EQ(cut("as it is", 8), "as it is");
    EXPECT_EQ(cut("one two three", 11), "one two…");
    EXPECT_EQ(cut(std::string(100, 'x'), 13), std::string(10, 'x') + "…");
    // Not in the middle of a character.
    EXPECT_EQ(cut("caf\xc3\xa9\xc3\xa9\xc3\xa9", 8), "caf\xc3\xa9…");
}

TEST(Record, IsShownWithoutControlsAndAsValidText) {
    EXPECT_EQ(shown("\x1b[31mred\x1b[0m\tx\n"), "red x");
    EXPECT_EQ(shown("caf\xe9"), "caf?");
    EXPECT_EQ(shown("caf\xc3\xa9"), "caf\xc3\xa9");
    EXPECT_EQ(shown(std::string_view("a\0b", 3)), "ab");
    // What turns a terminal's text around, or is a control character of two bytes.
    for (const char* sign :
         {"\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9", "\xc2\x9b"})
        EXPECT_EQ(shown("a" + std::string(sign) + "b"), "ab") << sign;
    EXPECT_EQ(shown("a\xe2\x80\x01\xae z"), "a z"); // made by what is taken out
    for (const char* sign : {"\xe2\x80\xa9",
                             "\xe2\x80\xaf",
                             "\xe2\x81\xa5",
                             "\xe2\x81\xaa",
                             "\xc2\xa0",
                             "\xe2\x80\xa6"})
        EXPECT_EQ(shown(sign), sign) << sign;
}

} // namespace
} // namespace squall::doctor
