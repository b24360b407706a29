#include "init/journal.h"
#include "init/journal_text.h"
#include "init/systemctl.h"
#include "init/time_span.h"
#include "squall/base/text.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace squall::labhost::init {
namespace {

using json::Object;

// The order in which systemd knows a service's commands, whatever order they ran in.
constexpr std::array<std::string_view, 5> settings{
    "ExecStartPre", "ExecStart", "ExecStartPost", "ExecStop", "ExecStopPost"};

const Object& time_at(const Object& unit, std::string_view key) {
    return json::object_at(json::object_at(unit, "times"), key);
}

void print_loaded(const Object& unit) {
    const std::string_view load_state = json::string_at(unit, "load_state");
    const std::string_view file_state = json::string_at(unit, "file_state");
    fmt::print("     Loaded: {}", load_state);
    if (load_state == "bad-setting") {
        fmt::print(" (Reason: Unit {} has a bad unit file setting.)\n",
                   json::string_at(unit, "id"));
        return;
    }
    fmt::print(" ({}; {}{})\n",
               json::string_at(unit, "fragment"),
               file_state,
               has_preset(file_state) ? "; preset: disabled" : "");
}

void print_drop_ins(const Object& unit) {
    const json::Array& paths = json::array_at(unit, "drop_ins");
    std::string folder;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        const Path path(std::string(json::string_of(paths[i])));
        const Path next(i + 1 < paths.size() ? std::string(json::string_of(paths[i + 1])) : "");
        if (path.parent_path() != folder) {
            folder = path.parent_path();
            fmt::print("{}{}\n", i == 0 ? "    Drop-In: " : "             ", folder);
        }
        const bool is_last = next.parent_path() != folder;
        fmt::print("             {}{}\n", is_last ? "└─" : "├─", path.filename().string());
    }
}

void print_active(const Object& unit, WallTime now) {
    const std::string_view active = json::string_at(unit, "active_state");
    const std::string_view sub = json::string_at(unit, "sub_state");
    const std::string_view result =
        json::string_at(json::object_at(unit, "service"), "result", "success");
    fmt::print("     Active: {}", active);
    if (sub != active) fmt::print(" ({})", sub);
    if (result != "success") fmt::print(" (Result: {})", result);
    const char* key = active == "active"                           ? "active_enter"
                      : active == "inactive" || active == "failed" ? "inactive_enter"
                      : active == "activating"                     ? "inactive_exit"
                                                                   : "active_exit";
    const std::int64_t since = json::integer_at(time_at(unit, key), "wall");
    if (since != 0)
        fmt::print(" since {}; {}",
                   timestamp_text(wall_from_micros(since)),
                   relative_text(wall_from_micros(since), now));
    fmt::print("\n");
    const std::int64_t began = json::integer_at(time_at(unit, "active_enter"), "monotonic");
    const std::int64_t ended = json::integer_at(time_at(unit, "active_exit"), "monotonic");
    const bool rests = active == "inactive" || active == "failed";
    if (rests && began != 0 && ended > began)
        fmt::print("   Duration: {}\n", span_text(Micros(ended - began), Millis(1)));
}

void print_timer(const Object& unit, InitClient& client, WallTime now) {
    const Object& timer = json::object_at(unit, "timer");
    if (timer.empty()) return;
    const std::int64_t next = json::integer_at(timer, "next_wall");
    fmt::print("    Trigger: {}\n",
               next == 0 ? std::string("n/a")
                         : fmt::format("{}; {}",
                                       timestamp_text(wall_from_micros(next)),
                                       relative_text(wall_from_micros(next), now)));
    const std::string_view target = json::string_at(timer, "unit");
    const auto triggered = client.unit(target);
    const std::string_view state =
        triggered ? json::string_at(*triggered, "active_state") : std::string_view("inactive");
    fmt::print("   Triggers: {} {}\n", dot_of(state), target);
}

// The timers that start this unit.
void print_triggers(const Object& unit, const json::Array& units) {
    for (const json::Value& other : units) {
        const Object& timer = json::object_at(other, "timer");
        if (timer.empty() || json::string_at(timer, "unit") != json::string_at(unit, "id"))
            continue;
        fmt::print("TriggeredBy: {} {}\n",
                   dot_of(json::string_at(other, "active_state")),
                   json::string_at(other, "id"));
    }
}

std::string process_name(const Object& unit, std::int64_t pid) {
    for (const json::Value& process : json::array_at(unit, "processes"))
        if (json::integer_at(process, "pid") == pid)
            return std::string(json::string_at(process, "name"));
    return "n/a";
}

void print_processes(const Object& unit) {
    const Object& service = json::object_at(unit, "service");
    for (const std::string_view setting : settings) {
        for (const json::Value& record : json::array_at(service, "records")) {
            const Object& exit = json::object_at(record, "exit");
            if (json::string_at(record, "setting") != setting || exit.empty()) continue;
            fmt::print("    Process: {} {}={} ({})\n",
                       json::integer_at(record, "pid"),
                       setting,
                       json::string_at(record, "command"),
                       json::string_at(exit, "text"));
        }
    }
    const Object& main = json::object_at(service, "main");
    const std::int64_t main_pid = json::integer_at(service, "main_pid");
    const std::int64_t control_pid = json::integer_at(service, "control_pid");
    std::string control;
    if (control_pid != 0)
        control = fmt::format("PID: {} ({})", control_pid, process_name(unit, control_pid));
    if (main_pid != 0)
        fmt::print("   Main PID: {} ({}){}\n",
                   main_pid,
                   process_name(unit, main_pid),
                   control.empty() ? "" : "; Control " + control);
    else if (!main.empty())
        fmt::print("   Main PID: {} ({}){}\n",
                   json::integer_at(main, "pid"),
                   json::string_at(json::object_at(main, "exit"), "text"),
                   control.empty() ? "" : "; Control " + control);
    else if (!control.empty())
        fmt::print("  Cntrl {}\n", control);
}

void print_group(const Object& unit) {
    const json::Array& processes = json::array_at(unit, "processes");
    if (processes.empty()) return;
    fmt::print("     CGroup: /system.slice/{}\n", json::string_at(unit, "id"));
    for (const json::Value& process : processes)
        fmt::print("             {}{} {}\n",
                   &process == &processes.back() ? "└─" : "├─",
                   json::integer_at(process, "pid"),
                   json::string_at(process, "command"));
}

void print_journal(const Systemctl& call, const Object& unit) {
    const auto count = to_integer(call.given.value("lines").value_or("10")).value_or(10);
    const auto format = parse_journal_format(call.given.value("output").value_or("short"))
                            .value_or(JournalFormat::brief);
    const std::string_view id = json::string_at(unit, "id");
    // Of this life of the unit only, as systemctl does it.
    const std::int64_t since = json::integer_at(time_at(unit, "inactive_exit"), "monotonic");
    const auto entries = read_journal(call.client.journal_file(), [&](const JournalEntry& entry) {
        return entry.unit == id && entry.monotonic_micros >= since;
    });
    if (!entries || entries->empty() || count <= 0) return;
    const std::string hostname = own_hostname();
    const auto shown = std::min(entries->size(), static_cast<std::size_t>(count));
    fmt::print("\n");
    for (std::size_t i = entries->size() - shown; i < entries->size(); ++i)
        fmt::print("{}", journal_line((*entries)[i], format, hostname));
}

void print_unit(Systemctl& call, const Object& unit, const json::Array& units) {
    const WallTime now = Wall::now();
    const std::string_view id = json::string_at(unit, "id");
    const std::string_view description = json::string_at(unit, "description");
    fmt::print("{} {}", dot_of(json::string_at(unit, "active_state")), id);
    if (description != id) fmt::print(" - {}", description);
    fmt::print("\n");
    print_loaded(unit);
    print_drop_ins(unit);
    if (json::bool_at(unit, "is_transient")) fmt::print("  Transient: yes\n");
    print_active(unit, now);
    print_triggers(unit, units);
    print_timer(unit, call.client, now);
    print_processes(unit);
    print_group(unit);
    print_journal(call, unit);
}

int print_system(Systemctl& call) {
    const auto system = call.client.get("/v1/system");
    const auto units = call.client.units();
    if (!system || !units) return complain(system ? units.error().message : system.error().message);
    const auto count = [&](auto is) {
        return std::count_if(units->begin(), units->end(), is);
    };
    fmt::print("● {}\n    State: {}\n    Units: {} loaded\n     Jobs: {} queued\n"
               "   Failed: {} units\n  systemd: 252.23-2.amzn2023\n",
               own_hostname(),
               json::string_at(*system, "state"),
               units->size(),
               count([](const json::Value& unit) { return !json::at(unit, "job").is_null(); }),
               count([](const json::Value& unit) {
                   return json::string_at(unit, "active_state") == "failed";
               }));
    return 0;
}

} // namespace

int run_status(Systemctl& call) {
    if (call.words.empty()) return print_system(call);
    const auto names = call.client.expanded(call.words);
    if (!names) return complain(names.error().message);
    const auto units = call.client.units();
    if (!units) return complain(units.error().message);
    int code = 0;
    bool is_first = true;
    for (const std::string& name : *names) {
        const auto unit = call.client.unit(name);
        if (!unit) return complain(unit.error().message);
        const std::string_view state = json::string_at(*unit, "active_state");
        if (json::string_at(*unit, "load_state") == "not-found" && state == "inactive") {
            complain(fmt::format("Unit {} could not be found.", name));
            code = exit_no_such_unit;
            continue;
        }
        if (!std::exchange(is_first, false)) fmt::print("\n");
        print_unit(call, *unit, *units);
        warn_if_changed(*unit);
        if (state != "active") code = exit_not_running;
    }
    return code;
}

} // namespace squall::labhost::init
