#include "squall/aws/autoscaling.h"

#include "fake_aws.h"

#include <gtest/gtest.h>

namespace squall::aws {
namespace {

class AutoScalingTest : public testing::Test {
protected:
    // The pages of a list, in their order, each with the token of the next.
    void answer_pages(const std::string& action, const std::vector<std::string>& pages) {
        world.aws.on("autoscaling:" + action, [=](const Received& received) {
            const std::string token(received.form.get("NextToken"));
            const std::size_t page = token.empty() ? 0 : std::stoul(token);
            const bool is_last = page + 1 == pages.size();
            return xml_answer(
                fmt::format("<{0}Response "
                            "xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\"><{0}Result>"
                            "{1}{2}</{0}Result></{0}Response>",
                            action,
                            pages.at(page),
                            is_last ? "" : fmt::format("<NextToken>{}</NextToken>", page + 1)));
        });
    }

    World world;
    AutoScaling autoscaling{world.client};
};

TEST_F(AutoScalingTest, InstancesSayWhichGroupKeepsThem) {
    const auto page = [](const std::string& id) {
        return fmt::format("<AutoScalingInstances><member><InstanceId>{}</InstanceId>"
                           "<AutoScalingGroupName>web</AutoScalingGroupName>"
                           "<AvailabilityZone>us-east-1a</AvailabilityZone>"
                           "<LifecycleState>Terminating:Wait</LifecycleState>"
                           "<HealthStatus>HEALTHY</HealthStatus>"
                           "<ProtectedFromScaleIn>true</ProtectedFromScaleIn>"
                           "</member></AutoScalingInstances>",
                           id);
    };
    answer_pages("DescribeAutoScalingInstances", {page("i-1"), page("i-2")});
    const std::vector<std::string> ids{"i-1", "i-2", "i-3"};
    const auto found = autoscaling.describe_auto_scaling_instances(ids, world.soon(), {}).value();
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[1].instance_id, "i-2");
    EXPECT_EQ(found[1].group_name, "web");
    EXPECT_EQ(found[1].availability_zone, "us-east-1a");
    EXPECT_EQ(found[1].lifecycle_state, "Terminating:Wait");
    EXPECT_EQ(found[1].health_status, "HEALTHY");
    EXPECT_TRUE(found[1].is_protected_from_scale_in);
    const auto form = world.aws.received().back().form;
    EXPECT_EQ(form.get("Version"), "2011-01-01");
    EXPECT_EQ(form.list("InstanceIds.member").size(), 3U);
    EXPECT_EQ(form.get("NextToken"), "1");
}

TEST_F(AutoScalingTest, InstancesAreAskedAboutByFifties) {
    answer_pages("DescribeAutoScalingInstances", {"<AutoScalingInstances/>"});
    std::vector<std::string> ids;
    for (int i = 0; i < 51; ++i)
        ids.push_back(fmt::format("i-{}", i));
    EXPECT_TRUE(autoscaling.describe_auto_scaling_instances(ids, world.soon(), {}).value().empty());
    EXPECT_EQ(world.aws.received().size(), 2U);
    EXPECT_TRUE(autoscaling.describe_auto_scaling_instances({}, world.soon(), {}).value().empty());
    EXPECT_EQ(world.aws.received().size(), 2U);
}

TEST_F(AutoScalingTest, GroupsComeWithTheirInstancesAndTags) {
    answer_pages("DescribeAutoScalingGroups",
                 {"<AutoScalingGroups><member><AutoScalingGroupName>web</AutoScalingGroupName>"
                  "<AutoScalingGroupARN>arn:web</AutoScalingGroupARN><MinSize>1</MinSize>"
                  "<MaxSize>9</MaxSize><DesiredCapacity>2</DesiredCapacity><Instances>"
                  "<member><InstanceId>i-1</InstanceId><LifecycleState>InService</LifecycleState>"
                  "</member><member><InstanceId>i-2</InstanceId></member></Instances>"
                  "<Tags><member><Key>team</Key><Value>a&amp;b</Value></member></Tags>"
                  "</member></AutoScalingGroups>",
                  "<AutoScalingGroups><member><AutoScalingGroupName>db</AutoScalingGroupName>"
                  "</member></AutoScalingGroups>"});
    const auto groups = autoscaling.describe_auto_scaling_groups({}, world.soon(), {}).value();
    ASSERT_EQ(groups.size(), 2U);
    EXPECT_EQ(groups[0].name, "web");
    EXPECT_EQ(groups[0].arn, "arn:web");
    EXPECT_EQ(groups[0].min_size, 1);
    EXPECT_EQ(groups[0].max_size, 9);
    EXPECT_EQ(groups[0].desired_capacity, 2);
    ASSERT_EQ(groups[0].instances.size(), 2U);
    EXPECT_EQ(groups[0].instances[0].lifecycle_state, "InService");
    EXPECT_EQ(groups[0].instances[1].group_name, "web");
    EXPECT_EQ(groups[0].tags.at("team"), "a&b");
    EXPECT_TRUE(groups[1].instances.empty());
    EXPECT_FALSE(world.aws.received()[0].form.has_structure("Filters"));
}

TEST_F(AutoScalingTest, GroupsAreLimitedByNamesAndTags) {
    answer_pages("DescribeAutoScalingGroups", {"<AutoScalingGroups/>"});
    ASSERT_TRUE(autoscaling.describe_auto_scaling_groups(
        {{"web"}, {{"env", "prod"}, {"team", "a"}}}, world.soon(), {}));
    const auto form = world.aws.received().back().form;
    EXPECT_EQ(form.get("AutoScalingGroupNames.member.1"), "web");
    EXPECT_EQ(form.get("Filters.member.1.Name"), "tag:env");
    EXPECT_EQ(form.get("Filters.member.1.Values.member.1"), "prod");
    EXPECT_EQ(form.get("Filters.member.2.Name"), "tag:team");
    EXPECT_EQ(form.get("MaxRecords"), "100");
}

TEST_F(AutoScalingTest, AListThatGoesInCirclesOrIsNoneIsAnError) {
    for (const char* body : {"",
                             "<html/>",
                             "<DescribeAutoScalingGroupsResponse/>",
                             "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult>"
                             "<NextToken>again</NextToken></DescribeAutoScalingGroupsResult>"
                             "</DescribeAutoScalingGroupsResponse>"}) {
        world.aws.on("autoscaling:DescribeAutoScalingGroups",
                     [body](const Received&) { return xml_answer(body); });
        const auto groups = autoscaling.describe_auto_scaling_groups({}, world.soon(), {});
        ASSERT_FALSE(groups) << body;
        EXPECT_EQ(groups.error().kind, Errc::failed);
        EXPECT_EQ(groups.error().operation, "autoscaling:DescribeAutoScalingGroups");
    }
}

TEST_F(AutoScalingTest, AnInstanceIsEndedSoThatAnotherTakesItsPlace) {
    world.aws.on("autoscaling:TerminateInstanceInAutoScalingGroup", [](const Received& received) {
        if (received.form.get("InstanceId") != "i-1")
            return error_answer(
                received, "ValidationError", "Instance Id not found - No managed instance found");
        EXPECT_EQ(received.form.get("ShouldDecrementDesiredCapacity"), "false");
        return xml_answer("<TerminateInstanceInAutoScalingGroupResponse>"
                          "<TerminateInstanceInAutoScalingGroupResult><Activity>"
                          "<ActivityId>a-1</ActivityId><StatusCode>InProgress</StatusCode>"
                          "<Description>Terminating EC2 instance: i-1</Description></Activity>"
                          "</TerminateInstanceInAutoScalingGroupResult>"
                          "</TerminateInstanceInAutoScalingGroupResponse>");
    });
    const auto activity =
        autoscaling.terminate_instance_in_auto_scaling_group("i-1", world.soon(), {}).value();
    EXPECT_EQ(activity.activity_id, "a-1");
    EXPECT_EQ(activity.status_code, "InProgress");
    EXPECT_EQ(activity.description, "Terminating EC2 instance: i-1");
    EXPECT_EQ(
        autoscaling.terminate_instance_in_auto_scaling_group("i-2", world.soon(), {}).error().code,
        "ValidationError");
}

} // namespace
} // namespace squall::aws
