#include "runtime/container.h"

#include "runtime/address_pool.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

namespace squall::labhost::runtime {
namespace {

json::Value time_value(const std::optional<WallTime>& when) {
    return when ? json::Value(epoch_seconds(*when)) : json::Value();
}

std::optional<WallTime> time_at(const json::Object& object, std::string_view key) {
    if (!json::at(object, key).is_number()) return std::nullopt;
    return from_epoch_seconds(json::number_at(object, key));
}

json::Object endpoint_json(const Endpoint& endpoint) {
    json::Array ports;
    for (const auto& port : endpoint.ports)
        ports.push_back(json::Object{{"container", port.container.text()}, {"host", port.host}});
    return {{"id", endpoint.id},
            {"host_part", endpoint.host_part},
            {"veth", endpoint.veth},
            {"ports", std::move(ports)}};
}

Result<Endpoint> read_endpoint(const json::Object& object) {
    Endpoint endpoint;
    endpoint.id = json::string_at(object, "id");
    endpoint.veth = json::string_at(object, "veth");
    const auto host_part = json::integer_at(object, "host_part");
    if (host_part < AddressPool::first || host_part > AddressPool::last || endpoint.veth.empty())
        return fail(Errc::invalid_input, "its endpoint has no address or no interface");
    endpoint.host_part = static_cast<std::uint16_t>(host_part);
    for (const auto& entry : json::array_at(object, "ports")) {
        const auto container = parse_port(json::string_at(entry, "container"));
        const auto host = json::integer_at(entry, "host");
        if (!container || host < 1 || host > 65535)
            return fail(Errc::invalid_input, "its endpoint has a port that is none");
        endpoint.ports.push_back({*container, static_cast<std::uint16_t>(host)});
    }
    return endpoint;
}

json::Object state_json(const ContainerState& state) {
    return {{"status", name_of(state.status)},
            {"pid", state.pid},
            {"pid_start_time", state.pid_start_time},
            {"exit_code", state.exit_code},
            {"error", state.error},
            {"started_at", time_value(state.started_at)},
            {"finished_at", time_value(state.finished_at)}};
}

ContainerState read_state(const json::Object& object) {
    ContainerState state;
    const auto status = json::string_at(object, "status");
    for (const Status known : {Status::running, Status::exited}) {
        if (name_of(known) == status) state.status = known;
    }
    state.pid = static_cast<pid_t>(json::integer_at(object, "pid"));
    state.pid_start_time = static_cast<std::uint64_t>(json::integer_at(object, "pid_start_time"));
    state.exit_code = static_cast<int>(json::integer_at(object, "exit_code"));
    state.error = json::string_at(object, "error");
    state.started_at = time_at(object, "started_at");
    state.finished_at = time_at(object, "finished_at");
    return state;
}

} // namespace

std::string_view name_of(Status status) {
    switch (status) {
    case Status::created:
        return "created";
    case Status::running:
        return "running";
    case Status::exited:
        return "exited";
    }
    return "?";
}

std::string Endpoint::address() const { return address_text(host_part); }

std::string Container::hostname() const {
    return spec.hostname.empty() ? id.substr(0, 12) : spec.hostname;
}

json::Object to_json(const Container& container) {
    return {{"id", container.id},
            {"name", container.name},
            {"created", epoch_seconds(container.created)},
            {"request", container.request},
            {"state", state_json(container.state)},
            {"endpoint",
             container.endpoint ? json::Value(endpoint_json(*container.endpoint)) : json::Value()}};
}

Result<StoredContainer> stored_container(const json::Object& object) {
    StoredContainer stored;
    stored.id = json::string_at(object, "id");
    stored.name = json::string_at(object, "name");
    if (stored.id.size() != 64 || !is_container_name(stored.name))
        return fail(Errc::invalid_input, "it has no id or no name");
    stored.created = from_epoch_seconds(json::number_at(object, "created"));
    stored.request = json::object_at(object, "request");
    stored.state = read_state(json::object_at(object, "state"));
    if (json::at(object, "endpoint").is_object()) {
        auto endpoint = read_endpoint(json::object_at(object, "endpoint"));
        if (!endpoint) return fail(endpoint.error());
        stored.endpoint = std::move(*endpoint);
    }
    return stored;
}

} // namespace squall::labhost::runtime
