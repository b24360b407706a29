#include "lab_world.h"

namespace squall::lab {
namespace {

class Metrics : public ::testing::Test {
protected:
    json::Object metrics(const std::string& operation, json::Object body) {
        auto answered = world.try_call("cloudwatch", operation, std::move(body));
        EXPECT_TRUE(answered) << operation << ": " << (answered ? "" : answered.error().message);
        return answered ? std::get<json::Value>(*answered).as_object() : json::Object{};
    }

    std::string refused(const std::string& operation, json::Object body) {
        const auto answered = world.try_call("cloudwatch", operation, std::move(body));
        return answered ? "" : answered.error().code;
    }

    [[nodiscard]] double at(Seconds ago) const { return epoch_seconds(world.now - ago); }

    void put(json::Object datum) {
        datum["MetricName"] = "m";
        metrics("PutMetricData",
                {{"Namespace", "shop"}, {"MetricData", json::Array{std::move(datum)}}});
    }

    std::string refused_datum(json::Object datum) {
        if (!datum.contains("MetricName")) datum["MetricName"] = "m";
        return refused("PutMetricData",
                       {{"Namespace", "shop"}, {"MetricData", json::Array{std::move(datum)}}});
    }

    json::Array data(const std::string& statistic, std::int64_t period = 60) {
        const json::Object metric{{"Namespace", "shop"}, {"MetricName", "m"}};
        const json::Object query{
            {"Id", "a"},
            {"MetricStat",
             json::Object{{"Metric", metric}, {"Period", period}, {"Stat", statistic}}}};
        const auto answered = metrics("GetMetricData",
                                      {{"MetricDataQueries", json::Array{query}},
                                       {"StartTime", at(std::chrono::hours(24 * 15))},
                                       {"EndTime", at(-Seconds(60))},
                                       {"ScanBy", "TimestampAscending"}});
        return json::array_at(json::array_at(answered, "MetricDataResults").at(0), "Values");
    }

    LabWorld world;
};

TEST_F(Metrics, AreReadAsStatisticsOfPeriods) {
    put({{"Value", 4.0}, {"Timestamp", at(Seconds(100))}});
    put({{"Values", json::Array{1.0, 10.0}},
         {"Counts", json::Array{2.0, 1.0}},
         {"Timestamp", at(Seconds(60))}});
    put({{"Value", 7.0}, {"Timestamp", at(Seconds(60))}});
    EXPECT_EQ(data("Sum"), (json::Array{4.0, 19.0}));
    EXPECT_EQ(data("SampleCount"), (json::Array{1.0, 4.0}));
    EXPECT_EQ(data("Average"), (json::Array{4.0, 4.75}));
    EXPECT_EQ(data("Minimum"), (json::Array{4.0, 1.0}));
    EXPECT_EQ(data("Maximum"), (json::Array{4.0, 10.0}));
    EXPECT_EQ(data("p50"), (json::Array{4.0, 1.0}));
    EXPECT_EQ(data("p75"), (json::Array{4.0, 7.0}));
    EXPECT_EQ(data("Sum", 3600), (json::Array{23.0}));
    put({{"StatisticValues",
          json::Object{{"SampleCount", 2.0}, {"Sum", 5.0}, {"Minimum", 1.0}, {"Maximum", 4.0}}},
         {"Timestamp", at(Seconds(60))}});
    EXPECT_EQ(data("Sum"), (json::Array{4.0, 24.0}));
    EXPECT_EQ(data("p50"), (json::Array{4.0})); // of sums nobody can tell
}

TEST_F(Metrics, BelowTheMinuteBecomeMinutesAfterThreeHours) {
    for (const int second : {1, 2, 30})
        put({{"Value", 1.0}, {"StorageResolution", 1}, {"Timestamp", at(Seconds(60 - second))}});
    EXPECT_EQ(data("Sum", 1).size(), 3U);
    EXPECT_EQ(data("Sum"), (json::Array{3.0}));
    world.now += std::chrono::hours(4);
    world.pass(Seconds(1));
    EXPECT_EQ(data("Sum", 1), (json::Array{3.0}));
    world.now += std::chrono::hours(24 * 15);
    world.pass(Seconds(1));
    EXPECT_EQ(data("Sum"), json::Array{});
    EXPECT_TRUE(json::array_at(metrics("ListMetrics", {}), "Metrics").empty());
}

TEST_F(Metrics, AreListedByWhatTheyHave) {
    const auto put_in = [&](const char* zone) {
        put({{"Value", 1.0},
             {"Dimensions", json::Array{json::Object{{"Name", "zone"}, {"Value", zone}}}}});
    };
    put({{"Value", 1.0}});
    put_in("a");
    put_in("b");
    const auto count = [&](json::Object by) {
        return json::array_at(metrics("ListMetrics", std::move(by)), "Metrics").size();
    };
    EXPECT_EQ(count({}), 3U);
    EXPECT_EQ(count({{"Namespace", "other"}}), 0U);
    EXPECT_EQ(count({{"Dimensions", json::Array{json::Object{{"Name", "zone"}}}}}), 2U);
    EXPECT_EQ(count({{"Dimensions", json::Array{json::Object{{"Name", "zone"}, {"Value", "b"}}}}}),
              1U);
    world.now += std::chrono::hours(4);
    put_in("b");
    EXPECT_EQ(count({{"RecentlyActive", "PT3H"}}), 1U);
    for (int i = 0; i < 600; ++i)
        put_in(std::to_string(i).c_str());
    const auto page = metrics("ListMetrics", {});
    EXPECT_EQ(json::array_at(page, "Metrics").size(), 500U);
    EXPECT_EQ(count({{"NextToken", page.at("NextToken")}}), 103U);
}

TEST_F(Metrics, AreRefusedBeyondTheLimits) {
    EXPECT_EQ(refused_datum({}), "MissingParameter");
    EXPECT_EQ(refused_datum({{"Value", 1.0}, {"Values", json::Array{1.0}}}),
              "InvalidParameterCombination");
    EXPECT_EQ(refused_datum({{"Value", 1e300}}), "InvalidParameterValue");
    EXPECT_EQ(refused_datum({{"Value", 1.0}, {"Unit", "Bananas"}}), "InvalidParameterValue");
    EXPECT_EQ(refused_datum({{"Value", 1.0}, {"Timestamp", at(std::chrono::hours(24 * 15))}}),
              "InvalidParameterValue");
    EXPECT_EQ(refused_datum({{"Value", 1.0}, {"Timestamp", at(-std::chrono::hours(3))}}),
              "InvalidParameterValue");
    EXPECT_EQ(refused_datum({{"Values", json::Array(151, 1.0)}}), "InvalidParameterValue");
    EXPECT_EQ(refused_datum({{"Values", json::Array{1.0}}, {"Counts", json::Array{1.0, 2.0}}}),
              "InvalidParameterValue");
    json::Array dimensions;
    for (int i = 0; i < 31; ++i)
        dimensions.push_back(json::Object{{"Name", std::to_string(i)}, {"Value", "x"}});
    EXPECT_EQ(refused_datum({{"Value", 1.0}, {"Dimensions", dimensions}}), "InvalidParameterValue");
    dimensions.pop_back();
    EXPECT_EQ(refused_datum({{"Value", 1.0}, {"Dimensions", dimensions}}), "");
    const json::Object one{{"MetricName", "m"}, {"Value", 1.0}};
    EXPECT_EQ(
        refused("PutMetricData", {{"Namespace", "AWS/EC2"}, {"MetricData", json::Array{one}}}),
        "InvalidParameterValue");
    EXPECT_EQ(
        refused("PutMetricData", {{"Namespace", "shop"}, {"MetricData", json::Array(1001, one)}}),
        "InvalidParameterValue");
    EXPECT_EQ(refused("GetMetricStatistics",
                      {{"Namespace", "shop"},
                       {"MetricName", "m"},
                       {"StartTime", at(std::chrono::hours(25))},
                       {"EndTime", at(Seconds(0))},
                       {"Period", 60},
                       {"Statistics", json::Array{"Sum"}}}),
              "InvalidParameterCombination");
    EXPECT_EQ(refused("GetMetricData",
                      {{"StartTime", at(Seconds(60))},
                       {"EndTime", at(Seconds(0))},
                       {"MetricDataQueries",
                        json::Array{json::Object{{"Id", "e"}, {"Expression", "a + b"}}}}}),
              "ValidationError");
}

TEST_F(Metrics, GiveStatisticsOfEachUnitByItself) {
    put({{"Value", 1.0}, {"Unit", "Count"}});
    put({{"Value", 5.0}, {"Unit", "Seconds"}});
    json::Object question{{"Namespace", "shop"},
                          {"MetricName", "m"},
                          {"StartTime", at(Seconds(60))},
                          {"EndTime", at(-Seconds(60))},
                          {"Period", 60},
                          {"Statistics", json::Array{"Sum", "Average"}},
                          {"ExtendedStatistics", json::Array{"p99"}}};
    EXPECT_EQ(json::array_at(metrics("GetMetricStatistics", question), "Datapoints").size(), 2U);
    question["Unit"] = "Seconds";
    const auto points = json::array_at(metrics("GetMetricStatistics", question), "Datapoints");
    ASSERT_EQ(points.size(), 1U);
    EXPECT_EQ(json::number_at(points.at(0), "Sum"), 5);
    EXPECT_EQ(json::number_at(json::at(points.at(0), "ExtendedStatistics"), "p99"), 5);
}

TEST_F(Metrics, TellOfRulesWhoseTargetsAreNotThere) {
    static_cast<void>(world.try_call(
        "events", "PutRule", {{"Name", "lost"}, {"EventPattern", R"({"source":["aws.ecs"]})"}}));
    const json::Object target{{"Id", "q"}, {"Arn", "arn:aws:sqs:us-east-1:123456789012:none"}};
    static_cast<void>(world.try_call(
        "events", "PutTargets", {{"Rule", "lost"}, {"Targets", json::Array{target}}}));
    FakeInstance(world, "i-0123456789abcdef0").connect();
    const json::Object by_rule{
        {"Namespace", "AWS/Events"},
        {"MetricName", "FailedInvocations"},
        {"Dimensions", json::Array{json::Object{{"Name", "RuleName"}, {"Value", "lost"}}}}};
    EXPECT_EQ(json::array_at(metrics("ListMetrics", by_rule), "Metrics").size(), 1U);
}

} // namespace
} // namespace squall::lab
