#include "runtime/container_spec.h"

#include "runtime/signal_name.h"
#include "squall/base/text.h"

#include <algorithm>
#include <array>

namespace squall::labhost::runtime {
namespace {

using Texts = std::vector<std::string>;

// Docker refuses less, because a Go runtime could not even start in it.
constexpr std::int64_t memory_min = 6LL << 20U;

bool is_missing(const json::Object& object, std::string_view key) {
    return json::at(object, key).is_null();
}

// A list of texts; one text alone stands for a list of one, as Docker reads commands.
Answer<Texts> texts_at(const json::Object& object, std::string_view key) {
    const auto& value = json::at(object, key);
    if (value.is_null()) return Texts{};
    if (value.is_string()) return Texts{std::string(json::string_of(value))};
    const auto* array = value.if_array();
    if (array == nullptr) return refuse(400, "invalid JSON: {} is not a list of strings", key);
    if (array->size() > list_entries_max) return refuse(400, "{} has too many entries", key);
    Texts texts;
    for (const auto& element : *array) {
        if (!element.is_string())
            return refuse(400, "invalid JSON: {} is not a list of strings", key);
        const auto text = json::string_of(element);
        if (text.find('\0') != std::string_view::npos)
            return refuse(400, "invalid value in {}: it holds a NUL character", key);
        texts.emplace_back(text);
    }
    return texts;
}

// The image's variables, then the request's over them; a name without '=' takes one away.
Texts merged_environment(const Texts& from_image, const Texts& given) {
    Texts merged = from_image;
    for (const auto& entry : given) {
        const std::string name(split_once(entry, '=').first);
        std::erase_if(
            merged, [&](const std::string& other) { return split_once(other, '=').first == name; });
        if (entry.find('=') != std::string::npos) merged.push_back(entry);
    }
    return merged;
}

Answer<void> read_command(const json::Object& body, const Image& image, ContainerSpec& spec) {
    auto entrypoint = texts_at(body, "Entrypoint");
    if (!entrypoint) return fail(entrypoint.error());
    auto command = texts_at(body, "Cmd");
    if (!command) return fail(command.error());
    spec.entrypoint = std::move(*entrypoint);
    spec.command = std::move(*command);
    // An entry point of its own takes the image's command away too.
    if (spec.entrypoint.empty()) {
        if (spec.command.empty()) spec.command = image.command;
        spec.entrypoint = image.entrypoint;
    }
    // [""] asks for no entry point at all.
    if (spec.entrypoint == Texts{""}) spec.entrypoint.clear();
    if (spec.argv().empty() || spec.argv().front().empty())
        return refuse(400, "No command specified");
    return {};
}

Answer<void> read_network(const json::Object& host_config, ContainerSpec& spec) {
    const auto mode = json::string_at(host_config, "NetworkMode");
    if (mode.empty() || mode == "default" || mode == "bridge") {
        spec.network.kind = NetworkKind::bridge;
    } else if (mode == "host") {
        spec.network.kind = NetworkKind::host;
    } else if (mode == "none") {
        spec.network.kind = NetworkKind::none;
    } else if (mode.starts_with("container:")) {
        spec.network = {NetworkKind::container, std::string(mode.substr(10))};
        if (spec.network.container.empty())
            return refuse(400,
                          "Invalid network mode: invalid container format container:<name|id>");
    } else {
        return refuse(404, "network {} not found", mode);
    }
    return {};
}

Answer<void> read_ports(const json::Object& body, const Image& image, ContainerSpec& spec) {
    for (const auto& text : image.exposed)
        spec.exposed.insert(parse_port(text).value());
    for (const auto& member : json::object_at(body, "ExposedPorts")) {
        const auto port = parse_port(member.key());
        if (!port) return refuse(400, "{}", port.error().message);
        spec.exposed.insert(*port);
    }
    const auto& host_config = json::object_at(body, "HostConfig");
    for (const auto& member : json::object_at(host_config, "PortBindings")) {
        const auto container = parse_port(member.key());
        if (!container) return refuse(400, "{}", container.error().message);
        spec.exposed.insert(*container);
        const auto* bindings = member.value().if_array();
        if (bindings == nullptr) continue;
        for (const auto& binding : *bindings) {
            const auto address = json::string_at(binding, "HostIp");
            if (!address.empty() && address != "0.0.0.0")
                return refuse(
                    501, "publishing on {} only is not implemented by a lab host", address);
            const auto text = json::string_at(binding, "HostPort");
            const auto number = text.empty() ? 0 : to_integer(text).value_or(-1);
            if (number < 0 || number > 65535)
                return refuse(400, "invalid port specification: \"{}\"", text);
            spec.published.push_back({*container, static_cast<std::uint16_t>(number)});
        }
    }
    if (spec.exposed.size() + spec.published.size() > list_entries_max)
        return refuse(400, "too many ports");
    spec.publish_all = json::bool_at(host_config, "PublishAllPorts");
    return {};
}

Answer<BindMount> parse_bind(const std::string& text) {
    const auto parts = split(text, ':');
    if (parts.size() < 2 || parts.size() > 3)
        return refuse(400, "invalid volume specification: '{}'", text);
    BindMount bind{parts[0], Path(parts[1]).lexically_normal(), false};
    if (!bind.source.is_absolute())
        return refuse(501, "the volume '{}': a lab host binds folders of the host only", parts[0]);
    if (!bind.target.is_absolute())
        return refuse(400,
                      "invalid volume specification: '{}': invalid mount config for type \"bind\": "
                      "invalid mount path: '{}' mount path must be absolute",
                      text,
                      parts[1]);
    if (bind.target == "/")
        return refuse(
            400,
            "invalid volume specification: '{}': invalid specification: destination can't be '/'",
            text);
    const auto modes = parts.size() == 3 ? split(parts[2], ',') : Texts{};
    for (const auto& mode : modes) {
        // z and Z relabel for SELinux; the rest says how mounts made later spread.
        static constexpr std::array accepted{
            "ro", "rw", "z", "Z", "private", "rprivate", "slave", "rslave", "shared", "rshared"};
        if (std::find(accepted.begin(), accepted.end(), mode) == accepted.end())
            return refuse(400, "invalid mode: {}", mode);
        if (mode == "ro") bind.read_only = true;
    }
    return bind;
}

Answer<void> read_host_config(const json::Object& host_config, ContainerSpec& spec) {
    const auto binds = texts_at(host_config, "Binds");
    if (!binds) return fail(binds.error());
    for (const auto& text : *binds) {
        auto bind = parse_bind(text);
        if (!bind) return fail(bind.error());
        spec.binds.push_back(std::move(*bind));
    }
    // A folder inside another's is mounted after it, in whatever order they were named.
    std::stable_sort(
        spec.binds.begin(), spec.binds.end(), [](const BindMount& a, const BindMount& b) {
            return std::distance(a.target.begin(), a.target.end())
                   < std::distance(b.target.begin(), b.target.end());
        });
    auto hosts = texts_at(host_config, "ExtraHosts");
    if (!hosts) return fail(hosts.error());
    for (const auto& host : *hosts) {
        if (host.find(':') == std::string::npos || host.find('\n') != std::string::npos)
            return refuse(400, "bad format for add-host: \"{}\"", host);
    }
    spec.extra_hosts = std::move(*hosts);
    const auto add = texts_at(host_config, "CapAdd");
    if (!add) return fail(add.error());
    const auto drop = texts_at(host_config, "CapDrop");
    if (!drop) return fail(drop.error());
    const auto capabilities = container_capabilities(*add, *drop);
    if (!capabilities) return refuse(400, "{}", capabilities.error().message);
    spec.privileged = json::bool_at(host_config, "Privileged");
    spec.capabilities = spec.privileged ? all_capabilities : *capabilities;
    spec.read_only_root = json::bool_at(host_config, "ReadonlyRootfs");
    spec.auto_remove = json::bool_at(host_config, "AutoRemove");
    const auto memory = json::integer_at(host_config, "Memory");
    if (memory < 0 || (memory > 0 && memory < memory_min))
        return refuse(400, "Minimum memory limit allowed is 6MB");
    if (spec.network.kind == NetworkKind::host && !spec.published.empty())
        spec.warnings.emplace_back("Published ports are discarded when using host network mode");
    if (memory > 0)
        spec.warnings.emplace_back("Your kernel does not support memory limit capabilities or the "
                                   "cgroup is not mounted. Limitation discarded.");
    return {};
}

Answer<void> read_stopping(const json::Object& body, ContainerSpec& spec) {
    const auto signal = json::string_at(body, "StopSignal");
    const auto number = signal.empty() ? std::optional<int>(SIGTERM) : parse_signal(signal);
    if (!number) return refuse(400, "Invalid signal: {}", signal);
    spec.stop_signal = *number;
    spec.stop_timeout = Seconds(json::integer_at(body, "StopTimeout", spec.stop_timeout.count()));
    return {};
}

Answer<void> read_health_check(const json::Object& body, ContainerSpec& spec) {
    auto check = parse_health_check(json::at(body, "Healthcheck"));
    if (!check) return fail(check.error());
    spec.health_check = std::move(*check);
    return {};
}

// What Docker says of settings that contradict each other.
Answer<void> check_together(const ContainerSpec& spec) {
    if (spec.network.kind != NetworkKind::container) return {};
    if (!spec.hostname.empty())
        return refuse(400, "conflicting options: hostname and the network mode");
    if (!spec.published.empty() || spec.publish_all)
        return refuse(400,
                      "conflicting options: port publishing and the container type network mode");
    if (!spec.extra_hosts.empty())
        return refuse(400, "conflicting options: custom host-to-IP mapping and the network mode");
    return {};
}

} // namespace

Texts ContainerSpec::argv() const {
    Texts words = entrypoint;
    words.insert(words.end(), command.begin(), command.end());
    return words;
}

bool is_container_name(std::string_view name) {
    constexpr std::size_t name_max = 128;
    const auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    return !name.empty() && name.size() <= name_max && is_plain(name.front())
           && std::all_of(name.begin(), name.end(), [&](char c) {
                  return is_plain(c) || c == '_' || c == '.' || c == '-';
              });
}

Answer<ContainerSpec> parse_container_spec(const json::Object& body, const Image& image) {
    if (const auto name = unsupported_setting(body))
        return refuse(501, "{} is not implemented by a lab host", *name);
    ContainerSpec spec;
    spec.image = json::string_at(body, "Image");
    spec.root_of = image.name;
    spec.root = image.root;
    spec.host_config = json::object_at(body, "HostConfig");
    auto environment = texts_at(body, "Env");
    if (!environment) return fail(environment.error());
    spec.environment = merged_environment(image.environment, *environment);
    spec.labels = json::object_at(body, "Labels");
    spec.hostname = json::string_at(body, "Hostname");
    if (!spec.hostname.empty() && (spec.hostname.size() > 63 || !is_container_name(spec.hostname)))
        return refuse(400, "invalid hostname format: {}", spec.hostname);
    if (!is_missing(body, "WorkingDir") && !json::string_at(body, "WorkingDir").empty())
        spec.working_directory = json::string_at(body, "WorkingDir");
    if (!Path(spec.working_directory).is_absolute())
        return refuse(400,
                      "the working directory '{}' is invalid, it needs to be an absolute path",
                      spec.working_directory);
    for (const auto& result : {read_command(body, image, spec),
                               read_network(spec.host_config, spec),
                               read_ports(body, image, spec),
                               read_host_config(spec.host_config, spec),
                               read_stopping(body, spec),
                               read_health_check(body, spec),
                               check_together(spec)}) {
        if (!result) return fail(result.error());
    }
    return spec;
}

} // namespace squall::labhost::runtime
