// Tags of whatever can have them.
#include "ecs/control_plane.h"
#include "ecs/parameters.h"

#include <algorithm>

namespace squall::lab::ecs {
namespace {

constexpr std::size_t tags_max = 50;

auto with_key(json::Array& tags, std::string_view key) {
    return std::find_if(tags.begin(), tags.end(), [&](const json::Value& tag) {
        return json::string_at(tag, "key") == key;
    });
}

} // namespace

Found<json::Array*> ControlPlane::tags_at(std::string_view arn) {
    if (ContainerInstance* instance = store_.instance_by_arn(arn)) return &instance->tags;
    if (Task* task = store_.task_by_arn(arn)) return &task->tags;
    if (const auto service = store_.services.find(arn); service != store_.services.end())
        return &service->second.tags;
    if (TaskDefinition* definition = store_.definition(arn);
        definition != nullptr && definition->arn == arn)
        return &definition->tags;
    if (arn.find(":cluster/") != std::string_view::npos) {
        const auto cluster = store_.cluster(arn);
        if (!cluster) return fail(cluster.error());
        return &(*cluster)->tags;
    }
    return invalid_parameter("The specified resource was not found.");
}

Answer ControlPlane::list_tags_for_resource(const ApiCall& call) {
    const auto tags = tags_at(json::string_at(call.body, "resourceArn"));
    if (!tags) return fail(tags.error());
    return answer({{"tags", **tags}});
}

Answer ControlPlane::tag_resource(const ApiCall& call) {
    const auto tags = tags_at(json::string_at(call.body, "resourceArn"));
    if (!tags) return fail(tags.error());
    const auto given = tags_of(call.body);
    if (!given) return fail(given.error());
    json::Array merged = **tags;
    for (const auto& tag : *given) {
        if (const auto known = with_key(merged, json::string_at(tag, "key")); known != merged.end())
            *known = tag;
        else
            merged.push_back(tag);
    }
    if (merged.size() > tags_max) return invalid_parameter("A resource can have at most 50 tags.");
    **tags = std::move(merged);
    return answer({});
}

Answer ControlPlane::untag_resource(const ApiCall& call) {
    const auto tags = tags_at(json::string_at(call.body, "resourceArn"));
    if (!tags) return fail(tags.error());
    const auto keys = texts_at(call.body, "tagKeys", tags_max);
    if (!keys) return fail(keys.error());
    for (const auto& key : *keys) {
        if (const auto known = with_key(**tags, key); known != (*tags)->end())
            (*tags)->erase(known);
    }
    return answer({});
}

} // namespace squall::lab::ecs
