// systemctl of a lab host, in its subset:
//
//   start stop restart try-restart reload-or-restart kill [-s SIG] [--kill-who=] status is-active
//   is-failed is-enabled is-system-running enable [--now] disable [--now] show [-p A,B] [--value]
//   cat daemon-reload reset-failed list-units [--all] list-timers list-unit-files list-jobs reboot
//
// with -t/--type= --state= --failed -a/--all -q --no-block --now --no-legend --plain -n -o. Texts
// and exit codes are those of systemd 252.
//
// Different from the real one:
//   - units are services and timers; targets, sockets, mounts and slices do not exist, and are
//   taken
//     for reached where a unit asks for one. Enabling for whatever target means "at boot"
//   - no unit can be reloaded: reload-or-restart restarts; reload, mask, edit and isolate are
//   unknown
//   - status has no CPU, memory and task lines; its CGroup lists the processes that carry the
//   unit's
//     INVOCATION_ID, and shows a path that no control group stands behind
//   - show knows the properties that people and programs ask for, not all 250
//   - an idle unit is not forgotten, so its last times and its start limit stay visible
//   - reboot stops every unit, ends every process, empties /run and /tmp and starts anew; the host
//     stays the same to the kernel, and its uptime goes on
//   - presets do not exist; "disabled" is shown, as on Amazon Linux
#include "init/systemctl.h"

#include "init/exits.h"
#include "init/init.h"
#include "init/roles.h"
#include "init/unit_name.h"
#include "squall/base/log.h"
#include "squall/base/text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <functional>

namespace squall::labhost::init {
namespace {

using Value = OptionSpec::Value;

const OptionRules rules{"systemctl",
                        {{"all", 'a'},
                         {"quiet", 'q'},
                         {"full", 'l'},
                         {"force", 'f'},
                         {"type", 't', Value::needed},
                         {"state", 0, Value::needed},
                         {"failed"},
                         {"property", 'p', Value::needed},
                         {"value"},
                         {"signal", 's', Value::needed},
                         {"kill-who", 0, Value::needed},
                         {"kill-whom", 0, Value::needed},
                         {"lines", 'n', Value::needed},
                         {"output", 'o', Value::needed},
                         {"now"},
                         {"no-block"},
                         {"no-pager"},
                         {"no-legend"},
                         {"no-ask-password"},
                         {"no-reload"},
                         {"plain"},
                         {"system"},
                         {"runtime"},
                         {"help", 'h'},
                         {"version"}}};

// is-active and is-failed: good if any unit is in the state that was asked for.
int run_is_state(Systemctl& call, std::string_view wanted, int otherwise) {
    const auto names = call.client.expanded(call.words);
    if (!names) return complain(names.error().message);
    bool found = false;
    for (const std::string& name : *names) {
        const auto unit = call.client.unit(name);
        if (!unit) return complain(unit.error().message);
        const std::string_view state = json::string_at(*unit, "active_state");
        if (!call.is_quiet()) fmt::print("{}\n", state);
        found = found || state == wanted;
    }
    return found ? 0 : otherwise;
}

int run_is_enabled(Systemctl& call) {
    bool found = false;
    for (const std::string& word : call.words) {
        const std::string name = mangled(word);
        const auto unit = call.client.unit(name);
        if (!unit) return complain(unit.error().message);
        const std::string_view state = json::string_at(*unit, "file_state");
        if (state.empty())
            return complain(fmt::format(
                "Failed to get unit file state for {}: No such file or directory", name));
        if (!call.is_quiet()) fmt::print("{}\n", state);
        found = found || state != "disabled";
    }
    return found ? 0 : 1;
}

constexpr std::string_view no_install_text =
    "The unit files have no installation config (WantedBy=, RequiredBy=, Also=,\n"
    "Alias= settings in the [Install] section, and DefaultInstance= for template\n"
    "units). This means they are not meant to be enabled using systemctl.\n";

int run_links(Systemctl& call, bool enable) {
    json::Array names;
    for (const std::string& word : call.words)
        names.push_back(json::Value(mangled(word)));
    const auto answer = call.client.post(enable ? "/v1/enable" : "/v1/disable", {{"units", names}});
    if (!answer)
        return complain(fmt::format(
            "Failed to {} unit: {}", enable ? "enable" : "disable", answer.error().message));
    for (const json::Value& change : json::array_at(*answer, "changes")) {
        if (call.is_quiet()) continue;
        if (json::bool_at(change, "made"))
            log::print("Created symlink {} → {}.\n",
                       json::string_at(change, "path"),
                       json::string_at(change, "target"));
        else
            log::print("Removed \"{}\".\n", json::string_at(change, "path"));
    }
    if (!json::bool_at(*answer, "has_install") && !call.is_quiet())
        log::print("{}", no_install_text);
    if (!call.given.has("now")) return 0;
    return enable ? run_jobs_verb(call, "start", "start") : run_jobs_verb(call, "stop", "stop");
}

int run_kill(Systemctl& call) {
    const std::string text = call.given.value("signal").value_or("TERM");
    const auto signal = parse_signal(text);
    if (!signal) return complain(fmt::format("Failed to parse signal string \"{}\".", text));
    const std::string whom =
        call.given.value("kill-whom").value_or(call.given.value("kill-who").value_or("all"));
    const auto names = call.client.expanded(call.words);
    if (!names) return complain(names.error().message);
    int code = 0;
    for (const std::string& name : *names) {
        const auto killed =
            call.client.post("/v1/kill", {{"unit", name}, {"signal", *signal}, {"whom", whom}});
        if (!killed)
            code =
                complain(fmt::format("Failed to kill unit {}: {}", name, killed.error().message));
    }
    return code;
}

int run_reset_failed(Systemctl& call) {
    if (call.words.empty()) {
        const auto reset = call.client.post("/v1/reset-failed", {});
        return reset ? 0 : complain(reset.error().message);
    }
    const auto names = call.client.expanded(call.words);
    if (!names) return complain(names.error().message);
    int code = 0;
    for (const std::string& name : *names) {
        const auto reset = call.client.post("/v1/reset-failed", {{"units", json::Array{name}}});
        if (!reset)
            code = complain(fmt::format(
                "Failed to reset failed state of unit {}: {}", name, reset.error().message));
    }
    return code;
}

int run_cat(Systemctl& call) {
    int code = 0;
    bool is_first = true;
    for (const std::string& word : call.words) {
        const std::string name = mangled(word);
        const auto answer = call.client.get("/v1/unit-files/" + wire::percent_encoded(name));
        if (!answer && answer.error().code != Errc::not_found)
            return complain(answer.error().message);
        if (!answer) {
            code = complain(fmt::format("No files found for {}.", name));
            continue;
        }
        for (const json::Value& file : json::array_at(*answer, "files")) {
            if (!std::exchange(is_first, false)) fmt::print("\n");
            const std::string_view text = json::string_at(file, "text");
            fmt::print("# {}\n{}", json::string_at(file, "path"), text);
            if (!text.ends_with('\n')) fmt::print("\n");
        }
    }
    return code;
}

int run_system_state(Systemctl& call) {
    const auto answer = call.client.get("/v1/system");
    if (!answer) return complain(answer.error().message);
    const std::string_view state = json::string_at(*answer, "state");
    if (!call.is_quiet()) fmt::print("{}\n", state);
    return state == "running" ? 0 : 1;
}

int run_reload(Systemctl& call) {
    const auto reloaded = call.client.post("/v1/reload", {});
    return reloaded ? 0 : complain(reloaded.error().message);
}

struct VerbEntry {
    std::string_view name;
    bool needs_units;
    std::function<int(Systemctl&)> run;
};

// Every verb there is.
const std::vector<VerbEntry> verbs{
    {"start",
     true,
     [](Systemctl& call) {
         return run_jobs_verb(call, "start", "start");
     }},
    {"stop",
     true,
     [](Systemctl& call) {
         return run_jobs_verb(call, "stop", "stop");
     }},
    {"restart",
     true,
     [](Systemctl& call) {
         return run_jobs_verb(call, "restart", "restart");
     }},
    {"try-restart",
     true,
     [](Systemctl& call) {
         return run_jobs_verb(call, "try-restart", "try-restart");
     }},
    {"reload-or-restart",
     true,
     [](Systemctl& call) {
         return run_jobs_verb(call, "restart", "reload-or-restart");
     }},
    {"kill", true, run_kill},
    {"status", false, run_status},
    {"is-active",
     true,
     [](Systemctl& call) {
         return run_is_state(call, "active", exit_not_running);
     }},
    {"is-failed",
     true,
     [](Systemctl& call) {
         return run_is_state(call, "failed", 1);
     }},
    {"is-enabled", true, run_is_enabled},
    {"is-system-running", false, run_system_state},
    {"enable",
     true,
     [](Systemctl& call) {
         return run_links(call, /*enable=*/true);
     }},
    {"disable",
     true,
     [](Systemctl& call) {
         return run_links(call, /*enable=*/false);
     }},
    {"show", false, run_show},
    {"cat", true, run_cat},
    {"daemon-reload", false, run_reload},
    {"reset-failed", false, run_reset_failed},
    {"list-units", false, run_list_units},
    {"list-timers", false, run_list_timers},
    {"list-unit-files", false, run_list_unit_files},
    {"list-jobs", false, run_list_jobs},
    {"reboot",
     false,
     [](Systemctl&) {
         return reboot_host();
     }},
    {"poweroff",
     false,
     [](Systemctl&) {
         return run_poweroff({});
     }},
    {"halt",
     false,
     [](Systemctl&) {
         return run_poweroff({});
     }},
};

} // namespace

int complain(std::string_view message) {
    // What was printed before stands before it, also where both go to one file.
    std::fflush(stdout);
    log::print("{}\n", message);
    return 1;
}

std::string_view dot_of(std::string_view active_state) {
    if (active_state == "inactive") return "○";
    if (active_state == "failed") return "×";
    return "●";
}

bool has_preset(std::string_view file_state) {
    return file_state == "enabled" || file_state == "disabled";
}

int run_systemctl(const std::vector<std::string>& arguments) {
    auto given = parse_options(rules, arguments);
    if (!given) return complain(given.error().message);
    if (given->has("version")) {
        fmt::print("systemd 252 (252.23-2.amzn2023)\n+SQUALL-LAB default-hierarchy=unified\n");
        return 0;
    }
    if (given->has("help")) {
        fmt::print("systemctl [OPTIONS...] COMMAND ...\n\nQuery or send control commands to the "
                   "init of a lab host.\n\nCommands:\n");
        for (const VerbEntry& verb : verbs)
            fmt::print("  {}{}\n", verb.name, verb.needs_units ? " UNIT..." : "");
        return 0;
    }
    Systemctl call;
    call.words = given->rest;
    call.given = std::move(*given);
    std::string verb = "list-units";
    if (!call.words.empty()) {
        verb = call.words.front();
        call.words.erase(call.words.begin());
    }
    const auto found = std::find_if(
        verbs.begin(), verbs.end(), [&](const VerbEntry& entry) { return entry.name == verb; });
    if (found == verbs.end()) return complain(fmt::format("Unknown command verb {}.", verb));
    if (found->needs_units && call.words.empty()) return complain("Too few arguments.");
    return found->run(call);
}

} // namespace squall::labhost::init
