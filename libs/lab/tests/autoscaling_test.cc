#include "autoscaling/service.h"
#include "lab_world.h"
#include "squall/wire/xml.h"

#include <gtest/gtest.h>

namespace squall::lab::autoscaling {
namespace {

using Texts = std::vector<std::string>;

// Launches what it is asked for, or says why not.
class Yard final : public Launcher {
public:
    explicit Yard(ec2::Instances& instances) : instances_(instances) {}

    Result<std::string> launch(const std::string& /*group*/) override {
        if (!problem.empty()) return fail(Errc::unavailable, "{}", problem);
        return add();
    }

    std::string add(const std::string& zone = "us-east-1a") {
        ec2::Instance instance;
        instance.id = fmt::format("i-{:017}", ++count_);
        instance.availability_zone = zone;
        instance.launched_at = start_of_test + Seconds(count_);
        instances_.launch(instance, start_of_test);
        return instance.id;
    }

    std::string problem;

private:
    ec2::Instances& instances_;
    int count_ = 0;
};

class AutoScaling : public ::testing::Test {
protected:
    AutoScaling() {
        Group group;
        group.name = "web";
        group.max_size = 5;
        service.use(&yard);
        service.make_group(group, now);
        for (const char* zone : {"us-east-1a", "us-east-1b", "us-east-1b"})
            service.attach("web", yard.add(zone));
    }

    Result<wire::XmlDocument, std::string>
    call(const std::string& operation,
         const std::vector<std::pair<std::string, std::string>>& form) {
        ApiCall made;
        made.service = "autoscaling";
        made.operation = operation;
        made.protocol = wire::Protocol::query;
        made.now = now;
        for (const auto& [name, value] : form)
            made.form.add(name, value);
        const auto answered = service.call(made).value();
        if (!answered) return tl::unexpected(answered.error().code);
        return wire::XmlDocument::parse(std::get<std::string>(*answered)).value();
    }

    std::string code_of(const std::string& operation,
                        const std::vector<std::pair<std::string, std::string>>& form) {
        const auto answered = call(operation, form);
        return answered ? std::string("done") : answered.error();
    }

    std::string terminate(const std::string& id, const char* decrement) {
        return code_of("TerminateInstanceInAutoScalingGroup",
                       {{"InstanceId", id}, {"ShouldDecrementDesiredCapacity", decrement}});
    }

    // "…1 InService", of each member.
    Texts members() {
        Texts found;
        const auto answered = call("DescribeAutoScalingInstances", {});
        answered->for_each("DescribeAutoScalingInstancesResult/AutoScalingInstances/member",
                           [&](const wire::XmlDocument::Reader& read) {
                               found.push_back(read("InstanceId").back()
                                               + (" " + read("LifecycleState")));
                           });
        return found;
    }

    std::string newest_activity(const std::string& what) {
        return call("DescribeScalingActivities", {{"AutoScalingGroupName", "web"}})
            ->text_at("DescribeScalingActivitiesResult/Activities/member/" + what);
    }

    void pass(Seconds time) {
        for (Seconds done{0}; done < time; done += Seconds(1)) {
            now += Seconds(1);
            service.tick(now);
        }
    }

    const std::string first = "i-00000000000000001";
    const std::string second = "i-00000000000000002";
    WallTime now = start_of_test;
    Texts told;
    ec2::Instances instances;
    Yard yard{instances};
    Service service{
        "123456789012",
        "us-east-1",
        instances,
        [this](std::string_view type, const json::Array&, const json::Object& detail, WallTime) {
            const std::string id(json::string_at(detail, "EC2InstanceId"));
            told.push_back(std::string(type) + " " + (id.empty() ? "" : id.substr(18)));
        }};
};

TEST_F(AutoScaling, ReplacesWhatWasTerminatedWhenItHasEnded) {
    EXPECT_EQ(terminate(first, "false"), "done");
    EXPECT_EQ(members(), (Texts{"1 Terminating", "2 InService", "3 InService"}));
    pass(Seconds(2));
    EXPECT_EQ(members(), (Texts{"2 InService", "3 InService", "4 InService"}));
    EXPECT_EQ(instances.all.at(first).state, "terminated");
    EXPECT_EQ(told,
              (Texts{"EC2 Instance Terminate Successful 1", "EC2 Instance Launch Successful 4"}));
    EXPECT_EQ(newest_activity("StatusCode"), "Successful");
}

TEST_F(AutoScaling, IsSmallerByWhatWasTakenAwayAndNotBelowItsLeast) {
    EXPECT_EQ(terminate(first, "true"), "done");
    EXPECT_EQ(terminate(first, "true"), "ScalingActivityInProgress");
    pass(Seconds(5));
    EXPECT_EQ(members(), (Texts{"2 InService", "3 InService"}));
    Group least;
    least.name = "other";
    least.min_size = 1;
    service.make_group(least, now);
    const std::string only = yard.add();
    service.attach("other", only);
    EXPECT_EQ(terminate(only, "true"), "ValidationError");
    EXPECT_EQ(terminate(only, ""), "ValidationError");
    EXPECT_EQ(instances.all.at(only).state, "running");
}

TEST_F(AutoScaling, ShrinksInTheFullestZoneByTheOldest) {
    EXPECT_EQ(
        code_of("SetDesiredCapacity", {{"AutoScalingGroupName", "web"}, {"DesiredCapacity", "2"}}),
        "done");
    pass(Seconds(3));
    EXPECT_EQ(members(), (Texts{"1 InService", "3 InService"}));
    for (const char* size : {"6", "-1", "many"})
        EXPECT_EQ(code_of("SetDesiredCapacity",
                          {{"AutoScalingGroupName", "web"}, {"DesiredCapacity", size}}),
                  "ValidationError");
}

TEST_F(AutoScaling, SaysWhyALaunchFailedAndTriesAgain) {
    yard.problem = "There is no room.";
    EXPECT_EQ(terminate(first, "false"), "done");
    pass(Seconds(20));
    EXPECT_EQ(newest_activity("StatusCode"), "Failed");
    EXPECT_EQ(newest_activity("StatusMessage"), "There is no room.");
    EXPECT_EQ(told.size(), 2U) << "it has not tried a second time yet";
    yard.problem.clear();
    pass(Seconds(20));
    EXPECT_EQ(members().size(), 3U);
}

TEST_F(AutoScaling, WaitsForAHookUntilItsTimeIsOver) {
    EXPECT_EQ(code_of("PutLifecycleHook",
                      {{"AutoScalingGroupName", "web"},
                       {"LifecycleHookName", "drain"},
                       {"LifecycleTransition", "autoscaling:EC2_INSTANCE_TERMINATING"},
                       {"HeartbeatTimeout", "60"}}),
              "done");
    EXPECT_EQ(terminate(first, "true"), "done");
    EXPECT_EQ(told, Texts{"EC2 Instance-terminate Lifecycle Action 1"});
    pass(Seconds(59));
    EXPECT_EQ(members().front(), "1 Terminating:Wait");
    EXPECT_EQ(instances.all.at(first).state, "running");
    pass(Seconds(3));
    EXPECT_EQ(members(), (Texts{"2 InService", "3 InService"}));
}

TEST_F(AutoScaling, LooksAtHealthOnlyWhereThatIsNotSuspended) {
    code_of("SuspendProcesses",
            {{"AutoScalingGroupName", "web"}, {"ScalingProcesses.member.1", "HealthCheck"}});
    instances.change_state(second, "stopped", now);
    pass(Seconds(30));
    EXPECT_EQ(members(), (Texts{"1 InService", "2 InService", "3 InService"}));
    code_of("ResumeProcesses", {{"AutoScalingGroupName", "web"}});
    pass(Seconds(15));
    EXPECT_EQ(members(), (Texts{"1 InService", "3 InService", "4 InService"}));
    EXPECT_EQ(code_of("SuspendProcesses",
                      {{"AutoScalingGroupName", "web"}, {"ScalingProcesses.member.1", "Sleep"}}),
              "ValidationError");
}

TEST_F(AutoScaling, ForgetsWhatWasDetached) {
    EXPECT_EQ(code_of("DetachInstances",
                      {{"AutoScalingGroupName", "web"},
                       {"InstanceIds.member.1", first},
                       {"ShouldDecrementDesiredCapacity", "false"}}),
              "done");
    pass(Seconds(3));
    EXPECT_EQ(members(), (Texts{"2 InService", "3 InService", "4 InService"}));
    EXPECT_EQ(instances.all.at(first).state, "running");
    EXPECT_EQ(instances.all.at(first).group, "");
}

} // namespace
} // namespace squall::lab::autoscaling
