#include "init/unit_settings.h"

#include "init/exits.h"
#include "init/unit_name.h"
#include "init/words.h"
#include "squall/base/text.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>

namespace squall::labhost::init {
namespace {

// Names of enumerators in unit files, in the order of the enumeration.
constexpr std::array<std::string_view, 3> type_names{"simple", "exec", "oneshot"};
constexpr std::array<std::string_view, 5> restart_names{
    "no", "always", "on-success", "on-failure", "on-abnormal"};
constexpr std::array<std::string_view, 3> kill_mode_names{"control-group", "process", "mixed"};

template <std::size_t N>
std::optional<std::size_t> index_in(const std::array<std::string_view, N>& names,
                                    std::string_view name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return static_cast<std::size_t>(found - names.begin());
}

std::optional<bool> parse_bool(std::string_view text) {
    for (const std::string_view yes : {"1", "yes", "y", "true", "t", "on"})
        if (equal_ignoring_case(text, yes)) return true;
    for (const std::string_view no : {"0", "no", "n", "false", "f", "off"})
        if (equal_ignoring_case(text, no)) return false;
    return std::nullopt;
}

// "1024", "1024:4096", "infinity".
std::optional<FileLimit> parse_file_limit(std::string_view text) {
    const auto one = [](std::string_view word) -> std::optional<rlim_t> {
        if (word == "infinity") return RLIM_INFINITY;
        const auto number = to_integer(word);
        if (!number || *number < 0) return std::nullopt;
        return static_cast<rlim_t>(*number);
    };
    const auto [first, second] = split_once(text, ':');
    const auto soft = one(first);
    const auto hard = text.find(':') == std::string_view::npos ? soft : one(second);
    if (!soft || !hard || *soft > *hard) return std::nullopt;
    return FileLimit{*soft, *hard};
}

// Collects the settings of one unit, one assignment after the other.
class Reader {
public:
    explicit Reader(UnitSettings& unit) : unit_(unit) {
        add_unit_keys();
        if (unit.is_service())
            add_service_keys();
        else
            add_timer_keys();
    }

    void read(const Assignment& assignment);
    void check();

private:
    using Setter = std::function<void(const Assignment&)>;

    void add_unit_keys();
    void add_service_keys();
    void add_timer_keys();

    // Setters for the shapes that settings have.
    Setter names(std::vector<std::string> UnitSettings::*list);
    Setter commands(std::vector<CommandLine> ServiceSettings::*list);
    Setter span(Micros& target);
    template <class Enum, std::size_t N>
    Setter choice(Enum& target, const std::array<std::string_view, N>& choices);
    Setter flag(bool& target);

    void read_environment(const Assignment& from);
    void read_environment_file(const Assignment& from);
    void read_prevented(const Assignment& from);
    void read_timeout(const Assignment& from, bool is_start, bool is_stop);

    void note(const Assignment& from, std::string_view what) {
        unit_.notes.push_back(fmt::format("{}: {}", from.place, what));
    }

    void problem(const Assignment& from, std::string_view what) {
        unit_.problems.push_back(fmt::format("{}: {}", from.place, what));
    }

    ServiceSettings& service() { return std::get<ServiceSettings>(unit_.kind); }

    UnitSettings& unit_;
    std::map<std::string, Setter> setters_; // "Service.ExecStart"
    bool has_start_timeout_ = false;
};

Reader::Setter Reader::names(std::vector<std::string> UnitSettings::*list) {
    return [this, list](const Assignment& from) {
        auto& target = unit_.*list;
        // Lists of dependencies cannot be reset by an empty assignment: systemd.unit(5).
        const auto words = split_words(from.value);
        if (!words) return note(from, words.error().message + ", ignoring");
        for (const std::string& word : *words) {
            const auto name = resolve_specifiers(word, unit_.name);
            if (!name || !is_valid_unit_name(*name))
                note(from, fmt::format("Failed to add dependency on {}, ignoring", word));
            else if (std::find(target.begin(), target.end(), *name) == target.end())
                target.push_back(*name);
        }
    };
}

Reader::Setter Reader::commands(std::vector<CommandLine> ServiceSettings::*list) {
    return [this, list](const Assignment& from) {
        auto& target = service().*list;
        if (from.value.empty()) return target.clear();
        const auto parsed = parse_commands(from.value, unit_.name);
        if (!parsed) return problem(from, parsed.error().message);
        target.insert(target.end(), parsed->begin(), parsed->end());
    };
}

Reader::Setter Reader::span(Micros& target) {
    return [this, &target](const Assignment& from) {
        const auto parsed = parse_span(from.value);
        if (parsed)
            target = *parsed;
        else
            note(from,
                 fmt::format("Failed to parse {}= parameter, ignoring: {}", from.key, from.value));
    };
}

template <class Enum, std::size_t N>
Reader::Setter Reader::choice(Enum& target, const std::array<std::string_view, N>& choices) {
    return [this, &target, &choices](const Assignment& from) {
        if (const auto index = index_in(choices, from.value))
            target = static_cast<Enum>(*index);
        else
            problem(from,
                    fmt::format("{}={} is not available in a lab host", from.key, from.value));
    };
}

Reader::Setter Reader::flag(bool& target) {
    return [this, &target](const Assignment& from) {
        if (const auto value = parse_bool(from.value))
            target = *value;
        else
            note(from,
                 fmt::format("Failed to parse {}= value, ignoring: {}", from.key, from.value));
    };
}

void Reader::add_unit_keys() {
    setters_["Unit.Description"] = [this](const Assignment& from) {
        const auto text = resolve_specifiers(from.value, unit_.name);
        unit_.description = text ? *text : from.value;
    };
    setters_["Unit.After"] = names(&UnitSettings::after);
    setters_["Unit.Before"] = names(&UnitSettings::before);
    setters_["Unit.Requires"] = names(&UnitSettings::needs);
    setters_["Unit.Wants"] = names(&UnitSettings::wants);
    setters_["Unit.PartOf"] = names(&UnitSettings::part_of);
    setters_["Unit.BindsTo"] = names(&UnitSettings::bound_to);
    setters_["Install.WantedBy"] = names(&UnitSettings::wanted_by);
    const Setter interval = span(unit_.start_limit_interval);
    const Setter burst = [this](const Assignment& from) {
        const auto count = to_integer(from.value);
        if (count && *count >= 0 && *count <= 1'000'000)
            unit_.start_limit_burst = static_cast<int>(*count);
        else
            note(from, "Failed to parse StartLimitBurst= value, ignoring: " + from.value);
    };
    // Before systemd 230 they were settings of the service, and files still have them there.
    for (const char* key : {"Unit.StartLimitIntervalSec",
                            "Unit.StartLimitInterval",
                            "Service.StartLimitInterval",
                            "Service.StartLimitIntervalSec"})
        setters_[key] = interval;
    setters_["Unit.StartLimitBurst"] = burst;
    setters_["Service.StartLimitBurst"] = burst;
    setters_["Unit.CollectMode"] = [this](const Assignment& from) {
        unit_.collects_failed = from.value == "inactive-or-failed";
    };
}

void Reader::add_service_keys() {
    ServiceSettings& own = service();
    setters_["Service.Type"] = choice(own.type, type_names);
    setters_["Service.Restart"] = choice(own.restart, restart_names);
    setters_["Service.KillMode"] = choice(own.kill_mode, kill_mode_names);
    setters_["Service.ExecStartPre"] = commands(&ServiceSettings::start_pre);
    setters_["Service.ExecStart"] = commands(&ServiceSettings::start);
    setters_["Service.ExecStartPost"] = commands(&ServiceSettings::start_post);
    setters_["Service.ExecStop"] = commands(&ServiceSettings::stop);
    setters_["Service.ExecStopPost"] = commands(&ServiceSettings::stop_post);
    setters_["Service.RestartSec"] = span(own.restart_delay);
    setters_["Service.RemainAfterExit"] = flag(own.remains_after_exit);
    setters_["Service.RestartPreventExitStatus"] = [this](const Assignment& from) {
        read_prevented(from);
    };
    setters_["Service.TimeoutStartSec"] = [this](const Assignment& from) {
        read_timeout(from, /*is_start=*/true, /*is_stop=*/false);
    };
    setters_["Service.TimeoutStopSec"] = [this](const Assignment& from) {
        read_timeout(from, /*is_start=*/false, /*is_stop=*/true);
    };
    setters_["Service.TimeoutSec"] = [this](const Assignment& from) {
        read_timeout(from, /*is_start=*/true, /*is_stop=*/true);
    };
    setters_["Service.KillSignal"] = [this](const Assignment& from) {
        if (const auto number = parse_signal(from.value))
            service().kill_signal = *number;
        else
            note(from, "Failed to parse kill signal specification, ignoring: " + from.value);
    };
    setters_["Service.LimitNOFILE"] = [this](const Assignment& from) {
        if (from.value.empty()) return service().file_limit.reset();
        const auto limit = parse_file_limit(from.value);
        if (!limit) return note(from, "Failed to parse resource value, ignoring: " + from.value);
        service().file_limit = *limit;
    };
    setters_["Service.Environment"] = [this](const Assignment& from) {
        read_environment(from);
    };
    setters_["Service.EnvironmentFile"] = [this](const Assignment& from) {
        read_environment_file(from);
    };
    setters_["Service.WorkingDirectory"] = [this](const Assignment& from) {
        const auto path = resolve_specifiers(from.value, unit_.name);
        if (path && (path->empty() || path->front() == '/'))
            service().working_directory = *path;
        else
            problem(from, "WorkingDirectory= is not an absolute path: " + from.value);
    };
}

void Reader::add_timer_keys() {
    TimerSettings& own = std::get<TimerSettings>(unit_.kind);
    setters_["Timer.OnActiveSec"] = span(own.on_active);
    setters_["Timer.AccuracySec"] = span(own.accuracy);
    setters_["Timer.RemainAfterElapse"] = flag(own.remains_after_elapse);
    setters_["Timer.Unit"] = [this, &own](const Assignment& from) {
        if (is_valid_unit_name(from.value) && suffix_of(from.value) == ".service")
            own.unit = from.value;
        else
            problem(from, "Unit= is not a service: " + from.value);
    };
    for (const char* key :
         {"OnBootSec", "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec", "OnCalendar"}) {
        setters_[std::string("Timer.") + key] = [this](const Assignment& from) {
            problem(from,
                    from.key + "= is not available in a lab host: its timers have OnActiveSec=");
        };
    }
}

void Reader::read(const Assignment& assignment) {
    const auto found = setters_.find(assignment.section + "." + assignment.key);
    if (found != setters_.end()) return found->second(assignment);
    // Extensions: systemd is silent about these too.
    if (assignment.section.starts_with("X-") || assignment.key.starts_with("X-")) return;
    if (assignment.section == "Unit" && assignment.key == "Documentation") return;
    note(assignment,
         fmt::format(
             "Unknown key '{}' in section [{}], ignoring.", assignment.key, assignment.section));
}

void Reader::read_environment(const Assignment& from) {
    if (from.value.empty()) return service().environment.clear();
    const auto words = split_words(from.value);
    if (!words) return note(from, words.error().message + ", ignoring: " + from.value);
    for (const std::string& word : *words) {
        const auto resolved = resolve_specifiers(word, unit_.name);
        Environment scratch;
        if (resolved && assign(scratch, *resolved))
            service().environment.push_back(*resolved);
        else
            note(from, "Invalid environment assignment, ignoring: " + word);
    }
}

void Reader::read_environment_file(const Assignment& from) {
    if (from.value.empty()) return service().environment_files.clear();
    const bool optional = from.value.front() == '-';
    const auto path = resolve_specifiers(from.value.substr(optional ? 1 : 0), unit_.name);
    if (path && path->starts_with('/'))
        service().environment_files.push_back({*path, optional});
    else
        note(from, "EnvironmentFile= path is not absolute, ignoring: " + from.value);
}

void Reader::read_prevented(const Assignment& from) {
    ServiceSettings& own = service();
    if (from.value.empty()) {
        own.restart_prevented_by_exits.clear();
        own.restart_prevented_by_signals.clear();
        return;
    }
    for (const std::string& word : split(from.value, ' ')) {
        if (word.empty()) continue;
        const auto number = to_integer(word);
        const auto signal = number ? std::nullopt : parse_signal(word);
        if (number && *number >= 0 && *number <= 255)
            own.restart_prevented_by_exits.push_back(static_cast<int>(*number));
        else if (signal)
            own.restart_prevented_by_signals.push_back(*signal);
        else
            note(from, "Failed to parse value, ignoring: " + word);
    }
}

void Reader::read_timeout(const Assignment& from, bool is_start, bool is_stop) {
    const auto parsed = parse_span(from.value);
    if (!parsed)
        return note(
            from, fmt::format("Failed to parse {}= parameter, ignoring: {}", from.key, from.value));
    // Zero means no limit: systemd.service(5).
    const Micros limit = *parsed == Micros(0) ? forever : *parsed;
    if (is_start) {
        service().start_timeout = limit;
        has_start_timeout_ = true;
    }
    if (is_stop) service().stop_timeout = limit;
}

// What only the whole can tell.
void Reader::check() {
    if (unit_.description.empty()) unit_.description = unit_.name;
    const auto refuse = [&](std::string_view what) {
        unit_.problems.push_back(fmt::format("{}: {}", unit_.name, what));
    };
    if (!unit_.is_service()) {
        TimerSettings& timer = std::get<TimerSettings>(unit_.kind);
        if (timer.unit.empty()) timer.unit = without_suffix(unit_.name) + ".service";
        if (timer.on_active == Micros(0) || timer.on_active == forever)
            refuse("Timer unit lacks value setting. Refusing.");
        return;
    }
    ServiceSettings& own = service();
    const bool is_oneshot = own.type == ServiceType::oneshot;
    if (is_oneshot && !has_start_timeout_) own.start_timeout = forever;
    if (own.start.empty() && own.stop.empty())
        refuse("Service has no ExecStart=, ExecStop=, or SuccessAction=. Refusing.");
    else if (own.start.empty() && !is_oneshot)
        refuse(
            "Service has no ExecStart= setting, which is only allowed for Type=oneshot services. "
            "Refusing.");
    if (own.start.size() > 1 && !is_oneshot)
        refuse("Service has more than one ExecStart= setting, which is only allowed for "
               "Type=oneshot services. Refusing.");
    if (is_oneshot && (own.restart == Restart::always || own.restart == Restart::on_success))
        refuse("Service has Restart= set to either always or on-success, which isn't allowed for "
               "Type=oneshot services. Refusing.");
}

} // namespace

std::string_view text_of(ServiceType type) { return type_names[static_cast<std::size_t>(type)]; }

std::string_view text_of(Restart restart) {
    return restart_names[static_cast<std::size_t>(restart)];
}

std::string_view text_of(KillMode mode) { return kill_mode_names[static_cast<std::size_t>(mode)]; }

UnitSettings parse_unit(std::string_view name, const std::vector<UnitFile>& files) {
    UnitSettings unit;
    unit.name = name;
    if (suffix_of(name) == ".timer") unit.kind = TimerSettings{};
    Reader reader(unit);
    for (const UnitFile& file : files) {
        UnitText parsed = parse_unit_text(file.text, file.path);
        unit.notes.insert(unit.notes.end(), parsed.notes.begin(), parsed.notes.end());
        for (const Assignment& assignment : parsed.assignments)
            reader.read(assignment);
    }
    reader.check();
    return unit;
}

} // namespace squall::labhost::init
