// The least IAM policy with which a fault on HTTP traffic goes through.
#include "announcement.h"
#include "faults/ecs_container_http.h"
#include "faults/ecs_container_http_tasks.h"
#include "faults/policy_names.h"
#include "squall/base/text.h"
#include "squall/wire/arn.h"

namespace squall::experiment {
namespace {

// One as a text, several as a list.
json::Value one_or_all(const std::vector<std::string>& texts) {
    if (texts.size() == 1) return json::Value(std::string_view(texts.front()));
    return json::Array(texts.begin(), texts.end());
}

json::Object allow(const char* sid,
                   const std::vector<std::string>& actions,
                   const std::vector<std::string>& resources) {
    return {{"Sid", sid},
            {"Effect", "Allow"},
            {"Action", one_or_all(actions)},
            {"Resource", one_or_all(resources)}};
}

} // namespace

json::Array EcsContainerHttp::policy_statements(const TunableValues& values, bool all) const {
    const PolicyNames names(values);
    json::Array statements{
        allow("FindTheCluster",
              {"ecs:DescribeClusters"},
              {names.arn("ecs", names.account, "cluster/" + names.cluster)}),
        allow("SeeItsTasks",
              {"ecs:DescribeTasks"},
              {names.arn("ecs", names.account, "task/" + names.cluster + "/*")}),
        allow("SeeItsInstances",
              {"ecs:DescribeContainerInstances"},
              {names.arn("ecs", names.account, "container-instance/" + names.cluster + "/*")}),
        // ECS knows no resource for this one.
        allow("SeeWhatTasksExpose", {"ecs:DescribeTaskDefinition"}, {"*"}),
        allow("CommandTheHosts",
              {"ssm:SendCommand"},
              {names.arn("ssm", "*", "document/AWS-RunShellScript"),
               names.arn("ec2", names.account, "instance/*"),
               names.arn("ssm", names.account, "managed-instance/*")}),
        allow("FollowTheCommands",
              {"ssm:DescribeInstanceInformation",
               "ssm:ListCommandInvocations",
               "ssm:GetCommandInvocation",
               "ssm:CancelCommand"},
              {"*"})};
    // `squall sweep` asks every host of the cluster: tasks may have moved away.
    if (all)
        statements.push_back(allow("SweepItsHosts",
                                   {"ecs:ListContainerInstances"},
                                   {names.arn("ecs", names.account, "cluster/" + names.cluster)}));
    if (values.text("TASK_REPLICA_ID").empty()) {
        statements.push_back(allow(
            "SeeTheService",
            {"ecs:DescribeServices"},
            {names.arn(
                "ecs",
                names.account,
                fmt::format("service/{}/{}", names.cluster, id_of(values.text("SERVICE_NAME"))))}));
        // ListTasks is decided by the container instance, where one is given, and by no other name.
        statements.push_back(allow("ListItsTasks", {"ecs:ListTasks"}, {"*"}));
    }
    if (const auto& bucket = values.text("HELPER_BUCKET"); !bucket.empty())
        statements.push_back(allow(
            "GiveTheHelperAway",
            {"s3:GetObject"},
            {fmt::format(
                "arn:{}:s3:::{}/{}*", names.partition, bucket, values.text("HELPER_PREFIX"))}));
    if (const std::string& role = values.text("ASSUME_ROLE_ARN"); !role.empty())
        statements.push_back(allow("BecomeTheRoleThatHasTheRest", {"sts:AssumeRole"}, {role}));
    // Composite alarms are only shown to those who may see all.
    if (all || !values.text("STOP_ALARMS").empty())
        statements.push_back(allow("SeeTheAlarms", {"cloudwatch:DescribeAlarms"}, {"*"}));
    if (auto announce = announcement_statement(values)) statements.push_back(std::move(*announce));
    return statements;
}

} // namespace squall::experiment
