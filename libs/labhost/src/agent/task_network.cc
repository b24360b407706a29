#include "agent/task_network.h"

#include "squall/base/fd.h"
#include "squall/base/subprocess.h"
#include "squall/base/text.h"

#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netpacket/packet.h>

#include <cerrno>
#include <memory>

namespace squall::labhost {
namespace {

constexpr const char* bridge = "ecs-bridge";
constexpr const char* bridge_address = "169.254.172.1";
constexpr int bridge_prefix_length = 22;
constexpr const char* credentials_address = "169.254.170.2";
constexpr const char* metadata_address = "169.254.169.254";
constexpr Seconds command_time{10};

// `network` is borrowed; nothing: the caller's own.
Result<void> run_ip(std::vector<std::string> words,
                    std::optional<int> network = std::nullopt,
                    std::string input = {}) {
    words.insert(words.begin(), "ip");
    auto ran =
        run_checked({std::move(words), {}, std::move(input), network}, Deadline::in(command_time));
    if (!ran) return fail(ran.error());
    return {};
}

Result<void> ensure_bridge() {
    if (!run_ip({"link", "show", bridge})) {
        if (auto made = run_ip({"link", "add", bridge, "type", "bridge"}); !made) return made;
    }
    auto addressed = run_ip({"address",
                             "replace",
                             fmt::format("{}/{}", bridge_address, bridge_prefix_length),
                             "dev",
                             bridge});
    if (!addressed) return addressed;
    return run_ip({"link", "set", bridge, "up"});
}

std::string local_address(int part) {
    return fmt::format("169.254.{}.{}", 172 + part / 256, part % 256);
}

std::string host_end(int part) { return fmt::format("ecsveth{}", part); }

Result<void> add_local_link(int part, const std::string& process) {
    // Left over only where a namespace was held open by somebody else.
    static_cast<void>(run_ip({"link", "delete", host_end(part)}));
    auto made = run_ip({"link",
                        "add",
                        host_end(part),
                        "master",
                        bridge,
                        "type",
                        "veth",
                        "peer",
                        "name",
                        "ecs-eth0",
                        "netns",
                        process});
    if (!made) return made;
    return run_ip({"link", "set", host_end(part), "up"});
}

std::string mac_text(const sockaddr_ll& address) {
    std::string text;
    for (int i = 0; i < address.sll_halen && i < 6; ++i)
        text += fmt::format("{}{:02x}", i == 0 ? "" : ":", address.sll_addr[i]);
    return text;
}

} // namespace

Result<TaskInterface> TaskInterface::parse(const json::Value& payload) {
    TaskInterface interface;
    interface.id = json::string_at(payload, "ec2Id");
    interface.mac = lower(json::string_at(payload, "macAddress"));
    interface.host_name = json::string_at(payload, "privateDnsName");
    const auto& addresses = json::array_at(payload, "ipv4Addresses");
    if (addresses.empty())
        return fail(Errc::invalid_input,
                    "eni message validation: no ipv4 addresses in the message");
    const auto [gateway, prefix] =
        split_once(json::string_at(payload, "subnetGatewayIpv4Address"), '/');
    if (gateway.empty() || prefix.empty())
        return fail(Errc::invalid_input,
                    "eni message validation: no subnet gateway ipv4 address in the message");
    if (interface.mac.empty())
        return fail(Errc::invalid_input,
                    "eni message validation: empty eni mac address in the message");
    if (interface.id.empty())
        return fail(Errc::invalid_input, "eni message validation: empty eni id in the message");
    interface.gateway = gateway;
    interface.address =
        fmt::format("{}/{}", json::string_at(addresses.front(), "privateAddress"), prefix);
    return interface;
}

std::optional<std::string> interface_with_mac(const std::string& mac) {
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) return std::nullopt;
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, &::freeifaddrs);
    for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
        if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_PACKET) continue;
        if (mac_text(*reinterpret_cast<const sockaddr_ll*>(one->ifa_addr)) == mac)
            return std::string(one->ifa_name);
    }
    return std::nullopt;
}

Result<void> connect_task(const TaskInterface& interface, int local_part, pid_t process) {
    const std::string path = fmt::format("/proc/{}/ns/net", process);
    const Fd network(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!network) return fail(Errc::not_found, "opening {}: {}", path, errno_text(errno));
    const bool has_eth0 = run_ip({"link", "show", "eth0"}, network.get()).has_value();
    const bool has_local = run_ip({"link", "show", "ecs-eth0"}, network.get()).has_value();
    if (!has_eth0) {
        const auto name = interface_with_mac(interface.mac);
        if (!name) return fail(Errc::not_found, "{} is not on this instance", interface.id);
        if (auto moved =
                run_ip({"link", "set", *name, "netns", std::to_string(process), "name", "eth0"});
            !moved)
            return moved;
    }
    if (auto there = ensure_bridge(); !there) return there;
    if (!has_local) {
        if (auto added = add_local_link(local_part, std::to_string(process)); !added) return added;
    }
    return run_ip({"-batch", "-"},
                  network.get(),
                  fmt::format("link set lo up\n"
                              "address replace {0} dev eth0\n"
                              "link set eth0 up\n"
                              "address replace {1}/{2} dev ecs-eth0\n"
                              "link set ecs-eth0 up\n"
                              "route replace {3}/32 via {4} dev ecs-eth0\n"
                              "route replace {5}/32 via {4} dev ecs-eth0\n"
                              "route replace default via {6} dev eth0\n",
                              interface.address,
                              local_address(local_part),
                              bridge_prefix_length,
                              credentials_address,
                              bridge_address,
                              metadata_address,
                              interface.gateway));
}

} // namespace squall::labhost
