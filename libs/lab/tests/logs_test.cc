#include "lab_world.h"
#include "logs/filter_pattern.h"
#include "squall/base/time_text.h"

namespace squall::lab {
namespace {

struct Case {
    const char* pattern;
    const char* message;
    bool is_match;
};

TEST(FilterPattern, FindsWordsPhrasesColumnsAndMembers) {
    constexpr const char* line =
        R"(127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /a.gif HTTP/1.0" 404 1534)";
    constexpr const char* object =
        R"({"user":{"name":"Ann"},"status":404,"ok":false,"none":null,"list":[{"v":"x"}],"n":-1.5})";
    for (const auto& one : {
             Case{"", "anything", true},
             Case{"ERROR", "an ERROR it is", true},
             Case{"ERROR", "an error it is", false},
             Case{"ERROR timeout", "ERROR of some kind", false},
             Case{"ERROR timeout", "timeout, ERROR", true},
             Case{"?ERROR ?WARN", "WARN it is", true},
             Case{"?ERROR ?WARN", "INFO it is", false},
             Case{"ERROR -retry", "ERROR, will retry", false},
             Case{"\"file not found\"", "a file not found here", true},
             Case{"\"file not found\"", "not found a file", false},
             Case{"-\"file not found\"", "file not found", false},
             Case{"[ip, id, user, time, request, status = 4*, size]", line, true},
             Case{"[ip, id, user, time, request, status = 5*, size]", line, false},
             Case{"[ip, id, user, time, request, status = 404 || status = 410, size > 1000]",
                  line,
                  true},
             Case{"[ip, ..., size > 2000]", line, false},
             Case{"[ip = 127.*, ..., size]", line, true},
             Case{"[ip, id]", line, false},
             Case{"[..., request = \"*.gif*\", status, size]", line, true},
             Case{"{ $.user.name = \"Ann\" }", object, true},
             Case{"{ $.user.name = \"A*\" && $.status >= 404 }", object, true},
             Case{"{ $.user.name != \"Ann\" }", object, false},
             Case{"{ ($.status = 500) || ($.ok IS FALSE && $.none IS NULL) }", object, true},
             Case{"{ $.ok IS TRUE }", object, false},
             Case{"{ $.missing NOT EXISTS }", object, true},
             Case{"{ $.user NOT EXISTS }", object, false},
             Case{"{ $.list[0].v = x }", object, true},
             Case{"{ $.n < 0 }", object, true},
             Case{"{ $.n < 0 }", "no JSON", false},
         }) {
        const auto pattern = logs::FilterPattern::parse(one.pattern);
        ASSERT_TRUE(pattern) << one.pattern << ": " << pattern.error().message;
        EXPECT_EQ(pattern->matches(one.message), one.is_match) << one.pattern << "\n"
                                                               << one.message;
    }
    for (const char* text : {"a.b",
                             "\"open",
                             "%regex%",
                             "{ $.a }",
                             "{ $.a = }",
                             "{ $.a = 1",
                             "{ a = 1 }",
                             "{ $.a = 1 & $.b = 2 }",
                             "{ ($.a = 1 }",
                             "{ $.a < x }",
                             "{ $.* = 1 }",
                             "[a, ..., ...]",
                             "[= 1]",
                             "[a = %x%]",
                             "-",
                             "{ $.a IS 1 }"})
        EXPECT_FALSE(logs::FilterPattern::parse(text)) << text;
}

class Logs : public ::testing::Test {
protected:
    json::Object logs(const std::string& operation, json::Object body) {
        auto answered = world.try_call("logs", operation, std::move(body));
        EXPECT_TRUE(answered) << operation << ": " << (answered ? "" : answered.error().message);
        return answered ? std::get<json::Value>(*answered).as_object() : json::Object{};
    }

    std::string refused(const std::string& operation, json::Object body) {
        const auto answered = world.try_call("logs", operation, std::move(body));
        return answered ? "" : answered.error().code;
    }

    [[nodiscard]] std::int64_t at(Seconds ago) const { return epoch_millis(world.now - ago); }

    json::Object put(std::initializer_list<std::pair<std::int64_t, std::string>> events) {
        json::Array list;
        for (const auto& [time, message] : events)
            list.push_back(json::Object{{"timestamp", time}, {"message", message}});
        return logs("PutLogEvents",
                    {{"logGroupName", "g"}, {"logStreamName", "s"}, {"logEvents", list}});
    }

    json::Object get(json::Object more) {
        more["logGroupName"] = "g";
        more["logStreamName"] = "s";
        return logs("GetLogEvents", more);
    }

    static std::vector<std::string> messages(const json::Object& answered) {
        std::vector<std::string> found;
        for (const auto& event : json::array_at(answered, "events"))
            found.emplace_back(json::string_at(event, "message"));
        return found;
    }

    void SetUp() override {
        logs("CreateLogGroup", {{"logGroupName", "g"}});
        logs("CreateLogStream", {{"logGroupName", "g"}, {"logStreamName", "s"}});
    }

    using Messages = std::vector<std::string>;
    LabWorld world;
};

TEST_F(Logs, GivesEventsInTheirOrderAndPagesBothWays) {
    put({{at(Seconds(20)), "b"}, {at(Seconds(10)), "c"}});
    put({{at(Seconds(30)), "a"}});
    EXPECT_EQ(messages(get({{"startFromHead", true}})), (Messages{"a", "b", "c"}));
    const auto head = get({{"startFromHead", true}, {"limit", 2}});
    EXPECT_EQ(messages(head), (Messages{"a", "b"}));
    const auto next = get({{"nextToken", head.at("nextForwardToken")}, {"limit", 2}});
    EXPECT_EQ(messages(next), (Messages{"c"}));
    const auto end = get({{"nextToken", next.at("nextForwardToken")}});
    EXPECT_EQ(messages(end), Messages{});
    EXPECT_EQ(end.at("nextForwardToken"), next.at("nextForwardToken"));
    const auto tail = get({{"limit", 1}});
    EXPECT_EQ(messages(tail), Messages{"c"});
    EXPECT_EQ(messages(get({{"nextToken", tail.at("nextBackwardToken")}, {"limit", 5}})),
              (Messages{"a", "b"}));
    EXPECT_EQ(messages(get({{"startTime", at(Seconds(20))}, {"endTime", at(Seconds(10))}})),
              Messages{"b"});
    EXPECT_EQ(refused("GetLogEvents",
                      {{"logGroupName", "g"}, {"logStreamName", "s"}, {"nextToken", "f/1"}}),
              "InvalidParameterException");
}

TEST_F(Logs, TakesNeitherOldNorFutureEventsNorDisorder) {
    const auto answered = put({{at(std::chrono::hours(24 * 15)), "old"}});
    EXPECT_EQ(
        json::integer_at(json::at(answered, "rejectedLogEventsInfo"), "tooOldLogEventEndIndex"), 1);
    const auto late = put({{at(Seconds(0)), "now"}, {at(-std::chrono::hours(3)), "late"}});
    EXPECT_EQ(json::integer_at(json::at(late, "rejectedLogEventsInfo"), "tooNewLogEventStartIndex"),
              1);
    EXPECT_EQ(messages(get({})), Messages{"now"});
    const auto put_list = [&](json::Array events) {
        return refused("PutLogEvents",
                       {{"logGroupName", "g"}, {"logStreamName", "s"}, {"logEvents", events}});
    };
    const auto event = [](std::int64_t time, const std::string& message) {
        return json::Value(json::Object{{"timestamp", time}, {"message", message}});
    };
    EXPECT_EQ(put_list({event(at(Seconds(1)), "b"), event(at(Seconds(2)), "a")}),
              "InvalidParameterException");
    EXPECT_EQ(put_list({event(at(Seconds(1)), std::string(1'048'576, 'x'))}),
              "InvalidParameterException");
    EXPECT_EQ(put_list({event(at(std::chrono::hours(25)), "a"), event(at(Seconds(0)), "b")}),
              "InvalidParameterException");
    EXPECT_EQ(put_list({}), "InvalidParameterException");
}

TEST_F(Logs, FiltersOverStreamsInTheOrderOfTime) {
    logs("CreateLogStream", {{"logGroupName", "g"}, {"logStreamName", "t"}});
    put({{at(Seconds(30)), "ERROR 1"}, {at(Seconds(10)), "ERROR 3"}, {at(Seconds(9)), "fine"}});
    logs("PutLogEvents",
         {{"logGroupName", "g"},
          {"logStreamName", "t"},
          {"logEvents",
           json::Array{json::Object{{"timestamp", at(Seconds(20))}, {"message", "ERROR 2"}}}}});
    const json::Object by{{"logGroupName", "g"}, {"filterPattern", "ERROR"}};
    EXPECT_EQ(messages(logs("FilterLogEvents", by)), (Messages{"ERROR 1", "ERROR 2", "ERROR 3"}));
    auto paged = by;
    paged["limit"] = 2;
    const auto first = logs("FilterLogEvents", paged);
    EXPECT_EQ(messages(first), (Messages{"ERROR 1", "ERROR 2"}));
    paged["nextToken"] = first.at("nextToken");
    const auto second = logs("FilterLogEvents", paged);
    EXPECT_EQ(messages(second), (Messages{"ERROR 3"}));
    EXPECT_FALSE(second.contains("nextToken"));
    auto one_stream = by;
    one_stream["logStreamNames"] = json::Array{"t"};
    EXPECT_EQ(messages(logs("FilterLogEvents", one_stream)), Messages{"ERROR 2"});
    EXPECT_EQ(refused("FilterLogEvents", {{"logGroupName", "g"}, {"filterPattern", "%x%"}}),
              "InvalidParameterException");
}

TEST_F(Logs, ForgetsWhatIsTooOldOrTooMuch) {
    put({{at(std::chrono::hours(47)), "old"}});
    put({{at(Seconds(1)), "new"}});
    logs("PutRetentionPolicy", {{"logGroupName", "g"}, {"retentionInDays", 1}});
    EXPECT_EQ(messages(get({})), Messages{"new"});
    EXPECT_EQ(refused("PutRetentionPolicy", {{"logGroupName", "g"}, {"retentionInDays", 2}}),
              "InvalidParameterException");
    for (int i = 0; i < 12; ++i)
        put({{at(Seconds(0)), std::string(500'000, static_cast<char>('a' + i))}});
    const auto kept = json::integer_at(
        json::array_at(logs("DescribeLogGroups", {}), "logGroups").at(0), "storedBytes");
    EXPECT_LE(kept, static_cast<std::int64_t>(logs::Store::stream_bytes_max));
    EXPECT_EQ(messages(get({{"limit", 1}})).front().front(), 'l');
}

TEST_F(Logs, KeepsTagsByNameAndByArn) {
    const std::string arn = "arn:aws:logs:us-east-1:123456789012:log-group:g";
    logs("TagLogGroup", {{"logGroupName", "g"}, {"tags", json::Object{{"a", "1"}}}});
    logs("TagResource", {{"resourceArn", arn}, {"tags", json::Object{{"b", "2"}}}});
    EXPECT_EQ(json::object_at(logs("ListTagsForResource", {{"resourceArn", arn + ":*"}}), "tags"),
              (json::Object{{"a", "1"}, {"b", "2"}}));
    logs("UntagResource", {{"resourceArn", arn}, {"tagKeys", json::Array{"a"}}});
    EXPECT_EQ(json::object_at(logs("ListTagsLogGroup", {{"logGroupName", "g"}}), "tags"),
              (json::Object{{"b", "2"}}));
    EXPECT_EQ(refused("CreateLogGroup", {{"logGroupName", "g"}}), "ResourceAlreadyExistsException");
    logs("DeleteLogGroup", {{"logGroupName", "g"}});
    EXPECT_EQ(refused("DeleteLogGroup", {{"logGroupName", "g"}}), "ResourceNotFoundException");
}

} // namespace
} // namespace squall::lab
