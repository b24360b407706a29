// The command line as a value.
#pragma once

#include "squall/host/doctor_order.h"
#include "squall/lab/lab.h"
#include "squall/monitor/random_day.h"

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): the library calls itself so
class App;
}

namespace squall::app {

// What an experiment is given by: a file, or a fault and settings.
struct ExperimentArguments {
    std::string file;
    std::string fault;
    std::vector<std::string> settings;
    // The same as --set ANNOUNCE_BUS=… and MONITOR_URL=…
    std::optional<std::string> announce;
    std::optional<std::string> monitor;
    bool json = false;
};

struct FaultsCommand {
    std::string name;
    bool json = false;
};

struct PlanCommand {
    ExperimentArguments experiment;
    bool scripts = false;
};

struct RunCommand {
    ExperimentArguments experiment;
    std::optional<std::string> plan_hash;
};

struct CheckCommand {
    ExperimentArguments experiment;
};

struct SweepCommand {
    ExperimentArguments experiment;
    bool remove = false;
};

struct PolicyCommand {
    ExperimentArguments experiment;
    bool all = false;
};

struct VersionCommand {};

// Exactly one of the two.
struct CompletionCommand {
    std::string shell;              // whose script to print
    std::vector<std::string> words; // what to complete
};

struct StatusCommand {
    std::string run;
    bool json = false;
};

struct RunsCommand {
    std::string run;
    int count_max = 20;
    bool json = false;
};

struct AbortCommand {
    std::string run;
    bool json = false;
};

struct RecoverCommand {
    std::string run;
    bool forget = false;
    bool json = false;
};

struct HelperPublishCommand {
    std::string bucket;
    std::string prefix = "squall/";
    std::string region;
    std::string role_arn;
    bool json = false;
};

struct LabUpCommand {
    lab::LabOptions options;
    bool detach = false;
};

struct LabDownCommand {};

struct LabStatusCommand {
    bool json = false;
};

struct LabEventsCommand {
    std::uint64_t after = 0;
};

struct LabMailCommand {
    std::string to;
    std::string topic;
    bool json = false;
    bool follow = false;
};

struct LabEnvCommand {};

// What lab::order_api takes; an empty verb only shows how things are.
struct LabApiCommand {
    std::string verb;
    json::Object order;
    bool as_json = false;
};

// What lab::order_break takes, and the words for it.
struct LabBreakCommand {
    std::string verb;
    json::Object order;
    bool wants_list = false;
    bool wants_show = false;
    bool as_json = false;
};

struct LabSpotCommand {
    std::string instance;
    std::string notice = "2m";
};

struct LabExecCommand {
    std::string instance;
    std::vector<std::string> command;
};

// Durations as people write them; monitor_settings() reads them.
struct MonitorSettingsArguments {
    std::string grace = "300";
    std::string boot_grace = "600";
    std::string hold = "30";
    std::string remind = "1800";
    std::string actions;
    std::string cluster_tag;
};

struct MonitorSimulateCommand {
    MonitorSettingsArguments settings;
    std::string scenario; // a file, or "-"
    bool explain = false;
};

struct MonitorGenerateCommand {
    monitor::RandomDayOptions options;
};

struct MonitorRunCommand {
    MonitorSettingsArguments settings;
    std::string queue; // URL or name; empty: no events
    std::string topic;
    std::string webhook;
    std::string hook;
    std::string hook_limit = "60";
    std::string store;
    std::string listen;
    std::string poll = "60";
    std::string region;
    std::string role_arn;
    std::vector<std::string> groups;
    bool cloudwatch = false;
    bool explain = false;
};

// Where the monitor that is asked keeps what it knows.
struct MonitorPlaceArguments {
    std::string store; // of one on this machine
    std::string table; // of one that is a function; empty: it is none
    std::string bus = "default";
    std::string region;
    std::string role_arn;
};

struct MonitorStatusCommand {
    MonitorPlaceArguments place;
    bool json = false;
};

struct MonitorExplainCommand {
    MonitorPlaceArguments place;
    std::string node;
    bool json = false;
};

struct MonitorMuteCommand {
    MonitorPlaceArguments place;
    std::string cluster;
    std::vector<std::string> nodes;
    std::string duration;
    std::string why;
    bool json = false;
};

struct MonitorUnmuteCommand {
    MonitorPlaceArguments place;
    std::string id;
    bool json = false;
};

struct DoctorCommand {
    host::DoctorOrder order;
    bool tells_all = false;
    std::string cluster;                // from afar
    std::vector<std::string> instances; // of the cluster; empty: those that are not connected
    std::string region;
    std::string role_arn;
};

struct DoctorCollectCommand {
    std::string output;
};

// The command line was answered already (help, version, a usage error): end with this code.
struct Answered {
    int exit_code = 0;
};

using Command = std::variant<Answered,
                             FaultsCommand,
                             PlanCommand,
                             RunCommand,
                             CheckCommand,
                             SweepCommand,
                             PolicyCommand,
                             VersionCommand,
                             CompletionCommand,
                             StatusCommand,
                             RunsCommand,
                             AbortCommand,
                             RecoverCommand,
                             HelperPublishCommand,
                             LabUpCommand,
                             LabDownCommand,
                             LabStatusCommand,
                             LabEventsCommand,
                             LabMailCommand,
                             LabEnvCommand,
                             LabApiCommand,
                             LabBreakCommand,
                             LabSpotCommand,
                             LabExecCommand,
                             MonitorSimulateCommand,
                             MonitorGenerateCommand,
                             MonitorRunCommand,
                             MonitorStatusCommand,
                             MonitorExplainCommand,
                             MonitorMuteCommand,
                             MonitorUnmuteCommand,
                             DoctorCommand,
                             DoctorCollectCommand>;

inline constexpr int exit_usage = 64;

[[nodiscard]] Command parse_command_line(int argc, char** argv);

// Shows the commands with their options, as they are parsed.
void with_command_tree(const std::function<void(const CLI::App&)>& look);

} // namespace squall::app
