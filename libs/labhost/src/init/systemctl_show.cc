#include "init/exits.h"
#include "init/systemctl.h"
#include "init/time_span.h"
#include "squall/base/text.h"

#include <algorithm>
#include <cstdio>
#include <functional>

namespace squall::labhost::init {
namespace {

using json::Object;

const Object& service_of(const Object& unit) { return json::object_at(unit, "service"); }

const Object& timer_of(const Object& unit) { return json::object_at(unit, "timer"); }

const Object& main_of(const Object& unit) { return json::object_at(service_of(unit), "main"); }

std::string text_at(const Object& object, std::string_view key) {
    return std::string(json::string_at(object, key));
}

std::string number_at(const Object& object, std::string_view key) {
    return std::to_string(json::integer_at(object, key));
}

std::string yes_no(bool value) { return value ? "yes" : "no"; }

std::string span_at(const Object& object, std::string_view key) {
    const std::int64_t micros = json::integer_at(object, key);
    return span_text(micros < 0 ? forever : Micros(micros));
}

std::string names_at(const Object& object, std::string_view key) {
    std::string names;
    for (const json::Value& name : json::array_at(object, key)) {
        if (!names.empty()) names += ' ';
        names += json::string_of(name);
    }
    return names;
}

const Object& time_at(const Object& unit, std::string_view key) {
    return json::object_at(json::object_at(unit, "times"), key);
}

std::string wall_text(const Object& time) {
    return timestamp_text(wall_from_micros(json::integer_at(time, "wall")));
}

std::string exec_start(const Object& unit) {
    std::string lines;
    for (const json::Value& command : json::array_at(service_of(unit), "commands")) {
        if (!lines.empty()) lines += "\nExecStart=";
        const Object& main = main_of(unit);
        const bool ran = json::string_at(main, "command") == json::string_at(command, "text");
        const Object& exit = json::object_at(main, "exit");
        const auto or_na = [&](std::string_view key) {
            const std::string text = ran ? wall_text(json::object_at(main, key)) : "";
            return text.empty() ? std::string("n/a") : text;
        };
        std::string ending = "code=(null) ; status=0/0";
        if (ran && !exit.empty())
            ending = fmt::format("code={} ; status={}",
                                 json::integer_at(exit, "code") == 1 ? "exited" : "killed",
                                 json::integer_at(exit, "status"));
        lines += fmt::format("{{ path={} ; argv[]={} ; ignore_errors={} ; start_time=[{}] ; "
                             "stop_time=[{}] ; pid={} ; {} }}",
                             json::string_at(command, "path"),
                             json::string_at(command, "text"),
                             yes_no(json::bool_at(command, "ignores_failure")),
                             or_na("started"),
                             or_na("ended"),
                             ran ? json::integer_at(main, "pid") : 0,
                             ending);
    }
    return lines;
}

std::string load_error(const Object& unit) {
    const std::string_view state = json::string_at(unit, "load_state");
    const std::string_view id = json::string_at(unit, "id");
    if (state == "not-found")
        return fmt::format("org.freedesktop.systemd1.NoSuchUnit \"Unit {} not found.\"", id);
    if (state == "bad-setting")
        return fmt::format(
            "org.freedesktop.systemd1.BadUnitSetting \"Unit {} has a bad unit file setting.\"", id);
    return "";
}

std::string next_elapse(const Object& unit) {
    const std::int64_t next = json::integer_at(timer_of(unit), "next_monotonic");
    return span_text(next == 0 ? forever : Micros(next));
}

enum class Kind { any, service, timer };

struct Property {
    std::string name;
    Kind kind;
    std::function<std::string(const Object& unit)> value;
};

void add_service_properties(std::vector<Property>& properties) {
    const auto add = [&](std::string name, std::function<std::string(const Object&)> value) {
        properties.push_back({std::move(name), Kind::service, std::move(value)});
    };
    const auto add_text = [&](std::string name, const std::string& key) {
        add(std::move(name), [key](const Object& unit) { return text_at(service_of(unit), key); });
    };
    const auto add_number = [&](std::string name, const std::string& key) {
        add(std::move(name),
            [key](const Object& unit) { return number_at(service_of(unit), key); });
    };
    const auto add_span = [&](std::string name, const std::string& key) {
        add(std::move(name), [key](const Object& unit) { return span_at(service_of(unit), key); });
    };
    add_text("Type", "type");
    add_text("Restart", "restart");
    add_span("RestartUSec", "restart_delay");
    add_span("TimeoutStartUSec", "start_timeout");
    add_span("TimeoutStopUSec", "stop_timeout");
    add("RemainAfterExit", [](const Object& unit) {
        return yes_no(json::bool_at(service_of(unit), "remains_after_exit"));
    });
    add_number("MainPID", "main_pid");
    add_number("ControlPID", "control_pid");
    add("Result", [](const Object& unit) {
        return std::string(json::string_at(service_of(unit), "result", "success"));
    });
    add_number("NRestarts", "restarts");
    for (const auto& [name, key] :
         {std::pair("ExecMainStart", "started"), {"ExecMainExit", "ended"}}) {
        const auto time = [key = std::string(key)](const Object& unit) -> const Object& {
            return json::object_at(main_of(unit), key);
        };
        add(fmt::format("{}Timestamp", name),
            [time](const Object& unit) { return wall_text(time(unit)); });
        add(fmt::format("{}TimestampMonotonic", name),
            [time](const Object& unit) { return number_at(time(unit), "monotonic"); });
    }
    add("ExecMainPID", [](const Object& unit) { return number_at(main_of(unit), "pid"); });
    add("ExecMainCode", [](const Object& unit) {
        return number_at(json::object_at(main_of(unit), "exit"), "code");
    });
    add("ExecMainStatus", [](const Object& unit) {
        return number_at(json::object_at(main_of(unit), "exit"), "status");
    });
    add("ExecStart", exec_start);
    add("Environment",
        [](const Object& unit) { return names_at(service_of(unit), "environment"); });
    add_text("WorkingDirectory", "working_directory");
    add_text("KillMode", "kill_mode");
    add_number("KillSignal", "kill_signal");
}

void add_timer_properties(std::vector<Property>& properties) {
    const auto add = [&](std::string name, std::function<std::string(const Object&)> value) {
        properties.push_back({std::move(name), Kind::timer, std::move(value)});
    };
    add("Unit", [](const Object& unit) { return text_at(timer_of(unit), "unit"); });
    add("TimersMonotonic", [](const Object& unit) {
        if (timer_of(unit).empty()) return std::string();
        return fmt::format("{{ OnActiveUSec={} ; next_elapse={} }}",
                           span_at(timer_of(unit), "on_active"),
                           next_elapse(unit));
    });
    add("NextElapseUSecMonotonic", next_elapse);
    add("LastTriggerUSec", [](const Object& unit) {
        return timestamp_text(wall_from_micros(json::integer_at(timer_of(unit), "last_trigger")));
    });
    add("Result", [](const Object&) { return std::string("success"); });
    add("AccuracyUSec", [](const Object& unit) { return span_at(timer_of(unit), "accuracy"); });
    add("RemainAfterElapse", [](const Object& unit) {
        return yes_no(json::bool_at(timer_of(unit), "remains_after_elapse"));
    });
}

void add_unit_properties(std::vector<Property>& properties) {
    const auto add = [&](std::string name, std::function<std::string(const Object&)> value) {
        properties.push_back({std::move(name), Kind::any, std::move(value)});
    };
    const auto add_text = [&](std::string name, const std::string& key) {
        add(std::move(name), [key](const Object& unit) { return text_at(unit, key); });
    };
    const auto add_names = [&](std::string name, const std::string& key) {
        add(std::move(name), [key](const Object& unit) { return names_at(unit, key); });
    };
    add_text("Id", "id");
    add_text("Names", "id");
    add_names("Requires", "requires");
    add_names("Wants", "wants");
    add_names("BindsTo", "binds_to");
    add_names("PartOf", "part_of");
    add_names("WantedBy", "wanted_by");
    add_names("Before", "before");
    add_names("After", "after");
    add_text("Description", "description");
    add_text("LoadState", "load_state");
    add_text("ActiveState", "active_state");
    add_text("SubState", "sub_state");
    add_text("FragmentPath", "fragment");
    add_names("DropInPaths", "drop_ins");
    add_text("UnitFileState", "file_state");
    for (const auto& [name, key] : {std::pair("StateChange", "state_change"),
                                    {"InactiveExit", "inactive_exit"},
                                    {"ActiveEnter", "active_enter"},
                                    {"ActiveExit", "active_exit"},
                                    {"InactiveEnter", "inactive_enter"}}) {
        add(fmt::format("{}Timestamp", name),
            [key = std::string(key)](const Object& unit) { return wall_text(time_at(unit, key)); });
        add(fmt::format("{}TimestampMonotonic", name),
            [key = std::string(key)](const Object& unit) {
                return number_at(time_at(unit, key), "monotonic");
            });
    }
    add("NeedDaemonReload",
        [](const Object& unit) { return yes_no(json::bool_at(unit, "needs_reload")); });
    add("Job", [](const Object& unit) {
        const Object& job = json::object_at(unit, "job");
        return job.empty() ? std::string() : number_at(job, "id");
    });
    add("LoadError", load_error);
    add("Transient",
        [](const Object& unit) { return yes_no(json::bool_at(unit, "is_transient")); });
    add("StartLimitIntervalUSec",
        [](const Object& unit) { return span_at(unit, "start_limit_interval"); });
    add("StartLimitBurst", [](const Object& unit) { return number_at(unit, "start_limit_burst"); });
    add_text("InvocationID", "invocation");
}

std::vector<Property> all_properties() {
    std::vector<Property> properties;
    add_service_properties(properties);
    add_timer_properties(properties);
    add_unit_properties(properties);
    return properties;
}

void show_unit(const Systemctl& call, const Object& unit, const std::vector<std::string>& wanted) {
    static const std::vector<Property> properties = all_properties();
    const std::string_view id = json::string_at(unit, "id");
    const Kind kind = id.ends_with(".timer") ? Kind::timer : Kind::service;
    const bool shows_values_only = call.given.has("value");
    for (const Property& property : properties) {
        if (property.kind != Kind::any && property.kind != kind) continue;
        const bool is_named =
            std::find(wanted.begin(), wanted.end(), property.name) != wanted.end();
        if (!wanted.empty() && !is_named) continue;
        const std::string value = property.value(unit);
        // Empty ones are for those who ask for them.
        if (value.empty() && !is_named && !call.given.has("all")) continue;
        if (shows_values_only)
            fmt::print("{}\n", value);
        else
            fmt::print("{}={}\n", property.name, value);
    }
}

} // namespace

int run_show(Systemctl& call) {
    std::vector<std::string> wanted;
    for (const std::string& list : call.given.values("property"))
        for (const std::string& name : split(list, ','))
            if (!name.empty()) wanted.push_back(name);
    if (call.words.empty()) {
        fmt::print("Version=252.23-2.amzn2023\n");
        return 0;
    }
    const auto names = call.client.expanded(call.words);
    if (!names) return complain(names.error().message);
    bool is_first = true;
    for (const std::string& name : *names) {
        const auto unit = call.client.unit(name);
        if (!unit) return complain(unit.error().message);
        if (!std::exchange(is_first, false)) fmt::print("\n");
        show_unit(call, *unit, wanted);
    }
    return 0;
}

} // namespace squall::labhost::init
