#include "runtime/bridge.h"

#include "squall/base/log.h"
#include "squall/base/subprocess.h"
#include "squall/base/text.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace squall::labhost::runtime {
namespace {

// iptables itself waits five seconds for a lock.
constexpr Seconds command_time{10};
constexpr const char* forwarding = "/proc/sys/net/ipv4/ip_forward";

Result<std::string> command(std::vector<std::string> words) {
    return run_checked({std::move(words), {}, {}, {}}, Deadline::in(command_time));
}

// Several `ip` commands in one process, in another network namespace.
Result<void> ip_batch(const std::string& lines, const Fd& network) {
    auto ran =
        run_checked({{"ip", "-batch", "-"}, {}, lines, network.get()}, Deadline::in(command_time));
    if (!ran) return fail(ran.error());
    return {};
}

// True if a command ended with 0; a program that is not there is an error.
Result<bool> succeeds(std::vector<std::string> words) {
    const auto finished = run({std::move(words), {}, {}, {}}, Deadline::in(command_time));
    if (!finished) return fail(finished.error());
    return finished->exit_code == 0;
}

Result<void> ensure_rule(const Rule& rule) {
    const auto is_there = succeeds(rule_command(RuleAction::check, rule));
    if (!is_there) return fail(is_there.error());
    if (*is_there) return {};
    auto added = command(rule_command(RuleAction::append, rule));
    if (!added) return fail(added.error());
    return {};
}

Result<void> ensure_chain() {
    const auto is_there = succeeds({"iptables", "-w", "5", "-t", "nat", "-S", docker_chain});
    if (!is_there) return fail(is_there.error());
    if (*is_there) return {};
    auto made = command({"iptables", "-w", "5", "-t", "nat", "-N", docker_chain});
    if (!made) return fail(made.error());
    return {};
}

Result<void> ensure_bridge() {
    const auto is_there = succeeds({"ip", "link", "show", bridge_name});
    if (!is_there) return fail(is_there.error());
    if (!*is_there) {
        if (auto made = command({"ip", "link", "add", bridge_name, "type", "bridge"}); !made)
            return fail(made.error());
    }
    auto addressed = command({"ip",
                              "address",
                              "replace",
                              fmt::format("{}/{}", bridge_gateway, bridge_prefix_length),
                              "broadcast",
                              bridge_broadcast,
                              "dev",
                              bridge_name});
    if (!addressed) return fail(addressed.error());
    auto up = command({"ip", "link", "set", bridge_name, "up"});
    if (!up) return fail(up.error());
    return {};
}

Result<void> enable_forwarding() {
    const Fd fd(::open(forwarding, O_WRONLY | O_CLOEXEC));
    if (!fd || ::write(fd.get(), "1", 1) != 1)
        return fail(Errc::failed, "writing {}: {}", forwarding, errno_text(errno));
    return {};
}

// A socket that holds the port on every address; nothing, with errno, if somebody else has it. Not
// listening: who calls the port where it is not published is refused at once.
Fd bind_port(Port port) {
    const int type = port.protocol == Protocol::tcp ? SOCK_STREAM : SOCK_DGRAM;
    Fd fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port.number);
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    if (fd && ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return {};
    return fd;
}

} // namespace

Result<void> Bridge::set_up() {
    for (auto* step : {ensure_bridge, enable_forwarding, ensure_chain}) {
        if (auto done = step(); !done) return done;
    }
    for (const auto& rule : network_rules()) {
        if (auto there = ensure_rule(rule); !there) return there;
    }
    return {};
}

Answer<PublishedPort> Bridge::reserve_port(PublishedPort wanted, const std::string& endpoint_text) {
    const Protocol protocol = wanted.container.protocol;
    Fd held;
    if (wanted.host == 0) {
        const auto chosen = ports_.take_any(protocol, [&](std::uint16_t number) {
            held = bind_port({number, protocol});
            return static_cast<bool>(held);
        });
        if (!chosen) return refuse(500, "{}: all ports are allocated", endpoint_text);
        wanted.host = *chosen;
    } else {
        if (!ports_.take(wanted.host_port()))
            return refuse(500,
                          "{}: Bind for 0.0.0.0:{} failed: port is already allocated",
                          endpoint_text,
                          wanted.host);
        held = bind_port(wanted.host_port());
        if (!held) {
            const int number = errno;
            ports_.release(wanted.host_port());
            return refuse(500,
                          "{}: Error starting userland proxy: listen {}4 0.0.0.0:{}: bind: {}",
                          endpoint_text,
                          name_of(protocol),
                          wanted.host,
                          lower(errno_text(number)));
        }
    }
    reservations_.insert_or_assign(wanted.host_port(), std::move(held));
    return wanted;
}

void Bridge::release_port(Port port) {
    ports_.release(port);
    reservations_.erase(port);
}

Answer<Endpoint> Bridge::reserve(const std::string& container_id,
                                 const std::string& container_name,
                                 const std::vector<PublishedPort>& ports) {
    Endpoint endpoint;
    endpoint.id = random_hex(64);
    // Fifteen characters are all an interface's name may have.
    endpoint.veth = "veth" + container_id.substr(0, 8);
    const std::string trouble =
        fmt::format("driver failed programming external connectivity on endpoint {} ({})",
                    container_name,
                    endpoint.id);
    for (const auto& wanted : ports) {
        auto port = reserve_port(wanted, trouble);
        if (!port) {
            for (const auto& taken : endpoint.ports)
                release_port(taken.host_port());
            return fail(port.error());
        }
        endpoint.ports.push_back(*port);
    }
    const auto host_part = addresses_.take();
    if (!host_part) {
        for (const auto& taken : endpoint.ports)
            release_port(taken.host_port());
        return refuse(500, "no available IPv4 addresses on this network's address pools: bridge");
    }
    endpoint.host_part = *host_part;
    return endpoint;
}

Result<void> Bridge::connect(const Endpoint& endpoint, pid_t pid, const Fd& network) {
    auto made = command({"ip",
                         "link",
                         "add",
                         endpoint.veth,
                         "master",
                         bridge_name,
                         "type",
                         "veth",
                         "peer",
                         "name",
                         "eth0",
                         "address",
                         mac_text(endpoint.host_part),
                         "netns",
                         std::to_string(pid)});
    if (!made) return fail(made.error());
    auto up = command({"ip", "link", "set", endpoint.veth, "up"});
    if (!up) return fail(up.error());
    auto inside = ip_batch(fmt::format("link set lo up\n"
                                       "address add {}/{} broadcast {} dev eth0\n"
                                       "link set eth0 up\n"
                                       "route add default via {}\n",
                                       endpoint.address(),
                                       bridge_prefix_length,
                                       bridge_broadcast,
                                       bridge_gateway),
                           network);
    if (!inside) return inside;
    for (const auto& rule : published_rules(endpoint.address(), endpoint.ports)) {
        auto added = command(rule_command(RuleAction::append, rule));
        if (!added) return fail(added.error());
    }
    return {};
}

void Bridge::disconnect(const Endpoint& endpoint) {
    for (const auto& rule : published_rules(endpoint.address(), endpoint.ports)) {
        const auto removed = command(rule_command(RuleAction::remove, rule));
        if (removed) continue;
        // Not there is as good: an endpoint may have been made in part only.
        const auto is_there = succeeds(rule_command(RuleAction::check, rule));
        if (!is_there || *is_there)
            log::warning("removing a published port's rule: {}", removed.error().message);
    }
    // Usually gone by now, with the container's network namespace; if that is just being taken
    // down, either may come first.
    const auto deleted = succeeds({"ip", "link", "delete", endpoint.veth});
    const auto is_there =
        deleted && *deleted ? deleted : succeeds({"ip", "link", "show", endpoint.veth});
    if (!is_there || (*is_there && !*deleted))
        log::warning("the interface {} could not be removed", endpoint.veth);
    for (const auto& port : endpoint.ports)
        release_port(port.host_port());
    addresses_.release(endpoint.host_part);
}

Result<void> bring_loopback_up(const Fd& network) { return ip_batch("link set lo up\n", network); }

} // namespace squall::labhost::runtime
