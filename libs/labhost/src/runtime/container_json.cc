#include "runtime/container_json.h"

#include "runtime/address_pool.h"
#include "runtime/json_log.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <csignal>

namespace squall::labhost::runtime {
namespace {

// How Go writes a time that is not set.
constexpr std::string_view no_time = "0001-01-01T00:00:00Z";

std::string time_text(const std::optional<WallTime>& when) {
    return when ? rfc3339_nanos(*when) : std::string(no_time);
}

json::Value texts(const std::vector<std::string>& list) {
    if (list.empty()) return nullptr;
    return json::Array(list.begin(), list.end());
}

json::Object port_set(const std::set<Port>& ports) {
    json::Object set;
    for (const auto& port : ports)
        set.emplace(port.text(), json::Object());
    return set;
}

json::Object bindings_json(const std::vector<PublishedPort>& ports) {
    json::Object bindings;
    for (const auto& port : ports) {
        auto& list = bindings[port.container.text()];
        if (!list.is_array()) list = json::Array();
        list.as_array().push_back(
            json::Object{{"HostIp", "0.0.0.0"}, {"HostPort", std::to_string(port.host)}});
    }
    return bindings;
}

json::Object health_json(const Health& health) {
    json::Array log;
    for (const auto& result : health.results()) {
        log.push_back(json::Object{{"Start", rfc3339_nanos(result.started_at)},
                                   {"End", rfc3339_nanos(result.ended_at)},
                                   {"ExitCode", result.exit_code},
                                   {"Output", result.output}});
    }
    return {{"Status", name_of(health.status())},
            {"FailingStreak", health.failing_streak()},
            {"Log", std::move(log)}};
}

json::Object state_json(const Container& container) {
    const ContainerState& state = container.state;
    const bool is_running = state.status == Status::running;
    json::Object object{{"Status", name_of(state.status)},
                        {"Running", is_running},
                        {"Paused", false},
                        {"Restarting", false},
                        {"OOMKilled", false},
                        {"Dead", false},
                        {"Pid", is_running ? state.pid : 0},
                        {"ExitCode", state.exit_code},
                        {"Error", state.error},
                        {"StartedAt", time_text(state.started_at)},
                        {"FinishedAt", time_text(state.finished_at)}};
    if (container.health) object["Health"] = health_json(*container.health);
    return object;
}

json::Object config_json(const Container& container) {
    const auto& spec = container.spec;
    json::Object config{{"Hostname", container.hostname()},
                        {"Domainname", ""},
                        {"User", ""},
                        {"Tty", false},
                        {"OpenStdin", false},
                        {"Env", texts(spec.environment)},
                        {"Cmd", texts(spec.command)},
                        {"Image", spec.image},
                        {"Volumes", nullptr},
                        {"WorkingDir", spec.working_directory == "/" ? "" : spec.working_directory},
                        {"Entrypoint", texts(spec.entrypoint)},
                        {"Labels", spec.labels}};
    if (!spec.exposed.empty()) config["ExposedPorts"] = port_set(spec.exposed);
    if (const auto signal = json::string_at(container.request, "StopSignal"); !signal.empty())
        config["StopSignal"] = signal;
    if (container.request.contains("StopTimeout"))
        config["StopTimeout"] = spec.stop_timeout.count();
    if (const auto& check = json::at(container.request, "Healthcheck"); check.is_object())
        config["Healthcheck"] = check;
    return config;
}

// As it was given, with Docker's defaults where nothing was.
json::Object host_config_json(const ContainerSpec& spec) {
    json::Object config = spec.host_config;
    if (json::string_at(config, "NetworkMode").empty()) config["NetworkMode"] = "default";
    if (json::string_at(json::at(config, "RestartPolicy"), "Name").empty())
        config["RestartPolicy"] = json::Object{{"Name", "no"}, {"MaximumRetryCount", 0}};
    if (json::string_at(json::at(config, "LogConfig"), "Type").empty())
        config["LogConfig"] = json::Object{{"Type", "json-file"}, {"Config", json::Object()}};
    for (const char* key : {"Binds", "CapAdd", "CapDrop", "ExtraHosts"}) {
        if (!config.contains(key)) config[key] = nullptr;
    }
    if (!json::at(config, "PortBindings").is_object()) config["PortBindings"] = json::Object();
    for (const char* key : {"Memory", "CpuShares", "NanoCpus"}) {
        if (!config.contains(key)) config[key] = 0;
    }
    return config;
}

std::string network_name(const ContainerSpec& spec) {
    switch (spec.network.kind) {
    case NetworkKind::bridge:
        return "bridge";
    case NetworkKind::host:
        return "host";
    case NetworkKind::none:
        return "none";
    case NetworkKind::container:
        return {};
    }
    return {};
}

json::Object networks_json(const Container& container) {
    const std::string name = network_name(container.spec);
    if (name.empty()) return {};
    const auto& endpoint = container.endpoint;
    return {{name,
             json::Object{{"IPAMConfig", nullptr},
                          {"Links", nullptr},
                          {"Aliases", nullptr},
                          {"NetworkID", sha256_hex(name)},
                          {"EndpointID", endpoint ? endpoint->id : ""},
                          {"Gateway", endpoint ? bridge_gateway : ""},
                          {"IPAddress", endpoint ? endpoint->address() : ""},
                          {"IPPrefixLen", endpoint ? bridge_prefix_length : 0},
                          {"MacAddress", endpoint ? mac_text(endpoint->host_part) : ""}}}};
}

json::Object network_settings_json(const Container& container) {
    const auto& endpoint = container.endpoint;
    json::Object ports;
    if (endpoint) {
        // Exposed and not published: known, leading nowhere.
        for (const auto& port : container.spec.exposed)
            ports[port.text()] = nullptr;
        for (auto& member : bindings_json(endpoint->ports))
            ports[member.key()] = std::move(member.value());
    }
    return {{"Bridge", ""},
            {"EndpointID", endpoint ? endpoint->id : ""},
            {"Gateway", endpoint ? bridge_gateway : ""},
            {"IPAddress", endpoint ? endpoint->address() : ""},
            {"IPPrefixLen", endpoint ? bridge_prefix_length : 0},
            {"MacAddress", endpoint ? mac_text(endpoint->host_part) : ""},
            {"Ports", std::move(ports)},
            {"Networks", networks_json(container)}};
}

json::Array mounts_json(const ContainerSpec& spec) {
    json::Array mounts;
    for (const auto& bind : spec.binds) {
        mounts.push_back(json::Object{{"Type", "bind"},
                                      {"Source", bind.source.string()},
                                      {"Destination", bind.target.string()},
                                      {"Mode", bind.read_only ? "ro" : ""},
                                      {"RW", !bind.read_only},
                                      {"Propagation", "rprivate"}});
    }
    return mounts;
}

json::Array listed_ports(const Container& container) {
    json::Array ports;
    if (!container.endpoint) return ports;
    std::set<Port> shown;
    for (const auto& port : container.endpoint->ports) {
        shown.insert(port.container);
        ports.push_back(json::Object{{"IP", "0.0.0.0"},
                                     {"PrivatePort", port.container.number},
                                     {"PublicPort", port.host},
                                     {"Type", name_of(port.container.protocol)}});
    }
    for (const auto& port : container.spec.exposed) {
        if (!shown.contains(port))
            ports.push_back(
                json::Object{{"PrivatePort", port.number}, {"Type", name_of(port.protocol)}});
    }
    return ports;
}

std::string health_text(const std::optional<Health>& health) {
    if (!health) return {};
    const std::string_view prefix = health->status() == HealthStatus::starting ? "health: " : "";
    return fmt::format(" ({}{})", prefix, name_of(health->status()));
}

Seconds since(const std::optional<WallTime>& when, WallTime now) {
    return when ? std::chrono::duration_cast<Seconds>(now - *when) : Seconds(0);
}

} // namespace

json::Object inspected(const Container& container, const Image& image, const Path& log_path) {
    const auto argv = container.spec.argv();
    return {{"Id", container.id},
            {"Created", rfc3339_nanos(container.created)},
            {"Path", argv.front()},
            {"Args", json::Array(argv.begin() + 1, argv.end())},
            {"State", state_json(container)},
            {"Image", image.id},
            {"LogPath", log_path.string()},
            {"Name", "/" + container.name},
            {"RestartCount", 0},
            {"Driver", "squall-lab"},
            {"Platform", "linux"},
            {"HostConfig", host_config_json(container.spec)},
            {"Mounts", mounts_json(container.spec)},
            {"Config", config_json(container)},
            {"NetworkSettings", network_settings_json(container)}};
}

json::Object listed(const Container& container, const Image& image, WallTime now) {
    const auto mode = json::string_at(container.spec.host_config, "NetworkMode", "default");
    return {{"Id", container.id},
            {"Names", json::Array{"/" + container.name}},
            {"Image", container.spec.image},
            {"ImageID", image.id},
            {"Command", join(container.spec.argv(), " ")},
            {"Created", Wall::to_time_t(container.created)},
            {"Ports", listed_ports(container)},
            {"Labels", container.spec.labels},
            {"State", name_of(container.state.status)},
            {"Status", status_text(container.state, now, container.health)},
            {"HostConfig", json::Object{{"NetworkMode", mode}}},
            {"NetworkSettings", json::Object{{"Networks", networks_json(container)}}},
            {"Mounts", mounts_json(container.spec)}};
}

json::Object inspected(const Image& image) {
    json::Object exposed;
    for (const auto& port : image.exposed)
        exposed.emplace(port, json::Object());
    return {{"Id", image.id},
            {"RepoTags", json::Array{json::Value(image.name)}},
            {"RepoDigests", json::Array()},
            {"Parent", ""},
            {"Comment", ""},
            {"Created", no_time},
            {"DockerVersion", ""},
            {"Author", ""},
            {"Config",
             json::Object{{"Env", texts(image.environment)},
                          {"Cmd", texts(image.command)},
                          {"Entrypoint", texts(image.entrypoint)},
                          {"ExposedPorts", std::move(exposed)},
                          {"WorkingDir", ""},
                          {"Labels", nullptr}}},
            {"Os", "linux"},
            {"Size", 0},
            {"VirtualSize", 0},
            {"RootFS", json::Object{{"Type", "layers"}, {"Layers", json::Array()}}}};
}

json::Object listed(const Image& image) {
    return {{"Id", image.id},
            {"ParentId", ""},
            {"RepoTags", json::Array{json::Value(image.name)}},
            {"RepoDigests", nullptr},
            {"Created", 0},
            {"Size", 0},
            {"VirtualSize", 0},
            {"SharedSize", -1},
            {"Labels", nullptr},
            {"Containers", -1}};
}

std::string rough_duration(Seconds duration) {
    const auto seconds = duration.count();
    if (seconds < 1) return "Less than a second";
    if (seconds == 1) return "1 second";
    if (seconds < 60) return fmt::format("{} seconds", seconds);
    const auto minutes = seconds / 60;
    if (minutes == 1) return "About a minute";
    if (minutes < 60) return fmt::format("{} minutes", minutes);
    // Rounded, as Docker does it.
    const auto hours = (seconds + 1800) / 3600;
    if (hours == 1) return "About an hour";
    if (hours < 48) return fmt::format("{} hours", hours);
    return fmt::format("{} days", hours / 24);
}

std::string
status_text(const ContainerState& state, WallTime now, const std::optional<Health>& health) {
    switch (state.status) {
    case Status::created:
        return "Created";
    case Status::running:
        return "Up " + rough_duration(since(state.started_at, now)) + health_text(health);
    case Status::exited:
        return fmt::format(
            "Exited ({}) {} ago", state.exit_code, rough_duration(since(state.finished_at, now)));
    }
    return {};
}

} // namespace squall::labhost::runtime
