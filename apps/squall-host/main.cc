// The helper on a container instance: one static program, with no file of its own.
#include "check_command.h"
#include "doctor_command.h"
#include "intercept_command.h"
#include "process.h"
#include "proxy_command.h"
#include "run_commands.h"
#include "run_folder.h"
#include "squall/base/text.h"

#include <CLI/CLI.hpp>

#include <exception>

namespace squall::host_app {
namespace {

using Wanted = fault::FaultSet::Wanted;

// --set belongs to the --fault before it.
std::vector<Wanted>
faults_in_order(const CLI::App& command, const CLI::Option* fault, const CLI::Option* set) {
    std::vector<Wanted> faults;
    std::size_t next_fault = 0;
    std::size_t next_set = 0;
    for (const CLI::Option* option : command.parse_order()) {
        if (option == fault) {
            faults.push_back({fault->results().at(next_fault++), {}});
        } else if (option == set) {
            const std::string text = set->results().at(next_set++);
            const auto [name, value] = split_once(text, '=');
            if (faults.empty())
                throw CLI::ValidationError("--set", text + ": it belongs to a --fault before it");
            if (name.empty() || text.find('=') == std::string::npos)
                throw CLI::ValidationError("--set", text + ": NAME=VALUE is wanted");
            if (!faults.back().settings.emplace(name, value).second)
                throw CLI::ValidationError("--set", std::string(name) + " is given twice");
        }
    }
    return faults;
}

// Options of `proxy` that both of its forms have.
struct Common {
    std::vector<Wanted> faults;
    std::optional<std::int64_t> duration_s;
    std::optional<std::int64_t> until;
    std::int64_t drain_s = 10;
    std::uint64_t seed = 0;
    std::string forwarded_header;
};

struct ProxyOptions {
    Common common;
    ProxyCommand plain;
    InterceptCommand intercept;
    std::string existing = "keep";
    CLI::Option* listen = nullptr;
    CLI::Option* fault = nullptr;
    CLI::Option* set = nullptr;
    std::vector<std::string> ignored;
};

// Forwarded, X-…, …-IP: of what else a request says, nothing may be there twice. Empty, or what is
// wrong.
std::string is_header_name(const std::string& text) {
    const std::string name = lower(text);
    const bool is_one =
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos
        && (name == "forwarded" || name.starts_with("x-") || name.ends_with("-ip"));
    return is_one ? std::string()
                  : text
                        + ": Forwarded, or a name such as X-Forwarded-For or True-Client-IP, is "
                          "wanted";
}

constexpr const char* proxy_text =
    "Falsifies HTTP traffic, for a while. Either in front of containers of this host (--tasks,\n"
    "--container, --pid, --netns): their new connections are taken, and given back at the end,\n"
    "however that comes. Or, to try it and to measure, between two addresses (--listen, "
    "--forward).\n";

void add_intercept_options(CLI::App& command, InterceptCommand& intercept, std::string& existing) {
    auto* tasks =
        command
            .add_option("--tasks",
                        intercept.tasks,
                        "ids or ARNs of ECS tasks; TASK=NAME says which of its containers")
            ->delimiter(',')
            ->type_name("TASK,…");
    auto* container = command.add_option(
        "--container", intercept.container, "a container's id, or how it begins");
    auto* pid = command.add_option("--pid", intercept.pid, "a process in the network namespace")
                    ->check(CLI::PositiveNumber);
    auto* netns =
        command.add_option("--netns", intercept.netns, "the network namespace: /run/netns/x");
    for (auto* one : {tasks, container, pid, netns}) {
        for (auto* other : {tasks, container, pid, netns}) {
            if (one != other) one->excludes(other);
        }
    }
    command.add_option("--container-name", intercept.container_name, "which container of a task")
        ->needs(tasks);
    command.add_option("--run", intercept.run, "what status and stop find it by");
    command.add_option("--port", intercept.ports, "that the container serves on; several")
        ->delimiter(',')
        ->check(CLI::Range(1, 65'535))
        ->capture_default_str();
    command.add_option("--proxy-port", intercept.proxy_port, "that the proxy listens on")
        ->check(CLI::Range(1, 65'535))
        ->capture_default_str();
    command.add_option("--interface", intercept.interface, "auto: the primary one; any; or a name")
        ->capture_default_str();
    command
        .add_option("--intercept",
                    intercept.intercept,
                    "auto: the best that works; tproxy-owner, tproxy-lease, redirect, iptables")
        ->capture_default_str();
    command.add_option("--existing", existing, "connections made before: keep, or reset")
        ->check(CLI::IsMember({"keep", "reset"}))
        ->capture_default_str();
    command
        .add_option("--exempt-sources",
                    intercept.exempt_sources,
                    "clients that are left alone: addresses, networks")
        ->delimiter(',');
    auto* detach = command.add_flag("--detach", intercept.detaches, "returns when it is armed");
    command
        .add_option("--canary",
                    intercept.canary_path,
                    "a path, asked of each container in bridge mode before, during and after")
        ->needs(detach);
    command
        .add_option("--canary-wait",
                    intercept.canary_wait_ms,
                    "milliseconds for its answer under the fault")
        ->check(CLI::Range(1, 600'000))
        ->capture_default_str();
}

CLI::App* add_proxy(CLI::App& app, ProxyOptions& options) {
    CLI::App* command = app.add_subcommand("proxy", proxy_text);
    add_intercept_options(*command, options.intercept, options.existing);
    options.listen =
        command->add_option("--listen", options.plain.listen, "127.0.0.1:8080, [::1]:0");
    auto* forward =
        command->add_option("--forward", options.plain.forward, "where the application listens");
    options.listen->needs(forward);
    forward->needs(options.listen);
    options.fault = command->add_option("--fault", options.ignored, "what to do; several")
                        ->take_all()
                        ->allow_extra_args(false);
    options.set =
        command->add_option("--set", options.ignored, "NAME=VALUE, for the --fault before it")
            ->take_all()
            ->allow_extra_args(false);
    command
        ->add_option(
            "--for", options.common.duration_s, "seconds; without: until it is told to end")
        ->check(CLI::Range(1, 86'400));
    command->add_option("--until", options.common.until, "the latest end, in seconds since 1970");
    command
        ->add_option(
            "--drain", options.common.drain_s, "seconds that open connections have at the end")
        ->check(CLI::Range(0, 600))
        ->capture_default_str();
    command->add_option("--seed", options.common.seed, "repeats what chance chose");
    command
        ->add_option("--forwarded-header",
                     options.common.forwarded_header,
                     "tells the application its client's address: X-Forwarded-For, Forwarded, …")
        ->check(CLI::Validator(is_header_name, "NAME"));
    return command;
}

int run_proxy_command(ProxyOptions& options) {
    const Common& common = options.common;
    if (options.listen->count() > 0) {
        ProxyCommand& plain = options.plain;
        plain.faults = common.faults;
        plain.duration_s = common.duration_s;
        plain.until = common.until;
        plain.drain_s = common.drain_s;
        plain.seed = common.seed;
        plain.forwarded_header = common.forwarded_header;
        return run_command(plain);
    }
    InterceptCommand& intercept = options.intercept;
    intercept.faults = common.faults;
    intercept.duration_s = common.duration_s;
    intercept.until = common.until;
    intercept.drain_s = common.drain_s;
    intercept.seed = common.seed;
    intercept.forwarded_header = common.forwarded_header;
    intercept.resets_existing = options.existing == "reset";
    return run_command(intercept);
}

// One of them has to say what it stands in front of; between two addresses nothing is taken.
void check_place(const CLI::App& command) {
    if (command.count("--listen") > 0) {
        for (const char* other : {"--tasks",
                                  "--container",
                                  "--pid",
                                  "--netns",
                                  "--container-name",
                                  "--run",
                                  "--port",
                                  "--proxy-port",
                                  "--interface",
                                  "--intercept",
                                  "--existing",
                                  "--exempt-sources",
                                  "--detach",
                                  "--canary",
                                  "--canary-wait"}) {
            if (command.count(other) > 0) throw CLI::ExcludesError("--listen", other);
        }
        return;
    }
    for (const char* name : {"--tasks", "--container", "--pid", "--netns"}) {
        if (command.count(name) > 0) return;
    }
    throw CLI::RequiredError("one of --tasks, --container, --pid, --netns and --listen");
}

void add_doctor_options(CLI::App& command, host::DoctorOrder& into, bool& tells_all) {
    auto* logs = command.add_option(
        "--log", into.logs, "log files in place of this host; - is standard input");
    command.add_option("--bundle", into.bundle, "an archive in place of this host")->excludes(logs);
    command.add_option("--signatures", into.signatures, "causes and signs of your own (YAML)")
        ->expected(1)
        ->take_all()
        ->allow_extra_args(false);
    command.add_flag("--whole",
                     into.reads_whole,
                     "log files from their beginning, and not only their last 512 MB");
    command.add_flag(
        "--looks", into.only_looks, "what was looked at and nothing concluded, as JSON");
    command.add_flag("--json", into.json, "for programs: one JSON object");
    command.add_flag("--all", tells_all, "all evidence, and what was healthy one by one");
}

int run(int argc, char** argv) {
    CLI::App app{"Squall's helper on a container instance.\n"};
    app.set_version_flag("--version", "squall-host " SQUALL_VERSION);
    app.require_subcommand(1);
    ProxyOptions options;
    CLI::App* proxy = add_proxy(app, options);
    std::string run_name;
    std::optional<std::int64_t> drain_s;
    CLI::App* status = app.add_subcommand("status", "what proxies run here, and what they counted");
    status->add_option("--run", run_name, "of this run alone");
    CLI::App* stop = app.add_subcommand("stop", "ends a run's proxies, and waits for their end");
    stop->add_option("--run", run_name)->required();
    stop->add_option("--drain", drain_s, "seconds that open connections have (10)")
        ->check(CLI::Range(0, 600));
    CLI::App* forget = app.add_subcommand("forget", "removes what a run's ended proxies have left");
    forget->add_option("--run", run_name)->required();
    CLI::App* check = app.add_subcommand("check", "what this kernel and this host allow");
    CLI::App* doctor = app.add_subcommand("doctor", "what keeps this host's ECS agent away");
    host::DoctorOrder order;
    std::string archive;
    bool tells_all = false;
    add_doctor_options(*doctor, order, tells_all);
    CLI::App* collect = doctor->add_subcommand("collect", "makes an archive, without secrets");
    collect->add_option("-o,--output", archive, "a file that is not there yet");
    try {
        app.parse(argc, argv);
        if (proxy->parsed()) {
            check_place(*proxy);
            options.common.faults = faults_in_order(*proxy, options.fault, options.set);
        }
        if (!run_name.empty() && !is_run(run_name))
            throw CLI::ValidationError("--run", "up to 40 of a-z, 0-9 and '-' are wanted");
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_usage;
    }
    if (status->parsed()) return run_status(run_name);
    if (stop->parsed())
        return run_stop(run_name, drain_s ? std::optional(Seconds(*drain_s)) : std::nullopt);
    if (forget->parsed()) return run_forget(run_name);
    if (check->parsed()) return run_check();
    if (collect->parsed()) return run_collect(archive);
    if (doctor->parsed()) return run_doctor(order, tells_all);
    return run_proxy_command(options);
}

} // namespace
} // namespace squall::host_app

int main(int argc, char** argv) {
    try {
        return squall::host_app::run(argc, argv);
    } catch (const std::exception& error) {
        static_cast<void>(std::fputs(error.what(), stderr));
        return squall::host_app::exit_error;
    }
}
