#include "hosts/host.h"

#include "squall/base/text.h"
#include "squall/transport/socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace squall::lab {
namespace {

constexpr const char* metadata_address = "169.254.169.254";
constexpr std::size_t line_max = 64U << 10U;
constexpr Seconds end_timeout{15};
// For what its units do when they are stopped.
constexpr Seconds shutdown_timeout{20};

// In the child, between fork and exec.
[[noreturn]] void become_host(int control) {
    // Its own group: what is meant for us on a terminal is not meant for it.
    ::setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    if (control != labhost::host_control_fd)
        ::dup2(control, labhost::host_control_fd);
    else
        ::fcntl(control, F_SETFD, 0);
    const int nothing = ::open("/dev/null", O_RDWR);
    if (nothing >= 0) {
        ::dup2(nothing, STDIN_FILENO);
        ::dup2(nothing, STDOUT_FILENO);
    }
    ::execl("/proc/self/exe", "squall", "lab-host", "host", nullptr);
    ::_exit(127);
}

} // namespace

// NOLINTNEXTLINE(readability-function-size): what it lives among, and what it is; one caller
Host::Host(transport::Loop& loop,
           Vpc& vpc,
           KeyRing& keys,
           const ec2::Instance* instance,
           labhost::HostSpec spec,
           int ordinal,
           Events events)
    : loop_(loop),
      vpc_(vpc),
      metadata_(keys, spec.region),
      instance_(instance),
      spec_(std::move(spec)),
      ordinal_(ordinal),
      events_(std::move(events)),
      end_timer_(loop) {
    start();
}

Host::~Host() {
    holder_watch_.reset();
    kill();
    const auto has_ended = [](const Fd& process) {
        pollfd waited{process.get(), POLLIN, 0};
        return process && ::poll(&waited, 1, static_cast<int>(Millis(end_timeout).count())) > 0;
    };
    // The first process ends when everything else in the host has: the kernel sees to it. Its
    // holder, which ends next, may have been killed before.
    if (first_process_fd_) has_ended(first_process_fd_);
    if (holder_ == 0) return;
    if (!has_ended(holder_fd_)) ::kill(holder_, SIGKILL);
    while (::waitpid(holder_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

void Host::kill() {
    // Before it has a first process, the holder is all there is; after it, it is on its way out.
    if (!signal(SIGKILL) && holder_ != 0) ::kill(holder_, SIGKILL);
}

bool Host::signal(int number) {
    return first_process_fd_
           && ::syscall(SYS_pidfd_send_signal, first_process_fd_.get(), number, 0, 0) == 0;
}

void Host::power_off() {
    // One that reboots does not hear of it, and says that it is ready again.
    is_to_be_off_ = true;
    if (ready_) signal(labhost::power_off_signal());
}

void Host::power_on() {
    is_to_be_off_ = false;
    if (auto linked = vpc_.set_link(ordinal_, Vpc::Link::up); !linked)
        return end(linked.error().message);
    signal(labhost::reboot_signal());
}

void Host::reboot() {
    if (ready_) signal(labhost::reboot_signal());
}

void Host::shut_down() {
    // Init takes no such order before it is up, nor while it is off.
    if (!ready_ || !signal(SIGTERM)) return kill();
    end_timer_.start(shutdown_timeout, [this] { kill(); });
}

void Host::start() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return end("no socket pair");
    control_ = Fd(ends[0]);
    const Fd theirs(ends[1]);
    holder_ = ::fork();
    if (holder_ == 0) become_host(theirs.get());
    if (holder_ < 0) {
        holder_ = 0;
        return end("its process cannot be started: " + errno_text(errno));
    }
    holder_fd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, holder_, 0)));
    ::fcntl(control_.get(), F_SETFL, O_NONBLOCK);
    control_watch_.emplace(loop_, control_.get(), [this] { on_readable(); });
    holder_watch_.emplace(loop_, holder_fd_.get(), [this] { holder_ended(); });
    say(json::text(spec_.to_json()));
}

void Host::say(const std::string& line) {
    const std::string whole = line + "\n";
    // A host that is gone is told by its pidfd.
    [[maybe_unused]] const ssize_t ignored =
        ::send(control_.get(), whole.data(), whole.size(), MSG_NOSIGNAL);
}

void Host::on_readable() {
    std::array<char, 4096> chunk{};
    const ssize_t got = ::read(control_.get(), chunk.data(), chunk.size());
    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) control_watch_.reset();
        return;
    }
    received_.append(chunk.data(), static_cast<std::size_t>(got));
    if (received_.size() > line_max) return end("it talks nonsense while it comes up");
    for (std::size_t at = received_.find('\n'); at != std::string::npos;
         at = received_.find('\n')) {
        const std::string line = received_.substr(0, at);
        received_.erase(0, at + 1);
        on_line(line);
    }
}

void Host::on_line(const std::string& line) {
    const auto [word, rest] = split_once(line, ' ');
    if (word == "error") return end(std::string(rest));
    if (word == "pid") {
        first_process_ = static_cast<pid_t>(to_integer(rest).value_or(0));
        first_process_fd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, first_process_, 0)));
        if (auto connected = vpc_.connect(ordinal_, first_process_); !connected)
            return end(connected.error().message);
        return say("network");
    }
    if (word == "addressed") return on_addressed();
    if (word == "ready") {
        is_off_ = false;
        // After a reboot that somebody in it asked for it is said again, and is no news.
        if (!std::exchange(ready_, true) && events_.on_ready) events_.on_ready();
        if (is_to_be_off_) power_off();
    }
    if (word == "off") {
        ready_ = false;
        is_off_ = true;
        is_to_be_off_ = false;
        if (auto linked = vpc_.set_link(ordinal_, Vpc::Link::down); !linked)
            return end(linked.error().message);
        if (events_.on_off) events_.on_off();
    }
}

void Host::on_addressed() {
    const std::string path = fmt::format("/proc/{}/ns/net", first_process_);
    const Fd network_namespace(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!network_namespace) return end("its network namespace cannot be opened");
    if (instance_ != nullptr) {
        if (auto served = serve_metadata(network_namespace.get()); !served)
            return end(served.error().message);
    }
    if (events_.on_addressed) events_.on_addressed(network_namespace.get());
    say("go");
}

Result<void> Host::serve_metadata(int network_namespace) {
    auto socket = transport::listen_tcp_in(network_namespace, metadata_address, 80);
    if (!socket) return fail(socket.error());
    metadata_server_.emplace(
        loop_,
        std::move(*socket),
        [this](const wire::HttpRequest& request, transport::Responder responder) {
            responder.respond(metadata_.answer(*instance_, request, Wall::now()));
        });
    return {};
}

void Host::holder_ended() {
    int status = 0;
    if (::waitpid(holder_, &status, WNOHANG) != holder_) return;
    holder_ = 0;
    end(ready_ ? "its first process ended" : "it ended while it came up");
}

void Host::end(const std::string& why) {
    control_watch_.reset();
    holder_watch_.reset();
    end_timer_.cancel();
    ready_ = false;
    first_process_ = 0;
    const auto on_end = std::exchange(events_.on_end, nullptr);
    // Whoever hears it may destroy this host: not while it is at work.
    if (on_end) loop_.post([on_end, why] { on_end(why); });
}

} // namespace squall::lab
