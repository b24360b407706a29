#include "ecs/control_plane.h"
#include "ecs/describe.h"
#include "ecs/parameters.h"
#include "squall/base/text.h"

namespace squall::lab::ecs {
namespace {

constexpr std::int64_t desired_count_max = 5000;

std::string new_deployment_id() {
    return fmt::format("ecs-svc/{:019}", std::strtoull(random_hex(15).c_str(), nullptr, 16));
}

} // namespace

Answer ControlPlane::create_service(const ApiCall& call) {
    const auto cluster = store_.cluster(json::string_at(call.body, "cluster"));
    if (!cluster) return fail(cluster.error());
    const std::string name(json::string_at(call.body, "serviceName"));
    if (!is_name(name))
        return invalid_parameter(
            "Service name is not valid: letters, digits, hyphens and underscores, at most 255.");
    const TaskDefinition* definition =
        store_.definition(json::string_at(call.body, "taskDefinition"));
    if (definition == nullptr) return refuse("ClientException", "TaskDefinition not found.");
    if (!definition->active) return refuse("ClientException", "TaskDefinition is inactive");
    auto tags = tags_of(call.body);
    if (!tags) return fail(tags.error());
    const auto desired = json::integer_at(call.body, "desiredCount", 0);
    if (desired < 0 || desired > desired_count_max)
        return invalid_parameter("desiredCount must be between 0 and 5000.");
    if (json::string_at(call.body, "schedulingStrategy", "REPLICA") != "REPLICA")
        return invalid_parameter("This lab schedules REPLICA services only.");
    if (json::string_at(call.body, "launchType", "EC2") == "FARGATE")
        return invalid_parameter("This lab has no FARGATE capacity: only EC2.");
    if (const Service* known = store_.service(**cluster, name); known != nullptr) {
        if (known->status == "ACTIVE")
            return invalid_parameter("Creation of service was not idempotent.");
        if (known->status == "DRAINING")
            return invalid_parameter("Unable to Start a service that is still Draining.");
    }
    if (store_.services.size() >= Store::services_max)
        return refuse("LimitExceededException", "The limit of services has been reached.");
    Service service;
    service.arn = store_.arn(fmt::format("service/{}/{}", (*cluster)->name, name));
    service.name = name;
    service.cluster = (*cluster)->name;
    service.definition_arn = definition->arn;
    service.deployment_id = new_deployment_id();
    service.desired_count = desired;
    service.created_at = call.now;
    service.deployed_at = call.now;
    service.tags = std::move(*tags);
    Service& stored = store_.services[service.arn] = std::move(service);
    schedule(stored, call.now);
    return answer({{"service", describe_service(stored, store_)}});
}

Answer ControlPlane::update_service(const ApiCall& call) {
    const auto cluster = store_.cluster(json::string_at(call.body, "cluster"));
    if (!cluster) return fail(cluster.error());
    Service* service = store_.service(**cluster, json::string_at(call.body, "service"));
    if (service == nullptr) return refuse("ServiceNotFoundException", "Service not found.");
    if (service->status != "ACTIVE")
        return refuse("ServiceNotActiveException", "Service was not ACTIVE.");
    // A new deployment would have to roll tasks over, which this scheduler does not do: half of it
    // would be a lie.
    for (const char* member : {"taskDefinition", "forceNewDeployment", "deploymentConfiguration"}) {
        if (call.body.contains(member))
            return invalid_parameter(
                fmt::format("This lab's UpdateService changes desiredCount only, not {}.", member));
    }
    const auto desired = json::integer_at(call.body, "desiredCount", service->desired_count);
    if (desired < 0 || desired > desired_count_max)
        return invalid_parameter("desiredCount must be between 0 and 5000.");
    service->desired_count = desired;
    service->not_before.reset();
    schedule(*service, call.now);
    return answer({{"service", describe_service(*service, store_)}});
}

Answer ControlPlane::delete_service(const ApiCall& call) {
    const auto cluster = store_.cluster(json::string_at(call.body, "cluster"));
    if (!cluster) return fail(cluster.error());
    Service* service = store_.service(**cluster, json::string_at(call.body, "service"));
    if (service == nullptr) return refuse("ServiceNotFoundException", "Service not found.");
    if (service->desired_count > 0 && !json::bool_at(call.body, "force")) {
        return invalid_parameter("The service cannot be stopped while it is scaled above 0.");
    }
    service->desired_count = 0;
    service->status = "DRAINING";
    schedule(*service, call.now);
    return answer({{"service", describe_service(*service, store_)}});
}

Answer ControlPlane::describe_services(const ApiCall& call) {
    const auto cluster = store_.cluster(json::string_at(call.body, "cluster"));
    if (!cluster) return fail(cluster.error());
    const auto references = texts_at(call.body, "services", 10);
    if (!references) return fail(references.error());
    if (references->empty()) return invalid_parameter("Services cannot be empty.");
    json::Array services;
    json::Array failures;
    for (const auto& reference : *references) {
        const Service* service = store_.service(**cluster, reference);
        if (service != nullptr) {
            json::Object described = describe_service(*service, store_);
            if (includes(call.body, "TAGS")) described["tags"] = service->tags;
            services.push_back(std::move(described));
        } else {
            failures.push_back(describe_failure(
                reference.starts_with("arn:")
                    ? reference
                    : store_.arn(fmt::format("service/{}/{}", (*cluster)->name, reference)),
                "MISSING"));
        }
    }
    return answer({{"services", std::move(services)}, {"failures", std::move(failures)}});
}

Answer ControlPlane::list_services(const ApiCall& call) {
    const auto cluster = store_.cluster(json::string_at(call.body, "cluster"));
    if (!cluster) return fail(cluster.error());
    const auto size = page_size_of(call.body, 10);
    if (!size) return fail(size.error());
    std::vector<std::string> arns;
    for (const Service* service : store_.services_of(**cluster)) {
        if (service->status != "INACTIVE") arns.push_back(service->arn);
    }
    return list_answer("serviceArns",
                       page_of(arns, json::string_at(call.body, "nextToken"), *size));
}

} // namespace squall::lab::ecs
