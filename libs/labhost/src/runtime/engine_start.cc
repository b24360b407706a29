// Starting a container: what it will hold is written down, its process is made and waits, it gets
// its network, is written down as running, and only then goes on to its program.
#include "runtime/engine_entry.h"
#include "runtime/process.h"
#include "squall/base/log.h"

#include <fcntl.h>

namespace squall::labhost::runtime {
namespace {

// Setting up takes some twenty milliseconds; a bind from a dead network file system takes for ever.
constexpr Seconds setup_time{20};

constexpr std::size_t machine_file_max = 64U << 10U;

std::vector<PublishedPort> ports_to_publish(const ContainerSpec& spec) {
    std::vector<PublishedPort> ports = spec.published;
    if (!spec.publish_all) return ports;
    for (const auto& port : spec.exposed) {
        const bool is_there = std::any_of(ports.begin(), ports.end(), [&](const auto& published) {
            return published.container == port;
        });
        if (!is_there) ports.push_back({port, 0});
    }
    return ports;
}

// The answer, and in what words, with what Docker's clients look for.
ApiError api_error_of(const StartFailure& failure) {
    constexpr int no_such_program = 127;
    constexpr int not_executable = 126;
    const bool is_the_callers =
        failure.exit_code == no_such_program || failure.exit_code == not_executable;
    return {is_the_callers ? 400 : 500,
            fmt::format("failed to create shim task: OCI runtime create failed: runc create "
                        "failed: unable to start container process: {}: unknown",
                        failure.message)};
}

StartFailure failure_of(const Error& error) { return {128, error.message}; }

} // namespace

Answer<bool> Engine::start(std::string_view key) {
    const auto found = find_entry(key);
    if (!found) return fail(found.error());
    Entry& entry = **found;
    Container& container = entry.container;
    if (container.is_running()) return false;
    if (shutting_down_) return refuse(503, "the daemon is shutting down");
    if (entry.being_removed)
        return refuse(409, "container is marked for removal and cannot be started");

    const auto note_failure = [&](int exit_code, const std::string& why) {
        container.state.exit_code = exit_code;
        container.state.error = why;
        save(container);
    };
    if (const auto given = give_endpoint(entry); !given) {
        note_failure(128, given.error().message);
        return fail(given.error());
    }
    if (const auto saved = store_.save(container); !saved) {
        undo_start(entry);
        return refuse(500, "{}", saved.error().message);
    }
    if (const auto launched = launch_container(entry); !launched) {
        undo_start(entry);
        ApiError error = api_error_of(launched.error());
        note_failure(launched.error().exit_code, error.message);
        return fail(std::move(error));
    }
    log::info("container {} ({}) runs as process {}",
              container.name,
              container.id.substr(0, 12),
              container.state.pid);
    return true;
}

Answer<void> Engine::give_endpoint(Entry& entry) {
    Container& container = entry.container;
    if (container.spec.network.kind == NetworkKind::container) {
        // Asked now, before anything is made: this is the refusal people meet.
        const auto network = network_to_join(entry);
        if (!network) return fail(network.error());
    }
    if (container.spec.network.kind != NetworkKind::bridge) return {};
    auto endpoint = bridge_.reserve(container.id, container.name, ports_to_publish(container.spec));
    if (!endpoint) return fail(endpoint.error());
    container.endpoint = std::move(*endpoint);
    return {};
}

Answer<Fd> Engine::network_to_join(const Entry& entry) const {
    const auto& wanted = entry.container.spec.network.container;
    const auto other = find(wanted);
    if (!other) return fail(other.error());
    if ((*other)->id == entry.container.id) return refuse(500, "cannot join own network");
    if (!(*other)->is_running())
        return refuse(409, "cannot join network of a non running container: {}", wanted);
    const std::string path = fmt::format("/proc/{}/ns/net", (*other)->state.pid);
    Fd network(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!network) return refuse(409, "cannot join network of a non running container: {}", wanted);
    return network;
}

LaunchSpec Engine::launch_spec(const Entry& entry) const {
    const Container& container = entry.container;
    const ContainerSpec& spec = container.spec;
    LaunchSpec launch;
    launch.argv = spec.argv();
    launch.hostname = container.hostname();
    std::string address = container.endpoint ? container.endpoint->address() : "";
    std::vector<std::string> extra_hosts = spec.extra_hosts;
    if (spec.network.kind == NetworkKind::container) {
        // Who shares a network shares the names in it.
        if (const auto other = find(spec.network.container)) {
            launch.hostname = (*other)->hostname();
            address = (*other)->endpoint ? (*other)->endpoint->address() : "";
            extra_hosts = (*other)->spec.extra_hosts;
        }
    }
    launch.hosts = hosts_text(extra_hosts, address, launch.hostname);
    if (spec.network.kind == NetworkKind::host) {
        if (const auto own = read_file("/etc/hosts", machine_file_max)) launch.hosts += *own;
    }
    launch.environment = complete_environment(spec.environment, launch.hostname);
    launch.working_directory = spec.working_directory;
    launch.root = spec.root;
    launch.program = settings_.program;
    launch.root_folder = settings_.root_folder;
    launch.resolv_conf = read_file(settings_.resolv_conf, machine_file_max).value_or("");
    launch.binds = spec.binds;
    launch.capabilities = spec.capabilities;
    launch.privileged = spec.privileged;
    launch.read_only_root = spec.read_only_root;
    return launch;
}

Result<void> Engine::connect(const Entry& entry, const LaunchedProcess& launched) {
    const auto kind = entry.container.spec.network.kind;
    if (kind == NetworkKind::host || kind == NetworkKind::container) return {};
    const auto network = launched.network_namespace();
    if (!network) return fail(network.error());
    return kind == NetworkKind::none
               ? bring_loopback_up(*network)
               : bridge_.connect(*entry.container.endpoint, launched.pid(), *network);
}

Result<void, StartFailure> Engine::launch_container(Entry& entry) {
    Container& container = entry.container;
    const auto kind = container.spec.network.kind;
    Fd joined;
    if (kind == NetworkKind::container) {
        auto network = network_to_join(entry);
        if (!network) return fail(StartFailure{128, network.error().message});
        joined = std::move(*network);
    }
    auto log = LogFile::open(log_path(container));
    if (!log) return fail(failure_of(log.error()));
    const bool has_own_network = kind == NetworkKind::bridge || kind == NetworkKind::none;
    auto launched = launch(
        launch_spec(entry), joined ? std::optional(joined.get()) : std::nullopt, has_own_network);
    if (!launched) return fail(failure_of(launched.error()));
    if (const auto connected = connect(entry, *launched); !connected)
        return fail(failure_of(connected.error()));
    const auto start_time = start_time_of(launched->pid());
    if (!start_time) return fail(failure_of(start_time.error()));

    const ContainerState before = container.state;
    container.state = {
        Status::running, launched->pid(), *start_time, 0, {}, clock_.wall(), before.finished_at};
    const auto saved = store_.save(container);
    Result<void, StartFailure> released;
    if (saved)
        released = launched->release(Deadline::in(setup_time));
    else
        released = fail(failure_of(saved.error()));
    if (!released) {
        container.state = before;
        return released;
    }
    entry.process = std::make_unique<RunningProcess>(
        loop_, clock_, std::move(*launched), std::move(*log), [this, id = container.id](int code) {
            on_end(id, code);
        });
    begin_health_checks(entry);
    return {};
}

void Engine::undo_start(Entry& entry) {
    auto& endpoint = entry.container.endpoint;
    if (endpoint) bridge_.disconnect(*endpoint);
    endpoint.reset();
}

} // namespace squall::labhost::runtime
