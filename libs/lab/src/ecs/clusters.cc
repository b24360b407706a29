#include "ecs/control_plane.h"
#include "ecs/describe.h"
#include "ecs/parameters.h"

#include <algorithm>

namespace squall::lab::ecs {

Answer ControlPlane::create_cluster(const ApiCall& call) {
    const std::string name(json::string_at(call.body, "clusterName", "default"));
    if (!is_name(name))
        return invalid_parameter("Identifier is not valid. Only alphanumeric characters, hyphens "
                                 "and underscores are allowed.");
    auto tags = tags_of(call.body);
    if (!tags) return fail(tags.error());
    if (store_.clusters.size() >= Store::clusters_max)
        return refuse("LimitExceededException", "The limit of clusters has been reached.");
    const bool is_new = !store_.cluster(name);
    Cluster& cluster = store_.add_cluster(name);
    if (is_new) cluster.tags = std::move(*tags);
    json::Object described = describe_cluster(cluster, store_);
    described["tags"] = cluster.tags;
    return answer({{"cluster", std::move(described)}});
}

Answer ControlPlane::delete_cluster(const ApiCall& call) {
    const auto cluster = store_.cluster(json::string_at(call.body, "cluster"));
    if (!cluster) return fail(cluster.error());
    const auto services = store_.services_of(**cluster);
    if (std::any_of(services.begin(), services.end(), [](const Service* service) {
            return service->status != "INACTIVE";
        }))
        return refuse("ClusterContainsServicesException",
                      "The Cluster cannot be deleted while Services are active.");
    if (!store_.instances_of(**cluster).empty()) {
        return refuse(
            "ClusterContainsContainerInstancesException",
            "The Cluster cannot be deleted while Container Instances are active or draining.");
    }
    json::Object described = describe_cluster(**cluster, store_);
    described["status"] = "INACTIVE";
    store_.clusters.erase(store_.clusters.find((*cluster)->name));
    return answer({{"cluster", std::move(described)}});
}

Answer ControlPlane::describe_clusters(const ApiCall& call) {
    auto references = texts_at(call.body, "clusters", 100);
    if (!references) return fail(references.error());
    if (references->empty()) references->emplace_back("default");
    json::Array clusters;
    json::Array failures;
    for (const auto& reference : *references) {
        const auto cluster = store_.cluster(reference);
        if (cluster) {
            json::Object described = describe_cluster(**cluster, store_);
            if (includes(call.body, "TAGS")) described["tags"] = (*cluster)->tags;
            clusters.push_back(std::move(described));
        } else {
            failures.push_back(describe_failure(
                reference.starts_with("arn:") ? reference : store_.arn("cluster/" + reference),
                "MISSING"));
        }
    }
    return answer({{"clusters", std::move(clusters)}, {"failures", std::move(failures)}});
}

Answer ControlPlane::list_clusters(const ApiCall& call) {
    const auto size = page_size_of(call.body);
    if (!size) return fail(size.error());
    std::vector<std::string> arns;
    for (const auto& [name, cluster] : store_.clusters)
        arns.push_back(cluster.arn);
    return list_answer("clusterArns",
                       page_of(arns, json::string_at(call.body, "nextToken"), *size));
}

} // namespace squall::lab::ecs
