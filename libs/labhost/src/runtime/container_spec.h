// What a container shall be: the body of POST /containers/create, checked, with the image's own
// settings filled in. Pure.
#pragma once

#include "runtime/api_error.h"
#include "runtime/capabilities.h"
#include "runtime/health_check.h"
#include "runtime/image.h"
#include "runtime/ports.h"
#include "squall/base/clock.h"
#include "squall/base/file.h"
#include "squall/base/json.h"

#include <csignal>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace squall::labhost::runtime {

enum class NetworkKind { bridge, host, none, container };

struct NetworkMode {
    NetworkKind kind = NetworkKind::bridge;
    std::string container; // whose network is shared: id or name, as given
};

// A folder or file of the host that the container sees.
struct BindMount {
    Path source;
    Path target;
    bool read_only = false;

    bool operator==(const BindMount&) const = default;
};

struct ContainerSpec {
    std::string image;   // as the caller named it
    std::string root_of; // the name of the image in the table
    RootKind root = RootKind::program;
    std::vector<std::string> entrypoint;
    std::vector<std::string> command;
    std::vector<std::string> environment; // NAME=value
    json::Object labels;
    std::set<Port> exposed;
    bool publish_all = false;
    std::string hostname; // empty: the beginning of the container's id
    std::string working_directory = "/";
    NetworkMode network;
    std::vector<PublishedPort> published;
    std::vector<BindMount> binds;
    std::vector<std::string> extra_hosts; // name:address
    Capabilities capabilities = 0;
    bool privileged = false;
    bool read_only_root = false;
    bool auto_remove = false;
    int stop_signal = SIGTERM;
    Seconds stop_timeout{10};
    std::optional<HealthCheck> health_check;
    json::Object host_config;          // as given, for who asks for it
    std::vector<std::string> warnings; // in Docker's words

    // The program and its arguments.
    [[nodiscard]] std::vector<std::string> argv() const;
};

// More of one of these in one request is an error: nothing in a lab needs it.
inline constexpr std::size_t list_entries_max = 1000;

// Errors are Docker's answers: 400 for what cannot be meant, 501 for what Docker can do and a lab
// host cannot.
[[nodiscard]] Answer<ContainerSpec> parse_container_spec(const json::Object& body,
                                                         const Image& image);

// The first setting of the request that Docker would heed and a lab host would not:
// "HostConfig.VolumesFrom".
[[nodiscard]] std::optional<std::string> unsupported_setting(const json::Object& body);

// A name may be 128 characters of letters, digits, '_', '.' and '-', beginning with a letter or
// digit.
[[nodiscard]] bool is_container_name(std::string_view name);

} // namespace squall::labhost::runtime
