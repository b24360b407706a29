#include "cli_doctor.h"

#include <CLI/CLI.hpp>

namespace squall::app {

void add_doctor_options(CLI::App& command, DoctorCommand& into) {
    auto* logs = command.add_option(
        "--log",
        into.order.logs,
        "log files of one host, plain or gzip, in any wrapping; - is standard input");
    auto* bundle = command.add_option("--bundle",
                                      into.order.bundle,
                                      "an archive: of `squall doctor collect`, or of AWS's ECS "
                                      "logs collector; - is standard input");
    bundle->excludes(logs);
    auto* cluster = command.add_option(
        "--cluster",
        into.cluster,
        "from afar, through SSM: every container instance of it whose agent is not connected");
    cluster->check([](const std::string& name) {
        return name.empty() ? "it is empty: which cluster?" : std::string();
    });
    cluster->excludes(logs);
    cluster->excludes(bundle);
    command
        .add_option("--instance",
                    into.instances,
                    "only these: EC2 instance id (or mi-…), container instance ARN or id")
        ->expected(1)
        ->take_all()
        ->allow_extra_args(false)
        ->needs(cluster);
    command.add_option("--region", into.region, "with --cluster: else AWS_REGION")->needs(cluster);
    command.add_option("--assume-role-arn", into.role_arn, "with --cluster: a role to assume")
        ->needs(cluster);
    command
        .add_option("--signatures",
                    into.order.signatures,
                    "causes and signs of your own (YAML, as docs/doctor.md has it)")
        ->expected(1)
        ->take_all()
        ->allow_extra_args(false);
    command.add_flag("--whole",
                     into.order.reads_whole,
                     "log files from their beginning, and not only their last 512 MB");
    command.add_flag("--json", into.order.json, "machine-readable output: one JSON object");
    command.add_flag("--all", into.tells_all, "all evidence, and what was healthy one by one");
}

std::string named_beside_collect(const DoctorCommand& command) {
    if (!command.cluster.empty()) return "--cluster";
    if (!command.order.logs.empty()) return "--log";
    if (!command.order.bundle.empty()) return "--bundle";
    if (!command.order.signatures.empty()) return "--signatures";
    if (command.order.json) return "--json";
    return {};
}

} // namespace squall::app
