// The elastic network interfaces of tasks in awsvpc mode: a task is PROVISIONING until its agent
// has seen the interface on the instance, and only then is its agent told of the task itself.
#include "ec2/network.h"
#include "ecs/agent_payload.h"
#include "ecs/control_plane.h"
#include "ecs/interface_plug.h"
#include "ecs/placement.h"
#include "squall/base/text.h"
#include "squall/wire/agent_message.h"

#include <algorithm>

namespace squall::lab::ecs {
namespace {

// What ECS gives an instance for it.
constexpr std::chrono::minutes provision_patience{3};

std::string new_interface_id() { return "eni-0" + random_hex(16); }

} // namespace

void ControlPlane::prepare_interface(Task& task,
                                     const ContainerInstance& instance,
                                     const NetworkConfiguration& network) {
    NetworkInterface interface;
    interface.attachment_id = random_uuid();
    // The subnet of the instance's zone; placement has seen to it that there is one.
    for (const auto& id : network.subnets) {
        const auto subnet = ec2::subnet_with_id(store_.region(), id);
        if (subnet && subnet->availability_zone == zone_of(instance)) interface.subnet_id = id;
    }
    interface.security_groups = network.security_groups;
    if (interface.security_groups.empty()) interface.security_groups = {ec2::security_group_id};
    task.interface = std::move(interface);
    task.last_status = "PROVISIONING";
    provisioning_.insert(task.arn);
}

// False where its subnet has no address left.
bool ControlPlane::create_interface(NetworkInterface& interface) {
    const auto subnet = ec2::subnet_with_id(store_.region(), interface.subnet_id);
    SQUALL_ASSERT(subnet.has_value());
    for (int part = ec2::task_address_min; part <= ec2::task_address_max; ++part) {
        const std::string address = subnet->address(part);
        if (!addresses_.insert(address).second) continue;
        interface.id = new_interface_id();
        interface.address = address;
        interface.mac = ec2::mac_of_address(address);
        interface.dns_name = ec2::private_dns_name(address, store_.region());
        interface.status = "ATTACHING";
        return true;
    }
    return false;
}

void ControlPlane::provision_interfaces(WallTime now) {
    const std::set<std::string> waiting = provisioning_;
    for (const auto& arn : waiting) {
        Task* task = store_.task_by_arn(arn);
        const bool waits = task != nullptr && task->last_status == "PROVISIONING";
        if (!waits) {
            provisioning_.erase(arn);
        } else if (task->desired_status == "STOPPED") {
            finish(*task, now); // its agent has never heard of it
        } else if (now - task->created_at > provision_patience) {
            task->stop_code = "TaskFailedToStart";
            task->stopped_reason =
                "Timeout waiting for network interface provisioning to complete.";
            finish(*task, now);
        } else {
            provision_interface(*task, now);
        }
    }
}

void ControlPlane::provision_interface(Task& task, WallTime now) {
    NetworkInterface& interface = *task.interface;
    const ContainerInstance* instance = store_.instance_by_arn(task.instance_arn);
    if (instance == nullptr) return;
    if (interface.id.empty()) {
        if (!create_interface(interface)) {
            task.stop_code = "TaskFailedToStart";
            task.stopped_reason =
                fmt::format("Unexpected EC2 error while attempting to Create Network Interface in "
                            "subnet '{}': InsufficientFreeAddressesInSubnet",
                            interface.subnet_id);
            return finish(task, now);
        }
        if (plug_ != nullptr) plug_->attach(instance->ec2_instance_id, interface);
        changed(task, now);
    }
    // Once a connection: an agent that was started again has forgotten what it waited for.
    const auto session = acs_.find(task.instance_arn);
    if (session == acs_.end() || interface.told_session == session->second.id) return;
    interface.told_session = session->second.id;
    session->second.channel->send(wire::agent_message_text(
        "AttachTaskNetworkInterfacesMessage",
        {{"messageId", random_uuid()},
         {"clusterArn", store_.arn("cluster/" + task.cluster)},
         {"containerInstanceArn", task.instance_arn},
         {"taskArn", task.arn},
         {"generatedAt", std::chrono::floor<Millis>(now.time_since_epoch()).count()},
         {"waitTimeoutMs", Millis(provision_patience).count()},
         {"elasticNetworkInterfaces",
          json::Array{interface_payload(interface, attachment_arn(interface))}}}));
}

void ControlPlane::interface_attached(Task& task, std::string_view arn, WallTime now) {
    if (!task.interface || attachment_arn(*task.interface) != arn
        || task.last_status != "PROVISIONING")
        return;
    task.interface->status = "ATTACHED";
    task.last_status = "PENDING";
    provisioning_.erase(task.arn);
    changed(task, now);
    deliver(task.instance_arn, now);
}

void ControlPlane::remove_interface(Task& task, WallTime now) {
    if (!task.interface || task.interface->status == "DELETED") return;
    provisioning_.erase(task.arn);
    task.last_status = "DEPROVISIONING";
    task.interface->status = "DETACHING";
    changed(task, now);
    if (plug_ != nullptr && !task.interface->id.empty()) plug_->detach(*task.interface);
    addresses_.erase(task.interface->address);
    task.interface->status = "DELETED";
}

std::string ControlPlane::attachment_arn(const NetworkInterface& interface) const {
    return store_.arn("attachment/" + interface.attachment_id);
}

} // namespace squall::lab::ecs
