#include "docker_api.h"

#include "squall/base/fd.h"
#include "squall/base/text.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace squall::host_app {
namespace {

constexpr timeval patience{10, 0};
constexpr std::size_t answer_max = 16U << 20U;
constexpr std::string_view task_label = "com.amazonaws.ecs.task-arn";
constexpr std::string_view name_label = "com.amazonaws.ecs.container-name";
constexpr std::string_view pause_name = "~internal~ecs~pause";

Result<Fd> connect_to(const Path& path) {
    const auto failed = [&] {
        return fail(Errc::unavailable,
                    "asking the Docker Engine at {}: {}",
                    path.string(),
                    errno_text(errno));
    };
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string text = path.string();
    std::memcpy(address.sun_path, text.data(), std::min(text.size(), sizeof address.sun_path - 1));
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) return failed();
    for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO})
        static_cast<void>(
            ::setsockopt(socket.get(), SOL_SOCKET, option, &patience, sizeof patience));
    // NOLINTNEXTLINE: the sockets API's own way
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return failed();
    return socket;
}

std::uint16_t port_of(std::int64_t number) { return static_cast<std::uint16_t>(number); }

void put_labels(Container& container, const json::Value& labels) {
    container.task = task_id_of(json::string_at(labels, task_label));
    container.name = json::string_at(labels, name_label);
    container.is_pause = container.name == pause_name;
}

} // namespace

std::string task_id_of(std::string_view arn) { return std::string(arn.substr(arn.rfind('/') + 1)); }

DockerApi::DockerApi() : socket_("/var/run/docker.sock") {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
    const char* host = ::getenv("DOCKER_HOST");
    constexpr std::string_view unix_scheme = "unix://";
    if (host != nullptr && std::string_view(host).starts_with(unix_scheme))
        socket_ = std::string_view(host).substr(unix_scheme.size());
}

Result<json::Value> DockerApi::get(const std::string& target) const {
    const auto socket = connect_to(socket_);
    if (!socket) return fail(socket.error());
    // HTTP/1.0: the answer ends with the connection, and is not cut into chunks.
    const std::string request =
        fmt::format("GET {} HTTP/1.0\r\nHost: docker\r\nConnection: close\r\n\r\n", target);
    if (::send(socket->get(), request.data(), request.size(), MSG_NOSIGNAL) < 0)
        return fail(Errc::unavailable, "asking the Docker Engine: {}", errno_text(errno));
    std::string answer;
    std::array<char, 65'536> buffer{};
    for (;;) {
        const auto got = ::recv(socket->get(), buffer.data(), buffer.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return fail(Errc::unavailable,
                        "the Docker Engine at {} does not answer: {}",
                        socket_.string(),
                        errno_text(errno));
        if (got == 0) break;
        answer.append(buffer.data(), static_cast<std::size_t>(got));
        if (answer.size() > answer_max)
            return fail(Errc::failed, "the Docker Engine's answer to {} has no end", target);
    }
    const auto end_of_head = answer.find("\r\n\r\n");
    const auto status = to_integer(std::string_view(answer)
                                       .substr(0, end_of_head)
                                       .substr(std::min<std::size_t>(9, answer.size()), 3));
    if (end_of_head == std::string::npos || !status)
        return fail(Errc::failed, "the Docker Engine's answer to {} is no HTTP", target);
    auto body = json::parse(std::string_view(answer).substr(end_of_head + 4));
    constexpr int not_found = 404;
    constexpr int ok = 200;
    if (*status != ok)
        return fail(*status == not_found ? Errc::not_found : Errc::failed,
                    "the Docker Engine answered {} with {}: {}",
                    target,
                    *status,
                    body ? json::string_at(*body, "message") : "");
    return body;
}

Result<std::vector<Container>> DockerApi::containers_of_tasks() const {
    // {"label":["com.amazonaws.ecs.task-arn"]}
    const auto list = get("/v1.24/containers/json?filters="
                          "%7B%22label%22%3A%5B%22com.amazonaws.ecs.task-arn%22%5D%7D");
    if (!list) return fail(list.error());
    std::vector<Container> containers;
    if (!list->is_array()) return containers;
    for (const auto& row : list->get_array()) {
        Container container;
        container.id = json::string_at(row, "Id");
        put_labels(container, json::at(row, "Labels"));
        for (const auto& port : json::array_at(row, "Ports"))
            container.ports.push_back(port_of(json::integer_at(port, "PrivatePort")));
        containers.push_back(std::move(container));
    }
    return containers;
}

Result<Container> DockerApi::inspect(const std::string& id) const {
    const auto answer = get("/v1.24/containers/" + id + "/json");
    if (!answer) return fail(answer.error());
    Container container;
    container.id = json::string_at(*answer, "Id");
    const auto& config = json::at(*answer, "Config");
    put_labels(container, json::at(config, "Labels"));
    if (container.name.empty()) container.name = trimmed(json::string_at(*answer, "Name"));
    container.pid = static_cast<pid_t>(json::integer_at(json::at(*answer, "State"), "Pid"));
    if (container.pid <= 0) return fail(Errc::not_found, "the container {} does not run", id);
    const auto& networks = json::at(json::at(*answer, "NetworkSettings"), "Networks");
    container.bridge_address = json::string_at(json::at(networks, "bridge"), "IPAddress");
    for (const auto& [port, value] : json::object_at(config, "ExposedPorts")) {
        const auto number = to_integer(split_once(std::string_view(port), '/').first);
        if (number) container.ports.push_back(port_of(*number));
    }
    return container;
}

} // namespace squall::host_app
