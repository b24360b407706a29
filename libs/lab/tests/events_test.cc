#include "lab_world.h"

namespace squall::lab {
namespace {

constexpr const char* group_arn = "arn:aws:logs:us-east-1:123456789012:log-group:g";

class Events : public ::testing::Test {
protected:
    void SetUp() override {
        static_cast<void>(world.try_call("logs", "CreateLogGroup", {{"logGroupName", "g"}}));
    }

    json::Object events(const std::string& operation, json::Object body) {
        auto answered = world.try_call("events", operation, std::move(body));
        EXPECT_TRUE(answered) << operation << ": " << (answered ? "" : answered.error().message);
        return answered ? std::get<json::Value>(*answered).as_object() : json::Object{};
    }

    wire::ServiceError refused(const std::string& operation, json::Object body) {
        const auto answered = world.try_call("events", operation, std::move(body));
        return answered ? wire::ServiceError{} : answered.error();
    }

    // A rule of the default bus that hands on to the log group.
    void watch(const std::string& name, const std::string& pattern, json::Object target = {}) {
        events("PutRule", {{"Name", name}, {"EventPattern", pattern}});
        target["Id"] = "log";
        if (!target.contains("Arn")) target["Arn"] = group_arn;
        events("PutTargets", {{"Rule", name}, {"Targets", json::Array{target}}});
    }

    json::Object put(const std::string& source, const std::string& detail) {
        return events("PutEvents",
                      {{"Entries",
                        json::Array{json::Object{
                            {"Source", source}, {"DetailType", "Test"}, {"Detail", detail}}}}});
    }

    std::vector<std::string> logged() {
        std::vector<std::string> messages;
        const auto answered = world.try_call("logs", "FilterLogEvents", {{"logGroupName", "g"}});
        for (const auto& event :
             json::array_at(std::get<json::Value>(*answered).as_object(), "events"))
            messages.emplace_back(json::string_at(event, "message"));
        return messages;
    }

    using Messages = std::vector<std::string>;
    LabWorld world;
};

TEST_F(Events, ReachTheTargetsOfRulesThatMeanThem) {
    watch("mine", R"({"source":["shop"],"detail":{"n":[{"numeric":[">",1]}]}})");
    EXPECT_EQ(json::integer_at(put("shop", R"({"n":1})"), "FailedEntryCount"), 0);
    EXPECT_EQ(logged(), Messages{});
    const auto put_one = put("shop", R"({"n":2})");
    ASSERT_EQ(logged().size(), 1U);
    const auto event = json::parse_object(logged().front()).value();
    EXPECT_EQ(event.at("id"), json::array_at(put_one, "Entries").at(0).at("EventId"));
    EXPECT_EQ(json::text(event.at("detail")), R"({"n":2})");
    EXPECT_EQ(event.at("time"), "2026-11-21T00:00:00Z");
    events("DisableRule", {{"Name", "mine"}});
    put("shop", R"({"n":3})");
    EXPECT_EQ(logged().size(), 1U);
    events("EnableRule", {{"Name", "mine"}});
    put("shop", R"({"n":3})");
    EXPECT_EQ(logged().size(), 2U);
}

TEST_F(Events, AreRefusedOneByOne) {
    const auto entry = [](const char* source, const char* type, const char* detail) {
        return json::Value(
            json::Object{{"Source", source}, {"DetailType", type}, {"Detail", detail}});
    };
    const auto answered = events("PutEvents",
                                 {{"Entries",
                                   json::Array{entry("", "t", "{}"),
                                               entry("s", "", "{}"),
                                               entry("s", "t", "[]"),
                                               entry("aws.ec2", "t", "{}"),
                                               entry("s", "t", "{}")}}});
    EXPECT_EQ(json::integer_at(answered, "FailedEntryCount"), 4);
    std::vector<std::string> codes;
    for (const auto& one : json::array_at(answered, "Entries"))
        codes.emplace_back(json::string_at(one, "ErrorCode"));
    EXPECT_EQ(codes,
              (Messages{"InvalidArgument",
                        "InvalidArgument",
                        "MalformedDetail",
                        "NotAuthorizedForSourceException",
                        ""}));
    EXPECT_EQ(refused("PutEvents", {{"Entries", json::Array{}}}).code, "ValidationException");
    const std::string large = "{\"x\":\"" + std::string(256U << 10U, 'x') + "\"}";
    EXPECT_EQ(
        refused("PutEvents", {{"Entries", json::Array{entry("s", "t", large.c_str())}}}).message,
        "Total size of the entries in the request is over the limit.");
}

TEST_F(Events, AreMadeWhatTheTargetWants) {
    watch("input", R"({"source":["a"]})", {{"Input", R"({"fixed":1})"}});
    watch("path", R"({"source":["b"]})", {{"InputPath", "$.detail.list[1]"}});
    watch("object",
          R"({"source":["c"]})",
          {{"InputTransformer",
            json::Object{
                {"InputPathsMap", json::Object{{"who", "$.detail.who"}, {"n", "$.detail.n"}}},
                {"InputTemplate",
                 R"({"who":<who>,"text":"<who> by <aws.events.rule-name>","n":<n>,"no":<no>})"}}}});
    watch("text",
          R"({"source":["d"]})",
          {{"InputTransformer",
            json::Object{{"InputPathsMap", json::Object{{"who", "$.detail.who"}}},
                         {"InputTemplate", R"("it was <who>")"}}}});
    put("a", "{}");
    put("b", R"({"list":[0,{"x":1}]})");
    put("c", R"({"who":"\"Ann\"","n":[1]})");
    put("d", R"({"who":"Ann"})");
    EXPECT_EQ(logged(),
              (Messages{R"({"fixed":1})",
                        R"({"x":1})",
                        R"({"who":"\"Ann\"","text":"\"Ann\" by object","n":[1],"no":""})",
                        R"("it was Ann")"}));
}

TEST_F(Events, GoFromBusToBusAndDoNotTurnForEver) {
    events("CreateEventBus", {{"Name", "other"}});
    const std::string other = "arn:aws:events:us-east-1:123456789012:event-bus/other";
    const std::string own = "arn:aws:events:us-east-1:123456789012:event-bus/default";
    watch("there", R"({"source":["shop"]})", {{"Arn", other}});
    events("PutRule",
           {{"Name", "log"}, {"EventBusName", other}, {"EventPattern", R"({"source":["shop"]})"}});
    events("PutTargets",
           {{"Rule", "log"},
            {"EventBusName", "other"},
            {"Targets",
             json::Array{json::Object{{"Id", "log"}, {"Arn", group_arn}},
                         json::Object{{"Id", "back"}, {"Arn", own}}}}});
    put("shop", "{}");
    EXPECT_EQ(logged().size(), 2U); // once more on its way back, and no further
    EXPECT_EQ(refused("DeleteEventBus", {{"Name", "other"}}).code, "ValidationException");
}

TEST_F(Events, ThatCannotBeDeliveredGoToTheDeadLetters) {
    watch("lost",
          R"({"source":["shop"]})",
          {{"Arn", "arn:aws:logs:us-east-1:123456789012:log-group:none"},
           {"Input", "{}"},
           {"DeadLetterConfig", json::Object{{"Arn", group_arn}}}});
    put("shop", R"({"n":1})");
    ASSERT_EQ(logged().size(), 1U);
    EXPECT_EQ(json::text(json::at(json::parse_object(logged().front()).value(), "detail")),
              R"({"n":1})");
}

TEST_F(Events, ComeAtTheRateOfARule) {
    events("PutRule", {{"Name", "tick"}, {"ScheduleExpression", "rate(2 minutes)"}});
    events("PutTargets",
           {{"Rule", "tick"},
            {"Targets", json::Array{json::Object{{"Id", "log"}, {"Arn", group_arn}}}}});
    world.pass(std::chrono::seconds(119));
    EXPECT_EQ(logged().size(), 0U);
    world.pass(std::chrono::minutes(4));
    ASSERT_EQ(logged().size(), 2U);
    EXPECT_EQ(json::string_at(json::parse_object(logged().front()).value(), "detail-type"),
              "Scheduled Event");
    for (const char* wrong : {"rate(1 minutes)",
                              "rate(0 minutes)",
                              "rate(5 minute)",
                              "rate(5 seconds)",
                              "5",
                              "cron(0 12 * * ? *)"})
        EXPECT_EQ(refused("PutRule", {{"Name", "x"}, {"ScheduleExpression", wrong}}).code,
                  "ValidationException")
            << wrong;
}

TEST_F(Events, RulesAreDescribedListedTaggedAndDeleted) {
    watch("a", R"({"source":["shop"]})");
    events("PutRule", {{"Name", "b"}, {"EventPattern", R"({"a":[1]})"}, {"State", "DISABLED"}});
    EXPECT_EQ(json::string_at(events("DescribeRule", {{"Name", "b"}}), "State"), "DISABLED");
    const auto first = events("ListRules", {{"Limit", 1}});
    EXPECT_EQ(json::string_at(json::array_at(first, "Rules").at(0), "Name"), "a");
    const auto second = events("ListRules", {{"Limit", 1}, {"NextToken", first.at("NextToken")}});
    EXPECT_EQ(json::string_at(json::array_at(second, "Rules").at(0), "Name"), "b");
    EXPECT_EQ(texts(json::array_at(events("ListRuleNamesByTarget", {{"TargetArn", group_arn}}),
                                   "RuleNames")),
              Messages{"a"});
    EXPECT_EQ(refused("DeleteRule", {{"Name", "a"}}).message,
              "Rule can't be deleted since it has targets.");
    const auto removed =
        events("RemoveTargets", {{"Rule", "a"}, {"Ids", json::Array{"log", "no"}}});
    EXPECT_EQ(json::integer_at(removed, "FailedEntryCount"), 1);
    const std::string arn(json::string_at(events("DescribeRule", {{"Name", "a"}}), "Arn"));
    EXPECT_EQ(arn, "arn:aws:events:us-east-1:123456789012:rule/a");
    events("DeleteRule", {{"Name", "a"}});
    EXPECT_EQ(refused("DescribeRule", {{"Name", "a"}}).message,
              "Rule a does not exist on EventBus default.");
    const auto wrong = refused("PutRule", {{"Name", "c"}, {"EventPattern", R"({"a":1})"}});
    EXPECT_EQ(wrong.code, "InvalidEventPatternException");
    EXPECT_TRUE(wrong.message.starts_with("Event pattern is not valid. Reason: ")) << wrong.message;
}

TEST_F(Events, OfTheClusterReachTheDefaultBus) {
    watch("agents",
          R"({"source":["aws.ecs"],"detail-type":["ECS Container Instance State Change"],)"
          R"("detail":{"agentConnected":[false]}})");
    FakeInstance instance(world, "i-0123456789abcdef0");
    instance.connect();
    const auto before = logged().size();
    instance.close();
    ASSERT_EQ(logged().size(), before + 1);
    const auto event = json::parse_object(logged().back()).value();
    EXPECT_EQ(json::array_at(event, "resources").at(0), json::Value(instance.arn));
    EXPECT_FALSE(event.contains("sequence"));
    const auto& detail = json::object_at(event, "detail");
    for (const char* member : {"agentConnected",
                               "attributes",
                               "clusterArn",
                               "containerInstanceArn",
                               "ec2InstanceId",
                               "registeredResources",
                               "remainingResources",
                               "status",
                               "version",
                               "versionInfo",
                               "updatedAt"})
        EXPECT_TRUE(detail.contains(member)) << member;
    const auto version = json::integer_at(detail, "version");
    instance.connect();
    instance.close();
    EXPECT_EQ(json::integer_at(json::at(json::parse_object(logged().back()).value(), "detail"),
                               "version"),
              version + 2);
}

TEST_F(Events, TellOfAnAgentThatHasBeenGoneForFiveMinutes) {
    watch("health", R"({"detail-type":["ECS Container Instance Health Change"]})");
    FakeInstance instance(world, "i-0123456789abcdef0");
    instance.connect();
    instance.close();
    world.pass(std::chrono::seconds(299));
    EXPECT_EQ(logged().size(), 0U);
    world.pass(std::chrono::seconds(10));
    ASSERT_EQ(logged().size(), 1U);
    const auto event = json::parse_object(logged().front()).value();
    const auto& detail = json::object_at(event, "detail");
    EXPECT_EQ(json::string_at(detail, "overallStatus"), "IMPAIRED");
    EXPECT_EQ(json::string_at(detail, "ec2InstanceId"), "i-0123456789abcdef0");
    const auto& check = json::array_at(detail, "healthChecks").at(0);
    EXPECT_EQ(json::string_at(check, "type"), "AGENT_CONNECTIVITY");
    EXPECT_EQ(json::string_at(check, "statusReason"),
              "Agent disconnected since 2026-11-21T00:00:00Z");
    instance.connect();
    ASSERT_EQ(logged().size(), 2U);
    EXPECT_EQ(json::string_at(json::at(json::parse_object(logged().back()).value(), "detail"),
                              "overallStatus"),
              "OK");
    instance.close();
    instance.connect();
    EXPECT_EQ(logged().size(), 2U);
}

TEST_F(Events, TellOfTheStatesOfInstancesAndOfTheEndOfSpotInstances) {
    watch("ec2", R"({"source":["aws.ec2"]})");
    auto& ec2 = world.cloud().home().ec2;
    ec2::Instance instance;
    instance.id = "i-0123456789abcdef0";
    instance.availability_zone = "us-east-1a";
    ec2.launch(instance, world.now);
    EXPECT_FALSE(ec2.interrupt("i-00000000000000000", world.now, world.now));
    EXPECT_TRUE(ec2.interrupt(instance.id, world.now + ec2::Instances::spot_notice, world.now));
    EXPECT_TRUE(ec2.overdue(world.now + Seconds(119)).empty());
    EXPECT_EQ(ec2.overdue(world.now + Seconds(120)), Messages{instance.id});
    EXPECT_TRUE(ec2.change_state(instance.id, "terminated", world.now));
    EXPECT_FALSE(ec2.change_state(instance.id, "terminated", world.now));
    EXPECT_TRUE(ec2.overdue(world.now + Seconds(120)).empty());
    Messages details;
    for (const auto& message : logged())
        details.push_back(json::text(json::at(json::parse_object(message).value(), "detail")));
    EXPECT_EQ(details,
              (Messages{R"({"instance-id":"i-0123456789abcdef0","state":"pending"})",
                        R"({"instance-id":"i-0123456789abcdef0","state":"running"})",
                        R"({"instance-id":"i-0123456789abcdef0","instance-action":"terminate"})",
                        R"({"instance-id":"i-0123456789abcdef0","state":"terminated"})"}));
}

} // namespace
} // namespace squall::lab
