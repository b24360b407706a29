#include "init/unit_settings.h"

#include "init/unit_name.h"

#include <gtest/gtest.h>

#include <random>

namespace squall::labhost::init {
namespace {

using Lines = std::vector<std::string>;

UnitSettings parse(const std::string& text, const std::string& name = "a.service") {
    return parse_unit(name, {{"/etc/" + name, text}});
}

TEST(UnitFile, OfTheAgentMeansWhatItSays) {
    const UnitSettings unit = parse("[Unit]\n"
                                    "Description=Amazon Elastic Container Service\n"
                                    "Documentation=https://example.com\n"
                                    "PartOf=docker.service\n"
                                    "After=docker.service cloud-final.service\n"
                                    "Requires=docker.service\n"
                                    "[Service]\n"
                                    "Type=simple\n"
                                    "Restart=on-failure\n"
                                    "RestartSec=10s\n"
                                    "RestartPreventExitStatus=5 SIGABRT\n"
                                    "EnvironmentFile=-/etc/ecs/ecs.config\n"
                                    "EnvironmentFile=/etc/more\n"
                                    "ExecStartPre=-/bin/pre 'two words'\n"
                                    "ExecStart=/bin/start\n"
                                    "ExecStopPost=+/bin/post\n"
                                    "TimeoutStopSec=1min 30s\n"
                                    "KillMode=mixed\n"
                                    "KillSignal=SIGINT\n"
                                    "[Install]\n"
                                    "WantedBy=multi-user.target\n",
                                    "ecs.service");
    EXPECT_EQ(unit.problems, Lines{});
    EXPECT_EQ(unit.notes, Lines{});
    EXPECT_EQ(unit.description, "Amazon Elastic Container Service");
    EXPECT_EQ(unit.part_of, Lines{"docker.service"});
    EXPECT_EQ(unit.after, (Lines{"docker.service", "cloud-final.service"}));
    EXPECT_EQ(unit.needs, Lines{"docker.service"});
    EXPECT_EQ(unit.wanted_by, Lines{"multi-user.target"});
    const ServiceSettings& service = unit.service();
    EXPECT_EQ(service.restart, Restart::on_failure);
    EXPECT_EQ(service.restart_delay, Seconds(10));
    EXPECT_EQ(service.restart_prevented_by_exits, std::vector<int>{5});
    EXPECT_EQ(service.restart_prevented_by_signals, std::vector<int>{SIGABRT});
    EXPECT_EQ(service.environment_files,
              (std::vector<EnvironmentFile>{{"/etc/ecs/ecs.config", true}, {"/etc/more", false}}));
    ASSERT_EQ(service.start_pre.size(), 1U);
    EXPECT_EQ(service.start_pre[0].words, (Lines{"/bin/pre", "two words"}));
    EXPECT_TRUE(service.start_pre[0].ignores_failure);
    EXPECT_EQ(service.stop_post[0].words, Lines{"/bin/post"});
    EXPECT_EQ(service.stop_timeout, Seconds(90));
    EXPECT_EQ(service.kill_mode, KillMode::mixed);
    EXPECT_EQ(service.kill_signal, SIGINT);
}

TEST(UnitFile, HasSystemdsDefaults) {
    const UnitSettings unit = parse("[Service]\nExecStart=sleep 5\n");
    EXPECT_TRUE(unit.problems.empty());
    EXPECT_EQ(unit.description, "a.service");
    EXPECT_EQ(unit.start_limit_burst, 5);
    EXPECT_EQ(unit.start_limit_interval, Seconds(10));
    EXPECT_EQ(unit.service().type, ServiceType::simple);
    EXPECT_EQ(unit.service().restart_delay, Millis(100));
    EXPECT_EQ(unit.service().start_timeout, Seconds(90));
    EXPECT_EQ(unit.service().kill_mode, KillMode::control_group);
    EXPECT_EQ(unit.service().kill_signal, SIGTERM);
    EXPECT_EQ(parse("[Service]\nType=oneshot\nExecStart=/x\n").service().start_timeout, forever);
    EXPECT_EQ(parse("[Timer]\nOnActiveSec=1\n", "a.timer").timer().accuracy, Seconds(60));
    EXPECT_EQ(parse("[Timer]\nOnActiveSec=1\n", "a.timer").timer().unit, "a.service");
}

TEST(UnitFile, JoinsContinuedLinesAndSkipsComments) {
    const UnitSettings unit = parse("# comment\n"
                                    "[Service]\r\n"
                                    "ExecStart=/x \\\n"
                                    "# in between\n"
                                    "   a\\\n"
                                    "   b\n"
                                    "  ; indented comment\n");
    EXPECT_EQ(unit.notes, Lines{});
    EXPECT_EQ(unit.service().start[0].words, (Lines{"/x", "a", "b"}));
}

TEST(UnitFile, IgnoresWhatItDoesNotKnowAndSaysSo) {
    const UnitSettings unit = parse("Lost=1\n"
                                    "[Unit]\n"
                                    "Foo=bar\n"
                                    "nonsense\n"
                                    "X-Vendor=1\n"
                                    "After=not/a/name\n"
                                    "[X-Section]\nWhatever=1\n"
                                    "[Service]\n"
                                    "RestartSec=abc\n"
                                    "Environment=\"1=2\" OK=1\n"
                                    "ExecStart=/x\n");
    EXPECT_EQ(unit.problems, Lines{});
    EXPECT_EQ(unit.notes,
              (Lines{"/etc/a.service:1: Assignment outside of section. Ignoring.",
                     "/etc/a.service:4: Missing '=', ignoring line.",
                     "/etc/a.service:3: Unknown key 'Foo' in section [Unit], ignoring.",
                     "/etc/a.service:6: Failed to add dependency on not/a/name, ignoring",
                     "/etc/a.service:10: Failed to parse RestartSec= parameter, ignoring: abc",
                     "/etc/a.service:11: Invalid environment assignment, ignoring: 1=2"}));
    EXPECT_EQ(unit.service().environment, Lines{"OK=1"});
}

TEST(UnitFile, IsABadSettingWhereItAsksForWhatALabHostCannotDo) {
    for (const char* text : {"Type=forking\nExecStart=/x",
                             "Type=notify\nExecStart=/x",
                             "Restart=on-watchdog\nExecStart=/x",
                             "KillMode=none\nExecStart=/x",
                             "ExecStart=relative/path",
                             "ExecStart=@/x y",
                             "ExecStart=/x %H",
                             "ExecStart=/x 'open",
                             "ExecStart=",
                             "Type=oneshot\nRestart=always\nExecStart=/x",
                             "ExecStart=/x\nExecStart=/y",
                             "ExecStop=/x",
                             "WorkingDirectory=relative\nExecStart=/x"})
        EXPECT_FALSE(parse(std::string("[Service]\n") + text + "\n").problems.empty()) << text;
    EXPECT_FALSE(parse("[Timer]\n", "a.timer").problems.empty());
    EXPECT_FALSE(parse("[Timer]\nOnCalendar=daily\nOnActiveSec=1\n", "a.timer").problems.empty());
}

TEST(UnitFile, SeparatesCommandsAtSemicolonsThatStandAlone) {
    const UnitSettings unit = parse(
        "[Service]\nType=oneshot\nExecStart=/x one ; -/y two \\; \";\"\nExecStart=:/z ${A}\n");
    ASSERT_EQ(unit.problems, Lines{});
    const auto& start = unit.service().start;
    ASSERT_EQ(start.size(), 3U);
    EXPECT_EQ(start[0].words, (Lines{"/x", "one"}));
    EXPECT_EQ(start[1].words, (Lines{"/y", "two", ";", ";"}));
    EXPECT_TRUE(start[1].ignores_failure);
    EXPECT_FALSE(start[2].expands_variables);
}

TEST(UnitFile, IsChangedByItsDropIns) {
    const UnitSettings unit = parse_unit(
        "work@7.service",
        {{"/etc/work@.service",
          "[Unit]\nDescription=Worker %i\n[Service]\nExecStart=/x %n\nEnvironment=A=1\n"},
         {"/etc/work@.service.d/10.conf",
          "[Service]\nExecStart=\nExecStart=/y %%\nEnvironment=B=2\nRestart=always\n"}});
    EXPECT_EQ(unit.problems, Lines{});
    EXPECT_EQ(unit.description, "Worker 7");
    EXPECT_EQ(unit.service().start.size(), 1U);
    EXPECT_EQ(unit.service().start[0].words, (Lines{"/y", "%"}));
    EXPECT_EQ(unit.service().environment, (Lines{"A=1", "B=2"}));
    EXPECT_EQ(unit.service().restart, Restart::always);
}

TEST(UnitFile, TakesZeroForNoTimeout) {
    const UnitSettings unit =
        parse("[Service]\nExecStart=/x\nTimeoutSec=0\nStartLimitInterval=0\nStartLimitBurst=7\n");
    EXPECT_EQ(unit.service().start_timeout, forever);
    EXPECT_EQ(unit.service().stop_timeout, forever);
    EXPECT_EQ(unit.start_limit_interval, Micros(0));
    EXPECT_EQ(unit.start_limit_burst, 7);
}

TEST(UnitFile, ComesThroughGarbage) {
    const std::string pieces[] = {"[Unit]",
                                  "[Service]",
                                  "[",
                                  "]",
                                  "=",
                                  "\n",
                                  "\\\n",
                                  "ExecStart=",
                                  "Type=",
                                  "oneshot",
                                  "'",
                                  "\"",
                                  "%",
                                  "%n",
                                  ";",
                                  "#",
                                  "/x",
                                  " ",
                                  "\xff\xfe",
                                  "After=",
                                  "RestartSec=",
                                  "1e99",
                                  "-1",
                                  "@",
                                  "${A",
                                  std::string(1, '\0'),
                                  "Environment=",
                                  "A=B",
                                  "\r"};
    std::mt19937 random(5);
    for (int round = 0; round < 3000; ++round) {
        std::string text;
        for (std::size_t i = 0; i < random() % 40; ++i)
            text += pieces[random() % std::size(pieces)];
        const UnitSettings unit = parse(text);
        if (!unit.problems.empty()) continue;
        for (const CommandLine& command : unit.service().start)
            ASSERT_FALSE(command.words.empty()) << text;
        ASSERT_FALSE(unit.service().start.empty() && unit.service().stop.empty()) << text;
    }
}

TEST(UnitText, StopsReadingAtItsLimit) {
    const std::string text = "[Service]\nExecStart=/x\n" + std::string(unit_text_max, '#');
    EXPECT_EQ(parse(text).notes.size(), 1U);
}

TEST(UnitName, GetsTheSuffixThatItLacks) {
    EXPECT_EQ(mangled("ecs"), "ecs.service");
    EXPECT_EQ(mangled("ecs.service"), "ecs.service");
    EXPECT_EQ(mangled("undo.timer"), "undo.timer");
    EXPECT_EQ(mangled("foo.bar"), "foo.bar.service");
    EXPECT_EQ(mangled("a b/c"), "a\\x20b-c.service");
    EXPECT_EQ(mangled("e*"), "e*.service");
}

TEST(UnitName, IsValidOrNot) {
    for (const char* good :
         {"a.service", "a-b_c:d.timer", "w@1.service", "w@.service", "a\\x20.service"})
        EXPECT_TRUE(is_valid_unit_name(good)) << good;
    for (const char* bad : {"",
                            "a",
                            ".service",
                            "a/b.service",
                            "a b.service",
                            "@.service",
                            "a@b@c.service",
                            "..service",
                            "../x.service"})
        EXPECT_FALSE(is_valid_unit_name(bad)) << bad;
    EXPECT_FALSE(is_valid_unit_name(std::string(300, 'a') + ".service"));
    EXPECT_EQ(instance_of("w@1.service"), "1");
    EXPECT_EQ(template_of("w@1.service"), "w@.service");
    EXPECT_EQ(template_of("w.service"), "");
}

TEST(UnitSettings, LimitTheFilesThatAServiceMayOpen) {
    const auto limit = [](const std::string& text) {
        return parse("[Service]\nExecStart=/bin/x\nLimitNOFILE=" + text + "\n")
            .service()
            .file_limit;
    };
    EXPECT_EQ(limit("64"), (FileLimit{64, 64}));
    EXPECT_EQ(limit("64:1024"), (FileLimit{64, 1024}));
    EXPECT_EQ(limit("64:infinity"), (FileLimit{64, RLIM_INFINITY}));
    EXPECT_EQ(limit("64\nLimitNOFILE="), std::nullopt);
    for (const char* bad : {"many", "-1", "64:8", "64:", ":"})
        EXPECT_EQ(limit(bad), std::nullopt) << bad;
}

} // namespace
} // namespace squall::labhost::init
