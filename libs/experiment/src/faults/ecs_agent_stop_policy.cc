// The least IAM policy with which ecs-agent-stop goes through.
#include "announcement.h"
#include "faults/ecs_agent_stop.h"
#include "faults/policy_names.h"
#include "squall/base/text.h"
#include "squall/wire/arn.h"

namespace squall::experiment {

json::Array EcsAgentStop::policy_statements(const TunableValues& values, bool all) const {
    const PolicyNames names(values);
    const std::string cluster_arn = names.arn("ecs", names.account, "cluster/" + names.cluster);
    json::Array statements{
        json::Object{{"Sid", "FindTheCluster"},
                     {"Effect", "Allow"},
                     {"Action", json::Array{"ecs:DescribeClusters", "ecs:ListContainerInstances"}},
                     {"Resource", cluster_arn}},
        json::Object{
            {"Sid", "SeeItsInstances"},
            {"Effect", "Allow"},
            {"Action", "ecs:DescribeContainerInstances"},
            {"Resource",
             names.arn("ecs", names.account, "container-instance/" + names.cluster + "/*")}},
        json::Object{{"Sid", "CommandTheHosts"},
                     {"Effect", "Allow"},
                     {"Action", "ssm:SendCommand"},
                     {"Resource",
                      json::Array{names.arn("ssm", "*", "document/AWS-RunShellScript"),
                                  names.arn("ssm", "*", "document/AWS-RunPowerShellScript"),
                                  names.arn("ec2", names.account, "instance/*"),
                                  names.arn("ssm", names.account, "managed-instance/*")}}},
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
    if (auto announce = announcement_statement(values)) statements.push_back(std::move(*announce));
    return statements;
}

} // namespace squall::experiment
