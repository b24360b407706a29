#include "lab_world.h"

namespace squall::lab {
namespace {

// An SSM agent that takes messages and answers them when the test says so.
class FakeSsmAgent {
public:
    FakeSsmAgent(LabWorld& world, std::string id) : id_(std::move(id)), world_(world) {
        EXPECT_TRUE(world.try_call(
            "ssm",
            "UpdateInstanceInformation",
            {{"InstanceId", id_}, {"AgentVersion", "3.3"}, {"PlatformName", "Amazon Linux"}}));
    }

    json::Array poll() { return world_.ssm().take_messages(id_, world_.now); }

    Answer acknowledge(const json::Value& message) {
        return world_.try_call("ec2messages",
                               "AcknowledgeMessage",
                               {{"MessageId", json::string_at(message, "MessageId")}});
    }

    void reply(const json::Value& message,
               const std::string& status,
               int code,
               const std::string& output = "") {
        const json::Object plugin{{"status", status},
                                  {"code", code},
                                  {"standardOutput", output},
                                  {"output", output},
                                  {"startDateTime", rfc3339_millis(world_.now)},
                                  {"endDateTime", rfc3339_millis(world_.now)}};
        const json::Object payload{{"documentStatus", status},
                                   {"runtimeStatus", json::Object{{"aws:runShellScript", plugin}}}};
        EXPECT_TRUE(world_.try_call("ec2messages",
                                    "SendReply",
                                    {{"MessageId", json::string_at(message, "MessageId")},
                                     {"Payload", json::text(payload)}}));
    }

private:
    std::string id_;
    LabWorld& world_;
};

constexpr const char* first_id = "i-00000000000000001";
constexpr const char* second_id = "i-00000000000000002";

json::Object run_shell(json::Array ids) {
    return {
        {"DocumentName", "AWS-RunShellScript"},
        {"InstanceIds", std::move(ids)},
        {"TimeoutSeconds", 30},
        {"Parameters",
         json::Object{{"commands", json::Array{"true"}}, {"executionTimeout", json::Array{"60"}}}},
        {"MaxErrors", "100%"},
        {"MaxConcurrency", "100%"}};
}

std::string send(LabWorld& world, json::Object body) {
    const auto answered = world.try_call("ssm", "SendCommand", std::move(body));
    EXPECT_TRUE(answered) << (answered ? "" : answered.error().code);
    return answered ? std::string(
               json::string_at(json::at(std::get<json::Value>(*answered), "Command"), "CommandId"))
                    : "";
}

json::Object invocation(LabWorld& world, const std::string& command, const char* id) {
    const auto answered =
        world.try_call("ssm", "GetCommandInvocation", {{"CommandId", command}, {"InstanceId", id}});
    return answered ? std::get<json::Value>(*answered).as_object() : json::Object{};
}

std::string details(LabWorld& world, const std::string& command, const char* id = first_id) {
    return std::string(json::string_at(invocation(world, command, id), "StatusDetails"));
}

std::string command_details(LabWorld& world, const std::string& command) {
    const auto answered = world.try_call("ssm", "ListCommands", {{"CommandId", command}});
    return std::string(json::string_at(
        json::array_at(std::get<json::Value>(*answered), "Commands").at(0), "StatusDetails"));
}

TEST(RunCommand, GoesFromPendingThroughInProgressToItsResult) {
    LabWorld world;
    FakeSsmAgent agent(world, first_id);
    const std::string command = send(world, run_shell({first_id}));
    EXPECT_EQ(details(world, command), "Pending");
    EXPECT_EQ(json::integer_at(invocation(world, command, first_id), "ResponseCode"), -1);
    const auto messages = agent.poll();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_TRUE(agent.poll().empty()) << "it is handed out once";
    ASSERT_TRUE(agent.acknowledge(messages.at(0)));
    EXPECT_EQ(details(world, command), "InProgress");
    agent.reply(messages.at(0), "Success", 0, "hello");
    EXPECT_EQ(details(world, command), "Success");
    EXPECT_EQ(json::string_at(invocation(world, command, first_id), "StandardOutputContent"),
              "hello");
    EXPECT_EQ(command_details(world, command), "Success");
}

TEST(RunCommand, IsHandedOutAgainWhenItWasNotAcknowledged) {
    LabWorld world;
    FakeSsmAgent agent(world, first_id);
    send(world, run_shell({first_id}));
    EXPECT_EQ(agent.poll().size(), 1U);
    world.pass(ssm::Service::visibility_timeout + Seconds(1));
    EXPECT_EQ(agent.poll().size(), 1U);
}

TEST(RunCommand, TimesOutUndeliveredAndMustNotBeginAfterThat) {
    LabWorld world;
    FakeSsmAgent agent(world, first_id);
    const std::string command = send(world, run_shell({first_id}));
    const auto messages = agent.poll();
    world.pass(Seconds(31));
    EXPECT_EQ(details(world, command), "DeliveryTimedOut");
    EXPECT_EQ(json::string_at(invocation(world, command, first_id), "Status"), "TimedOut");
    EXPECT_FALSE(agent.acknowledge(messages.at(0)));
    EXPECT_TRUE(agent.poll().empty());
}

TEST(RunCommand, StaysInProgressUntilTheTotalTimeoutWhenTheAgentVanishes) {
    LabWorld world;
    FakeSsmAgent agent(world, first_id);
    const std::string command = send(world, run_shell({first_id}));
    const auto messages = agent.poll();
    ASSERT_TRUE(agent.acknowledge(messages.at(0)));
    world.pass(Seconds(85));
    EXPECT_EQ(details(world, command), "InProgress");
    world.pass(Seconds(10));
    EXPECT_EQ(details(world, command), "DeliveryTimedOut");
}

TEST(RunCommand, IsCancelledAtOnceWhereItWasNotDeliveredAndByTheAgentWhereItWas) {
    LabWorld world;
    FakeSsmAgent agent(world, first_id);
    const FakeSsmAgent idle(world, second_id);
    const std::string command = send(world, run_shell({first_id, second_id}));
    const auto messages = agent.poll();
    ASSERT_TRUE(agent.acknowledge(messages.at(0)));
    ASSERT_TRUE(world.try_call("ssm", "CancelCommand", {{"CommandId", command}}));
    EXPECT_EQ(details(world, command, second_id), "Cancelled");
    EXPECT_EQ(details(world, command, first_id), "Cancelling");
    const auto cancel = agent.poll();
    ASSERT_EQ(cancel.size(), 1U);
    EXPECT_EQ(json::string_at(cancel.at(0), "Topic"), "aws.ssm.cancelCommand");
    ASSERT_TRUE(agent.acknowledge(cancel.at(0)));
    agent.reply(messages.at(0), "Cancelled", 137);
    EXPECT_EQ(details(world, command, first_id), "Cancelled");
    EXPECT_EQ(command_details(world, command), "Cancelled");
}

TEST(RunCommand, KeepsToItsConcurrencyAndEndsTheRestAfterTooManyErrors) {
    LabWorld world;
    FakeSsmAgent first(world, first_id);
    FakeSsmAgent second(world, second_id);
    json::Object body = run_shell({first_id, second_id});
    body["MaxConcurrency"] = "1";
    body["MaxErrors"] = "0";
    const std::string command = send(world, body);
    const auto messages = first.poll();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_TRUE(second.poll().empty());
    ASSERT_TRUE(first.acknowledge(messages.at(0)));
    first.reply(messages.at(0), "Failed", 1);
    world.pass(Seconds(1));
    EXPECT_EQ(details(world, command, second_id), "Terminated");
    EXPECT_EQ(command_details(world, command), "Failed");
}

TEST(RunCommand, GoesOnToTheNextInstanceWhenOneHasEnded) {
    LabWorld world;
    FakeSsmAgent first(world, first_id);
    FakeSsmAgent second(world, second_id);
    json::Object body = run_shell({first_id, second_id});
    body["MaxConcurrency"] = "50%";
    send(world, body);
    std::vector<std::string> woken;
    world.ssm().on_message([&](const std::string& id) { woken.push_back(id); });
    const auto messages = first.poll();
    ASSERT_TRUE(first.acknowledge(messages.at(0)));
    first.reply(messages.at(0), "Success", 0);
    EXPECT_EQ(woken, std::vector<std::string>{second_id});
    EXPECT_EQ(second.poll().size(), 1U);
}

TEST(SendCommand, RefusesTheWholeCallForOneUnmanagedInstanceAndNamesIt) {
    LabWorld world;
    const FakeSsmAgent agent(world, first_id);
    const auto answered = world.try_call("ssm", "SendCommand", run_shell({first_id, second_id}));
    ASSERT_FALSE(answered);
    EXPECT_EQ(answered.error().code, "InvalidInstanceId");
    EXPECT_NE(answered.error().message.find(second_id), std::string::npos);
    EXPECT_EQ(answered.error().message.find(first_id), std::string::npos);
}

TEST(SendCommand, ChecksWhatAwsChecks) {
    LabWorld world;
    const FakeSsmAgent agent(world, first_id);
    const auto code = [&](const char* member, json::Value value) {
        json::Object body = run_shell({first_id});
        body[member] = std::move(value);
        const auto answered = world.try_call("ssm", "SendCommand", std::move(body));
        return answered ? std::string("accepted") : answered.error().code;
    };
    EXPECT_EQ(code("DocumentName", "Nothing"), "InvalidDocument");
    EXPECT_EQ(code("TimeoutSeconds", 29), "ValidationException");
    EXPECT_EQ(code("Comment", json::Value(std::string(101, 'x').c_str())), "ValidationException");
    EXPECT_EQ(code("Parameters", json::Object{}), "InvalidParameters");
    EXPECT_EQ(
        code("Parameters",
             json::Object{{"commands", json::Array{"x"}}, {"executionTimeout", json::Array{"0"}}}),
        "InvalidParameters");
    EXPECT_EQ(code("Parameters",
                   json::Object{{"commands", json::Array{"x"}}, {"other", json::Array{"y"}}}),
              "InvalidParameters");
    EXPECT_EQ(code("InstanceIds", json::Array{first_id, first_id}), "DuplicateInstanceId");
    EXPECT_EQ(code("InstanceIds", json::Array{}), "ValidationException");
    json::Array many;
    for (int i = 0; i < 51; ++i)
        many.emplace_back(fmt::format("i-{:017}", i));
    EXPECT_EQ(code("InstanceIds", many), "ValidationException");
}

TEST(ManagedInstances, AreOnlineWhileTheyPollAndLostWhenTheyDoNot) {
    LabWorld world;
    FakeSsmAgent agent(world, first_id);
    const auto ping = [&] {
        const auto answered =
            world.try_call("ssm",
                           "DescribeInstanceInformation",
                           {{"Filters",
                             json::Array{json::Object{{"Key", "InstanceIds"},
                                                      {"Values", json::Array{first_id}}}}}});
        return std::string(json::string_at(
            json::array_at(std::get<json::Value>(*answered), "InstanceInformationList").at(0),
            "PingStatus"));
    };
    EXPECT_EQ(ping(), "Online");
    world.pass(Seconds(20));
    static_cast<void>(agent.poll());
    world.pass(Seconds(20));
    EXPECT_EQ(ping(), "Online");
    world.pass(ssm::Service::silence_max);
    EXPECT_EQ(ping(), "ConnectionLost");
}

TEST(ManagedInstances, ArePagedByAtLeastFive) {
    LabWorld world;
    for (int i = 0; i < 12; ++i)
        FakeSsmAgent(world, fmt::format("i-{:017}", i));
    const auto page = [&](json::Object body) {
        return world.try_call("ssm", "DescribeInstanceInformation", std::move(body));
    };
    const auto first = std::get<json::Value>(*page({}));
    EXPECT_EQ(json::array_at(first, "InstanceInformationList").size(), 10U);
    const auto rest = std::get<json::Value>(*page({{"NextToken", json::at(first, "NextToken")}}));
    EXPECT_EQ(json::array_at(rest, "InstanceInformationList").size(), 2U);
    EXPECT_FALSE(page({{"MaxResults", 4}}));
}

} // namespace
} // namespace squall::lab
