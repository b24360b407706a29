#include "ecs/control_plane.h"
#include "ecs/describe.h"
#include "ecs/network_configuration.h"
#include "ecs/parameters.h"
#include "ecs/placement.h"
#include "ecs/service_parameters.h"

namespace squall::lab::ecs {
namespace {

// The same call once more, apart from the token that is there to say so.
bool is_same_request(json::Object a, json::Object b) {
    a.erase("clientToken");
    b.erase("clientToken");
    return json::canonical_text(a) == json::canonical_text(b);
}

} // namespace

Found<const TaskDefinition*> ControlPlane::active_definition(std::string_view reference) {
    const TaskDefinition* definition = store_.definition(reference);
    if (definition == nullptr) return refuse("ClientException", "TaskDefinition not found.");
    if (!definition->active) return refuse("ClientException", "TaskDefinition is inactive");
    return definition;
}

Found<Service> ControlPlane::new_service(const Cluster& cluster, const ApiCall& call) {
    Service service;
    service.name = json::string_at(call.body, "serviceName");
    if (!is_name(service.name))
        return invalid_parameter(
            "Service name is not valid: letters, digits, hyphens and underscores, at most 255.");
    auto tags = tags_of(call.body);
    if (!tags) return fail(tags.error());
    const auto desired = read_desired_count(call.body, 0);
    if (!desired) return fail(desired.error());
    const auto rules = read_rollout_rules(call.body, {});
    if (!rules) return fail(rules.error());
    auto placement = read_placement_rules(call.body);
    if (!placement) return fail(placement.error());
    auto propagate = read_propagate_tags(call.body, "NONE");
    if (!propagate) return fail(propagate.error());
    if (auto checked = check_service_abilities(call.body); !checked) return fail(checked.error());
    service.arn = store_.arn(fmt::format("service/{}/{}", cluster.name, service.name));
    service.cluster = cluster.name;
    service.rules = *rules;
    service.placement = std::move(*placement);
    service.propagate_tags = std::move(*propagate);
    service.desired_count = *desired;
    service.created_at = call.now;
    service.request = call.body;
    service.tags = std::move(*tags);
    return service;
}

Answer ControlPlane::create_service(const ApiCall& call) {
    const auto cluster = store_.cluster(json::string_at(call.body, "cluster"));
    if (!cluster) return fail(cluster.error());
    const auto definition = active_definition(json::string_at(call.body, "taskDefinition"));
    if (!definition) return fail(definition.error());
    auto service = new_service(**cluster, call);
    if (!service) return fail(service.error());
    if (const Service* known = store_.service(**cluster, service->name); known != nullptr) {
        if (known->status == "DRAINING")
            return invalid_parameter("Unable to Start a service that is still Draining.");
        if (known->status == "ACTIVE" && is_same_request(known->request, call.body))
            return answer({{"service", describe_service(*known, store_)}});
        if (known->status == "ACTIVE")
            return invalid_parameter("Creation of service was not idempotent.");
    }
    auto network = read_network_configuration(call.body, **definition, store_.region());
    if (!network) return fail(network.error());
    auto balancers = read_load_balancers(call.body, **definition, target_groups_);
    if (!balancers) return fail(balancers.error());
    const auto grace = read_grace_period(call.body, !balancers->empty(), std::nullopt);
    if (!grace) return fail(grace.error());
    service->load_balancers = std::move(*balancers);
    service->health_check_grace = *grace;
    if (store_.services.size() >= Store::services_max)
        return refuse("LimitExceededException", "The limit of services has been reached.");
    const std::string arn = service->arn;
    Service& stored = store_.services[arn] = std::move(*service);
    begin_deployment(stored, **definition, std::move(*network), call.now);
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
    const auto desired = read_desired_count(call.body, service->desired_count);
    if (!desired) return fail(desired.error());
    const auto rules = read_rollout_rules(call.body, service->rules);
    if (!rules) return fail(rules.error());
    auto placement = read_placement_rules(call.body, service->placement);
    if (!placement) return fail(placement.error());
    auto propagate = read_propagate_tags(call.body, service->propagate_tags);
    if (!propagate) return fail(propagate.error());
    if (auto checked = check_service_abilities(call.body); !checked) return fail(checked.error());
    const TaskDefinition* definition = store_.definition(service->primary().definition_arn);
    if (const auto reference = json::string_at(call.body, "taskDefinition"); !reference.empty()) {
        const auto wanted = active_definition(reference);
        if (!wanted) return fail(wanted.error());
        definition = *wanted;
    }
    SQUALL_ASSERT(definition != nullptr);
    if (!json::array_at(call.body, "loadBalancers").empty())
        return invalid_parameter("The load balancers of a service cannot be changed in this lab.");
    const auto grace =
        read_grace_period(call.body, !service->load_balancers.empty(), service->health_check_grace);
    if (!grace) return fail(grace.error());
    auto network = read_network_configuration(
        call.body, *definition, store_.region(), service->primary().network);
    if (!network) return fail(network.error());
    service->desired_count = *desired;
    service->rules = *rules;
    service->placement = std::move(*placement);
    service->propagate_tags = std::move(*propagate);
    service->health_check_grace = *grace;
    service->not_before.reset();
    // The other settings are heeded by the deployment that there is.
    if (definition->arn != service->primary().definition_arn
        || *network != service->primary().network || json::bool_at(call.body, "forceNewDeployment"))
        begin_deployment(*service, *definition, std::move(*network), call.now);
    schedule(*service, call.now);
    return answer({{"service", describe_service(*service, store_)}});
}

Answer ControlPlane::delete_service(const ApiCall& call) {
    const auto cluster = store_.cluster(json::string_at(call.body, "cluster"));
    if (!cluster) return fail(cluster.error());
    Service* service = store_.service(**cluster, json::string_at(call.body, "service"));
    if (service == nullptr || service->status == "INACTIVE")
        return refuse("ServiceNotFoundException", "Service not found.");
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
