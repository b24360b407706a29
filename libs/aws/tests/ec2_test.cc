#include "squall/aws/ec2.h"

#include "fake_aws.h"
#include "squall/wire/xml.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace squall::aws {
namespace {

std::string id(int number) { return fmt::format("i-{:017x}", number); }

// EC2 behind a FakeAws: refuses the whole call when it does not know one of the ids.
class FakeEc2 {
public:
    explicit FakeEc2(FakeAws& aws) {
        aws.on("ec2:DescribeInstances", [this](const Received& received) {
            const auto asked = received.form.list("InstanceId");
            std::string unknown;
            for (const auto& one : asked) {
                if (!instances.contains(one)) unknown += (unknown.empty() ? "" : ", ") + one;
            }
            if (!unknown.empty())
                return error_answer(received,
                                    "InvalidInstanceID.NotFound",
                                    "The instance IDs '" + unknown + "' do not exist");
            return answer(asked);
        });
    }

    std::set<std::string> instances;

private:
    static wire::HttpResponse answer(const std::vector<std::string>& asked) {
        wire::XmlWriter xml;
        xml.open("DescribeInstancesResponse", "http://ec2.amazonaws.com/doc/2016-11-15/");
        xml.open("reservationSet");
        for (const auto& one : asked) {
            xml.open("item");
            xml.open("instancesSet");
            xml.element("item", [&] { write(xml, one); });
            xml.close();
            xml.close();
        }
        xml.close();
        xml.close();
        return xml_answer(xml.text());
    }

    static void write(wire::XmlWriter& xml, const std::string& one) {
        xml.leaf("instanceId", one);
        xml.element("instanceState", [&] {
            xml.leaf("code", "16");
            xml.leaf("name", "running");
        });
        xml.element("placement", [&] { xml.leaf("availabilityZone", "us-east-1a"); });
        xml.leaf("privateIpAddress", "10.0.0.1");
        xml.leaf("launchTime", "2026-11-21T02:03:04.000Z");
        xml.element("tagSet", [&] {
            for (const char* key : {"Name", "env"}) {
                xml.element("item", [&] {
                    xml.leaf("key", key);
                    xml.leaf("value", key + std::string(" of ") + one);
                });
            }
        });
    }
};

class Ec2Test : public testing::Test {
protected:
    auto describe(const std::vector<std::string>& ids) {
        return ec2.describe_instances(ids, world.soon(), {});
    }

    World world;
    FakeEc2 fake{world.aws};
    Ec2 ec2{world.client};
};

TEST_F(Ec2Test, DescribesInstancesWithTheirTags) {
    fake.instances = {id(1), id(2)};
    const auto instances = describe({id(1), id(2), "mi-0123456789abcdef0"}).value();
    ASSERT_EQ(instances.size(), 2U);
    EXPECT_EQ(instances[1].instance_id, id(2));
    EXPECT_EQ(instances[1].state, "running");
    EXPECT_EQ(instances[1].availability_zone, "us-east-1a");
    EXPECT_EQ(instances[1].private_ip, "10.0.0.1");
    EXPECT_EQ(instances[1].launch_time,
              WallTime(FakeClock::start_of_wall + std::chrono::seconds(184)));
    EXPECT_EQ(instances[1].tags.at("Name"), "Name of " + id(2));
    EXPECT_EQ(instances[1].tags.size(), 2U);
    EXPECT_FALSE(world.aws.received().at(0).form.has("MaxResults"));
}

TEST_F(Ec2Test, AsksByHundreds) {
    std::vector<std::string> ids;
    ids.reserve(101);
    for (int i = 0; i < 101; ++i)
        ids.push_back(id(i));
    fake.instances = {ids.begin(), ids.end()};
    EXPECT_EQ(describe(ids).value().size(), 101U);
    EXPECT_EQ(world.aws.received().size(), 2U);
    EXPECT_TRUE(describe({}).value().empty());
    EXPECT_EQ(world.aws.received().size(), 2U);
}

TEST_F(Ec2Test, LeavesOutIdsThatEc2HasForgotten) {
    fake.instances = {id(2)};
    const auto instances = describe({id(1), id(2), id(3)}).value();
    ASSERT_EQ(instances.size(), 1U);
    EXPECT_EQ(instances[0].instance_id, id(2));
    EXPECT_EQ(world.aws.received().size(), 2U);
    EXPECT_TRUE(describe({id(1)}).value().empty());
}

TEST_F(Ec2Test, ARefusalThatNamesNothingWeAskedForEndsTheCall) {
    world.aws.on("ec2:DescribeInstances", [](const Received& received) {
        return error_answer(received, "InvalidInstanceID.Malformed", "Invalid id: \"i-xyz\"");
    });
    EXPECT_EQ(describe({id(1)}).error().code, "InvalidInstanceID.Malformed");
}

TEST_F(Ec2Test, AnswersThatMakeNoSenseAreErrors) {
    for (const char* body :
         {"",
          "<html/>",
          "<DescribeInstancesResponse>",
          "<DescribeInstancesResponse><nextToken>x</nextToken></DescribeInstancesResponse>"}) {
        world.aws.on("ec2:DescribeInstances", [body](const Received&) { return xml_answer(body); });
        EXPECT_EQ(describe({id(1)}).error().kind, Errc::failed) << body;
    }
}

TEST_F(Ec2Test, InstancesAreEndedButForThoseThatEc2HasForgotten) {
    world.aws.on("ec2:TerminateInstances", [](const Received& received) {
        const auto asked = received.form.list("InstanceId");
        if (std::find(asked.begin(), asked.end(), id(1)) != asked.end())
            return error_answer(received,
                                "InvalidInstanceID.NotFound",
                                "The instance ID '" + id(1) + "' does not exist");
        wire::XmlWriter xml;
        xml.open("TerminateInstancesResponse", "http://ec2.amazonaws.com/doc/2016-11-15/");
        xml.open("instancesSet");
        for (const auto& one : asked) {
            xml.element("item", [&] {
                xml.leaf("instanceId", one);
                xml.element("currentState", [&] { xml.leaf("name", "shutting-down"); });
                xml.element("previousState", [&] { xml.leaf("name", "running"); });
            });
        }
        xml.close();
        xml.close();
        return xml_answer(xml.text());
    });
    const std::vector<std::string> ids{id(1), id(2), id(3), "mi-0123456789abcdef0"};
    const auto changes = ec2.terminate_instances(ids, world.soon(), {}).value();
    ASSERT_EQ(changes.size(), 2U);
    EXPECT_EQ(changes[1].instance_id, id(3));
    EXPECT_EQ(changes[1].previous_state, "running");
    EXPECT_EQ(changes[1].current_state, "shutting-down");
    world.aws.on("ec2:TerminateInstances", [](const Received& received) {
        return error_answer(received, "OperationNotPermitted", "it may not be terminated");
    });
    EXPECT_EQ(ec2.terminate_instances(ids, world.soon(), {}).error().code, "OperationNotPermitted");
}

} // namespace
} // namespace squall::aws
