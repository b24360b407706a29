// Event buses, and the tags of buses and rules.
#include "events/service.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::lab::eventbridge {
namespace {

constexpr std::size_t name_max = 256;

bool is_bus_name(std::string_view name) {
    return !name.empty() && name.size() <= name_max
           && std::all_of(name.begin(), name.end(), [](char c) {
                  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                         || std::string_view("/._-").find(c) != std::string_view::npos;
              });
}

json::Object describe(const Bus& bus) {
    json::Object object{{"Name", bus.name}, {"Arn", bus.arn}};
    if (!bus.description.empty()) object["Description"] = bus.description;
    if (bus.created_at != WallTime()) {
        object["CreationTime"] = epoch_seconds(bus.created_at);
        object["LastModifiedTime"] = epoch_seconds(bus.created_at);
    }
    return object;
}

auto with_key(json::Array& tags, std::string_view key) {
    return std::find_if(tags.begin(), tags.end(), [&](const json::Value& tag) {
        return json::string_at(tag, "Key") == key;
    });
}

} // namespace

Answer Service::create_event_bus(const ApiCall& call) {
    const std::string name(json::string_at(call.body, "Name"));
    if (!is_bus_name(name))
        return invalid(fmt::format("1 validation error detected: Value '{}' at 'name' failed to "
                                   "satisfy constraint: Member must satisfy regular expression "
                                   "pattern: [/\\.\\-_A-Za-z0-9]+",
                                   name));
    if (name.find('/') != std::string::npos) return invalid("Event bus name must not contain '/'.");
    if (buses_.contains(name))
        return refuse("ResourceAlreadyExistsException",
                      fmt::format("Event bus {} already exists.", name));
    if (buses_.size() >= buses_max)
        return refuse("LimitExceededException",
                      "The requested resource exceeds the maximum number allowed.");
    Bus bus{name,
            arn("event-bus/" + name),
            std::string(json::string_at(call.body, "Description")),
            call.now,
            json::array_at(call.body, "Tags"),
            {}};
    json::Object members{{"EventBusArn", bus.arn}};
    buses_[name] = std::move(bus);
    return answer(std::move(members));
}

Answer Service::delete_event_bus(const ApiCall& call) {
    const std::string name = bus_name(json::string_at(call.body, "Name"));
    if (name == "default") return invalid("Cannot delete event bus default.");
    const auto found = buses_.find(name);
    if (found == buses_.end()) return answer({});
    if (!found->second.rules.empty())
        return invalid("Event bus can't be deleted since it has rules.");
    buses_.erase(found);
    return answer({});
}

Answer Service::describe_event_bus(const ApiCall& call) {
    const auto bus = bus_of(call, "Name");
    if (!bus) return fail(bus.error());
    return answer(describe(**bus));
}

Answer Service::list_event_buses(const ApiCall& call) {
    std::vector<std::string> names;
    for (const auto& [name, bus] : buses_) {
        if (name.starts_with(json::string_at(call.body, "NamePrefix"))) names.push_back(name);
    }
    const auto page = page_of_names(call, names);
    if (!page) return fail(page.error());
    json::Array buses;
    for (const auto& name : page->keys)
        buses.push_back(describe(buses_.find(name)->second));
    json::Object members{{"EventBuses", std::move(buses)}};
    if (!page->next_token.empty()) members["NextToken"] = page->next_token;
    return answer(std::move(members));
}

Service::Found<json::Array*> Service::tags_at(std::string_view arn) {
    for (auto& [name, bus] : buses_) {
        if (bus.arn == arn) return &bus.tags;
        for (auto& [rule_name, rule] : bus.rules) {
            if (rule.arn == arn) return &rule.tags;
        }
    }
    return refuse("ResourceNotFoundException", fmt::format("{} does not exist.", arn));
}

Answer Service::tag_resource(const ApiCall& call) {
    const auto tags = tags_at(json::string_at(call.body, "ResourceARN"));
    if (!tags) return fail(tags.error());
    json::Array merged = **tags;
    for (const auto& tag : json::array_at(call.body, "Tags")) {
        if (const auto known = with_key(merged, json::string_at(tag, "Key")); known != merged.end())
            *known = tag;
        else
            merged.push_back(tag);
    }
    if (merged.size() > tags_max) return invalid("A resource can have at most 50 tags.");
    **tags = std::move(merged);
    return answer({});
}

Answer Service::untag_resource(const ApiCall& call) {
    const auto tags = tags_at(json::string_at(call.body, "ResourceARN"));
    if (!tags) return fail(tags.error());
    for (const auto& key : json::array_at(call.body, "TagKeys")) {
        if (const auto known = with_key(**tags, json::string_of(key)); known != (*tags)->end())
            (*tags)->erase(known);
    }
    return answer({});
}

Answer Service::list_tags_for_resource(const ApiCall& call) {
    const auto tags = tags_at(json::string_at(call.body, "ResourceARN"));
    if (!tags) return fail(tags.error());
    return answer({{"Tags", **tags}});
}

} // namespace squall::lab::eventbridge
