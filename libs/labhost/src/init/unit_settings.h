// What a unit file means: typed settings with systemd's defaults. Pure values.
//
// Understood are the settings listed here; any other is ignored with a note, as systemd ignores
// what it does not know. A setting that is understood but has a value a lab host cannot honour
// (Type=forking, an unknown specifier in ExecStart=) makes the unit a "bad-setting": it loads, and
// refuses to start, rather than to run as something else than its author meant.
#pragma once

#include "init/command_line.h"
#include "init/time_span.h"
#include "init/unit_text.h"

#include <sys/resource.h>

#include <csignal>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace squall::labhost::init {

struct EnvironmentFile {
    std::string path;
    bool optional = false; // prefix '-'
    friend bool operator==(const EnvironmentFile&, const EnvironmentFile&) = default;
};

// How many files a process may have open: what holds, and how far it may raise that itself.
struct FileLimit {
    rlim_t soft = 0;
    rlim_t hard = 0;
    friend bool operator==(const FileLimit&, const FileLimit&) = default;
};

enum class ServiceType { simple, exec, oneshot };
enum class Restart { no, always, on_success, on_failure, on_abnormal };
enum class KillMode { control_group, process, mixed };

[[nodiscard]] std::string_view text_of(ServiceType type);
[[nodiscard]] std::string_view text_of(Restart restart);
[[nodiscard]] std::string_view text_of(KillMode mode);

struct ServiceSettings {
    ServiceType type = ServiceType::simple;
    std::vector<CommandLine> start_pre;
    std::vector<CommandLine> start;
    std::vector<CommandLine> start_post;
    std::vector<CommandLine> stop;
    std::vector<CommandLine> stop_post;
    Restart restart = Restart::no;
    Micros restart_delay = Millis(100);          // RestartSec=
    std::vector<int> restart_prevented_by_exits; // RestartPreventExitStatus=
    std::vector<int> restart_prevented_by_signals;
    Micros start_timeout = Seconds(90); // a oneshot's default is forever
    Micros stop_timeout = Seconds(90);
    KillMode kill_mode = KillMode::control_group;
    int kill_signal = SIGTERM;
    std::vector<std::string> environment; // NAME=value
    std::vector<EnvironmentFile> environment_files;
    std::string working_directory;       // empty: /
    std::optional<FileLimit> file_limit; // LimitNOFILE=
    bool remains_after_exit = false;
};

struct TimerSettings {
    Micros on_active{};               // counted from the timer's own start
    Micros accuracy = Seconds(60);    // AccuracySec=
    std::string unit;                 // what it starts
    bool remains_after_elapse = true; // systemd-run turns it off: the timer then goes away
};

struct UnitSettings {
    std::string name;
    std::string description;
    std::vector<std::string> after; // ordering: After=, and Before= the other way round
    std::vector<std::string> before;
    std::vector<std::string> needs; // Requires=
    std::vector<std::string> wants;
    std::vector<std::string> part_of;
    std::vector<std::string> bound_to; // BindsTo=
    std::vector<std::string> wanted_by;
    Micros start_limit_interval = Seconds(10);
    int start_limit_burst = 5;
    bool collects_failed = false; // CollectMode=inactive-or-failed
    std::variant<ServiceSettings, TimerSettings> kind;

    std::vector<std::string> notes;    // for the journal: ignored lines and keys
    std::vector<std::string> problems; // for the journal: any of them makes the unit a bad-setting

    [[nodiscard]] bool is_service() const { return std::holds_alternative<ServiceSettings>(kind); }

    [[nodiscard]] const ServiceSettings& service() const { return std::get<ServiceSettings>(kind); }

    [[nodiscard]] const TimerSettings& timer() const { return std::get<TimerSettings>(kind); }
};

// One file of a unit: the fragment first, then its drop-ins in their order.
struct UnitFile {
    std::string path;
    std::string text;
};

// Never fails: see `problems`. `name` is a valid unit name that ends in .service or .timer.
[[nodiscard]] UnitSettings parse_unit(std::string_view name, const std::vector<UnitFile>& files);

} // namespace squall::labhost::init
