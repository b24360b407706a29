// The helper on a container instance: one static program, with no file of its own.
#include "proxy_command.h"
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

int run(int argc, char** argv) {
    CLI::App app{"Squall's helper on a container instance.\n"};
    app.set_version_flag("--version", "squall-host " SQUALL_VERSION);
    app.require_subcommand(1);
    ProxyCommand proxy;
    CLI::App* command =
        app.add_subcommand("proxy", "falsify HTTP traffic between two addresses, for a while");
    command->add_option("--listen", proxy.listen, "where clients connect: 127.0.0.1:8080, [::1]:0")
        ->required();
    command->add_option("--forward", proxy.forward, "where the application listens")->required();
    std::vector<std::string> ignored;
    const auto* fault = command->add_option("--fault", ignored, "what to do; several")
                            ->take_all()
                            ->allow_extra_args(false);
    const auto* set = command->add_option("--set", ignored, "NAME=VALUE, for the --fault before it")
                          ->take_all()
                          ->allow_extra_args(false);
    command->add_option("--for", proxy.duration_s, "seconds; without: until it is told to end")
        ->check(CLI::Range(1, 86'400));
    command->add_option("--drain", proxy.drain_s, "seconds that open connections have at the end")
        ->check(CLI::Range(0, 600))
        ->capture_default_str();
    command->add_option("--seed", proxy.seed, "repeats what chance chose");
    try {
        app.parse(argc, argv);
        proxy.faults = faults_in_order(*command, fault, set);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_usage;
    }
    return run_command(proxy);
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
