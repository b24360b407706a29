#include "squall/aws/ssm.h"

#include "fake_aws.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace squall::aws {
namespace {

std::string instance_id(int number) { return fmt::format("i-{:017x}", number); }

// Run Command behind a FakeAws: knows its hosts, answers in pages, and refuses what SSM refuses.
class FakeSsm {
public:
    explicit FakeSsm(FakeAws& aws) {
        aws.on("ssm:DescribeInstanceInformation",
               [this](const Received& received) { return information(received); });
        aws.on("ssm:SendCommand", [this](const Received& received) { return send(received); });
        aws.on("ssm:ListCommandInvocations",
               [this](const Received& received) { return invocations(received); });
        aws.on("ssm:CancelCommand", [this](const Received&) {
            ++cancelled;
            return wire::HttpResponse{200, {}, ""};
        });
    }

    std::set<std::string> hosts;
    std::vector<std::string> sent_to;
    int cancelled = 0;

private:
    static std::size_t start_of(const Received& received) {
        const auto token = json::string_at(received.input, "NextToken", "0");
        return static_cast<std::size_t>(std::stoul(std::string(token)));
    }

    // A page of `all`, and the token of the next one; "" at the end, as SSM does it.
    static wire::HttpResponse
    page(const Received& received, const std::string& member, const json::Array& all) {
        const auto size =
            static_cast<std::size_t>(json::integer_at(received.input, "MaxResults", 10));
        if (size > 50) return error_answer(received, "ValidationException", "MaxResults");
        const auto start = start_of(received);
        const auto end = std::min(all.size(), start + size);
        json::Array entries;
        for (auto i = start; i < end; ++i)
            entries.push_back(all[i]);
        return json_answer(
            {{member, entries}, {"NextToken", end < all.size() ? std::to_string(end) : ""}});
    }

    [[nodiscard]] wire::HttpResponse information(const Received& received) const {
        const auto& filter = json::array_at(received.input, "Filters").at(0);
        if (json::string_at(filter, "Key") != "InstanceIds")
            return error_answer(received, "InvalidFilterKey", "Key");
        json::Array known;
        for (const auto& id : json::array_at(filter, "Values")) {
            const std::string text(json::string_of(id));
            if (hosts.contains(text))
                known.push_back(json::Object{{"InstanceId", text},
                                             {"PingStatus", "Online"},
                                             {"PlatformType", "Linux"},
                                             {"PlatformName", "Amazon Linux"},
                                             {"PlatformVersion", "2023"},
                                             {"AgentVersion", "3.3.0"},
                                             {"ResourceType", "EC2Instance"},
                                             {"LastPingDateTime", 1582136283.419}});
        }
        return page(received, "InstanceInformationList", known);
    }

    wire::HttpResponse send(const Received& received) {
        for (const auto& id : json::array_at(received.input, "InstanceIds")) {
            if (!hosts.contains(std::string(json::string_of(id)))) {
                return error_answer(
                    received,
                    "InvalidInstanceId",
                    fmt::format("Instances [[{}]] not in a valid state", json::string_of(id)));
            }
        }
        sent_to.clear();
        for (const auto& id : json::array_at(received.input, "InstanceIds"))
            sent_to.emplace_back(json::string_of(id));
        return json_answer({{"Command", json::Object{{"CommandId", "command-1"}}}});
    }

    wire::HttpResponse invocations(const Received& received) {
        json::Array all;
        for (const auto& id : sent_to) {
            json::Object one{{"CommandId", "command-1"},
                             {"InstanceId", id},
                             {"Status", "Success"},
                             {"StatusDetails", "Success"},
                             {"RequestedDateTime", 1582136283.0}};
            if (json::bool_at(received.input, "Details")) {
                one["CommandPlugins"] =
                    json::Array{json::Object{{"Name", "aws:runShellScript"},
                                             {"Status", "Success"},
                                             {"ResponseCode", 0},
                                             {"Output", "done"},
                                             {"ResponseStartDateTime", 1582136284.0},
                                             {"ResponseFinishDateTime", 1582136285.0}}};
            }
            all.push_back(std::move(one));
        }
        return page(received, "CommandInvocations", all);
    }
};

class SsmTest : public testing::Test {
protected:
    std::vector<std::string> make_hosts(int count) {
        std::vector<std::string> ids;
        ids.reserve(static_cast<std::size_t>(count));
        for (int i = 0; i < count; ++i)
            ids.push_back(instance_id(i));
        fake.hosts.insert(ids.begin(), ids.end());
        return ids;
    }

    SendCommandRequest stop_command(std::vector<std::string> ids) {
        SendCommandRequest request;
        request.document_name = "AWS-RunShellScript";
        request.instance_ids = std::move(ids);
        request.parameters = {{"commands", {"systemctl stop ecs", "echo"}}};
        return request;
    }

    World world;
    FakeSsm fake{world.aws};
    Ssm ssm{world.client};
};

TEST_F(SsmTest, DescribesHostsByFiftyAndLeavesOutWhatSsmDoesNotManage) {
    auto ids = make_hosts(101);
    ids.push_back(instance_id(4711));
    const auto hosts = ssm.describe_instance_information(ids, world.soon(), {}).value();
    ASSERT_EQ(hosts.size(), 101U);
    EXPECT_EQ(world.aws.received("ssm:DescribeInstanceInformation").size(), 3U);
    EXPECT_EQ(hosts[0].instance_id, ids[0]);
    EXPECT_EQ(hosts[0].ping_status, "Online");
    EXPECT_EQ(hosts[0].platform_type, "Linux");
    EXPECT_EQ(hosts[0].platform_name, "Amazon Linux");
    EXPECT_EQ(hosts[0].agent_version, "3.3.0");
    EXPECT_EQ(hosts[0].last_ping_at, WallTime(Millis(1'582'136'283'419)));
    EXPECT_TRUE(ssm.describe_instance_information({}, world.soon(), {}).value().empty());
}

TEST_F(SsmTest, SendsACommandToEveryoneAtOnceAndForgivesEveryFailure) {
    auto request = stop_command(make_hosts(2));
    request.comment = std::string(98, 'x') + "äöü";
    EXPECT_EQ(ssm.send_command(request, world.soon(), {}).value(), "command-1");
    const auto input = world.aws.received("ssm:SendCommand").at(0).input;
    EXPECT_EQ(json::string_at(input, "MaxConcurrency"), "100%");
    EXPECT_EQ(json::string_at(input, "MaxErrors"), "100%");
    EXPECT_EQ(json::integer_at(input, "TimeoutSeconds"), 30);
    EXPECT_EQ(json::string_at(input, "Comment"), std::string(98, 'x') + "ä");
    EXPECT_EQ(json::text(json::at(input, "Parameters")),
              R"({"commands":["systemctl stop ecs","echo"]})");
    EXPECT_EQ(fake.sent_to, request.instance_ids);
}

TEST_F(SsmTest, ACommandIsRepeatedLikeEveryOtherCall) {
    world.aws.on_first(1, "ssm:SendCommand", [](const Received&) { return connection_lost(); });
    EXPECT_TRUE(ssm.send_command(stop_command(make_hosts(1)), world.soon(), {}));
    EXPECT_EQ(world.client.call_counts().at("ssm:SendCommand"), 2U);
}

TEST_F(SsmTest, NamesTheIdThatSsmRefuses) {
    auto ids = make_hosts(1);
    ids.push_back(instance_id(4711));
    const auto error = ssm.send_command(stop_command(ids), world.soon(), {}).error();
    EXPECT_EQ(error.code, "InvalidInstanceId");
    EXPECT_NE(error.message.find(instance_id(4711)), std::string::npos);
    world.aws.on("ssm:SendCommand", [](const Received&) { return json_answer({}); });
    EXPECT_NE(ssm.send_command(stop_command(make_hosts(1)), world.soon(), {})
                  .error()
                  .message.find("may run all the same"),
              std::string::npos);
}

TEST_F(SsmTest, MoreInstancesThanSsmTakesIsABrokenInvariant) {
    GTEST_FLAG_SET(death_test_style, "threadsafe"); // other tests have had threads
    const auto request = stop_command(make_hosts(51));
    EXPECT_DEATH((void)ssm.send_command(request, world.soon(), {}), "broken invariant");
}

TEST_F(SsmTest, ListsInvocationsToTheLastPage) {
    // Commands go out by fifty, but what a list holds is SSM's to say.
    for (int i = 0; i < 120; ++i)
        fake.sent_to.push_back(instance_id(i));
    const auto plain =
        ssm.list_command_invocations("command-1", /*with_details=*/false, world.soon(), {}).value();
    ASSERT_EQ(plain.size(), 120U);
    EXPECT_EQ(plain[0].response_code, -1);
    EXPECT_EQ(world.aws.received("ssm:ListCommandInvocations").size(), 3U);
    const auto detailed =
        ssm.list_command_invocations("command-1", /*with_details=*/true, world.soon(), {}).value();
    EXPECT_EQ(detailed[119].instance_id, instance_id(119));
    EXPECT_EQ(detailed[119].response_code, 0);
    EXPECT_EQ(detailed[119].output, "done");
    EXPECT_EQ(detailed[119].started_at, WallTime(Seconds(1'582'136'284)));
    EXPECT_EQ(detailed[119].finished_at, WallTime(Seconds(1'582'136'285)));
}

TEST_F(SsmTest, TheStepThatFailedTellsHowItWent) {
    world.aws.on("ssm:ListCommandInvocations", [](const Received&) {
        return wire::HttpResponse{200, {}, R"({"CommandInvocations":[{"InstanceId":"i-1",
            "Status":"Failed","StatusDetails":"Failed","CommandPlugins":[
              {"Name":"a","Status":"Success","ResponseCode":0,"Output":"one "},
              {"Name":"b","Status":"Failed","ResponseCode":137,"Output":"two"},
              {"Name":"c","Status":"Success","ResponseCode":0,"Output":""}]},
            {"InstanceId":"i-2","Status":"Pending","CommandPlugins":[]},
            {"InstanceId":"i-3","Status":"Failed","CommandPlugins":[
              {"Status":"Failed","ResponseCode":99999999999}]}]})"};
    });
    const auto all =
        ssm.list_command_invocations("command-1", /*with_details=*/true, world.soon(), {}).value();
    EXPECT_EQ(all.at(0).response_code, 137);
    EXPECT_EQ(all.at(0).output, "one two");
    EXPECT_EQ(all.at(1).response_code, -1);
    EXPECT_EQ(all.at(2).response_code, -1);
}

TEST_F(SsmTest, ReadsASingleInvocation) {
    world.aws.on("ssm:GetCommandInvocation", [](const Received& received) {
        if (json::string_at(received.input, "InstanceId") == "i-2")
            return error_answer(received, "InvocationDoesNotExist", "");
        EXPECT_EQ(json::string_at(received.input, "PluginName"), "aws:runShellScript");
        return wire::HttpResponse{200, {}, R"({"CommandId":"c","InstanceId":"i-1","Status":"Failed",
            "StatusDetails":"Failed","ResponseCode":2,"StandardOutputContent":"out",
            "StandardErrorContent":"err","ExecutionStartDateTime":"2020-02-19T18:18:03.419Z",
            "ExecutionEndDateTime":""})"};
    });
    const auto get = [&](const char* id) {
        return ssm.get_command_invocation("c", id, "aws:runShellScript", world.soon(), {});
    };
    const auto invocation = get("i-1").value();
    EXPECT_EQ(invocation.response_code, 2);
    EXPECT_EQ(invocation.output, "out");
    EXPECT_EQ(invocation.errors, "err");
    EXPECT_EQ(invocation.started_at, WallTime(Millis(1'582'136'283'419)));
    EXPECT_EQ(invocation.finished_at, std::nullopt);
    EXPECT_EQ(get("i-2").error().kind, Errc::not_found);
}

TEST_F(SsmTest, CancelsByFiftyAndAcceptsAnEmptyAnswer) {
    EXPECT_TRUE(ssm.cancel_command("command-1", {}, world.soon(), {}));
    EXPECT_EQ(fake.cancelled, 1);
    EXPECT_TRUE(ssm.cancel_command("command-1", make_hosts(51), world.soon(), {}));
    EXPECT_EQ(fake.cancelled, 3);
}

TEST(CommandInvocation, IsOverWhenNothingWillChangeAnyMore) {
    const auto over = [](const char* status, const char* details) {
        CommandInvocation invocation;
        invocation.status = status;
        invocation.status_details = details;
        return invocation.is_over();
    };
    EXPECT_TRUE(over("Success", "Success"));
    EXPECT_TRUE(over("Failed", "Failed"));
    EXPECT_TRUE(over("TimedOut", "DeliveryTimedOut"));
    EXPECT_TRUE(over("Cancelled", "Cancelled"));
    EXPECT_TRUE(over("Failed", "Undeliverable"));
    EXPECT_TRUE(over("", "Terminated"));
    EXPECT_FALSE(over("Pending", "Pending"));
    EXPECT_FALSE(over("InProgress", "InProgress"));
    EXPECT_FALSE(over("Delayed", "Delayed"));
    EXPECT_FALSE(over("Cancelling", "Cancelling"));
}

} // namespace
} // namespace squall::aws
