#include "cli_lab_break.h"

#include <CLI/CLI.hpp>

namespace squall::app {
namespace {

void add_instance(CLI::App& command, LabBreakCommand& into, const char* summary) {
    command.add_option_function<std::string>(
        "--instance", [&into](const std::string& name) { into.order["instance"] = name; }, summary);
}

// What the options mean together; CLI11 knows what excludes what.
void read_break(const CLI::App& command, LabBreakCommand& into) {
    into.verb = into.wants_list ? "list" : into.wants_show ? "show" : "make";
    if (into.verb != "make") return;
    if (command.count("CAUSE") + command.count("--random") == 0)
        throw CLI::ValidationError(
            "CAUSE", "say which, or --random; --list shows the causes that there are");
    if (!into.order.contains("instance"))
        throw CLI::ValidationError("--instance", "say where: `squall lab status` shows them");
}

} // namespace

void add_lab_break(CLI::App& lab, LabBreakCommand& into, const std::function<void()>& chosen) {
    CLI::App* command = lab.add_subcommand(
        "break", "make a cause true for which an agent is disconnected: practice for doctors");
    CLI::Option* cause = command->add_option_function<std::string>(
        "CAUSE",
        [&into](const std::string& name) { into.order["cause"] = name; },
        "as of --list: DOCKER_DOWN, IAM_DENIED:ecs:RegisterContainerInstance");
    add_instance(*command, into, "where, as of `lab exec`");
    CLI::Option* random = command->add_flag_function(
        "--random",
        [&into](std::int64_t) { into.order["random"] = true; },
        "let chance pick one, and do not tell which");
    random->excludes(cause);
    command
        ->add_option_function<std::int64_t>(
            "--seed",
            [&into](const std::int64_t& seed) { into.order["seed"] = seed; },
            "pick the same one again, with --random")
        ->needs(random)
        ->check(CLI::NonNegativeNumber);
    CLI::Option* list =
        command->add_flag("--list", into.wants_list, "list the causes that there are");
    list->excludes(cause)->excludes(random);
    command->add_flag("--show", into.wants_show, "tell what is broken, for whoever gives up")
        ->excludes(cause)
        ->excludes(random)
        ->excludes(list);
    command->add_flag("--json", into.as_json, "machine-readable output");
    command->final_callback([command, &into, chosen] {
        read_break(*command, into);
        chosen();
    });
}

void add_lab_mend(CLI::App& lab, LabBreakCommand& into, const std::function<void()>& chosen) {
    CLI::App* command = lab.add_subcommand(
        "mend", "undo what `lab break` has broken, and wait until the agents are connected");
    add_instance(*command, into, "only there; else everywhere");
    command->add_flag("--json", into.as_json, "machine-readable output");
    command->final_callback([&into, chosen] {
        into.verb = "mend";
        chosen();
    });
}

} // namespace squall::app
