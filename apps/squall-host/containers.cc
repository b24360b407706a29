#include "containers.h"

#include "squall/base/text.h"

#include <algorithm>

namespace squall::host_app {
namespace {

constexpr std::size_t metadata_max = 1U << 20U;
constexpr std::size_t cgroup_max = 64U << 10U;
constexpr const char* metadata_name = "ecs-container-metadata.json";

std::string names_of(const std::vector<Container>& containers) {
    std::vector<std::string> names;
    names.reserve(containers.size());
    for (const Container& container : containers)
        names.push_back(container.name);
    return join(names, ", ");
}

bool has_port(const Container& container, std::uint16_t port) {
    return std::find(container.ports.begin(), container.ports.end(), port) != container.ports.end();
}

// The one that is named; else the only one; else the one with the port.
Result<Container> choose(const std::string& task,
                         const std::string& name,
                         std::uint16_t port,
                         std::vector<Container> containers) {
    std::erase_if(containers, [](const Container& container) { return container.is_pause; });
    if (!name.empty()) {
        for (const Container& container : containers) {
            if (container.name == name) return container;
        }
        return fail(Errc::not_found,
                    "task {} has no container {} that runs here; there is: {}",
                    task,
                    name,
                    names_of(containers));
    }
    if (containers.size() == 1) return containers.front();
    const std::string all = names_of(containers);
    std::erase_if(containers, [&](const Container& one) { return !has_port(one, port); });
    if (containers.size() == 1) return containers.front();
    return fail(Errc::invalid_input,
                "task {} has several containers ({}) and port {} tells none of them from the "
                "others: say which one with --container-name",
                task,
                all,
                port);
}

Result<std::vector<Container>> containers_here() {
    auto containers = DockerApi().containers_of_tasks();
    if (containers) return containers;
    auto written = containers_in_metadata();
    if (!written.empty()) return written;
    return fail(
        containers.error().code,
        "{}; and there is no metadata file of the ECS agent below /var/lib/ecs/data/metadata "
        "(ECS_ENABLE_CONTAINER_METADATA=true makes them)",
        containers.error().message);
}

Result<void> put_pid(Container& container) {
    const auto inspected = DockerApi().inspect(container.id);
    container.pid = inspected ? inspected->pid : process_of_container(container.id);
    if (inspected) container.bridge_address = inspected->bridge_address;
    if (container.pid > 0) return {};
    return fail(Errc::not_found,
                "no process of the container {} ({}) is found{}",
                container.name,
                container.id.substr(0, 12),
                inspected ? "" : ": " + inspected.error().message);
}

} // namespace

Result<Found> find_containers(const Lookup& lookup) {
    const auto here = containers_here();
    if (!here) return fail(here.error());
    Found found;
    for (const std::string& wanted : lookup.tasks) {
        const auto [of_wanted, name] = split_once(wanted, '=');
        const std::string task = task_id_of(of_wanted);
        std::vector<Container> of_task;
        std::copy_if(here->begin(),
                     here->end(),
                     std::back_inserter(of_task),
                     [&](const Container& container) { return container.task == task; });
        if (of_task.empty()) {
            found.absent.push_back(task);
            continue;
        }
        auto chosen = choose(task,
                             name.empty() ? lookup.container_name : std::string(name),
                             lookup.port,
                             std::move(of_task));
        if (!chosen) return fail(chosen.error());
        if (auto put = put_pid(*chosen); !put) return fail(put.error());
        found.containers.push_back(std::move(*chosen));
    }
    if (found.containers.empty())
        return fail(
            Errc::not_found, "none of these tasks runs on this host: {}", join(found.absent, ", "));
    return found;
}

Result<Container> find_container(const std::string& id) {
    auto container = DockerApi().inspect(id);
    if (container || container.error().code == Errc::not_found) return container;
    Container named;
    named.id = id;
    named.pid = process_of_container(id);
    if (named.pid > 0) return named;
    return container;
}

std::vector<Container> containers_in_metadata(const Path& folder) {
    std::vector<Container> containers;
    std::error_code error;
    constexpr auto options = std::filesystem::directory_options::skip_permission_denied;
    for (auto entry = std::filesystem::recursive_directory_iterator(folder, options, error);
         !error && entry != std::filesystem::recursive_directory_iterator();
         entry.increment(error)) {
        if (entry->path().filename() != metadata_name) continue;
        const auto text = read_file(entry->path(), metadata_max);
        const auto object = text ? json::parse_object(*text) : fail(text.error());
        if (!object) continue;
        Container container;
        container.id = json::string_at(*object, "ContainerID");
        container.name = json::string_at(*object, "ContainerName");
        container.task = task_id_of(json::string_at(*object, "TaskARN"));
        for (const auto& port : json::array_at(*object, "PortMappings"))
            container.ports.push_back(
                static_cast<std::uint16_t>(json::integer_at(port, "ContainerPort")));
        for (const auto& network : json::array_at(*object, "Networks")) {
            if (json::string_at(network, "NetworkMode") != "bridge") continue;
            for (const auto& address : json::array_at(network, "IPv4Addresses"))
                container.bridge_address = json::string_of(address);
        }
        if (!container.id.empty()) containers.push_back(std::move(container));
    }
    return containers;
}

pid_t process_of_container(const std::string& id) {
    constexpr std::size_t id_min = 12;
    if (id.size() < id_min) return 0;
    pid_t least = 0;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
        const auto pid = to_integer(entry.path().filename().string());
        if (!pid || (least != 0 && *pid > least)) continue;
        const auto groups = read_file(entry.path() / "cgroup", cgroup_max);
        if (groups && groups->find(id) != std::string::npos) least = static_cast<pid_t>(*pid);
    }
    return least;
}

} // namespace squall::host_app
