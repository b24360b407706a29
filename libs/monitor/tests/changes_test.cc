// What has to be stored of a step: everything that a restart would miss, and nothing else.
#include "squall/monitor/reduce.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace squall::monitor {
namespace {

constexpr WallTime start{Seconds(1'700'000'000)};

InstanceReport report(bool is_connected, std::int64_t version) {
    InstanceReport made;
    made.arn = "arn:aws:ecs:us-east-1:1:container-instance/demo/1";
    made.cluster_arn = "arn:aws:ecs:us-east-1:1:cluster/demo";
    made.ec2_instance_id = "i-1";
    made.version = version;
    made.agent_connected = is_connected;
    made.status = "ACTIVE";
    made.registered_at = start - Seconds(86400);
    made.traits.availability_zone = "us-east-1a";
    return made;
}

std::size_t changed_by(State& state, const Input& input, Seconds at) {
    static_cast<void>(reduce(state, input, start + at, {}));
    return state.take_changes().hosts.size();
}

TEST(Changes, AreNoneWhereAPollBringsNothingNew) {
    State state;
    const auto polled = [](const InstanceReport& seen, Seconds at) {
        return Polled{seen.cluster_arn, start + at, {seen}};
    };
    EXPECT_EQ(changed_by(state, polled(report(true, 10), Seconds(0)), Seconds(0)), 1U);
    EXPECT_EQ(changed_by(state, polled(report(true, 10), Seconds(60)), Seconds(60)), 0U);
    EXPECT_EQ(changed_by(state, polled(report(true, 11), Seconds(120)), Seconds(120)), 1U);
    auto updated = report(true, 11);
    updated.traits.agent_version = "1.99.0";
    EXPECT_EQ(changed_by(state, polled(updated, Seconds(180)), Seconds(180)), 1U);
    EXPECT_EQ(changed_by(state, polled(report(false, 11), Seconds(240)), Seconds(240)), 1U);
    EXPECT_EQ(changed_by(state, polled(report(false, 11), Seconds(300)), Seconds(300)), 0U);
}

TEST(Changes, AreThereForEveryEventThatIsNoCopy) {
    State state;
    auto event = report(true, 10);
    event.updated_at = start;
    EXPECT_EQ(changed_by(state, InstanceChanged{event}, Seconds(1)), 1U);
    EXPECT_EQ(changed_by(state, InstanceChanged{event}, Seconds(2)), 0U);
    event.version = 11;
    EXPECT_EQ(changed_by(state, InstanceChanged{event}, Seconds(3)), 1U);
}

} // namespace
} // namespace squall::monitor
