#include "experiment_choice.h"

#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/experiment/experiment_file.h"
#include "squall/wire/arn.h"

#include <cstdlib>

namespace squall::app {
namespace {

using experiment::FaultTable;
using experiment::Problems;

constexpr const char* credentials_file = "AWS_AUTHENTICATION_SECRET";

tl::unexpected<Problems> one_problem(std::string where, std::string what) {
    return tl::unexpected<Problems>(Problems{{std::move(where), std::move(what)}});
}

// A tunable that is an environment variable too. REGION is what AWS's own tools call AWS_REGION.
std::optional<std::string> from_environment(const std::string& name) {
    const auto get = [](const char* variable) -> std::optional<std::string> {
        const char* value = std::getenv(variable);
        return value == nullptr || value[0] == '\0' ? std::nullopt
                                                    : std::optional<std::string>(value);
    };
    auto value = get(name.c_str());
    if (!value && name == "REGION") value = get("AWS_REGION");
    if (!value && name == "REGION") value = get("AWS_DEFAULT_REGION");
    return value;
}

// Also an empty one: who says that the run is announced, or that a monitor is asked, wants no run
// without it.
Problems take_option(experiment::RawValues& given,
                     const char* option,
                     const char* tunable,
                     const std::optional<std::string>& value) {
    if (!value) return {};
    if (value->empty()) return {{option, "it is empty"}};
    given[tunable] = {*value, option};
    return {};
}

// The journal outlives the folder that the command was given in, and recovery reads the path there.
void make_absolute(experiment::TunableValues& values) {
    if (!values.has(credentials_file) || values.text(credentials_file).empty()) return;
    experiment::TunableValue file = values.all().at(credentials_file);
    std::error_code error;
    const Path path = std::filesystem::absolute(file.text, error);
    if (error) return;
    file.text = path.lexically_normal().string();
    values.put(credentials_file, std::move(file));
}

} // namespace

Result<std::unique_ptr<SessionWorld>>
open_world(const Chosen& chosen, const std::string& doing, std::stop_token stop) {
    const auto& values = chosen.values;
    const std::string file =
        values.has(credentials_file) ? values.text(credentials_file) : std::string();
    return SessionWorld::open({values.text("REGION"), values.text("ASSUME_ROLE_ARN"), file},
                              "squall-" + doing,
                              std::move(stop));
}

int complain(const Problems& problems) {
    log::print("{}\n", experiment::problem_text(problems));
    return exit_usage;
}

int tell(const Error& error) {
    log::print("squall: {}\n", error.message);
    if (error.code == Errc::invalid_input) return exit_usage;
    if (error.code == Errc::interrupted) return exit_aborted;
    return error.code == Errc::refused ? exit_refused : exit_error;
}

Result<Chosen, Problems>
choose(const ExperimentArguments& arguments, const FaultTable& faults, bool is_to_sweep) {
    auto settings = experiment::parse_settings(arguments.settings);
    if (!settings) return tl::unexpected<Problems>(settings.error());
    if (arguments.file.empty() == arguments.fault.empty()) {
        return one_problem("the command line",
                           arguments.file.empty()
                               ? "name an experiment: a FILE, or --fault NAME with --set"
                               : "give a FILE or --fault NAME, not both");
    }
    Chosen chosen;
    experiment::RawValues given;
    std::string name = arguments.fault;
    std::string where = "--fault";
    if (!arguments.file.empty()) {
        auto file = experiment::read_experiment(arguments.file);
        if (!file) return tl::unexpected<Problems>(file.error());
        chosen.experiment = file->name;
        name = file->faults.front().fault;
        where = file->faults.front().where;
        given = file->faults.front().tunables;
    }
    for (const auto& [tunable, value] : *settings)
        given[tunable] = value;
    for (auto problems : {take_option(given, "--announce", "ANNOUNCE_BUS", arguments.announce),
                          take_option(given, "--monitor", "MONITOR_URL", arguments.monitor)}) {
        if (!problems.empty()) return tl::unexpected<Problems>(std::move(problems));
    }
    chosen.fault = experiment::find_fault(faults, name);
    if (chosen.fault == nullptr) {
        const auto names = experiment::fault_names(faults);
        const auto meant = nearest(name, names);
        return one_problem(
            where,
            fmt::format("unknown fault '{}': {}",
                        name.substr(0, 80),
                        meant ? "did you mean " + *meant + "?" : "there are " + join(names, ", ")));
    }
    auto values = experiment::check_tunables(
        chosen.fault->description().tunables, given, where, from_environment);
    if (!values) return tl::unexpected<Problems>(values.error());
    chosen.values = std::move(*values);
    make_absolute(chosen.values);
    auto problems = is_to_sweep ? chosen.fault->check_to_sweep(chosen.values)
                                : chosen.fault->check(chosen.values);
    if (!problems.empty()) return tl::unexpected<Problems>(std::move(problems));
    const std::string& region = chosen.values.text("REGION");
    const auto cluster = wire::parse_arn(chosen.values.text("CLUSTER_NAME"));
    if (cluster && cluster->region != region)
        return one_problem(
            chosen.values.all().at("CLUSTER_NAME").source,
            fmt::format("CLUSTER_NAME is in {}, and REGION is {}", cluster->region, region));
    return chosen;
}

} // namespace squall::app
