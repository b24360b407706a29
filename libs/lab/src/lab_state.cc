#include "lab_state.h"

#include "squall/base/text.h"

namespace squall::lab {
namespace {

constexpr std::size_t state_max = 4U << 20U;
constexpr std::size_t stat_max = 64U << 10U;

} // namespace

Result<LabPaths> LabPaths::find() {
    const auto base = state_directory();
    if (!base) return fail(base.error());
    const Path folder = *base / "lab";
    return LabPaths{folder,
                    folder / "lab.lock",
                    folder / "lab.json",
                    folder / "control.sock",
                    folder / "lab.log",
                    folder / "mnt"};
}

ProcessRef ProcessRef::of(pid_t pid) {
    const auto stat = read_file(fmt::format("/proc/{}/stat", pid), stat_max);
    if (!stat) return {pid, {}};
    // The name in parentheses may hold anything: what follows its last ')' begins with field 3.
    const auto fields = split(trimmed(std::string_view(*stat).substr(stat->rfind(')') + 1)), ' ');
    return {pid, fields.size() > 19 ? fields[19] : std::string()};
}

bool ProcessRef::is_alive() const {
    return pid > 0 && !start_time.empty() && of(pid).start_time == start_time;
}

std::vector<std::pair<const char*, std::string>> LabState::variables() const {
    return {{"AWS_ENDPOINT_URL", endpoint},
            {"AWS_ACCESS_KEY_ID", access_key_id},
            {"AWS_SECRET_ACCESS_KEY", secret_access_key},
            {"AWS_REGION", region},
            {"AWS_DEFAULT_REGION", region}};
}

Result<void> LabState::save(const LabPaths& paths) const {
    json::Array processes;
    for (const auto& host : hosts)
        processes.push_back(json::Object{{"pid", host.pid}, {"start_time", host.start_time}});
    const json::Object object{{"endpoint", endpoint},
                              {"cluster", cluster},
                              {"region", region},
                              {"access_key_id", access_key_id},
                              {"secret_access_key", secret_access_key},
                              {"monitor_store", monitor_store},
                              {"hosts", std::move(processes)}};
    return write_file(paths.state, json::text(object) + "\n", 0600);
}

Result<LabState> LabState::load(const LabPaths& paths) {
    const auto text = read_file(paths.state, state_max);
    if (!text) return fail(text.error());
    const auto object = json::parse_object(*text);
    if (!object) return fail(paths.state.string(), object.error());
    LabState state;
    state.endpoint = json::string_at(*object, "endpoint");
    state.cluster = json::string_at(*object, "cluster");
    state.region = json::string_at(*object, "region");
    state.access_key_id = json::string_at(*object, "access_key_id");
    state.secret_access_key = json::string_at(*object, "secret_access_key");
    state.monitor_store = json::string_at(*object, "monitor_store");
    for (const auto& host : json::array_at(*object, "hosts")) {
        state.hosts.push_back({static_cast<pid_t>(json::integer_at(host, "pid")),
                               std::string(json::string_at(host, "start_time"))});
    }
    return state;
}

} // namespace squall::lab
