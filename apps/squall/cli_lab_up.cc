#include "cli_lab_up.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <CLI/CLI.hpp>

namespace squall::app {
namespace {

// "windows", "upstart=2"; several with commas.
void take_kinds(const std::string& text, std::vector<lab::HostKind>& into) {
    for (const auto& part : split(text, ',')) {
        const auto [name, number] = split_once(part, '=');
        const auto kind = lab::host_kind_named(name);
        const auto count = part.find('=') == std::string::npos ? 1 : to_integer(number);
        if (!kind)
            throw CLI::ValidationError("--with",
                                       fmt::format("'{}' is no kind of instance: there are {}",
                                                   name,
                                                   join(lab::host_kind_names(), ", ")));
        if (!count || *count < 1 || *count > lab::LabOptions::instances_max)
            throw CLI::ValidationError("--with",
                                       fmt::format("'{}' is no number of them: 1 to {}",
                                                   number,
                                                   lab::LabOptions::instances_max));
        into.insert(into.end(), static_cast<std::size_t>(*count), *kind);
    }
}

void add_virtual(CLI::App& command, lab::VirtualInstances& into) {
    auto* const number =
        command
            .add_option("--virtual",
                        into.count,
                        "so many virtual instances as well: on the API they behave like others, "
                        "and nothing runs on them; up to 20000")
            ->capture_default_str();
    command
        .add_option("--virtual-failing",
                    into.failing_percent,
                    "on so many percent of them every script fails")
        ->capture_default_str()
        ->needs(number);
    command
        .add_option("--virtual-silent",
                    into.silent_percent,
                    "so many percent of them are online for SSM, and never take a command")
        ->capture_default_str()
        ->needs(number);
    command
        .add_option("--virtual-latency",
                    into.latency_ms,
                    "their agents answer after about so many milliseconds")
        ->capture_default_str()
        ->needs(number);
    command.add_option("--virtual-seed", into.seed, "which of them fail, and when they answer")
        ->capture_default_str()
        ->needs(number);
}

} // namespace

void add_lab_up_options(CLI::App& command, LabUpCommand& into) {
    command.add_option("--instances", into.options.instances, "container instances, up to 250")
        ->capture_default_str();
    command
        .add_option_function<std::vector<std::string>>(
            "--with",
            [&into](const std::vector<std::string>& given) {
                for (const auto& text : given)
                    take_kinds(text, into.options.others);
            },
            fmt::format("instances that differ from these: KIND or KIND=NUMBER, several with "
                        "commas; {}",
                        join(lab::host_kind_names(), ", ")))
        ->type_name("KIND")
        ->take_all();
    add_virtual(command, into.options.virtual_instances);
    command.add_option("--zones", into.options.zones, "availability zones, 1 to 6")
        ->capture_default_str();
    command
        .add_option(
            "--port", into.options.port, "port of the AWS endpoint on 127.0.0.1; 0 picks one")
        ->capture_default_str();
    command.add_option("--cluster", into.options.cluster, "name of the cluster")
        ->capture_default_str();
    command.add_option("--region", into.options.region, "its region")->capture_default_str();
    command
        .add_option_function<std::string>(
            "--runtime",
            [&into](const std::string& name) {
                const auto runtime = lab::container_runtime_named(name);
                if (!runtime)
                    throw CLI::ValidationError(
                        "--runtime", fmt::format("'{}' is none: built-in or docker", name));
                into.options.runtime = *runtime;
            },
            "what runs the containers: built-in, or docker (the machine's, for root)")
        ->type_name("NAME");
    auto* const monitor = command.add_flag(
        "--monitor",
        into.options.with_monitor,
        "with the monitor and all it needs: `squall lab mail` shows what it tells");
    command
        .add_option("--monitor-grace",
                    into.options.monitor_grace,
                    "how long an agent may be gone before it does: 300, 90s, 5m")
        ->capture_default_str()
        ->check([](const std::string& text) {
            const auto read = parse_duration(text);
            return read ? std::string() : read.error().message;
        })
        ->needs(monitor);
    command.add_flag("--detach", into.detach, "return when it is ready");
    command.footer("Tasks: network modes bridge, host, none and awsvpc (aws ec2 describe-subnets "
                   "names the subnets);\nimages squall/web and squall/shell; health checks. "
                   "docs/tasks.md has examples, docs/lab.md says what each kind of instance is.");
}

} // namespace squall::app
