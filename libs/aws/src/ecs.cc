#include "squall/aws/ecs.h"

#include "ecs_decode.h"
#include "pages.h"

#include <set>

namespace squall::aws {
namespace {

// The most that one call takes.
constexpr std::size_t describe_max = 100;
constexpr std::size_t describe_services_max = 10;
constexpr std::size_t update_state_max = 10;
constexpr int page_size = 100;

// The last part of an ARN, or a name or id as it is: what both have in common.
std::string_view id_of(std::string_view arn_or_id) {
    const std::size_t slash = arn_or_id.rfind('/');
    return slash == std::string_view::npos ? arn_or_id : arn_or_id.substr(slash + 1);
}

struct DescribeCall {
    std::string_view operation;
    std::string_view asked;    // the member of the request: "containerInstances"
    std::string_view answered; // the member of the answer
    std::size_t batch_max;
    json::Object input; // everything else
};

template <class T>
using Decode = std::optional<T> (*)(const json::Value&);

// Adds what `answer` says of `batch`, and what it does not.
template <class T>
void take_answer(const json::Value& answer,
                 std::string_view member,
                 Decode<T> decode,
                 std::span<const std::string> batch,
                 Described<T>& into) {
    std::set<std::string, std::less<>> spoken_of;
    for (const auto& value : json::array_at(answer, member)) {
        auto item = decode(value);
        if (!item) continue;
        spoken_of.emplace(id_of(item->arn));
        into.found.push_back(std::move(*item));
    }
    for (const auto& failure : json::array_at(answer, "failures")) {
        const auto arn = json::string_at(failure, "arn");
        spoken_of.emplace(id_of(arn));
        into.failures.push_back({std::string(arn),
                                 std::string(json::string_at(failure, "reason")),
                                 std::string(json::string_at(failure, "detail"))});
    }
    for (const auto& asked : batch) {
        if (!spoken_of.contains(id_of(asked)))
            into.failures.push_back({asked, std::string(DescribeFailure::not_answered), {}});
    }
}

template <class T>
Outcome<Described<T>> describe(Client& client,
                               const DescribeCall& call,
                               std::span<const std::string> ids,
                               Decode<T> decode,
                               const std::pair<Deadline, std::stop_token>& until) {
    Described<T> described;
    for (const auto& batch : batches(ids, call.batch_max)) {
        json::Object input = call.input;
        input[call.asked] = to_json(batch);
        const auto answer =
            client.call_json(ServiceId::ecs, call.operation, input, until.first, until.second);
        if (!answer) return fail(answer.error());
        take_answer(*answer, call.answered, decode, batch, described);
    }
    return described;
}

json::Object of_cluster(std::string_view cluster) { return {{"cluster", cluster}}; }

PagedCall list_call(std::string_view operation, std::string_view cluster, std::string_view member) {
    PagedCall call{ServiceId::ecs, operation, "nextToken", member, of_cluster(cluster)};
    call.input["maxResults"] = page_size;
    return call;
}

json::Object including(json::Object input, Include include) {
    if (include == Include::tags) input["include"] = json::Array{"TAGS"};
    if (include == Include::container_instance_health)
        input["include"] = json::Array{"CONTAINER_INSTANCE_HEALTH"};
    return input;
}

void set_if_given(json::Object& input, std::string_view key, const std::string& value) {
    if (!value.empty()) input[key] = value;
}

} // namespace

Outcome<std::vector<std::string>> Ecs::list_clusters(Deadline deadline,
                                                     const std::stop_token& stop) {
    PagedCall call{ServiceId::ecs, "ListClusters", "nextToken", "clusterArns", {}};
    call.input["maxResults"] = page_size;
    return list_all(client_, std::move(call), deadline, stop);
}

Outcome<Described<Cluster>> Ecs::describe_clusters(std::span<const std::string> names,
                                                   Deadline deadline,
                                                   const std::stop_token& stop,
                                                   Include include) {
    const DescribeCall call{
        "DescribeClusters", "clusters", "clusters", describe_max, including({}, include)};
    return describe<Cluster>(client_, call, names, decode_cluster, {deadline, stop});
}

Outcome<std::vector<std::string>>
Ecs::list_container_instances(std::string_view cluster,
                              const ContainerInstanceFilter& filter,
                              Deadline deadline,
                              const std::stop_token& stop) {
    PagedCall call = list_call("ListContainerInstances", cluster, "containerInstanceArns");
    set_if_given(call.input, "filter", filter.expression);
    set_if_given(call.input, "status", filter.status);
    return list_all(client_, std::move(call), deadline, stop);
}

Outcome<Described<ContainerInstance>>
Ecs::describe_container_instances(std::string_view cluster,
                                  std::span<const std::string> arns,
                                  Deadline deadline,
                                  const std::stop_token& stop,
                                  Include include) {
    const DescribeCall call{"DescribeContainerInstances",
                            "containerInstances",
                            "containerInstances",
                            describe_max,
                            including(of_cluster(cluster), include)};
    return describe<ContainerInstance>(
        client_, call, arns, decode_container_instance, {deadline, stop});
}

Outcome<Described<ContainerInstance>>
Ecs::update_container_instances_state(std::string_view cluster,
                                      std::span<const std::string> arns,
                                      std::string_view status,
                                      Deadline deadline,
                                      const std::stop_token& stop) {
    DescribeCall call{"UpdateContainerInstancesState",
                      "containerInstances",
                      "containerInstances",
                      update_state_max,
                      of_cluster(cluster)};
    call.input["status"] = status;
    return describe<ContainerInstance>(
        client_, call, arns, decode_container_instance, {deadline, stop});
}

Outcome<std::vector<std::string>> Ecs::list_tasks(std::string_view cluster,
                                                  const TaskFilter& filter,
                                                  Deadline deadline,
                                                  const std::stop_token& stop) {
    PagedCall call = list_call("ListTasks", cluster, "taskArns");
    set_if_given(call.input, "desiredStatus", filter.desired_status);
    set_if_given(call.input, "containerInstance", filter.container_instance);
    set_if_given(call.input, "serviceName", filter.service);
    return list_all(client_, std::move(call), deadline, stop);
}

Outcome<Described<Task>> Ecs::describe_tasks(std::string_view cluster,
                                             std::span<const std::string> arns,
                                             Deadline deadline,
                                             const std::stop_token& stop) {
    const DescribeCall call{"DescribeTasks", "tasks", "tasks", describe_max, of_cluster(cluster)};
    return describe<Task>(client_, call, arns, decode_task, {deadline, stop});
}

Outcome<TaskDefinition> Ecs::describe_task_definition(const std::string& arn,
                                                      Deadline deadline,
                                                      const std::stop_token& stop) {
    const std::string operation = "DescribeTaskDefinition";
    const auto answer = client_.call_json(
        ServiceId::ecs, operation, json::Object{{"taskDefinition", arn}}, deadline, stop);
    if (!answer) return fail(answer.error());
    auto definition = decode_task_definition(json::at(*answer, "taskDefinition"));
    if (!definition)
        return fail(not_answered("ecs:" + operation,
                                 {Errc::failed, "the answer holds no task definition"}));
    return std::move(*definition);
}

Outcome<std::vector<std::string>>
Ecs::list_services(std::string_view cluster, Deadline deadline, const std::stop_token& stop) {
    return list_all(client_, list_call("ListServices", cluster, "serviceArns"), deadline, stop);
}

Outcome<Described<EcsService>> Ecs::describe_services(std::string_view cluster,
                                                      std::span<const std::string> names,
                                                      Deadline deadline,
                                                      const std::stop_token& stop) {
    const DescribeCall call{
        "DescribeServices", "services", "services", describe_services_max, of_cluster(cluster)};
    return describe<EcsService>(client_, call, names, decode_service, {deadline, stop});
}

} // namespace squall::aws
