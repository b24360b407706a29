#include "ecs/store.h"

#include "api/call.h"
#include "squall/base/text.h"
#include "squall/wire/arn.h"

namespace squall::lab::ecs {
namespace {

// "container-instance/demo/0123" of an ARN, or null when the text is no ARN of this region.
std::optional<std::string> resource_of(std::string_view text) {
    const auto arn = wire::parse_arn(text);
    if (!arn || arn->service != "ecs") return std::nullopt;
    return arn->resource;
}

template <class T>
T* at(std::map<std::string, T, std::less<>>& map, std::string_view key) {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : &found->second;
}

// ARNs of one kind and cluster begin alike: they are one range of the map.
template <class T>
std::vector<T*> with_prefix(std::map<std::string, T, std::less<>>& map, const std::string& prefix) {
    std::vector<T*> found;
    for (auto entry = map.lower_bound(prefix);
         entry != map.end() && entry->first.starts_with(prefix);
         ++entry) {
        found.push_back(&entry->second);
    }
    return found;
}

} // namespace

std::string Store::arn(std::string_view resource) const {
    return fmt::format("arn:aws:ecs:{}:{}:{}", region_, account_, resource);
}

Found<Cluster*> Store::cluster(std::string_view reference) {
    std::string_view name = reference.empty() ? "default" : reference;
    const auto resource = resource_of(name);
    if (resource && resource->starts_with("cluster/") && name == arn(*resource))
        name = name.substr(name.rfind('/') + 1);
    Cluster* found = at(clusters, name);
    if (found == nullptr) return refuse("ClusterNotFoundException", "Cluster not found.");
    return found;
}

Cluster& Store::add_cluster(const std::string& name) {
    auto& cluster = clusters[name];
    if (cluster.name.empty()) cluster = {name, arn("cluster/" + name)};
    return cluster;
}

ContainerInstance* Store::instance_by_arn(std::string_view full_arn) {
    return at(instances, full_arn);
}

std::string
Store::full_arn(std::string_view kind, const Cluster& cluster, std::string_view reference) const {
    const auto resource = resource_of(reference);
    if (!resource) return arn(fmt::format("{}/{}/{}", kind, cluster.name, reference));
    const auto parts = split(*resource, '/');
    if (parts.size() == 2 && parts[0] == kind && reference == arn(*resource))
        return arn(fmt::format("{}/{}/{}", kind, cluster.name, parts[1]));
    return std::string(reference);
}

ContainerInstance* Store::instance(const Cluster& cluster, std::string_view reference) {
    ContainerInstance* found = at(instances, full_arn("container-instance", cluster, reference));
    return found != nullptr && found->cluster == cluster.name ? found : nullptr;
}

Task* Store::task_by_arn(std::string_view full_arn) { return at(tasks, full_arn); }

Task* Store::task(const Cluster& cluster, std::string_view reference) {
    Task* found = at(tasks, full_arn("task", cluster, reference));
    return found != nullptr && found->cluster == cluster.name ? found : nullptr;
}

Service* Store::service(const Cluster& cluster, std::string_view reference) {
    Service* found = at(services, full_arn("service", cluster, reference));
    return found != nullptr && found->cluster == cluster.name ? found : nullptr;
}

TaskDefinition* Store::definition(std::string_view reference) {
    std::string_view name = reference;
    const auto resource = resource_of(reference);
    if (resource && resource->starts_with("task-definition/"))
        name = reference.substr(reference.rfind('/') + 1);
    const auto [family, revision] = split_once(name, ':');
    const auto found = definitions.find(family);
    if (found == definitions.end()) return nullptr;
    auto& revisions = found->second;
    if (!revision.empty()) {
        const auto number = to_integer(revision).value_or(0);
        return number >= 1 && number <= static_cast<std::int64_t>(revisions.size())
                   ? &revisions[static_cast<std::size_t>(number - 1)]
                   : nullptr;
    }
    // NOLINTNEXTLINE(modernize-loop-convert): the newest first
    for (auto latest = revisions.rbegin(); latest != revisions.rend(); ++latest) {
        if (latest->active) return &*latest;
    }
    return nullptr;
}

std::vector<ContainerInstance*> Store::instances_of(const Cluster& cluster) {
    return with_prefix(instances, arn(fmt::format("container-instance/{}/", cluster.name)));
}

std::vector<Task*> Store::tasks_of(const Cluster& cluster) {
    return with_prefix(tasks, arn(fmt::format("task/{}/", cluster.name)));
}

std::vector<Service*> Store::services_of(const Cluster& cluster) {
    return with_prefix(services, arn(fmt::format("service/{}/", cluster.name)));
}

std::vector<Task*> Store::tasks_on(const ContainerInstance& instance) {
    std::vector<Task*> found;
    const auto arns = tasks_by_instance_.find(instance.arn);
    if (arns == tasks_by_instance_.end()) return found;
    for (const auto& task_arn : arns->second)
        found.push_back(&tasks.at(task_arn));
    return found;
}

std::vector<const Task*> Store::tasks_on(const ContainerInstance& instance) const {
    std::vector<const Task*> found;
    const auto arns = tasks_by_instance_.find(instance.arn);
    if (arns == tasks_by_instance_.end()) return found;
    for (const auto& task_arn : arns->second)
        found.push_back(&tasks.at(task_arn));
    return found;
}

std::vector<const Task*> Store::live_tasks_on(const ContainerInstance& instance) const {
    auto found = tasks_on(instance);
    std::erase_if(found, [](const Task* task) { return !is_live(*task); });
    return found;
}

std::vector<Task*> Store::tasks_of_service(const Service& service) {
    std::vector<Task*> found;
    const auto arns = tasks_by_service_.find(service.arn);
    if (arns == tasks_by_service_.end()) return found;
    for (const auto& task_arn : arns->second)
        found.push_back(&tasks.at(task_arn));
    return found;
}

std::string Store::service_arn_of(const Task& task) const {
    constexpr std::string_view prefix = "service:";
    if (!task.group.starts_with(prefix)) return {};
    return arn(fmt::format("service/{}/{}", task.cluster, task.group.substr(prefix.size())));
}

Task& Store::add_task(Task task) {
    tasks_by_instance_[task.instance_arn].insert(task.arn);
    if (const auto service = service_arn_of(task); !service.empty())
        tasks_by_service_[service].insert(task.arn);
    const std::string key = task.arn;
    return tasks.insert_or_assign(key, std::move(task)).first->second;
}

Resources Store::remaining(const ContainerInstance& instance) const {
    Resources left = instance.registered;
    for (const Task* task : tasks_on(instance)) {
        if (!is_live(*task)) continue;
        left.cpu -= task->uses.cpu;
        left.memory -= task->uses.memory;
        left.ports_tcp.insert(task->uses.ports_tcp.begin(), task->uses.ports_tcp.end());
        left.ports_udp.insert(task->uses.ports_udp.begin(), task->uses.ports_udp.end());
    }
    return left;
}

void Store::forget_old_tasks(WallTime now) {
    for (auto entry = tasks.begin(); entry != tasks.end();) {
        const Task& task = entry->second;
        if (!task.stopped_at || now - *task.stopped_at <= stopped_task_age_max) {
            ++entry;
            continue;
        }
        tasks_by_instance_[task.instance_arn].erase(task.arn);
        if (const auto service = service_arn_of(task); !service.empty())
            tasks_by_service_[service].erase(task.arn);
        entry = tasks.erase(entry);
    }
}

bool is_rather(const ContainerInstance& one, const ContainerInstance& other) {
    if (one.agent_connected != other.agent_connected) return one.agent_connected;
    return one.registered_at > other.registered_at;
}

} // namespace squall::lab::ecs
