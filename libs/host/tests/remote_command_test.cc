#include "squall/host/remote_command.h"

#include "fake_ssm.h"

#include <gtest/gtest.h>

#include <functional>

namespace squall::host {
namespace {

using State = HostResult::State;

struct World {
    [[nodiscard]] aws::Outcome<void> send(const std::vector<std::string>& ids) {
        return command.send(ids, {"echo hello", "a comment", Seconds(60)}, soon(), {});
    }

    [[nodiscard]] aws::Outcome<std::vector<std::string>> look() { return command.look(soon(), {}); }

    [[nodiscard]] State state_of(const std::string& id) const {
        return command.results().at(id).state;
    }

    [[nodiscard]] Deadline soon() const { return parts.soon(); }

    FakeSsm sender;
    TestClient parts{sender};
    TestClock& clock = parts.clock;
    aws::Ssm ssm{parts.client};
    RemoteCommand command{ssm};
};

std::string instance(int number) { return fmt::format("i-{:017x}", number); }

std::vector<std::string> instances(int count) {
    std::vector<std::string> ids;
    ids.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i)
        ids.push_back(instance(i));
    return ids;
}

TEST(RemoteCommand, GoesToFiftyHostsWithACall) {
    World world;
    ASSERT_TRUE(world.send(instances(120)));
    std::vector<std::size_t> sizes;
    for (const auto& sent : world.sender.sent)
        sizes.push_back(json::array_at(sent, "InstanceIds").size());
    EXPECT_EQ(sizes, (std::vector<std::size_t>{50, 50, 20}));
    EXPECT_EQ(world.command.results().size(), 120U);
    EXPECT_EQ(world.command.results().at(instance(49)).command_id, "command-1");
    EXPECT_EQ(world.command.results().at(instance(50)).command_id, "command-2");
    EXPECT_FALSE(world.command.is_over());
    EXPECT_TRUE(world.command.uncertain().empty());
}

TEST(RemoteCommand, TellsSsmToStopAtNothingAndToKillTheScriptInTime) {
    World world;
    ASSERT_TRUE(world.send(instances(1)));
    const json::Object& sent = world.sender.sent.front();
    EXPECT_EQ(json::string_at(sent, "DocumentName"), "AWS-RunShellScript");
    EXPECT_EQ(json::string_at(sent, "MaxErrors"), "100%");
    EXPECT_EQ(json::string_at(sent, "MaxConcurrency"), "100%");
    EXPECT_EQ(json::integer_at(sent, "TimeoutSeconds"), 30);
    EXPECT_EQ(json::object_at(sent, "Parameters"),
              (json::Object{{"commands", json::Array{"echo hello"}},
                            {"executionTimeout", json::Array{"60"}}}));
}

TEST(RemoteCommand, IsRepeatedWithoutTheHostsThatSsmRefusesByName) {
    World world;
    world.sender.unmanaged = {instance(3), instance(7), instance(55)};
    ASSERT_TRUE(world.send(instances(60)));
    EXPECT_EQ(world.sender.calls["SendCommand"], 4) << "each batch is refused once, then taken";
    for (const auto& [id, result] : world.command.results()) {
        EXPECT_EQ(result.state, world.sender.unmanaged.contains(id) ? State::refused : State::sent);
    }
    EXPECT_NE(world.command.results().at(instance(3)).details.find("not in a valid state"),
              std::string::npos);
    EXPECT_TRUE(world.command.uncertain().empty()) << "a refusal is certain";
}

TEST(RemoteCommand, TakesARefusalThatNamesNobodyForTheOnlyHostThereIs) {
    World world;
    world.sender.unmanaged = {instance(0)};
    world.sender.names_them = false;
    ASSERT_TRUE(world.send(instances(1)));
    EXPECT_EQ(world.state_of(instance(0)), State::refused);
    EXPECT_TRUE(world.command.is_over());
}

TEST(RemoteCommand, FailsWhenARefusalNamesNoneOfSeveralHosts) {
    World world;
    world.sender.unmanaged = {instance(1)};
    world.sender.names_them = false;
    const auto sent = world.send(instances(3));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, "InvalidInstanceId");
    EXPECT_TRUE(world.command.results().empty());
    EXPECT_TRUE(world.command.uncertain().empty());
    EXPECT_EQ(world.sender.calls["SendCommand"], 1) << "it does not try for ever";
}

TEST(RemoteCommand, IsUncertainAboutTheHostsOfACallWithoutAnAnswer) {
    World world;
    world.sender.lost_for = {instance(60)};
    ASSERT_FALSE(world.send(instances(120)));
    EXPECT_EQ(world.command.results().size(), 50U) << "the first batch was sent";
    const auto ids = instances(120);
    EXPECT_EQ(world.command.uncertain(),
              (std::set<std::string>{ids.begin() + 50, ids.begin() + 100}))
        << "the third was never tried";
}

TEST(RemoteCommand, IsUncertainWhenTheAnswerWasLostAndTheRepetitionRefused) {
    World world;
    world.sender.losses_left = 1;
    world.sender.forbidden_to = {instance(1)};
    const auto sent = world.send(instances(3));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, "AccessDeniedException");
    EXPECT_EQ(world.command.uncertain().size(), 3U) << "the first attempt may have been taken";
}

TEST(RemoteCommand, IsNotUncertainAfterAClearNo) {
    World world;
    world.sender.forbidden_to = {instance(1)};
    const auto sent = world.send(instances(3));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, "AccessDeniedException");
    EXPECT_TRUE(world.command.uncertain().empty());
}

TEST(RemoteCommand, LooksUntilEveryHostIsOverAndNoLonger) {
    World world;
    ASSERT_TRUE(world.send(instances(6)));
    EXPECT_TRUE(world.look()->empty());
    world.sender.outcomes[instance(0)] = {"Success", "Success", 0, "done"};
    world.sender.outcomes[instance(1)] = {"Failed", "Failed", 7, "no"};
    EXPECT_EQ(world.look().value(), (std::vector<std::string>{instance(0), instance(1)}));
    EXPECT_TRUE(world.look()->empty()) << "news is told once";
    world.sender.outcomes[instance(2)] = {"TimedOut", "DeliveryTimedOut"};
    world.sender.outcomes[instance(3)] = {"TimedOut", "ExecutionTimedOut"};
    world.sender.outcomes[instance(4)] = {"Cancelled", "Cancelled"};
    world.sender.outcomes[instance(5)] = {"Failed", "Undeliverable"};
    EXPECT_EQ(world.look()->size(), 4U);
    EXPECT_EQ(world.state_of(instance(0)), State::succeeded);
    EXPECT_EQ(world.command.results().at(instance(0)).output, "done");
    EXPECT_EQ(world.state_of(instance(1)), State::failed);
    EXPECT_EQ(world.command.results().at(instance(1)).exit_code, 7);
    EXPECT_EQ(world.state_of(instance(2)), State::lost) << "whether it ran is not known";
    EXPECT_EQ(world.state_of(instance(3)), State::failed) << "it ran, and took too long";
    EXPECT_EQ(world.state_of(instance(4)), State::lost);
    EXPECT_EQ(world.state_of(instance(5)), State::lost);
    EXPECT_TRUE(world.command.is_over());
    const int calls = world.sender.calls["ListCommandInvocations"];
    EXPECT_TRUE(world.look()->empty());
    EXPECT_EQ(world.sender.calls["ListCommandInvocations"], calls) << "nothing is left to ask for";
}

TEST(RemoteCommand, AsksOnceForEachCommandNotForEachHost) {
    World world;
    ASSERT_TRUE(world.send(instances(100)));
    ASSERT_TRUE(world.look());
    EXPECT_EQ(world.sender.calls["ListCommandInvocations"], 2);
}

TEST(RemoteCommand, AsksForEachHostWhereItMayNotList) {
    World world;
    world.sender.denied = {"ListCommandInvocations"};
    ASSERT_TRUE(world.send(instances(3)));
    EXPECT_TRUE(world.look().value().empty()) << "an invocation that is not there yet is no news";
    world.sender.outcomes[instance(1)] = {"Success", "Success", 0, "done"};
    EXPECT_EQ(world.look().value(), std::vector<std::string>{instance(1)});
    EXPECT_EQ(world.command.results().at(instance(1)).output, "done");
    EXPECT_EQ(world.sender.calls["ListCommandInvocations"], 1) << "a no is not asked for again";
    world.sender.outcomes[instance(0)] = {"Failed", "Failed", 7, "no"};
    world.sender.outcomes[instance(2)] = {"Success", "Success", 0};
    EXPECT_EQ(world.look()->size(), 2U);
    EXPECT_TRUE(world.command.is_over());
    EXPECT_EQ(world.sender.calls["GetCommandInvocation"], 8) << "of those that are not over";
}

TEST(RemoteCommand, AsksForWhatAListCutsShort) {
    World world;
    ASSERT_TRUE(world.send(instances(2)));
    const std::string lengthy(7000, 'x');
    world.sender.outcomes[instance(0)] = {"Success", "Success", 0, lengthy};
    world.sender.outcomes[instance(1)] = {"Success", "Success", 0, "short"};
    ASSERT_TRUE(world.look());
    EXPECT_EQ(world.command.results().at(instance(0)).output, lengthy);
    EXPECT_EQ(world.command.results().at(instance(1)).output, "short");
    EXPECT_EQ(world.sender.calls["GetCommandInvocation"], 1);
    world.sender.denied = {"GetCommandInvocation"};
    ASSERT_TRUE(world.send(instances(1)));
    ASSERT_TRUE(world.look());
    EXPECT_EQ(world.command.results().at(instance(0)).output.size(), 2500U)
        << "what there is, where no more may be asked for";
}

TEST(RemoteCommand, SaysWhichPermissionSufficesWhereItMayNeitherListNorAsk) {
    World world;
    world.sender.denied = {"ListCommandInvocations", "GetCommandInvocation"};
    ASSERT_TRUE(world.send(instances(1)));
    const auto news = world.look();
    ASSERT_FALSE(news);
    EXPECT_EQ(news.error().operation, "ssm:ListCommandInvocations");
    world.sender.denied.clear();
    world.sender.outcomes[instance(0)] = {"Success", "Success", 0};
    EXPECT_EQ(world.look()->size(), 1U) << "a permission that comes later is used";
}

TEST(RemoteCommand, CancelsOnlyWhatIsStillOpen) {
    World world;
    ASSERT_TRUE(world.send(instances(60)));
    for (int i = 0; i < 50; ++i)
        world.sender.outcomes[instance(i)] = {"Success", "Success", 0};
    ASSERT_TRUE(world.look());
    ASSERT_TRUE(world.command.cancel(world.soon(), {}));
    EXPECT_EQ(world.sender.cancelled, std::vector<std::string>{"command-2"});
}

TEST(InstanceIds, AreFoundInWhateverTextTheyStand) {
    EXPECT_EQ(instance_ids_in("Instances [[i-0123456789abcdef0, mi-0fedcba9876543210]] not in a "
                              "valid state for account 123"),
              (std::vector<std::string>{"i-0123456789abcdef0", "mi-0fedcba9876543210"}));
    EXPECT_TRUE(instance_ids_in("xi-0123456789abcdef0 i-123 ami-0123456789abcdef0").empty());
}

} // namespace
} // namespace squall::host
