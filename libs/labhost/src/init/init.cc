#include "init/init.h"

#include "init/roles.h"
#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/transport/socket.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace squall::labhost::init {
namespace {

Path under(const Path& root, std::string_view path) { return root.string() + std::string(path); }

// Where whoever made the host listens; -1 where nobody does.
int maker() {
    const char* text = std::getenv("SQUALL_READY_FD"); // NOLINT(concurrency-mt-unsafe): one thread
    const auto number = text != nullptr ? to_integer(text) : std::nullopt;
    return number && *number >= 0 ? static_cast<int>(*number) : -1;
}

void tell_maker(std::string_view word) {
    [[maybe_unused]] const ssize_t ignored = ::write(maker(), word.data(), word.size());
}

// Nothing runs, until somebody switches the host on again.
void wait_while_off() {
    sigset_t awaited;
    sigemptyset(&awaited);
    sigaddset(&awaited, reboot_signal());
    ::pthread_sigmask(SIG_BLOCK, &awaited, nullptr);
    tell_maker("off\n");
    while (::sigwaitinfo(&awaited, nullptr) < 0 && errno == EINTR) {
    }
    ::pthread_sigmask(SIG_UNBLOCK, &awaited, nullptr);
}

// As PID 1: what a reboot ends and empties, and then a new init. Namespaces, network and the files
// that outlive a reboot stay.
void begin_anew(AfterShutdown what) {
    ::kill(-1, SIGKILL);
    while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
    }
    std::error_code ignored;
    for (const char* folder : {"/run", "/tmp"}) {
        for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
            const Path name = entry.path().filename();
            // The journal outlives it, and the folders of units are there from the start.
            if (name != "log" && name != "systemd")
                std::filesystem::remove_all(entry.path(), ignored);
        }
    }
    if (what == AfterShutdown::off) wait_while_off();
    ::fcntl(maker(), F_SETFD, 0);
    ::execl("/proc/self/exe", "squall", "lab-host", "init", nullptr);
}

} // namespace

Init::Init(const Path& root)
    : root_(root),
      timer_(loop_),
      journal_(under(root, journal_path)),
      folder_(root),
      processes_(loop_, journal_, clock_, root),
      supervisor_(processes_, folder_),
      control_({supervisor_, folder_, processes_, clock_, [this] {
                    look_ahead();
                }}) {}

Result<void> Init::run() {
    // As PID 1 the kernel gives it all orphans anyway.
    if (::getpid() != 1) ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    std::signal(SIGPIPE, SIG_IGN);
    loop_.on_signals({SIGCHLD, SIGTERM, SIGINT, SIGRTMIN + 3, power_off_signal(), reboot_signal()},
                     [this](int number) { on_signal(number); });
    ::fcntl(maker(), F_SETFD, FD_CLOEXEC);
    folder_.remove_all_transient();
    if (auto listening = listen(); !listening) return listening;
    supervisor_.start_enabled(now());
    reap(); // what ended before the handler was there, or was inherited
    look_ahead();
    tell_maker("ready\n");
    loop_.run();
    server_.reset();
    ::unlink(under(root_, control_socket).c_str());
    return {};
}

Result<void> Init::listen() {
    const Path socket = under(root_, control_socket);
    if (auto made = make_directories(socket.parent_path()); !made) return made;
    auto listening = transport::listen_unix(socket);
    if (!listening) return fail(std::move(listening.error()));
    transport::ServerLimits limits;
    limits.body_max = unit_text_max * 2; // two transient units at most
    server_.emplace(
        loop_,
        std::move(*listening),
        [this](const wire::HttpRequest& request, const transport::Responder& responder) {
            control_.handle(request, responder);
        },
        limits);
    return {};
}

void Init::on_signal(int number) {
    if (number == SIGCHLD) {
        reap();
    } else if (!supervisor_.is_shutting_down()) {
        if (number == reboot_signal()) after_shutdown_ = AfterShutdown::reboot;
        if (number == power_off_signal()) after_shutdown_ = AfterShutdown::off;
        supervisor_.begin_shutdown(now());
    }
    look_ahead();
}

void Init::reap() {
    int status = 0;
    while (true) {
        const pid_t pid = ::waitpid(-1, &status, WNOHANG);
        if (pid < 0 && errno == EINTR) continue;
        if (pid <= 0) return;
        processes_.drain(pid);
        supervisor_.on_exit(pid, exit_from_wait_status(status), now());
    }
}

void Init::look_ahead() {
    if (supervisor_.is_shutting_down() && supervisor_.is_idle()) return loop_.stop();
    const SteadyTime next = supervisor_.next_deadline();
    if (next == SteadyTime::max()) return timer_.cancel();
    const auto delay = std::chrono::ceil<Millis>(next - clock_.now());
    timer_.start(std::max(delay, Millis(0)), [this] {
        supervisor_.on_time(now());
        look_ahead();
    });
}

int run_init(const std::vector<std::string>& arguments) {
    Path root;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i] == "--root" && i + 1 < arguments.size()) {
            root = std::filesystem::absolute(arguments[++i]);
        } else {
            log::print("init: '{}' is no option: usage: init [--root DIR]\n", arguments[i]);
            return 64;
        }
    }
    if (root.empty() && ::getpid() != 1) {
        log::print("init: this is not PID 1: the units it would start are not a lab's. Give it a "
                   "folder with --root DIR, or let `squall lab up` start it.\n");
        return 64;
    }
    AfterShutdown next = AfterShutdown::end;
    const auto ended = [&] {
        Init init(root);
        auto done = init.run();
        if (done) next = init.after_shutdown();
        return done;
    }();
    if (next != AfterShutdown::end && ::getpid() == 1) begin_anew(next);
    if (ended) return 0;
    log::print("init: {}\n", ended.error().message);
    return 1;
}

} // namespace squall::labhost::init
