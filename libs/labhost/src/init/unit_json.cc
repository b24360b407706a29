#include "init/unit_json.h"

namespace squall::labhost::init {
namespace {

json::Object time_json(const Instant& when) {
    return {{"wall", micros_of(when.wall)}, {"monotonic", micros_of(when.steady)}};
}

json::Array names_json(const std::vector<std::string>& names) {
    return json::Array(names.begin(), names.end());
}

// -1 for "infinity".
std::int64_t span_json(Micros span) { return span == forever ? -1 : span.count(); }

json::Object record_json(const CommandRecord& record) {
    json::Object object{{"setting", setting_of(record.role)},
                        {"command", record.command.text()},
                        {"pid", record.pid},
                        {"started", time_json(record.started)},
                        {"ended", time_json(record.ended)},
                        {"exit", nullptr}};
    if (record.exit)
        object["exit"] = json::Object{{"text", short_text(*record.exit)},
                                      {"code", code_number(*record.exit)},
                                      {"status", record.exit->status}};
    return object;
}

json::Object service_json(const Unit& unit) {
    const Service& service = *unit.service();
    const ServiceSettings& settings = unit.settings().service();
    json::Array records;
    for (const CommandRecord& record : service.records())
        records.push_back(record_json(record));
    json::Array commands;
    for (const CommandLine& command : settings.start)
        commands.push_back(json::Object{{"path", command.words.front()},
                                        {"text", command.text()},
                                        {"ignores_failure", command.ignores_failure}});
    json::Object object{{"type", text_of(settings.type)},
                        {"restart", text_of(settings.restart)},
                        {"restart_delay", span_json(settings.restart_delay)},
                        {"start_timeout", span_json(settings.start_timeout)},
                        {"stop_timeout", span_json(settings.stop_timeout)},
                        {"kill_mode", text_of(settings.kill_mode)},
                        {"kill_signal", settings.kill_signal},
                        {"remains_after_exit", settings.remains_after_exit},
                        {"environment", names_json(settings.environment)},
                        {"working_directory", settings.working_directory},
                        {"commands", std::move(commands)},
                        {"main_pid", service.main_pid()},
                        {"control_pid", service.control_pid()},
                        {"result", text_of(service.result())},
                        {"restarts", service.restarts()},
                        {"records", std::move(records)},
                        {"main", nullptr}};
    if (const CommandRecord* main = service.main_record()) object["main"] = record_json(*main);
    return object;
}

json::Object timer_json(const TimerUnit& timer, Instant now) {
    json::Object object{{"unit", timer.settings().unit},
                        {"on_active", span_json(timer.settings().on_active)},
                        {"accuracy", span_json(timer.settings().accuracy)},
                        {"remains_after_elapse", timer.settings().remains_after_elapse},
                        {"last_trigger", micros_of(timer.last_trigger())},
                        {"next_monotonic", 0},
                        {"next_wall", 0}};
    if (timer.elapses() != SteadyTime::max()) {
        object["next_monotonic"] = micros_of(timer.elapses());
        object["next_wall"] =
            micros_of(now.wall)
            + std::chrono::duration_cast<Micros>(timer.elapses() - now.steady).count();
    }
    return object;
}

} // namespace

json::Object unit_json(const Unit& unit, UnitFolder& folder, Instant now) {
    const UnitSettings& settings = unit.settings();
    const auto on_disk = folder.load(unit.name());
    const bool has_changed =
        unit.is_gone() || (on_disk && on_disk->fingerprint != unit.loaded().fingerprint);
    const char* load_state = unit.is_gone()     ? "not-found"
                             : unit.is_usable() ? "loaded"
                                                : "bad-setting";
    const UnitTimes& times = unit.times();
    json::Object object{{"id", unit.name()},
                        {"description", settings.description},
                        {"load_state", load_state},
                        {"active_state", text_of(unit.active_state())},
                        {"sub_state", unit.sub_state()},
                        {"file_state", folder.file_state(unit.name())},
                        {"fragment", unit.loaded().fragment},
                        {"drop_ins", names_json(unit.loaded().drop_ins)},
                        {"is_transient", unit.loaded().is_transient},
                        {"needs_reload", has_changed},
                        {"invocation", ""},
                        {"job", nullptr},
                        {"after", names_json(settings.after)},
                        {"before", names_json(settings.before)},
                        {"requires", names_json(settings.needs)},
                        {"wants", names_json(settings.wants)},
                        {"part_of", names_json(settings.part_of)},
                        {"binds_to", names_json(settings.bound_to)},
                        {"wanted_by", names_json(settings.wanted_by)},
                        {"start_limit_interval", span_json(settings.start_limit_interval)},
                        {"start_limit_burst", settings.start_limit_burst},
                        {"times",
                         json::Object{{"inactive_exit", time_json(times.inactive_exit)},
                                      {"active_enter", time_json(times.active_enter)},
                                      {"active_exit", time_json(times.active_exit)},
                                      {"inactive_enter", time_json(times.inactive_enter)},
                                      {"state_change", time_json(times.state_change)}}}};
    if (unit.job)
        object["job"] = json::Object{{"id", unit.job->id},
                                     {"type", text_of(unit.job->type)},
                                     {"is_running", unit.job->is_running}};
    if (unit.service() != nullptr) {
        object["service"] = service_json(unit);
        object["invocation"] = unit.service()->invocation();
    } else {
        object["timer"] = timer_json(*unit.timer(), now);
    }
    return object;
}

json::Object missing_unit_json(const std::string& name) {
    return {{"id", name},
            {"description", name},
            {"load_state", "not-found"},
            {"active_state", "inactive"},
            {"sub_state", "dead"},
            {"file_state", ""}};
}

json::Array processes_json(const Unit& unit, Effects& effects) {
    json::Array processes;
    const Service* service = unit.service();
    if (service == nullptr || service->invocation().empty()) return processes;
    for (const GroupMember& member : effects.group(service->invocation()))
        processes.push_back(json::Object{
            {"pid", member.pid}, {"name", member.name}, {"command", member.command_line}});
    return processes;
}

} // namespace squall::labhost::init
