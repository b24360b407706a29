// Elastic network interfaces of tasks, on the lab's own network: a cable from the VPC into the
// host, whose agent takes it from there. Runs on the loop's thread; blocks for some milliseconds a
// call.
#pragma once

#include "ecs/interface_plug.h"
#include "hosts/vpc.h"

#include <functional>

namespace squall::lab {

class HostInterfaces final : public ecs::InterfacePlug {
public:
    // `process_of` gives a process of the instance's network namespace, or 0 for an instance that
    // is no host. The reference outlives this.
    HostInterfaces(Vpc& vpc, std::function<pid_t(const std::string& ec2_instance_id)> process_of)
        : vpc_(vpc), process_of_(std::move(process_of)) {}

    void attach(const std::string& ec2_instance_id,
                const ecs::NetworkInterface& interface) override;
    void detach(const ecs::NetworkInterface& interface) override;

private:
    Vpc& vpc_;
    std::function<pid_t(const std::string&)> process_of_;
};

} // namespace squall::lab
