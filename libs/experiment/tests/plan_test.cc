#include "fake_world.h"
#include "squall/experiment/experiment_file.h"

#include <gtest/gtest.h>

namespace squall::experiment {
namespace {

std::string all_of(const Problems& problems) { return problem_text(problems); }

std::string problems_in(const std::string& yaml) {
    const auto file = parse_experiment(yaml, "x.yaml");
    return file ? "" : all_of(file.error());
}

constexpr const char* good_file = R"(name: the agents are away
faults:
  - fault: ecs-agent-stop
    tunables:
      CLUSTER_NAME: demo
      TOTAL_CHAOS_DURATION: 60
)";

TEST(ExperimentFile, GivesNameFaultAndTunablesWithTheirLines) {
    const auto file = parse_experiment(good_file, "x.yaml").value();
    EXPECT_EQ(file.name, "the agents are away");
    ASSERT_EQ(file.faults.size(), 1U);
    EXPECT_EQ(file.faults[0].fault, "ecs-agent-stop");
    EXPECT_EQ(file.faults[0].tunables.at("TOTAL_CHAOS_DURATION").text, "60");
    EXPECT_EQ(file.faults[0].tunables.at("TOTAL_CHAOS_DURATION").where, "x.yaml:6");
}

TEST(ExperimentFile, NamesEveryProblemWithItsLine) {
    EXPECT_EQ(problems_in("name: a\nfault:\n  - fault: x\n"),
              "x.yaml:2: an experiment has no 'fault': did you mean faults?\nx.yaml:1: an "
              "experiment needs faults: a list with one fault");
    EXPECT_EQ(problems_in("faults:\n  - fault: x\n    tunable:\n      A: b\n"),
              "x.yaml:3: a fault has no 'tunable': did you mean tunables?");
    EXPECT_EQ(
        problems_in("faults:\n  - fault: x\n    tunables:\n      A: [1, 2]\n"),
        "x.yaml:4: A must be a single value, not a list, a mapping or an alias; what is meant "
        "as text stands in quotes");
    EXPECT_NE(problems_in("faults:\n  - fault: x\n    tunables:\n      A: 1\n      A: 2\n")
                  .find("x.yaml:5: "),
              std::string::npos)
        << problems_in("faults:\n  - fault: x\n    tunables:\n      A: 1\n      A: 2\n");
    EXPECT_NE(problems_in("faults:\n  - fault: x\n  - fault: y\n")
                  .find("x.yaml:3: an experiment with more than one fault"),
              std::string::npos);
    EXPECT_NE(problems_in("faults:\n  - {a: b\nc: d\n").find("x.yaml:"), std::string::npos);
    EXPECT_NE(problems_in("- a\n- b\n"), "");
    EXPECT_NE(problems_in(""), "");
}

TEST(ExperimentFile, TakesYamlHoweverItIsWritten) {
    for (const char* text : {
             "\xef\xbb\xbfname: is it 9 ? or 10 --- who knows\nfaults: [{fault: x, tunables: {A: "
             "b}}]\n",
             "%YAML 1.2\n---\n\"name\": 'is it 9 ? or 10 --- who knows'\r\n"
             "faults:\r\n- tunables:\r\n    A: !!str b\r\n  fault: x\r\n...\r\n# the end\r\n",
             "name: >-\n  is it 9 ?\n  or 10 --- who knows\nfaults:\n- &f\n  fault: x\n  tunables: "
             "{A: 'b'}",
         }) {
        const auto file = parse_experiment(text, "x.yaml");
        ASSERT_TRUE(file) << text << all_of(file.error());
        EXPECT_EQ(file->name, "is it 9 ? or 10 --- who knows");
        ASSERT_EQ(file->faults.size(), 1U);
        EXPECT_EQ(file->faults[0].fault, "x");
        EXPECT_EQ(file->faults[0].tunables.at("A").text, "b");
    }
}

TEST(ExperimentFile, LeavesValuesAsTheyWereWritten) {
    const auto file = parse_experiment("faults:\n- fault: x\n  tunables:\n    A:\n    B: 0x1F\n"
                                       "    C: yes\n    D: ''\n    E: ~\n    F: 1e3 # more\n",
                                       "x.yaml")
                          .value();
    std::vector<std::string> texts;
    for (const auto& [name, value] : file.faults.at(0).tunables)
        texts.push_back(value.text);
    EXPECT_EQ(texts, (std::vector<std::string>{"", "0x1F", "yes", "", "~", "1e3"}));
}

TEST(ExperimentFile, SaysWhereItIsNoYaml) {
    EXPECT_EQ(problems_in("name: a\nfaults:\n\t- fault: x\n"),
              "x.yaml:3: this is not YAML: found character that cannot start any token while "
              "scanning for the next token, at '- fault: x'");
    EXPECT_EQ(problems_in("name: a\n# \x1b[31m\n"),
              "x.yaml:2: this is not YAML: control characters are not allowed, at '# ?[31m'");
    EXPECT_EQ(problems_in("name: a\n---\nname: b\n"),
              "x.yaml:2: a second document begins here: one file is one experiment");
    EXPECT_EQ(problems_in("--- a\n--- b\n"),
              "x.yaml:2: a second document begins here: one file is one experiment");
    EXPECT_EQ(problems_in("# nothing\n\n# here\n"),
              "x.yaml:1: the file has only comments: an experiment is a mapping with name and "
              "faults");
}

TEST(ExperimentFile, RefusesWhatNoExperimentNeeds) {
    EXPECT_EQ(problems_in("name: x\n? ? :~fa\n").find("x.yaml:2: a complex key"), 0U)
        << problems_in("name: x\n? ? :~fa\n");
    EXPECT_NE(problems_in("faults:\n- fault: &a x\n  tunables:\n    *a : 1\n    B: *a\n")
                  .find("x.yaml:4: a complex key stands here: an experiment has none\nx.yaml:5: B "
                        "must be a single value"),
              std::string::npos);
    for (const char* bracket : {"[", "{", "- ", "? ", "{? "}) {
        std::string text = "name: ";
        for (int i = 0; i < 50'000; ++i)
            text += bracket;
        EXPECT_NE(problems_in(text), "") << bracket;
        EXPECT_NE(problems_in(text.substr(6)), "") << bracket;
    }
    EXPECT_EQ(problems_in(std::string(65, '[')), "x.yaml:1: this nests deeper than 64 levels");
}

TEST(ExperimentFile, TakesNoNameThatATerminalWouldObey) {
    for (const char* name :
         {"a\\tb", "a\\e[31m", "a\\x9bm", "a\\u202eb", "a\\u2066b", "a\\u200fb"}) {
        EXPECT_EQ(problems_in(fmt::format("name: \"{}\"\nfaults: [{{fault: x}}]\n", name)),
                  "x.yaml:1: the name has a control character in it");
    }
    EXPECT_EQ(problems_in("name: größer als 5 \u2014 \u00a0\U0001f600\nfaults: [{fault: x}]\n"),
              "");
    EXPECT_EQ(problems_in("name: " + std::string(256, 'a') + "\nfaults: [{fault: x}]\n"),
              "x.yaml:1: the name is longer than 255 bytes");
}

TEST(ExperimentFile, RefusesWhatIsNoText) {
    EXPECT_NE(problems_in(std::string("\x7f"
                                      "ELF\0\0",
                                      6))
                  .find("not a text file"),
              std::string::npos);
    EXPECT_NE(problems_in("\xff\xfe").find("not a text file"), std::string::npos);
    EXPECT_NE(problems_in(std::string(ExperimentFile::size_max + 1, '#')).find("larger than"),
              std::string::npos);
    EXPECT_EQ(all_of(read_experiment("/nowhere/x.yaml").error()),
              "/nowhere/x.yaml: there is no such file");
}

TEST(Settings, AreNameAndValue) {
    const auto values = parse_settings({"A=b", "C=d=e", "F="}).value();
    EXPECT_EQ(values.at("C").text, "d=e");
    EXPECT_EQ(values.at("F").text, "");
    EXPECT_EQ(values.at("A").where, "--set 1");
    EXPECT_EQ(all_of(parse_settings({"A=1", "B", "=x", "A=2"}).error()),
              "--set 2: 'B' is not NAME=VALUE\n--set 3: '=x' is not NAME=VALUE\n--set 4: A is "
              "given twice");
}

class Tunables : public ::testing::Test {
protected:
    Result<TunableValues, Problems> check(const std::vector<std::string>& words,
                                          std::map<std::string, std::string> environment = {}) {
        return check_tunables(fault->description().tunables,
                              parse_settings(words).value(),
                              "the experiment",
                              [environment](const std::string& name) -> std::optional<std::string> {
                                  const auto found = environment.find(name);
                                  return found == environment.end() ? std::nullopt
                                                                    : std::optional(found->second);
                              });
    }

    std::string problems(std::vector<std::string> words) {
        words.insert(words.begin(), {"CLUSTER_NAME=demo", "REGION=us-east-1"});
        const auto checked = check(words);
        return checked ? "" : all_of(checked.error());
    }

    std::unique_ptr<Fault> fault = make_ecs_agent_stop();
};

TEST_F(Tunables, HaveTheSpecsDefaults) {
    const auto values = check({"CLUSTER_NAME=demo", "REGION=us-east-1"}).value();
    EXPECT_EQ(values.number("TOTAL_CHAOS_DURATION"), 30);
    EXPECT_EQ(values.text("SEQUENCE"), "parallel");
    EXPECT_EQ(values.number("RAMP_TIME"), 0);
    EXPECT_EQ(values.text("ASSUME_ROLE_ARN"), "");
}

TEST_F(Tunables, TakeWhatIsGivenBeforeTheEnvironmentAndThatBeforeTheDefault) {
    const auto values =
        check({"CLUSTER_NAME=given"}, {{"CLUSTER_NAME", "environment"}, {"REGION", "eu-west-1"}})
            .value();
    EXPECT_EQ(values.text("CLUSTER_NAME"), "given");
    EXPECT_EQ(values.text("REGION"), "eu-west-1");
    EXPECT_EQ(values.all().at("REGION").source, "the environment");
    EXPECT_EQ(all_of(check({"CLUSTER_NAME=x"}, {{"REGION", "not a region"}}).error()),
              "the environment: REGION must be a region such as us-east-1, not 'not a region'");
}

TEST_F(Tunables, AreAllComplainedAboutAtOnce) {
    const auto checked = check({"CLUSTERNAME=x", "TOTAL_CHAOS_DURATION=soon"});
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().size(), 4U) << all_of(checked.error());
}

TEST_F(Tunables, SayWhatWouldBeRight) {
    EXPECT_EQ(problems({"TOTAL_CHAOS_DURATON=3"}),
              "--set 3: unknown tunable 'TOTAL_CHAOS_DURATON': did you mean TOTAL_CHAOS_DURATION?");
    EXPECT_EQ(
        problems({"TOTAL_CHAOS_DURATION=1m"}),
        "--set 3: TOTAL_CHAOS_DURATION must be a whole number between 5 and 43200 s, not '1m'");
    EXPECT_EQ(problems({"TOTAL_CHAOS_DURATION=4"}),
              "--set 3: TOTAL_CHAOS_DURATION must be between 5 and 43200 s, not 4");
    EXPECT_EQ(problems({"TOTAL_CHAOS_DURATION="}),
              "--set 3: TOTAL_CHAOS_DURATION must be a whole number between 5 and 43200 s, not ''");
    EXPECT_EQ(problems({"SEQUENCE=Parallel"}),
              "--set 3: SEQUENCE must be one of parallel, serial, not 'Parallel'");
    EXPECT_EQ(problems({"RAMP_TIME=-1"}),
              "--set 3: RAMP_TIME must be between 0 and 3600 s, not -1");
    EXPECT_EQ(problems({"RAMP_TIME=99999999999999999999"}),
              "--set 3: RAMP_TIME must be a whole number between 0 and 3600 s, not "
              "'99999999999999999999'");
}

TEST_F(Tunables, RefuseEveryShellMetacharacterInEveryText) {
    for (const char* name : {"CLUSTER_NAME",
                             "REGION",
                             "ASSUME_ROLE_ARN",
                             "SEQUENCE",
                             "CONTAINER_INSTANCE_IDS",
                             "AVAILABILITY_ZONE",
                             "WAVES",
                             "GUARDS",
                             "STOP_ALARMS",
                             "MONITOR_URL",
                             "ANNOUNCE_BUS"}) {
        for (const std::string nasty : {"$(reboot)",
                                        "a;b",
                                        "a|b",
                                        "a&b",
                                        "a`b`",
                                        "a b",
                                        "a\nb",
                                        "a'b",
                                        "a\"b",
                                        "a\\b",
                                        "a>b",
                                        "a<b",
                                        "a*b",
                                        "../a",
                                        "a\tb",
                                        "\x7f",
                                        "\xff"}) {
            std::vector<std::string> words{std::string(name) + "=" + nasty};
            for (const char* other : {"CLUSTER_NAME=demo", "REGION=us-east-1"}) {
                if (std::string_view(other).substr(0, std::string_view(other).find('=')) != name)
                    words.emplace_back(other);
            }
            EXPECT_FALSE(check(words)) << name << " " << nasty;
        }
    }
}

TEST(Plan, NamesEveryHostAndWhyNothingIsDoneOnSome) {
    TestWorld test;
    test.aws.host(1).managed = false;
    test.aws.host(2).agent_running = false;
    const auto plan = test.plan();
    ASSERT_EQ(plan.targets.size(), 3U);
    EXPECT_EQ(plan.targets[0].skip, "it is not managed by SSM");
    EXPECT_NE(plan.targets[0].advice.find("AmazonSSMManagedInstanceCore"), std::string::npos);
    EXPECT_EQ(plan.targets[1].skip, "its agent is already disconnected");
    EXPECT_EQ(plan.injected_ids(), std::vector<std::string>{"i-00000000000000003"});
    EXPECT_EQ(plan.principal, "arn:aws:iam::123456789012:user/test");
    EXPECT_EQ(test.aws.calls["SendCommand"], 0) << "planning changes nothing";
}

TEST(Plan, SaysWhatIsWrongWithTheCluster) {
    TestWorld test;
    EXPECT_NE(test.try_plan({{"CLUSTER_NAME", {"nothing", "test"}}})
                  .error()
                  .message.find("there is no cluster 'nothing' in us-east-1"),
              std::string::npos);
    test.aws.cluster_status = "INACTIVE";
    EXPECT_NE(test.try_plan().error().message.find("is INACTIVE, not ACTIVE"), std::string::npos);
    TestWorld fargate(0);
    EXPECT_NE(fargate.try_plan().error().message.find("has no container instances"),
              std::string::npos);
}

TEST(Plan, HasTheSameHashForTheSameWorldAndAnotherForAnother) {
    TestWorld test;
    const auto first = test.plan();
    EXPECT_EQ(first.hash(), test.plan().hash());
    EXPECT_NE(first.hash(), test.plan({{"TOTAL_CHAOS_DURATION", {"31", "test"}}}).hash());
    test.aws.host(1).managed = false;
    EXPECT_NE(first.hash(), test.plan().hash());
}

TEST(Plan, IsReadBackFromItsJson) {
    TestWorld test;
    const auto plan = test.plan({{"SEQUENCE", {"serial", "test"}}});
    const auto again = Plan::from_json(plan.to_json()).value();
    EXPECT_EQ(again.injected_ids(), plan.injected_ids());
    EXPECT_EQ(again.waves(), plan.waves());
    EXPECT_EQ(again.waves().size(), 3U);
    EXPECT_EQ(again.sequence, "serial");
    EXPECT_EQ(again.duration, plan.duration);
    EXPECT_EQ(again.endpoint, plan.endpoint);
}

TEST(Plan, WarnsOfWhatAStoppedAgentTakesFromTasks) {
    TestWorld test;
    bool told = false;
    for (const auto& warning : test.plan().warnings)
        told = told || warning.find("169.254.170.2") != std::string::npos;
    EXPECT_TRUE(told);
}

TEST(Policy, AllowsExactlyWhatThePlanCalls) {
    TestWorld test;
    const auto fault = make_ecs_agent_stop();
    std::set<std::string> allowed;
    for (const auto& statement : fault->policy_statements(test.values({}), /*all=*/false)) {
        const auto& actions = json::at(statement, "Action");
        if (actions.is_string())
            allowed.insert(std::string(json::string_of(actions)));
        else
            for (const auto& action : actions.as_array())
                allowed.insert(std::string(json::string_of(action)));
    }
    const auto& needed = fault->description().permissions;
    EXPECT_EQ(allowed, std::set<std::string>(needed.begin(), needed.end()));
}

TEST(Journal, KeepsRunsAndEventsOverAReopening) {
    TestWorld test;
    const auto plan = test.plan();
    ASSERT_TRUE(test.files.journal->begin("r-1", plan, test.clock.wall()));
    ASSERT_TRUE(test.files.journal->append(
        {1, test.clock.wall(), "r-1", "intent", "i-1", {{"restore_at", "x"}}}));
    test.files.journal.emplace(Journal::open(test.files.folder() / "journal.db").value());
    const auto record = test.files.journal->find("r-1").value();
    ASSERT_TRUE(record);
    EXPECT_TRUE(record->open);
    EXPECT_EQ(record->plan_hash, plan.hash());
    const auto events = test.files.journal->events("r-1").value();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].to_json(),
              (json::Object{{"seq", 1},
                            {"at", "2026-11-21T00:00:00.000Z"},
                            {"run", "r-1"},
                            {"kind", "intent"},
                            {"target", "i-1"},
                            {"restore_at", "x"}}));
    ASSERT_TRUE(test.files.journal->close("r-1", "passed", test.clock.wall()));
    EXPECT_TRUE(test.files.journal->open_runs().value().empty());
    EXPECT_EQ(test.files.journal->runs(10).value().size(), 1U);
}

TEST(Journal, SaysWhichFileItCannotUse) {
    TemporaryJournal files;
    ASSERT_TRUE(write_file(files.folder() / "other.db",
                           "this is no database, and long enough to be read as one would be read"));
    const auto opened = Journal::open(files.folder() / "other.db");
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().message.find("other.db"), std::string::npos);
}

} // namespace
} // namespace squall::experiment
