#include "check_command.h"

#include "containers.h"
#include "process.h"
#include "squall/net/tcp.h"
#include "squall/redirect/existing.h"
#include "squall/redirect/interception.h"

#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace squall::host_app {
namespace {

constexpr std::uint16_t application_port = 80;
constexpr std::uint16_t proxy_port = 20'000;
constexpr int packet_max_ms = 1000; // over lo it is there at once

Result<void> bring_up_lo() {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::memcpy(request.ifr_name, "lo", sizeof "lo");
    request.ifr_flags = IFF_UP;
    if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0) return {};
    return fail(Errc::failed, "bringing up lo: {}", errno_text(errno));
}

Result<net::Address> loopback(int family, std::uint16_t port) {
    return net::Address::parse(
        fmt::format("{}:{}", family == AF_INET6 ? "[::1]" : "127.0.0.1", port));
}

bool is_readable(const Fd& fd) {
    pollfd watched{fd.get(), POLLIN, 0};
    return ::poll(&watched, 1, packet_max_ms) == 1;
}

// A connection to the application arrives at the proxy.
Result<void> connect_through(int family, const Fd& proxy) {
    const auto address = loopback(family, application_port);
    if (!address) return fail(address.error());
    const auto client = net::connect_tcp(*address);
    if (client.error != 0) return fail(Errc::failed, "connecting: {}", errno_text(client.error));
    if (!is_readable(proxy))
        return fail(Errc::failed, "it was armed, but a connection did not come to the proxy");
    return {};
}

Result<void> try_kind(redirect::Kind kind, int family) {
    const auto address = loopback(family, application_port);
    if (!address) return fail(address.error());
    const auto application = net::listen_tcp(*address);
    if (!application) return fail(application.error());
    const auto proxy = net::listen_transparent(family, proxy_port);
    if (!proxy) return fail(proxy.error());
    const redirect::Wanted wanted{"squall_check", "lo", {application_port}, proxy_port};
    const auto armed = redirect::Interception::arm(wanted, kind);
    if (!armed) return fail(armed.error());
    // What comes over lo has passed the chains in which these two stand before it is seen there.
    if (kind == redirect::Kind::redirect || kind == redirect::Kind::iptables) return {};
    if (auto came = connect_through(family, *proxy); !came) return came;
    if (auto disarmed = (*armed)->disarm(); !disarmed) return disarmed;
    const auto client = net::connect_tcp(*address);
    if (client.error != 0 || !is_readable(*application))
        return fail(Errc::failed, "it was disarmed, but a connection did not come back");
    return {};
}

json::Value outcome_of(const Result<void>& done) {
    return done ? json::Value(true) : json::Value(done.error().message);
}

// In a process of its own, whose network namespace goes with it.
json::Object try_all() {
    if (::unshare(CLONE_NEWNET) != 0)
        return {{"error", fmt::format("making a network namespace: {}", errno_text(errno))}};
    if (auto up = bring_up_lo(); !up) return {{"error", up.error().message}};
    json::Object intercept;
    for (const auto kind : redirect::kinds) {
        intercept[redirect::word_of(kind)] =
            json::Object{{"ipv4", outcome_of(try_kind(kind, AF_INET))},
                         {"ipv6", outcome_of(try_kind(kind, AF_INET6))}};
    }
    return {{"intercept", std::move(intercept)},
            {"reset_existing", outcome_of(redirect::can_reset_connections())}};
}

json::Object tried() {
    auto pipe = make_pipe();
    if (!pipe) return {{"error", pipe.error().message}};
    const pid_t child = ::fork();
    if (child == 0) {
        tell(pipe->write_end.get(), try_all());
        ::_exit(0);
    }
    pipe->write_end.reset();
    std::string text;
    std::array<char, 4096> buffer{};
    for (;;) {
        const auto got = ::read(pipe->read_end.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    if (child > 0) ::waitpid(child, nullptr, 0);
    auto object = json::parse_object(text);
    return object ? std::move(*object) : json::Object{{"error", "the trial ended early"}};
}

json::Object folder(const char* path) {
    struct statvfs status {};

    if (::statvfs(path, &status) != 0) return {{"path", path}, {"error", errno_text(errno)}};
    return {{"path", path},
            {"free_bytes", status.f_bavail * status.f_frsize},
            {"noexec", (status.f_flag & ST_NOEXEC) != 0}};
}

bool any_works(const json::Object& result) {
    const auto& intercept = json::object_at(result, "intercept");
    return std::any_of(intercept.begin(), intercept.end(), [](const auto& entry) {
        const auto& works = json::at(entry.value(), "ipv4");
        return works.is_bool() && works.get_bool();
    });
}

} // namespace

int run_check() {
    utsname machine{};
    ::uname(&machine);
    json::Object result = tried();
    result["kernel"] = machine.release;
    result["machine"] = machine.machine;
    const auto docker = DockerApi().containers_of_tasks();
    result["docker"] = docker ? json::Value(docker->size()) : json::Value(docker.error().message);
    result["metadata_files"] = containers_in_metadata().size();
    result["folder"] = folder("/var/lib");
    const bool works = any_works(result);
    result["can_intercept"] = works;
    tell(STDOUT_FILENO, result);
    return works ? 0 : exit_failed;
}

} // namespace squall::host_app
