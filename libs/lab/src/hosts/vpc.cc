#include "hosts/vpc.h"

#include "squall/base/log.h"
#include "squall/base/subprocess.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

namespace squall::lab {
namespace {

constexpr int subnet_hosts = 90; // below the addresses of tasks; then a zone has another subnet
constexpr int subnet_step = 10;  // whose number is that much higher
// A bridge without one of its own takes the lowest of its ports', another one whenever an interface
// comes or goes; hosts would send to the old one for half a minute.
constexpr const char* bridge_mac = "0e:00:0a:00:00:01";
constexpr const char* limited_answers = "/proc/sys/net/ipv4/icmp_ratemask";

Result<void> run_ip(const Fd& network_namespace, const std::string& batch) {
    const auto done = run_checked({{"ip", "-batch", "-"}, {}, batch, network_namespace.get()},
                                  Deadline::in(Seconds(20)));
    if (!done && done.error().code == Errc::not_found)
        return fail(Errc::not_found, "the program `ip` is missing: install iproute2");
    if (!done) return fail(done.error());
    return {};
}

// Of refusals (ICMP) the kernel sends six to a host, then one a second: a program that asks a port
// that nobody has would time out now and then, and say so in its log. Who is refused here is told
// each time. Of the calling thread's network; where /proc/sys is read-only it stays as it was.
void answer_every_packet() {
    const Fd fd(::open(limited_answers, O_WRONLY | O_CLOEXEC));
    if (!fd || ::write(fd.get(), "0", 1) != 1)
        log::debug("writing {}: {}", limited_answers, errno_text(errno));
}

} // namespace

std::string Vpc::address_of(int ordinal, int zones) {
    const int zone = (ordinal - 1) % zones + 1;
    const int number = (ordinal - 1) / zones; // within the zone
    return fmt::format(
        "10.0.{}.{}", zone + subnet_step * (number / subnet_hosts), 10 + number % subnet_hosts);
}

Result<Vpc> Vpc::make() {
    Result<Fd> made = fail(Errc::failed, "no network namespace was made");
    // A thread of its own leaves our namespace for a new one; the descriptor keeps that alive.
    std::thread([&] {
        if (::unshare(CLONE_NEWNET) != 0) {
            const int number = errno;
            made = fail(Errc::denied,
                        "making a network namespace: {}; inside a container, start that one "
                        "with `--privileged`",
                        errno_text(number));
            return;
        }
        answer_every_packet();
        Fd fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
        if (fd) made = std::move(fd);
    }).join();
    if (!made) return fail(made.error());
    const auto set_up = run_ip(*made,
                               fmt::format("link set lo up\nlink add vpc0 address {} type bridge\n"
                                           "address add {}/{} dev vpc0\nlink set vpc0 up\n",
                                           bridge_mac,
                                           gateway(),
                                           prefix_length));
    if (!set_up) return fail("setting up the lab's network", set_up.error());
    return Vpc(std::move(*made));
}

Result<void> Vpc::add_address(const std::string& address) {
    auto added = run_ip(namespace_, fmt::format("address add {}/32 dev vpc0\n", address));
    if (!added) return fail("adding an address to the lab's network", added.error());
    return added;
}

Result<void>
Vpc::connect_interface(const std::string& name, const std::string& mac, pid_t process) {
    auto connected =
        run_ip(namespace_,
               fmt::format("link add {0} type veth peer name {0} address {1} netns {2}\n"
                           "link set {0} master vpc0\nlink set {0} up\n",
                           name,
                           mac,
                           process));
    if (!connected)
        return fail(fmt::format("connecting the interface {}", name), connected.error());
    return connected;
}

void Vpc::disconnect_interface(const std::string& name) {
    // Usually it has gone with the network namespace that it was in.
    [[maybe_unused]] const auto ignored = run_ip(namespace_, fmt::format("link delete {}\n", name));
}

Result<void> Vpc::connect(int ordinal, pid_t process) {
    auto connected = run_ip(namespace_,
                            fmt::format("link add host{0} type veth peer name eth0 netns {1}\nlink "
                                        "set host{0} master vpc0\nlink set host{0} up\n",
                                        ordinal,
                                        process));
    if (!connected)
        return fail(fmt::format("connecting host {} to the lab's network", ordinal),
                    connected.error());
    return connected;
}

Result<void> Vpc::set_link(int ordinal, Link link) {
    auto done = run_ip(
        namespace_, fmt::format("link set host{} {}\n", ordinal, link == Link::up ? "up" : "down"));
    if (!done) return fail(fmt::format("the cable of host {}", ordinal), done.error());
    return done;
}

// Answers find no way back: a rule for routes needs nothing but `ip`, and holds for connections
// that are open as for new ones.
Result<void> Vpc::close(const std::string& host, const std::string& address) {
    int& times = closed_[{host, address}];
    if (times == 0) {
        auto done =
            run_ip(namespace_, fmt::format("rule add from {} to {} blackhole\n", address, host));
        if (!done) return fail(fmt::format("closing the way to {}", address), done.error());
    }
    ++times;
    return {};
}

Result<void> Vpc::open(const std::string& host, const std::string& address) {
    const auto found = closed_.find({host, address});
    if (found == closed_.end() || found->second == 0) return {};
    if (found->second == 1) {
        auto done =
            run_ip(namespace_, fmt::format("rule del from {} to {} blackhole\n", address, host));
        if (!done) return fail(fmt::format("opening the way to {}", address), done.error());
    }
    --found->second;
    return {};
}

} // namespace squall::lab
