#include "runtime/dockerd.h"

#include "runtime/api.h"
#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/transport/socket.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>

namespace squall::labhost::runtime {
namespace {

// Containers get up to 15 s and ten more to die of SIGKILL; whoever is still there then hangs in
// the kernel and is the next start's business.
constexpr Seconds shutdown_max{30};

struct Options {
    Path data;     // /var/lib/docker
    Path socket;   // /var/run/docker.sock
    Path pid_file; // /var/run/docker.pid
};

Result<Options> parse_options(const std::vector<std::string>& arguments) {
    std::string root;
    std::string socket;
    for (std::size_t i = 0; i < arguments.size(); i += 2) {
        const bool is_known = arguments[i] == "--root" || arguments[i] == "--socket";
        if (!is_known) return fail(Errc::invalid_input, "unknown option {}", arguments[i]);
        if (i + 1 == arguments.size())
            return fail(Errc::invalid_input, "{} wants a path", arguments[i]);
        (arguments[i] == "--root" ? root : socket) = arguments[i + 1];
    }
    while (root.ends_with('/'))
        root.pop_back();
    return Options{root + "/var/lib/docker",
                   socket.empty() ? root + "/var/run/docker.sock" : socket,
                   root + "/var/run/docker.pid"};
}

Result<Path> own_program() {
    std::error_code error;
    Path program = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return fail(Errc::failed, "reading /proc/self/exe: {}", error.message());
    return program;
}

// The parts of a dockerd, in the order in which they need each other.
class Dockerd {
public:
    explicit Dockerd(Options options) : options_(std::move(options)) {}

    Result<void> set_up();
    void serve();

private:
    Options options_;
    SystemClock clock_;
    transport::Loop loop_;
    transport::Timer last_resort_{loop_};
    std::optional<FileLock> lock_; // one dockerd for one folder
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Api> api_;
    std::unique_ptr<transport::HttpServer> server_;
};

Result<void> Dockerd::set_up() {
    const auto program = own_program();
    if (!program) return fail(program.error());
    for (const auto& folder :
         {options_.data, options_.socket.parent_path(), options_.pid_file.parent_path()}) {
        if (auto made = make_directories(folder); !made) return made;
    }
    auto lock = FileLock::try_take(options_.data / "dockerd.lock");
    if (!lock) return fail(lock.error());
    if (!*lock) return fail(Errc::conflict, "another dockerd works in {}", options_.data.string());
    lock_ = std::move(*lock);
    engine_ = std::make_unique<Engine>(
        loop_,
        clock_,
        EngineSettings{options_.data / "containers", options_.data / "rootfs", *program});
    if (auto ready = engine_->set_up(); !ready) return ready;
    const char* minimum = std::getenv("DOCKER_MIN_API_VERSION"); // NOLINT(concurrency-mt-unsafe)
    api_ = std::make_unique<Api>(
        *engine_, clock_, options_.data, api_versions_of(minimum == nullptr ? "" : minimum));
    auto socket = transport::listen_unix(options_.socket, 0660);
    if (!socket) return fail(socket.error());
    server_ = std::make_unique<transport::HttpServer>(
        loop_,
        std::move(*socket),
        [this](wire::HttpRequest request, transport::Responder responder) {
            api_->handle(std::move(request), std::move(responder));
        });
    return write_file(options_.pid_file, fmt::format("{}", ::getpid()));
}

void Dockerd::serve() {
    loop_.on_signals({SIGTERM, SIGINT}, [this](int) {
        log::info("stopping: containers first");
        last_resort_.start(shutdown_max, [this] { loop_.stop(); });
        // The last answers go out before the loop is left.
        engine_->shut_down([this] { loop_.post([this] { loop_.stop(); }); });
    });
    log::info("API listen on {}", options_.socket.string());
    loop_.run();
    server_.reset();
    ::unlink(options_.socket.c_str());
    ::unlink(options_.pid_file.c_str());
}

} // namespace

int run_dockerd(const std::vector<std::string>& arguments) {
    log::show_from(log::Level::info);
    auto options = parse_options(arguments);
    if (!options) {
        log::error("dockerd: {}; known: --root DIR, --socket PATH", options.error().message);
        return 64;
    }
    Dockerd dockerd(std::move(*options));
    if (const auto ready = dockerd.set_up(); !ready) {
        log::error("dockerd: {}", ready.error().message);
        return 1;
    }
    dockerd.serve();
    return 0;
}

} // namespace squall::labhost::runtime
