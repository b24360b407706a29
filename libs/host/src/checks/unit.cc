#include "checks/unit.h"

#include "squall/base/text.h"

namespace squall::host {
namespace {

// A systemd whose bus hangs is a finding of its own; nobody else's time is to go with it.
constexpr Seconds patience{5};

constexpr const char* wanted =
    "LoadState,ActiveState,SubState,Result,ExecMainCode,ExecMainStatus,NRestarts,Job,UnitFileState,"
    "MainPID,ExecStart,ActiveEnterTimestamp,ActiveEnterTimestampMonotonic,InactiveEnterTimestamp,"
    "InactiveEnterTimestampMonotonic";

Result<Unit> ask_systemd(Facts& facts, const std::string& name, Deadline deadline) {
    Unit unit;
    const std::string service = name + ".service";
    unit.asked = "systemctl show " + service;
    const auto shown =
        facts.ground().run({{"systemctl", "show", service, "-p", wanted}, {}, {}, {}},
                           deadline.sooner(Deadline::in(patience)));
    if (!shown) return fail(shown.error());
    if (shown->exit_code != 0)
        return fail(Errc::failed,
                    "{} ended with {}: {}",
                    unit.asked,
                    shown->exit_code,
                    trimmed(shown->errors));
    unit.answer = shown->output;
    for (const std::string& line : split(shown->output, '\n')) {
        const auto [key, value] = split_once(line, '=');
        unit.properties[std::string(key)] = value;
    }
    return unit;
}

// "ecs start/running, process 2044", "ecs stop/waiting"
Result<Unit> ask_upstart(Facts& facts, const std::string& name, Deadline deadline) {
    Unit unit;
    unit.asked = "initctl status " + name;
    const auto shown = facts.ground().run({{"/sbin/initctl", "status", name}, {}, {}, {}},
                                          deadline.sooner(Deadline::in(patience)));
    if (!shown) return fail(shown.error());
    unit.answer = shown->output + shown->errors;
    if (shown->exit_code != 0) {
        unit.properties["LoadState"] = "not-found";
        return unit;
    }
    const bool is_running = shown->output.find("start/running") != std::string::npos;
    const bool is_stopped = shown->output.find("stop/waiting") != std::string::npos;
    unit.properties = {{"LoadState", "loaded"},
                       {"ActiveState",
                        is_running   ? "active"
                        : is_stopped ? "inactive"
                                     : "activating"},
                       {"SubState",
                        is_running   ? "running"
                        : is_stopped ? "dead"
                                     : "start"},
                       {"Result", "success"},
                       {"ExecMainStatus", "0"}};
    return unit;
}

} // namespace

std::string Unit::get(std::string_view name) const {
    const auto found = properties.find(name);
    return found == properties.end() ? std::string() : found->second;
}

std::int64_t Unit::number(std::string_view name) const { return to_integer(get(name)).value_or(0); }

std::string Unit::program() const {
    constexpr std::string_view begin = "{ path=";
    const std::string text = get("ExecStart");
    if (!text.starts_with(begin)) return {};
    return std::string(split_once(std::string_view(text).substr(begin.size()), ' ').first);
}

std::string Unit::state_text() const {
    std::string text = fmt::format("{} ({})", get("ActiveState"), get("SubState"));
    if (!is_active())
        text += fmt::format(", Result={}, ExecMainStatus={}", get("Result"), get("ExecMainStatus"));
    if (number("NRestarts") > 0) text += ", NRestarts=" + get("NRestarts");
    const std::string since = get(is_active() ? "ActiveEnterTimestamp" : "InactiveEnterTimestamp");
    if (!since.empty()) text += ", since " + since;
    return text;
}

Init init_of(const Facts& facts) {
    std::error_code ignored;
    if (std::filesystem::is_directory(facts.path("/run/systemd/system"), ignored))
        return Init::systemd;
    if (std::filesystem::exists(facts.path("/sbin/initctl"), ignored)) return Init::upstart;
    return Init::unknown;
}

Result<Unit> show_unit(Facts& facts, const std::string& name, Deadline deadline) {
    switch (init_of(facts)) {
    case Init::systemd:
        return ask_systemd(facts, name, deadline);
    case Init::upstart:
        return ask_upstart(facts, name, deadline);
    case Init::unknown:
        break;
    }
    return fail(Errc::not_found, "neither systemd nor Upstart runs here");
}

} // namespace squall::host
