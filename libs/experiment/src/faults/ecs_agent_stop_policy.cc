// The least IAM policy with which ecs-agent-stop goes through.
#include "faults/ecs_agent_stop.h"
#include "squall/base/text.h"
#include "squall/wire/arn.h"

namespace squall::experiment {

json::Array EcsAgentStop::policy_statements(const TunableValues& values, bool all) const {
    const std::string& name = values.text("CLUSTER_NAME");
    const auto given = wire::parse_arn(name);
    const std::string partition = given ? given->partition : "aws";
    const std::string account = given ? given->account : "*";
    const std::string cluster(given ? given->id() : std::string_view(name));
    const std::string& region = values.text("REGION");
    const auto arn =
        [&](std::string_view service, std::string_view owner, const std::string& resource) {
            return fmt::format("arn:{}:{}:{}:{}:{}", partition, service, region, owner, resource);
        };
    const std::string cluster_arn = arn("ecs", account, "cluster/" + cluster);
    json::Array statements{
        json::Object{{"Sid", "FindTheCluster"},
                     {"Effect", "Allow"},
                     {"Action", json::Array{"ecs:DescribeClusters", "ecs:ListContainerInstances"}},
                     {"Resource", cluster_arn}},
        json::Object{{"Sid", "SeeItsInstances"},
                     {"Effect", "Allow"},
                     {"Action", "ecs:DescribeContainerInstances"},
                     {"Resource", arn("ecs", account, "container-instance/" + cluster + "/*")}},
        json::Object{{"Sid", "CommandTheHosts"},
                     {"Effect", "Allow"},
                     {"Action", "ssm:SendCommand"},
                     {"Resource",
                      json::Array{arn("ssm", "*", "document/AWS-RunShellScript"),
                                  arn("ssm", "*", "document/AWS-RunPowerShellScript"),
                                  arn("ec2", account, "instance/*"),
                                  arn("ssm", account, "managed-instance/*")}}},
        json::Object{{"Sid", "FollowTheCommands"},
                     {"Effect", "Allow"},
                     {"Action",
                      json::Array{"ssm:DescribeInstanceInformation",
                                  "ssm:ListCommandInvocations",
                                  "ssm:CancelCommand"}},
                     {"Resource", "*"}}};
    if (const std::string& role = values.text("ASSUME_ROLE_ARN"); !role.empty()) {
        statements.push_back(json::Object{{"Sid", "BecomeTheRoleThatHasTheRest"},
                                          {"Effect", "Allow"},
                                          {"Action", "sts:AssumeRole"},
                                          {"Resource", role}});
    }
    if (all || values.text("GUARDS") == "strict") {
        statements.push_back(
            json::Object{{"Sid", "SeeWhatRollsOut"},
                         {"Effect", "Allow"},
                         {"Action", json::Array{"ecs:ListServices", "ecs:DescribeServices"}},
                         {"Resource", "*"}});
    }
    if (all || !values.text("STOP_ALARMS").empty()) {
        // Composite alarms are only shown to those who may see all.
        statements.push_back(json::Object{{"Sid", "SeeTheAlarms"},
                                          {"Effect", "Allow"},
                                          {"Action", "cloudwatch:DescribeAlarms"},
                                          {"Resource", "*"}});
    }
    return statements;
}

} // namespace squall::experiment
