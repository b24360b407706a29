#include "api/operations.h"

#include <algorithm>
#include <array>

namespace squall::lab {
namespace {

constexpr std::array operations{
    Operation{"ecs", "CreateCluster", Resource::cluster_name},
    Operation{"ecs", "DeleteCluster", Resource::cluster},
    Operation{"ecs", "UpdateCluster", Resource::cluster},
    Operation{"ecs", "UpdateClusterSettings", Resource::cluster},
    Operation{"ecs", "PutClusterCapacityProviders", Resource::cluster},
    Operation{"ecs", "ListContainerInstances", Resource::cluster},
    Operation{"ecs", "ListAttributes", Resource::cluster},
    Operation{"ecs", "DeregisterContainerInstance", Resource::cluster},
    Operation{"ecs", "DescribeClusters", Resource::clusters},
    Operation{"ecs", "ListClusters", Resource::any},
    Operation{"ecs", "ListServices", Resource::any},
    Operation{"ecs", "DescribeTaskDefinition", Resource::any},
    Operation{"ecs", "ListTaskDefinitions", Resource::any},
    Operation{"ecs", "ListTaskDefinitionFamilies", Resource::any},
    Operation{"ecs", "RegisterTaskDefinition", Resource::any},
    Operation{"ecs", "DeregisterTaskDefinition", Resource::any},
    Operation{"ecs", "ListAccountSettings", Resource::any},
    Operation{"ecs", "PutAccountSetting", Resource::any},
    Operation{"ecs", "PutAccountSettingDefault", Resource::any},
    Operation{"ecs", "DeleteAccountSetting", Resource::any},
    Operation{"ecs", "CreateService", Resource::service_name},
    Operation{"ecs", "UpdateService", Resource::service},
    Operation{"ecs", "DeleteService", Resource::service},
    Operation{"ecs", "DescribeServices", Resource::services},
    Operation{"ecs", "RunTask", Resource::task_definition},
    Operation{"ecs", "StartTask", Resource::task_definition},
    Operation{"ecs", "StopTask", Resource::task},
    Operation{"ecs", "DescribeTasks", Resource::tasks},
    Operation{"ecs", "ListTasks", Resource::instances_of_cluster},
    Operation{"ecs", "PutAttributes", Resource::instances_of_cluster},
    Operation{"ecs", "DeleteAttributes", Resource::instances_of_cluster},
    Operation{"ecs", "DescribeContainerInstances", Resource::container_instances},
    Operation{"ecs", "UpdateContainerInstancesState", Resource::container_instances},
    Operation{"ecs", "UpdateContainerAgent", Resource::container_instance},
    Operation{"ecs", "ListTagsForResource", Resource::resource_arn},
    Operation{"ecs", "TagResource", Resource::resource_arn},
    Operation{"ecs", "UntagResource", Resource::resource_arn},
    Operation{"ecs", "DiscoverPollEndpoint", Resource::any, true},
    Operation{"ecs", "Poll", Resource::container_instance, true},
    Operation{"ecs", "StartTelemetrySession", Resource::container_instance, true},
    Operation{"ecs", "RegisterContainerInstance", Resource::cluster, true},
    Operation{"ecs", "SubmitTaskStateChange", Resource::cluster, true},
    Operation{"ecs", "SubmitContainerStateChange", Resource::cluster, true},
    Operation{"ecs", "SubmitAttachmentStateChanges", Resource::cluster, true},
    Operation{"ssm", "SendCommand", Resource::command},
    Operation{"ssm", "CancelCommand", Resource::account},
    Operation{"ssm", "ListCommands", Resource::account},
    Operation{"ssm", "ListCommandInvocations", Resource::account},
    Operation{"ssm", "GetCommandInvocation", Resource::account},
    Operation{"ssm", "DescribeInstanceInformation", Resource::account},
    Operation{"ssm", "UpdateInstanceInformation", Resource::managed_node, true},
    Operation{"ec2messages", "GetMessages", Resource::account, true},
    Operation{"ec2messages", "AcknowledgeMessage", Resource::account, true},
    Operation{"ec2messages", "DeleteMessage", Resource::account, true},
    Operation{"ec2messages", "FailMessage", Resource::account, true},
    Operation{"ec2messages", "SendReply", Resource::account, true},
    Operation{"ec2messages", "GetEndpoint", Resource::account, true},
    Operation{"ec2", "DescribeInstances", Resource::any},
    Operation{"ec2", "DescribeSecurityGroups", Resource::any},
    Operation{"ec2", "DescribeSubnets", Resource::any},
    Operation{"cloudwatch", "DescribeAlarms", Resource::any},
    Operation{"cloudwatch", "PutMetricAlarm", Resource::any},
    Operation{"cloudwatch", "SetAlarmState", Resource::any},
    Operation{"cloudwatch", "DeleteAlarms", Resource::any},
    Operation{"sts", "GetCallerIdentity", Resource::nobody_asks},
    Operation{"sts", "AssumeRole", Resource::nobody_asks},
    Operation{"sts", "AssumeRoleWithWebIdentity", Resource::nobody_asks},
    Operation{"iam", "CreateUser", Resource::user},
    Operation{"iam", "DeleteUser", Resource::user},
    Operation{"iam", "GetUser", Resource::user},
    Operation{"iam", "ListUsers", Resource::user},
    Operation{"iam", "CreateAccessKey", Resource::user},
    Operation{"iam", "DeleteAccessKey", Resource::user},
    Operation{"iam", "ListAccessKeys", Resource::user},
    Operation{"iam", "UpdateAccessKey", Resource::user},
    Operation{"iam", "PutUserPolicy", Resource::user},
    Operation{"iam", "GetUserPolicy", Resource::user},
    Operation{"iam", "DeleteUserPolicy", Resource::user},
    Operation{"iam", "ListUserPolicies", Resource::user},
    Operation{"iam", "AttachUserPolicy", Resource::user},
    Operation{"iam", "DetachUserPolicy", Resource::user},
    Operation{"iam", "ListAttachedUserPolicies", Resource::user},
    Operation{"iam", "CreateRole", Resource::role},
    Operation{"iam", "DeleteRole", Resource::role},
    Operation{"iam", "GetRole", Resource::role},
    Operation{"iam", "ListRoles", Resource::role},
    Operation{"iam", "UpdateAssumeRolePolicy", Resource::role},
    Operation{"iam", "PutRolePolicy", Resource::role},
    Operation{"iam", "GetRolePolicy", Resource::role},
    Operation{"iam", "DeleteRolePolicy", Resource::role},
    Operation{"iam", "ListRolePolicies", Resource::role},
    Operation{"iam", "AttachRolePolicy", Resource::role},
    Operation{"iam", "DetachRolePolicy", Resource::role},
    Operation{"iam", "ListAttachedRolePolicies", Resource::role},
    Operation{"iam", "CreatePolicy", Resource::policy},
    Operation{"iam", "DeletePolicy", Resource::policy},
    Operation{"iam", "GetPolicy", Resource::policy},
    Operation{"iam", "GetPolicyVersion", Resource::policy},
    Operation{"iam", "ListPolicies", Resource::policy},
};

} // namespace

std::span<const Operation> all_operations() { return operations; }

const Operation* find_operation(std::string_view service, std::string_view name) {
    const auto* const found =
        std::find_if(operations.begin(), operations.end(), [&](const Operation& one) {
            return one.service == service && one.name == name;
        });
    return found == operations.end() ? nullptr : found;
}

} // namespace squall::lab
