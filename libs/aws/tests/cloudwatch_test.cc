#include "squall/aws/cloudwatch.h"

#include "fake_aws.h"

#include <gtest/gtest.h>

#include <limits>

namespace squall::aws {
namespace {

class CloudWatchTest : public testing::Test {
protected:
    CloudWatchTest() {
        world.aws.on("cloudwatch:PutMetricData", [](const Received& received) {
            if (json::array_at(received.input, "MetricData").size() > 1000
                || received.request.body.size() > 1'000'000)
                return error_answer(received, "RequestEntityTooLarge", "too much", 413);
            // CloudWatch answers nothing.
            return wire::HttpResponse{200, {}, ""};
        });
    }

    auto put(const std::vector<MetricDatum>& data) {
        return cloudwatch.put_metric_data("Squall", data, world.soon(), {});
    }

    [[nodiscard]] std::size_t data_received() const {
        std::size_t count = 0;
        for (const auto& one : world.aws.received())
            count += json::array_at(one.input, "MetricData").size();
        return count;
    }

    World world;
    CloudWatch cloudwatch{world.client};
};

TEST_F(CloudWatchTest, ReadsMetricAndCompositeAlarmsByTheirNames) {
    world.aws.on("cloudwatch:DescribeAlarms", [](const Received& received) {
        EXPECT_EQ(json::text(received.input),
                  R"({"AlarmNames":["a","b"],"AlarmTypes":["MetricAlarm","CompositeAlarm"],)"
                  R"("MaxRecords":100})");
        const json::Object metric{{"AlarmName", "a"},
                                  {"AlarmArn", "arn:a"},
                                  {"StateValue", "ALARM"},
                                  {"StateReason", "Threshold Crossed"}};
        return json_answer({{"MetricAlarms", json::Array{metric}},
                            {"CompositeAlarms", json::Array{json::Object{{"AlarmName", "b"}}}}});
    });
    const std::vector<std::string> names{"a", "b", "a"};
    const auto alarms = cloudwatch.describe_alarms(names, world.soon(), {}).value();
    ASSERT_EQ(alarms.size(), 2U);
    EXPECT_EQ(alarms[0].arn, "arn:a");
    EXPECT_EQ(alarms[0].state, "ALARM");
    EXPECT_EQ(alarms[0].state_reason, "Threshold Crossed");
    EXPECT_EQ(alarms[1].name, "b");
    EXPECT_EQ(world.aws.received().back().server.host, "monitoring.us-east-1.amazonaws.com");
}

TEST_F(CloudWatchTest, AMetricGoesOutAsItIs) {
    const WallTime when = WallTime(FakeClock::start_of_wall) + Millis(750);
    ASSERT_TRUE(put({{"Agents", {{"Cluster", "a \"b\""}, {"State", "gone"}}, 2.5, "Count", when},
                     {"Polls", {}, 0, "", when}}));
    const auto received = world.aws.received().back();
    EXPECT_EQ(json::text(received.input),
              R"({"Namespace":"Squall","MetricData":[)"
              R"({"MetricName":"Agents","Value":2.5E0,"Timestamp":1795226400,"Dimensions":)"
              R"([{"Name":"Cluster","Value":"a \"b\""},{"Name":"State","Value":"gone"}],)"
              R"("Unit":"Count"},)"
              R"({"MetricName":"Polls","Value":0E0,"Timestamp":1795226400}]})");
    EXPECT_FALSE(wire::has_header(received.request.headers, "Content-Encoding"));
    EXPECT_EQ(wire::header_value(received.request.headers, "x-amzn-query-mode"), "true");
}

TEST_F(CloudWatchTest, ALargeBodyIsCompressedAndSignedSo) {
    const WallTime when{FakeClock::start_of_wall};
    ASSERT_TRUE(put(std::vector<MetricDatum>(500, {"Agents", {{"Cluster", "a"}}, 1, "", when})));
    const auto received = world.aws.received().back();
    EXPECT_EQ(wire::header_value(received.request.headers, "Content-Encoding"), "gzip");
    EXPECT_NE(wire::header_value(received.request.headers, "Authorization")
                  .find("content-encoding;content-type"),
              std::string_view::npos);
    EXPECT_LT(received.request.body.size(), 2000U);
    EXPECT_EQ(data_received(), 500U);
}

TEST_F(CloudWatchTest, OneCallHasAThousandDataAndAMegabyteAtMost) {
    const WallTime when{FakeClock::start_of_wall};
    ASSERT_TRUE(put(std::vector<MetricDatum>(2001, {"Agents", {}, 1, "", when})));
    EXPECT_EQ(world.aws.received().size(), 3U);
    EXPECT_EQ(data_received(), 2001U);
    const MetricDatum large{"Agents", {{"Cluster", std::string(255, 'c')}}, 1, "", when};
    MetricDatum larger = large;
    for (int i = 0; i < 29; ++i)
        larger.dimensions[fmt::format("Dimension{}", i)] = std::string(250, 'd');
    ASSERT_TRUE(put(std::vector<MetricDatum>(200, larger)));
    EXPECT_EQ(world.aws.received().size(), 5U) << "two hundred of eight kilobytes";
    EXPECT_EQ(data_received(), 2201U);
    ASSERT_TRUE(put({}));
    EXPECT_EQ(world.aws.received().size(), 5U);
}

TEST_F(CloudWatchTest, AValueThatIsNoNumberIsNamedAndNothingIsSent) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const auto result = put({{"Polls", {}, 1, "", {}}, {"Latency", {}, nan, "", {}}});
    EXPECT_EQ(result.error().kind, Errc::invalid_input);
    EXPECT_EQ(result.error().message, "Latency is nan, which is no value of a metric");
    EXPECT_TRUE(world.aws.received().empty());
}

} // namespace
} // namespace squall::aws
