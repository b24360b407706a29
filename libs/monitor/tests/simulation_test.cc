#include "squall/monitor/simulation.h"

#include <gtest/gtest.h>

#include <sstream>

namespace squall::monitor {
namespace {

constexpr const char* whole =
    R"({"at":0,"world":{"containerInstances":[)"
    R"({"containerInstanceArn":"arn:aws:ecs:us-east-1:111122223333:container-instance/demo/1",)"
    R"("ec2InstanceId":"i-1","agentConnected":true,"status":"ACTIVE","version":1},)"
    R"({"containerInstanceArn":"arn:aws:ecs:us-east-1:111122223333:container-instance/demo/2",)"
    R"("ec2InstanceId":"i-2","agentConnected":true,"status":"ACTIVE","version":1}]}})";

// What the poll after these lines finds.
std::vector<InstanceReport> polled_after(const std::string& line) {
    std::istringstream scenario(std::string(whole) + "\n" + line + "\n"
                                + R"({"at":70,"end":true})");
    std::vector<InstanceReport> last;
    SimulationOptions options;
    options.on_input = [&](WallTime, const Input& input) {
        if (const auto* polled = std::get_if<Polled>(&input)) last = polled->reports;
    };
    const auto lines = simulate(scenario, "test", options, [](const std::string&) {});
    EXPECT_TRUE(lines) << lines.error().message;
    return last;
}

TEST(Simulation, APatchChangesWhatItNamesAndKeepsTheRest) {
    const auto reports = polled_after(
        R"({"at":1,"world":{"patch":true,"containerInstances":[)"
        R"({"containerInstanceArn":"arn:aws:ecs:us-east-1:111122223333:container-instance/demo/2",)"
        R"("agentConnected":false},)"
        R"({"containerInstanceArn":"arn:aws:ecs:us-east-1:111122223333:container-instance/demo/2",)"
        R"("status":"DRAINING"}]}})");
    ASSERT_EQ(reports.size(), 2U);
    EXPECT_TRUE(reports[0].agent_connected);
    EXPECT_EQ(reports[1].ec2_instance_id, "i-2");
    EXPECT_FALSE(reports[1].agent_connected);
    EXPECT_EQ(reports[1].status, "DRAINING");
}

TEST(Simulation, APatchTakesAwayWhatIsGone) {
    const auto reports =
        polled_after(R"({"at":1,"world":{"patch":true,"gone":)"
                     R"(["arn:aws:ecs:us-east-1:111122223333:container-instance/demo/1"]}})");
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].ec2_instance_id, "i-2");
}

TEST(Simulation, AWorldThatIsNoPatchForgetsWhatItDoesNotName) {
    const auto reports = polled_after(
        R"({"at":1,"world":{"containerInstances":[)"
        R"({"containerInstanceArn":"arn:aws:ecs:us-east-1:111122223333:container-instance/demo/2",)"
        R"("ec2InstanceId":"i-2","agentConnected":true,"status":"ACTIVE","version":2}]}})");
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].ec2_instance_id, "i-2");
}

TEST(Simulation, RefusesALineThatItCannotTakeAtItsWord) {
    for (const char* line : {R"({"at":1,"world":{"containerInstances":"x"}})",
                             R"({"at":1,"world":{"instances":{}}})",
                             R"({"at":1,"world":{"patch":1}})",
                             R"({"at":1,"world":[]})",
                             R"({"at":1,"restart":{"down":5}})",
                             R"({"at":1,"restart":false})",
                             R"({"at":1,"restart":true,"down":"5"})",
                             R"({"at":1,"restart":true,"down":-5})",
                             R"({"at":1,"window":"demo"})",
                             R"({"at":1,"window":{"cluster":"demo","until":9,"nodes":"i-1"}})",
                             R"({"at":1,"window":{"cluster":"demo","until":9,"nodes":[1]}})",
                             R"({"at":1,"end":"later"})",
                             R"({"at":1,"api":"slow"})",
                             R"({"at":1,"api":"ok","end":true})",
                             R"({"at":1})"}) {
        std::istringstream scenario(line);
        const auto said = simulate(scenario, "test", {}, [](const std::string&) {});
        ASSERT_FALSE(said) << line;
        EXPECT_EQ(said.error().code, Errc::invalid_input);
        EXPECT_EQ(said.error().message.rfind("test:1: ", 0), 0U) << said.error().message;
    }
}

} // namespace
} // namespace squall::monitor
