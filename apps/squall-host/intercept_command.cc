#include "intercept_command.h"

#include "containers.h"
#include "host_canary.h"
#include "process.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "task_proxy.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <random>

namespace squall::host_app {
namespace {

constexpr Seconds arming_max{20};
constexpr Seconds giving_up_max{5};

struct Targets {
    std::vector<ProxyTarget> list;
    std::vector<std::string> absent;
};

Result<ProxyTarget>
target_of(const Container& container, const std::string& run, const std::string& name) {
    auto network = redirect::NetworkNamespace::of_process(container.pid);
    if (!network) return fail(network.error());
    return ProxyTarget{{run, name},
                       container.id,
                       container.name,
                       container.pid,
                       std::move(*network),
                       container.bridge_address};
}

Result<Targets> targets_of(const InterceptCommand& command, const std::string& run) {
    Targets targets;
    if (!command.tasks.empty()) {
        auto found =
            find_containers({command.tasks, command.container_name, command.ports.front()});
        if (!found) return fail(found.error());
        targets.absent = std::move(found->absent);
        for (const Container& container : found->containers) {
            auto target = target_of(container, run, container.task);
            if (!target) return fail(target.error());
            targets.list.push_back(std::move(*target));
        }
        return targets;
    }
    if (!command.netns.empty()) {
        auto network = redirect::NetworkNamespace::at(command.netns);
        if (!network) return fail(network.error());
        const std::string name = Path(command.netns).filename().string();
        targets.list.push_back({{run, "netns-" + name}, "", "", 0, std::move(*network), ""});
        return targets;
    }
    Container container;
    std::string name = "pid-" + std::to_string(command.pid.value_or(0));
    if (command.container.empty()) {
        container.pid = static_cast<pid_t>(*command.pid);
    } else {
        auto found = find_container(command.container);
        if (!found) return fail(found.error());
        container = std::move(*found);
        constexpr std::size_t short_id = 12;
        name = container.id.substr(0, short_id);
    }
    auto target = target_of(container, run, name);
    if (!target) return fail(target.error());
    targets.list.push_back(std::move(*target));
    return targets;
}

Result<ProxyOrder> order_of(const InterceptCommand& command) {
    ProxyOrder order;
    order.ports = command.ports;
    order.proxy_port = command.proxy_port;
    order.interface = command.interface;
    order.resets_existing = command.resets_existing;
    order.faults = command.faults;
    order.seed = command.seed != 0 ? command.seed : std::random_device()();
    order.drain = Seconds(command.drain_s);
    order.forwarded_header = command.forwarded_header;
    if (std::find(order.ports.begin(), order.ports.end(), order.proxy_port) != order.ports.end())
        return fail(Errc::invalid_input,
                    "port {} cannot be taken to itself: choose another --proxy-port",
                    order.proxy_port);
    if (command.intercept != "auto") {
        order.only = redirect::kind_of(command.intercept);
        if (!order.only)
            return fail(Errc::invalid_input,
                        "--intercept {}: auto, tproxy-owner, tproxy-lease, redirect or iptables is "
                        "wanted",
                        command.intercept);
    }
    for (const std::string& text : command.exempt_sources) {
        const auto range = net::AddressRange::parse(text);
        if (!range) return fail(range.error());
        order.exempt.push_back(*range);
    }
    const auto end = end_of(command.duration_s, command.until);
    if (!end) return fail(end.error());
    order.end = steady_of(*end);
    order.end_text = *end;
    // What is wrong with the faults is told before anything is touched.
    if (const auto faults = fault::FaultSet::make(order.faults, order.seed); !faults)
        return fail(faults.error());
    return order;
}

struct Child {
    pid_t pid = 0;
    Fd pipe;
};

[[noreturn]] void be_child(const ProxyTarget& target, const ProxyOrder& order, Fd pipe) {
    ::setsid();
    const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        ::dup2(null.get(), fd);
    static_cast<void>(::chdir("/"));
    const auto done = run_proxy(target, order, pipe.get(), /*tells_all=*/false);
    if (!done) tell(pipe.get(), {{"event", "failed"}, {"error", done.error().message}});
    ::_exit(done ? 0 : exit_failed);
}

Result<Child> start_child(const ProxyTarget& target, const ProxyOrder& order) {
    auto pipe = make_pipe();
    if (!pipe) return fail(pipe.error());
    const pid_t pid = ::fork();
    if (pid < 0) return fail(Errc::failed, "starting a process: {}", errno_text(errno));
    if (pid == 0) {
        pipe->read_end.reset();
        be_child(target, order, std::move(pipe->write_end));
    }
    return Child{pid, std::move(pipe->read_end)};
}

// The line that a child says when it is armed, or when it has failed.
Result<json::Object> first_line(const Child& child, SteadyTime until) {
    std::string line;
    std::array<char, 4096> buffer{};
    while (line.find('\n') == std::string::npos) {
        pollfd watched{child.pipe.get(), POLLIN, 0};
        const auto left = std::chrono::ceil<Millis>(until - Steady::now()).count();
        if (left <= 0 || ::poll(&watched, 1, static_cast<int>(left)) == 0)
            return fail(Errc::timed_out, "it was not armed within {} s", arming_max.count());
        const auto got = ::read(child.pipe.get(), buffer.data(), buffer.size());
        if (got <= 0) return fail(Errc::failed, "it ended before it was armed");
        line.append(buffer.data(), static_cast<std::size_t>(got));
    }
    auto object = json::parse_object(line);
    if (!object) return object;
    if (json::string_at(*object, "event") != "armed")
        return fail(Errc::failed, "{}", json::string_at(*object, "error"));
    return object;
}

// Those that were armed are disarmed again: none, or all.
void give_up(const std::vector<Child>& children) {
    for (const Child& child : children)
        ::kill(child.pid, SIGTERM);
    const auto end = Deadline::in(giving_up_max);
    for (const Child& child : children) {
        static_cast<void>(has_ended(child.pid, end));
        ::kill(child.pid, SIGKILL);
        ::waitpid(child.pid, nullptr, 0);
    }
}

int fail_detached(const std::string& run, const Error& error) {
    tell(STDOUT_FILENO, {{"event", "failed"}, {"run", run}, {"error", error.message}});
    return error.code == Errc::invalid_input ? exit_usage : exit_failed;
}

CanaryOrder canary_of(const InterceptCommand& command, const Targets& targets) {
    CanaryOrder canary{command.run, command.canary_path, Millis(command.canary_wait_ms), {}};
    if (command.canary_path.empty()) return canary;
    for (const ProxyTarget& target : targets.list) {
        const auto server =
            net::Address::parse(fmt::format("{}:{}", target.bridge_address, command.ports.front()));
        if (!target.bridge_address.empty() && server)
            canary.targets.push_back({target.place, *server});
    }
    return canary;
}

int run_detached(const InterceptCommand& command, const Targets& targets, const ProxyOrder& order) {
    const std::string& run = command.run;
    const CanaryOrder canary = canary_of(command, targets);
    ask_before(canary);
    const SteadyTime until = Steady::now() + arming_max;
    std::vector<Child> children;
    json::Array proxies;
    for (const ProxyTarget& target : targets.list) {
        auto child = start_child(target, order);
        if (child) children.push_back(std::move(*child));
        auto armed =
            child ? first_line(children.back(), until) : Result<json::Object>(fail(child.error()));
        if (!armed) {
            give_up(children);
            return fail_detached(run,
                                 {armed.error().code,
                                  fmt::format("{} {}: {}",
                                              target.place.name,
                                              target.container_name,
                                              armed.error().message)});
        }
        // What is the same for all of them is said once; the counts of a beginning say nothing.
        proxies.push_back(members_of(*armed,
                                     {"task",
                                      "container",
                                      "container_name",
                                      "pid",
                                      "interface",
                                      "ports",
                                      "intercept",
                                      "list",
                                      "reset_existing"}));
    }
    json::Array absent;
    for (const std::string& task : targets.absent)
        absent.emplace_back(task);
    json::Object told{{"event", "armed"},
                      {"run", run},
                      {"seed", order.seed},
                      {"proxies", std::move(proxies)},
                      {"absent", std::move(absent)}};
    if (order.end_text) told["until"] = rfc3339_seconds(*order.end_text);
    tell(STDOUT_FILENO, told);
    ask_during(canary);
    return 0;
}

} // namespace

int run_command(const InterceptCommand& wanted) {
    InterceptCommand command = wanted;
    if (command.run.empty()) command.run = fmt::format("by-hand-{:08x}", std::random_device()());
    const std::string& run = command.run;
    const auto answer = [&](const Error& error) {
        return command.detaches ? fail_detached(run, error) : complain(error);
    };
    if (!is_run(run))
        return answer({Errc::invalid_input,
                       fmt::format("--run {}: up to 40 of a-z, 0-9 and '-' are wanted", run)});
    const auto order = order_of(command);
    if (!order) return answer(order.error());
    const auto targets = targets_of(command, run);
    if (!targets) return answer(targets.error());
    if (command.detaches) return run_detached(command, *targets, *order);
    if (targets->list.size() != 1)
        return answer({Errc::invalid_input,
                       fmt::format("{} tasks at once need --detach", targets->list.size())});
    const auto done = run_proxy(targets->list.front(), *order, STDOUT_FILENO, /*tells_all=*/true);
    return done ? 0 : complain(done.error());
}

} // namespace squall::host_app
