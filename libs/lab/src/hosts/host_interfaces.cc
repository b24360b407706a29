#include "hosts/host_interfaces.h"

#include "squall/base/log.h"

namespace squall::lab {
namespace {

// An interface's name has fifteen characters at the most: "eni" and the end of its id.
std::string link_name(const ecs::NetworkInterface& interface) {
    constexpr std::size_t digits = 12;
    return "eni" + interface.id.substr(interface.id.size() - std::min(digits, interface.id.size()));
}

} // namespace

void HostInterfaces::attach(const std::string& ec2_instance_id,
                            const ecs::NetworkInterface& interface) {
    const pid_t process = process_of_(ec2_instance_id);
    if (process == 0) return;
    const auto connected = vpc_.connect_interface(link_name(interface), interface.mac, process);
    // The agent waits for it in vain, and the task says so in the end.
    if (!connected) log::warning("lab: {}", connected.error().message);
}

void HostInterfaces::detach(const ecs::NetworkInterface& interface) {
    vpc_.disconnect_interface(link_name(interface));
}

} // namespace squall::lab
