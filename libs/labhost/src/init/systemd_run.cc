// systemd-run of a lab host, in its subset:
//
//   systemd-run [--unit=NAME] [--description=TEXT] [-p|--property=K=V]… [-E|--setenv=K=V]…
//               [--service-type=TYPE] [-r|--remain-after-exit] [-G|--collect] [--on-active=SPAN]
//               [--timer-property=K=V]… [-q|--quiet] [--no-block] COMMAND [ARGUMENT…]
//
// Texts and exit codes are those of systemd 252. As there, ${NAME} in an argument is expanded when
// the command runs ($$ is a dollar), and a timer without AccuracySec= may be a minute late; here it
// always is (timer_unit.h).
//
// Different from the real one:
//   - --wait, --pipe, --pty, --scope, --user, --remote and the other timers (--on-calendar and so
//   on)
//     are refused: not available in a lab host
//   - --slice, --nice, --uid and --gid are taken and change nothing: there are no slices, and all
//   is
//     root's
//   - properties are those of init's unit files; any other is an "Unknown assignment"
#include "init/init_client.h"
#include "init/program_path.h"
#include "init/roles.h"
#include "init/systemctl.h"
#include "init/time_span.h"
#include "init/tool_options.h"
#include "init/unit_name.h"
#include "init/unit_settings.h"
#include "init/words.h"
#include "squall/base/log.h"
#include "squall/base/text.h"

#include <array>
#include <cstdio>

namespace squall::labhost::init {
namespace {

using Value = OptionSpec::Value;

const OptionRules rules{"systemd-run",
                        {{"unit", 'u', Value::needed},
                         {"description", 0, Value::needed},
                         {"property", 'p', Value::needed},
                         {"setenv", 'E', Value::needed},
                         {"service-type", 0, Value::needed},
                         {"working-directory", 0, Value::needed},
                         {"remain-after-exit", 'r'},
                         {"collect", 'G'},
                         {"on-active", 0, Value::needed},
                         {"timer-property", 0, Value::needed},
                         {"quiet", 'q'},
                         {"no-block"},
                         {"no-ask-password"},
                         {"slice", 0, Value::needed},
                         {"nice", 0, Value::needed},
                         {"uid", 0, Value::needed},
                         {"gid", 0, Value::needed},
                         {"system"},
                         {"wait"},
                         {"pipe", 'P'},
                         {"pty", 't'},
                         {"shell", 'S'},
                         {"scope"},
                         {"user"},
                         {"same-dir", 'd'},
                         {"host", 'H', Value::needed},
                         {"machine", 'M', Value::needed},
                         {"on-boot", 0, Value::needed},
                         {"on-startup", 0, Value::needed},
                         {"on-unit-active", 0, Value::needed},
                         {"on-unit-inactive", 0, Value::needed},
                         {"on-calendar", 0, Value::needed},
                         {"path-property", 0, Value::needed},
                         {"socket-property", 0, Value::needed},
                         {"help", 'h'},
                         {"version"}},
                        /*stops_at_first_word=*/true};

constexpr std::array<std::string_view, 15> refused_options{"wait",
                                                           "pipe",
                                                           "pty",
                                                           "shell",
                                                           "scope",
                                                           "user",
                                                           "host",
                                                           "machine",
                                                           "on-boot",
                                                           "on-startup",
                                                           "on-unit-active",
                                                           "on-unit-inactive",
                                                           "on-calendar",
                                                           "path-property",
                                                           "socket-property"};

// What is to be made, as text of unit files.
struct Transient {
    std::string name; // without suffix
    std::string service_text;
    std::string timer_text; // empty: the service is started at once
};

constexpr std::string_view first_line =
    "# This is a transient unit file, created programmatically via the systemd API. Do not edit.\n";

// The program as an absolute path: looked for here, so that a typing error shows at once.
Result<std::string> absolute_program(const std::string& name) {
    const auto found = find_program(name);
    if (found) return std::filesystem::absolute(*found);
    return fail(Errc::not_found, "Failed to find executable {}: No such file or directory", name);
}

// Lines for [Unit], and for the section of the unit's kind.
struct Lines {
    std::string unit;
    std::string own;
};

// "K=V" as lines of a unit file; checked by reading them as init will.
Result<Lines> property_lines(const std::vector<std::string>& given, bool is_timer) {
    Lines lines;
    for (const std::string& property : given) {
        const auto [key, value] = split_once(property, '=');
        const bool is_of_unit = key == "CollectMode" || key == "Description" || key == "After"
                                || key == "Requires" || key == "Wants" || key == "BindsTo"
                                || key == "PartOf" || key.starts_with("StartLimit");
        const std::string line = fmt::format("{}={}\n", key, value);
        const char* own_section = is_timer ? "Timer" : "Service";
        // A unit that lacks nothing else, so that only the property can be wrong with it.
        const char* rest =
            is_timer ? "[Timer]\nOnActiveSec=1\n" : "[Service]\nType=oneshot\nExecStart=/x\n";
        const UnitSettings settings = parse_unit(
            is_timer ? "x.timer" : "x.service",
            {{"x", fmt::format("{}[{}]\n{}", rest, is_of_unit ? "Unit" : own_section, line)}});
        if (property.find('=') == std::string::npos || !settings.notes.empty()
            || property.find('\n') != std::string::npos)
            return fail(Errc::invalid_input, "Unknown assignment: {}", property);
        (is_of_unit ? lines.unit : lines.own) += line;
    }
    return lines;
}

// What people read of the unit; by default the command itself.
std::string description_of(const GivenOptions& given, const std::vector<std::string>& words) {
    std::string text = given.value("description").value_or(join(words, " "));
    return replace_all(replace_all(std::move(text), "%", "%%"), "\n", " ");
}

Result<std::string> service_text(const GivenOptions& given, const std::vector<std::string>& words) {
    const auto properties = property_lines(given.values("property"), /*is_timer=*/false);
    if (!properties) return fail(properties.error());
    std::string text =
        fmt::format("{}[Unit]\nDescription={}\n", first_line, description_of(given, words));
    if (given.has("collect")) text += "CollectMode=inactive-or-failed\n";
    text += properties->unit + "\n[Service]\n";
    if (const auto type = given.value("service-type")) text += "Type=" + *type + "\n";
    if (given.has("remain-after-exit")) text += "RemainAfterExit=yes\n";
    if (const auto folder = given.value("working-directory"))
        text += "WorkingDirectory=" + replace_all(*folder, "%", "%%") + "\n";
    for (const std::string& assignment : given.values("setenv")) {
        Environment scratch;
        if (!assign(scratch, assignment))
            return fail(Errc::invalid_input,
                        "Cannot assign environment variable {}: Invalid argument",
                        assignment);
        text += "Environment=" + quoted_word(assignment) + "\n";
    }
    text += properties->own + "ExecStart=\nExecStart=";
    for (const std::string& word : words)
        text += (&word == &words.front() ? "" : " ") + quoted_word(word);
    return text + "\n";
}

Result<std::string> timer_text(const GivenOptions& given, const std::vector<std::string>& words) {
    const auto span = given.value("on-active");
    if (!span) return std::string();
    if (!parse_span(*span))
        return fail(Errc::invalid_input, "Failed to parse timer value: {}", *span);
    const auto properties = property_lines(given.values("timer-property"), /*is_timer=*/true);
    if (!properties) return fail(properties.error());
    // RemainAfterElapse= is systemd-run's own, whatever the properties say.
    return fmt::format("{}[Unit]\nDescription={}\n{}\n[Timer]\nOnActiveSec={}\n{}"
                       "RemainAfterElapse=no\n",
                       first_line,
                       description_of(given, words),
                       properties->unit,
                       *span,
                       properties->own);
}

Result<Transient> transient_from(const GivenOptions& given) {
    for (const std::string_view option : refused_options)
        if (given.has(option))
            return fail(Errc::refused, "systemd-run: --{} is not available in a lab host.", option);
    if (given.rest.empty()) return fail(Errc::invalid_input, "Command line to execute required.");
    const auto program = absolute_program(given.rest.front());
    if (!program) return fail(program.error());
    std::vector<std::string> words = given.rest;
    words.front() = *program;
    auto service = service_text(given, words);
    if (!service) return fail(std::move(service.error()));
    auto timer = timer_text(given, words);
    if (!timer) return fail(std::move(timer.error()));
    std::string name = mangled(given.value("unit").value_or("run-r" + random_hex(32)));
    const std::string_view suffix = suffix_of(name);
    const bool is_timer = !timer->empty();
    if (suffix != ".service" && !(is_timer && suffix == ".timer"))
        return fail(Errc::invalid_input,
                    "Failed to start transient service unit: Cannot set property ExecStart, or "
                    "unknown property.");
    return Transient{without_suffix(name), std::move(*service), std::move(*timer)};
}

} // namespace

int run_systemd_run(const std::vector<std::string>& arguments) {
    const auto given = parse_options(rules, arguments);
    if (!given) return complain(given.error().message);
    if (given->has("version")) {
        fmt::print("systemd 252 (252.23-2.amzn2023)\n");
        return 0;
    }
    if (given->has("help")) {
        fmt::print(
            "systemd-run [OPTIONS...] COMMAND [ARGUMENTS...]\n\nRun the specified command in "
            "a transient service or timer of a lab host.\n");
        return 0;
    }
    const auto made = transient_from(*given);
    if (!made) return complain(made.error().message);
    const bool has_timer = !made->timer_text.empty();
    const std::string service = made->name + ".service";
    const std::string timer = made->name + ".timer";
    json::Array units;
    if (has_timer) units.push_back(json::Object{{"name", timer}, {"text", made->timer_text}});
    units.push_back(json::Object{{"name", service}, {"text", made->service_text}});
    InitClient client;
    const bool waits = !given->has("no-block");
    const auto answer =
        client.post("/v1/transient", {{"units", std::move(units)}, {"wait", waits}});
    const char* kind = has_timer ? "timer" : "service";
    const auto refuse = [&](std::string_view message) {
        return complain(fmt::format("Failed to start transient {} unit: {}", kind, message));
    };
    if (!answer) return refuse(answer.error().message);
    for (const json::Value& result : json::array_at(*answer, "results")) {
        if (const auto message = json::string_at(result, "message"); !message.empty())
            return refuse(message);
        if (const auto complaint = job_complaint(
                client, json::string_at(result, "unit"), json::string_at(result, "result")))
            return complain(*complaint);
    }
    if (given->has("quiet")) return 0;
    if (has_timer)
        log::print("Running timer as unit: {}\nWill run service as unit: {}\n", timer, service);
    else
        log::print("Running as unit: {}\n", service);
    return 0;
}

} // namespace squall::labhost::init
