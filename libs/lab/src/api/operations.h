// Every operation that the lab's endpoint knows by name: for permissions, and for patterns that
// people type. From AWS's Service Authorization Reference, and where that is silent from what AWS's
// refusals name.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace squall::lab {

// What an operation acts on, as IAM sees it.
enum class Resource {
    nobody_asks, // no permission is needed, or another place asks for it
    any,         // "*": the action knows no resources
    cluster,     // `cluster`
    cluster_name,
    clusters,
    container_instance,
    container_instances,
    instances_of_cluster, // container-instance/CLUSTER/*
    service,
    service_name,
    services,
    task,
    tasks,
    task_definition,
    resource_arn,  // `resourceArn`
    command,       // SendCommand: its document, and every host
    managed_node,  // `InstanceId` of Systems Manager
    instances,     // `InstanceId` of EC2
    scaling_group, // `AutoScalingGroupName` of Auto Scaling; any group where only an instance is
                   // named
    account,       // arn:aws:SERVICE:REGION:ACCOUNT:*
    user,
    role,
    policy,
    bucket,         // `Bucket` of S3
    object,         // `Bucket` and `Key`
    queue,          // of SQS, by `QueueUrl` or `QueueName`
    topic,          // of SNS
    load_balancing, // the ARN that a call of Elastic Load Balancing changes
    event_bus,      // `EventBusName` or `Name` of EventBridge
    event_entries,  // the buses of PutEvents
    event_rule,     // `Name` or `Rule`, of a bus
    event_resource, // `ResourceARN`
    log_group,      // `logGroupName` or `logGroupIdentifier`
    log_stream,     // the same, with `logStreamName`
};

struct Operation {
    std::string_view service;
    std::string_view name;
    Resource resource = Resource::any;
    bool is_of_agents = false; // called by ECS and SSM agents, not by people
    std::string_view action;   // as policies name it, where that is not its own name
};

[[nodiscard]] std::span<const Operation> all_operations();
[[nodiscard]] const Operation* find_operation(std::string_view service, std::string_view name);

} // namespace squall::lab
