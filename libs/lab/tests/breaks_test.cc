// What `squall lab break` breaks: the table, the scripts, and the order in which things are undone.
#include "breaks/catalogue.h"
#include "breaks/scripts.h"
#include "breaks/units.h"
#include "breaks_world.h"
#include "squall/base/subprocess.h"
#include "squall/base/temporary_folder.h"

#include <set>

namespace squall::lab::breaks {
namespace {

TEST(BreakCatalogue, NamesEachCauseOnceAndSaysWhatItDoes) {
    std::set<std::string> names;
    for (const Cause& cause : catalogue()) {
        EXPECT_TRUE(names.insert(cause.name()).second) << cause.name();
        EXPECT_GT(cause.summary.size(), 20U) << cause.name();
        ASSERT_TRUE(cause.make != nullptr && cause.undo != nullptr) << cause.name();
        EXPECT_FALSE(cause.make().empty()) << cause.name();
        EXPECT_FALSE(cause.undo({}).empty()) << cause.name() << ": also where it was never made";
    }
    EXPECT_GE(names.size(), 25U);
}

// Empty for what happens elsewhere.
std::string script_of(const Step& step) {
    if (const auto* on_host = std::get_if<OnHost>(&step)) return on_host->script;
    const auto* on_units = std::get_if<OnUnits>(&step);
    return on_units == nullptr ? std::string() : script_for(on_units->order, {});
}

TEST(BreakCatalogue, HasNoNameInWhatRunsOnTheHost) {
    for (const Cause& cause : catalogue()) {
        for (const auto& steps : {cause.make(), cause.undo({})}) {
            for (const auto& step : steps) {
                const std::string script = script_of(step);
                for (const std::string_view word : {"squall", "break", "mend", "lab-"})
                    EXPECT_EQ(script.find(word), std::string::npos)
                        << cause.name() << ": " << script;
                // One cause has its name from the setting that it is about.
                const std::string rest = replace_all(script, "ECS_RESERVED_MEMORY", "");
                EXPECT_EQ(rest.find(cause.id), std::string::npos) << cause.name();
            }
        }
    }
}

TEST(BreakCatalogue, IsFoundWhateverTheCaseAndProposesWhatWasMeant) {
    EXPECT_EQ(cause_named("docker_down").value()->name(), "DOCKER_DOWN");
    EXPECT_EQ(cause_named("IAM_denied:ECS:discoverpollendpoint").value()->variant,
              "ecs:DiscoverPollEndpoint");
    const auto wrong = cause_named("DOKER_DOWN");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, Errc::not_found);
    EXPECT_NE(wrong.error().message.find("did you mean DOCKER_DOWN"), std::string::npos);
    EXPECT_NE(cause_named("nonsense").error().message.find("--list"), std::string::npos);
}

TEST(BreakCatalogue, SaysWhyACauseCannotBeTrueOnAHost) {
    const Cause& credentials = *cause_named("IAM_NO_CREDS").value();
    EXPECT_FALSE(credentials.obstacle({}));
    EXPECT_NE(credentials.obstacle({HostKind::external})->find("outside EC2"), std::string::npos);
    EXPECT_NE(credentials.obstacle({HostKind::windows})->find("virtual"), std::string::npos);
    const Cause& limits = *cause_named("FD_EXHAUSTION").value();
    EXPECT_NE(limits.obstacle({HostKind::upstart})->find("systemd"), std::string::npos);
    const Cause& api = *cause_named("DOCKER_API_INCOMPAT").value();
    EXPECT_NE(api.obstacle({HostKind::standard, ContainerRuntime::docker})->find("Docker Engine"),
              std::string::npos);
}

class BreakScripts : public ::testing::Test {
protected:
    std::string file() { return (folder.path() / "ecs.config").string(); }

    std::string text() { return read_file(file(), 4096).value(); }

    // What the script prints.
    static std::string print(const std::string& script) {
        const auto done = run({{"sh", "-s"}, {}, script, {}}, Deadline::in(Seconds(20)));
        EXPECT_TRUE(done && done->exit_code == 0) << script;
        return done ? std::string(trimmed(done->output)) : std::string();
    }

    TemporaryFolder folder;
};

TEST_F(BreakScripts, ChangeASettingInItsPlaceAndPutItBack) {
    const std::string before = "ECS_CLUSTER=demo\n# mine\nAWS_DEFAULT_REGION=us-east-1\n";
    ASSERT_TRUE(write_file(file(), before));
    const auto line = print(change_setting("ECS_CLUSTER", "batch", file()));
    EXPECT_EQ(line, "ECS_CLUSTER=demo");
    EXPECT_EQ(text(), "ECS_CLUSTER=batch\n# mine\nAWS_DEFAULT_REGION=us-east-1\n");
    print(restore_setting("ECS_CLUSTER", line, file()));
    EXPECT_EQ(text(), before);
}

TEST_F(BreakScripts, TakeAwayASettingThatWasNotThereAndLeaveWhatSomebodyWroteSince) {
    ASSERT_TRUE(write_file(file(), "ECS_CLUSTER=demo\n"));
    const std::string value = R"({"a'b":"$c \d & |"})";
    EXPECT_EQ(print(change_setting("ECS_INSTANCE_ATTRIBUTES", value, file())), "");
    EXPECT_EQ(text(), "ECS_CLUSTER=demo\nECS_INSTANCE_ATTRIBUTES=" + value + "\n");
    print(change_setting("ECS_LOGLEVEL", "debug", file()));
    print(restore_setting("ECS_INSTANCE_ATTRIBUTES", "", file()));
    EXPECT_EQ(text(), "ECS_CLUSTER=demo\nECS_LOGLEVEL=debug\n");
    print(restore_setting("ECS_INSTANCE_ATTRIBUTES", "", file()));
    EXPECT_EQ(text(), "ECS_CLUSTER=demo\nECS_LOGLEVEL=debug\n") << "a second time nothing happens";
}

TEST_F(BreakScripts, UnsetASettingInItsPlace) {
    ASSERT_TRUE(write_file(file(), "A=1\nAB=2\nC=3\n"));
    EXPECT_EQ(print(change_setting("A", "", file())), "A=1");
    EXPECT_EQ(text(), "A=\nAB=2\nC=3\n");
    print(restore_setting("A", "A=1", file()));
    EXPECT_EQ(text(), "A=1\nAB=2\nC=3\n");
}

TEST_F(BreaksTest, RemembersWhatIsBrokenUntilItIsMended) {
    const auto made = make("imds_unreachable");
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(json::string_at(*made, "cause"), "IMDS_UNREACHABLE");
    EXPECT_FALSE(ec2().has_metadata);
    EXPECT_EQ(shown(), std::vector<std::string>{"IMDS_UNREACHABLE"});
    const auto mended = mend();
    ASSERT_TRUE(mended) << mended.error().message;
    EXPECT_EQ(json::array_at(*mended, "mended").size(), 1U);
    EXPECT_TRUE(ec2().has_metadata);
    EXPECT_TRUE(shown().empty());
    const auto again = mend();
    ASSERT_TRUE(again);
    EXPECT_TRUE(json::array_at(*again, "mended").empty()) << "twice does no harm";
}

TEST_F(BreaksTest, RefusesWhatIsTrueAlreadyAndTakesAnotherCauseBeside) {
    ASSERT_TRUE(make("IAM_NO_CREDS"));
    const auto again = make("IAM_NO_CREDS");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Errc::conflict);
    EXPECT_NE(again.error().message.find("already"), std::string::npos);
    ASSERT_TRUE(make("IMDS_UNREACHABLE"));
    ASSERT_TRUE(make("IAM_NO_CREDS", neighbour));
    EXPECT_EQ(shown().size(), 3U);
    const auto mended = mend();
    ASSERT_TRUE(mended);
    EXPECT_EQ(json::text(json::at(*mended, "mended")), R"(["IMDS_UNREACHABLE","IAM_NO_CREDS"])")
        << "the last first";
    EXPECT_EQ(ec2().role, "ecsInstanceRole");
    EXPECT_EQ(shown().size(), 1U) << "the neighbour's is another matter";
}

TEST_F(BreaksTest, RefusesAnAgentThatIsDisconnectedForAnotherReason) {
    instances.front()->close();
    const auto refused = make("AGENT_STOPPED");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::conflict);
    EXPECT_TRUE(hosts.ran.empty());
}

TEST_F(BreaksTest, PutsBackWhatItCouldMakeOnlyInPart) {
    hosts.failing = "restart ecs";
    const auto made = make("IAM_NO_CREDS");
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().message.find("no such thing"), std::string::npos);
    EXPECT_EQ(ec2().role, "ecsInstanceRole");
    EXPECT_EQ(shown().size(), 1U) << "the undo ended in the same error, and is not forgotten";
    hosts.failing.clear();
    ASSERT_TRUE(mend());
    EXPECT_TRUE(shown().empty());
}

TEST_F(BreaksTest, GivesBackTheLineOfASettingThatItTook) {
    ASSERT_TRUE(make("CLUSTER_MISMATCH"));
    ASSERT_TRUE(mend());
    EXPECT_EQ(hosts.count("put 'as it was'"), 1U);
}

TEST_F(BreaksTest, ForgetsAHostThatIsGoneAndGivesBackWhatIsInTheCloud) {
    ASSERT_TRUE(make("IAM_DENIED"));
    EXPECT_EQ(world.cloud().directory().roles.size(), 5U);
    EXPECT_NE(ec2().role, "ecsInstanceRole");
    hosts.gone = host;
    hosts.ran.clear();
    ASSERT_TRUE(mend());
    EXPECT_EQ(world.cloud().directory().roles.size(), 4U);
    EXPECT_TRUE(hosts.ran.empty());
    EXPECT_TRUE(shown().empty());
}

TEST_F(BreaksTest, PicksAtRandomWithoutTellingAndTheSameForTheSameSeed) {
    const auto first = make_random(3);
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(json::text(*first), fmt::format(R"({{"instance":"{}","seed":3}})", host));
    const auto picked = shown();
    ASSERT_EQ(picked.size(), 1U);
    EXPECT_EQ(cause_named(picked.front()).value()->sign, Sign::disconnected);
    ASSERT_TRUE(mend());
    ASSERT_TRUE(make_random(3));
    EXPECT_EQ(shown(), picked);
    ASSERT_TRUE(make_random(3)) << "the same seed finds another where that is true already";
    EXPECT_NE(shown().back(), picked.front());
}

TEST_F(BreaksTest, ClosesTheWaysOfOneInstanceAndOpensThemAgain) {
    ec2().private_ip = "10.0.1.10";
    ASSERT_TRUE(make("NET_API_TIMEOUT:all"));
    ASSERT_TRUE(make("NET_ACS_BLOCKED"));
    EXPECT_EQ(ways.closed,
              (std::multiset<std::string>{"10.0.1.10 to 10.0.0.11",
                                          "10.0.1.10 to 10.0.0.12",
                                          "10.0.1.10 to 10.0.0.12",
                                          "10.0.1.10 to 10.0.0.13"}));
    ASSERT_TRUE(mend());
    EXPECT_TRUE(ways.closed.empty());
}

TEST_F(BreaksTest, ClosesAVpcByWhatEc2ShowsAndPutsItBack) {
    auto& firewall = world.cloud().home().ec2.firewall;
    ec2().subnet_id = "subnet-0000000000000000a";
    const auto is_open = [&] {
        return firewall.lets_out({ec2().subnet_id, ec2().group_ids}, "52.46.128.11", 443);
    };
    const auto groups = ec2().group_ids;
    for (const char* cause : {"NET_API_TIMEOUT:security-group",
                              "NET_API_TIMEOUT:network-acl",
                              "NET_API_TIMEOUT:route"}) {
        ASSERT_TRUE(is_open()) << cause;
        ASSERT_TRUE(make(cause)) << cause;
        EXPECT_FALSE(is_open()) << cause;
        EXPECT_TRUE(firewall.lets_out({"subnet-0000000000000000b", groups}, "52.46.128.11", 443))
            << "another subnet and its groups are left alone: " << cause;
        ASSERT_TRUE(mend());
        EXPECT_TRUE(is_open()) << cause;
    }
    EXPECT_EQ(ec2().group_ids, groups);
    EXPECT_TRUE(ways.closed.empty()) << "what closes them is EC2, and nobody else";
}

TEST_F(BreaksTest, KeepsTheClockAndTheNamesOfAnInstanceUntilTheyAreMended) {
    ASSERT_TRUE(make("CLOCK_SKEW"));
    ASSERT_TRUE(make("NET_DNS:no-such-host"));
    EXPECT_GT(ec2().behind_aws, Seconds(300));
    EXPECT_FALSE(ec2().has_names);
    ASSERT_TRUE(mend());
    EXPECT_EQ(ec2().behind_aws, Seconds(0));
    EXPECT_TRUE(ec2().has_names);
}

TEST_F(BreaksTest, LooksIntoTheTlsOfOneInstanceUntilItIsMended) {
    ASSERT_TRUE(make("TLS_TRUST:inspected"));
    EXPECT_TRUE(ec2().is_inspected);
    ASSERT_TRUE(mend());
    EXPECT_FALSE(ec2().is_inspected);
}

TEST_F(BreaksTest, ThrottlesOneInstanceAloneAndNobodySeesThatInTheApi) {
    ASSERT_TRUE(make("API_THROTTLED"));
    ApiCall call;
    call.service = "ecs";
    call.operation = "RegisterContainerInstance";
    call.now = world.now;
    call.caller.arn =
        fmt::format("arn:aws:sts::123456789012:assumed-role/ecsInstanceRole/{}", host);
    EXPECT_EQ(world.cloud().breakages().fate_of(call)->error.code, "ThrottlingException");
    call.caller.arn =
        fmt::format("arn:aws:sts::123456789012:assumed-role/ecsInstanceRole/{}", neighbour);
    EXPECT_FALSE(world.cloud().breakages().fate_of(call));
    EXPECT_TRUE(world.cloud().breakages().describe(world.now).empty());
    EXPECT_EQ(world.cloud().breakages().mend(std::nullopt), 0U) << "`lab api mend` lets it be";
    ASSERT_TRUE(mend());
    call.caller.arn =
        fmt::format("arn:aws:sts::123456789012:assumed-role/ecsInstanceRole/{}", host);
    EXPECT_FALSE(world.cloud().breakages().fate_of(call));
}

} // namespace
} // namespace squall::lab::breaks
