// Everything the control plane remembers of one region, with the ways to find it. Single-threaded.
#pragma once

#include "ecs/model.h"
#include "squall/base/result.h"
#include "squall/wire/protocol.h"

#include <string_view>

namespace squall::lab::ecs {

template <class T>
using Found = Result<T, wire::ServiceError>;

class Store {
public:
    // A region holds no more than this of each kind; what would exceed it is refused with
    // LimitExceededException.
    static constexpr std::size_t clusters_max = 1000;
    static constexpr std::size_t definitions_max = 10'000;
    static constexpr std::size_t services_max = 5000;
    static constexpr std::size_t tasks_max = 200'000;
    static constexpr std::size_t instances_max = 50'000;
    // AWS shows stopped tasks for at least an hour.
    static constexpr std::chrono::hours stopped_task_age_max{1};

    Store(std::string account, std::string region)
        : account_(std::move(account)), region_(std::move(region)) {}

    [[nodiscard]] const std::string& region() const { return region_; }

    [[nodiscard]] std::string arn(std::string_view resource) const;

    // By name or ARN; an empty reference is the cluster "default". ClusterNotFoundException where
    // there is none.
    [[nodiscard]] Found<Cluster*> cluster(std::string_view reference);
    Cluster& add_cluster(const std::string& name);

    // By full ARN, by the old one without the cluster's name, or by the id at its end; null where
    // there is none in this cluster.
    [[nodiscard]] ContainerInstance* instance(const Cluster& cluster, std::string_view reference);
    [[nodiscard]] ContainerInstance* instance_by_arn(std::string_view arn);
    [[nodiscard]] Task* task(const Cluster& cluster, std::string_view reference);
    [[nodiscard]] Task* task_by_arn(std::string_view arn);
    [[nodiscard]] Service* service(const Cluster& cluster, std::string_view reference);
    // FAMILY (the latest active revision), FAMILY:REVISION, or ARN.
    [[nodiscard]] TaskDefinition* definition(std::string_view reference);

    [[nodiscard]] std::vector<ContainerInstance*> instances_of(const Cluster& cluster);
    [[nodiscard]] std::vector<Task*> tasks_of(const Cluster& cluster);
    [[nodiscard]] std::vector<Task*> tasks_on(const ContainerInstance& instance);
    [[nodiscard]] std::vector<const Task*> tasks_on(const ContainerInstance& instance) const;
    [[nodiscard]] std::vector<const Task*> live_tasks_on(const ContainerInstance& instance) const;
    [[nodiscard]] std::vector<Task*> tasks_of_service(const Service& service);
    [[nodiscard]] std::vector<Service*> services_of(const Cluster& cluster);

    // What the tasks on an instance and its reserved ports leave.
    [[nodiscard]] Resources remaining(const ContainerInstance& instance) const;

    // The service that a task belongs to, by its group; empty where there is none.
    [[nodiscard]] std::string service_arn_of(const Task& task) const;

    // Puts a new task on its instance.
    Task& add_task(Task task);
    void forget_old_tasks(WallTime now);

    // Ordered by ARN (by name for clusters), so that pages are stable, and so that what belongs to
    // one cluster stands together. References into them stay good until erased. Tasks are added by
    // add_task() only.
    std::map<std::string, Cluster, std::less<>> clusters;
    std::map<std::string, ContainerInstance, std::less<>> instances;
    std::map<std::string, Task, std::less<>> tasks;
    std::map<std::string, Service, std::less<>> services;
    std::map<std::string, std::vector<TaskDefinition>, std::less<>>
        definitions; // by family, revision 1 first

private:
    std::string account_;
    std::string region_;
    // task/CLUSTER/ID in full, whatever form the reference has.
    [[nodiscard]] std::string
    full_arn(std::string_view kind, const Cluster& cluster, std::string_view reference) const;

    std::map<std::string, std::set<std::string>, std::less<>> tasks_by_instance_;
    std::map<std::string, std::set<std::string>, std::less<>> tasks_by_service_; // ARNs
};

// On its way to RUNNING: what AWS counts as pending.
[[nodiscard]] inline bool is_pending(const Task& task) {
    return task.last_status == "PENDING" || task.last_status == "PROVISIONING";
}

// True while a task holds its resources: until it has stopped.
[[nodiscard]] inline bool is_live(const Task& task) { return task.last_status != "STOPPED"; }

// Of two that one host has registered as, whether it is the first that it is now: the connected
// one, else the newer.
[[nodiscard]] bool is_rather(const ContainerInstance& one, const ContainerInstance& other);

} // namespace squall::lab::ecs
