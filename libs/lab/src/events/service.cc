#include "events/service.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"

namespace squall::lab::eventbridge {

tl::unexpected<wire::ServiceError> invalid(std::string message) {
    return refuse("ValidationException", std::move(message));
}

std::string bus_name(std::string_view name_or_arn) {
    constexpr std::string_view mark = ":event-bus/";
    const auto at = name_or_arn.find(mark);
    return std::string(at == std::string_view::npos ? name_or_arn
                                                    : name_or_arn.substr(at + mark.size()));
}

Result<Page, wire::ServiceError> page_of_names(const ApiCall& call,
                                               const std::vector<std::string>& names) {
    const auto limit = json::integer_at(call.body, "Limit", 100);
    if (limit < 1 || limit > 100) return invalid("Limit must be between 1 and 100.");
    auto page =
        page_of(names, json::string_at(call.body, "NextToken"), static_cast<std::size_t>(limit));
    if (!page) return invalid("Parameter NextToken is not valid.");
    return *page;
}

Service::Service(const std::string& account, const std::string& region)
    : account_(account), region_(region) {
    buses_["default"] = {"default", arn("event-bus/default"), {}, {}, {}, {}};
}

std::optional<Answer> Service::call(const ApiCall& call) {
    static const OperationTable<Service> operations{
        {"PutEvents", &Service::put_events},
        {"TestEventPattern", &Service::test_event_pattern},
        {"PutRule", &Service::put_rule},
        {"DescribeRule", &Service::describe_rule},
        {"ListRules", &Service::list_rules},
        {"EnableRule", &Service::enable_rule},
        {"DisableRule", &Service::disable_rule},
        {"DeleteRule", &Service::delete_rule},
        {"PutTargets", &Service::put_targets},
        {"ListTargetsByRule", &Service::list_targets_by_rule},
        {"RemoveTargets", &Service::remove_targets},
        {"ListRuleNamesByTarget", &Service::list_rule_names_by_target},
        {"CreateEventBus", &Service::create_event_bus},
        {"DeleteEventBus", &Service::delete_event_bus},
        {"DescribeEventBus", &Service::describe_event_bus},
        {"ListEventBuses", &Service::list_event_buses},
        {"TagResource", &Service::tag_resource},
        {"UntagResource", &Service::untag_resource},
        {"ListTagsForResource", &Service::list_tags_for_resource},
    };
    return call_operation(*this, operations, call);
}

std::string Service::arn(const std::string& resource) const {
    return fmt::format("arn:aws:events:{}:{}:{}", region_, account_, resource);
}

Service::Found<Bus*> Service::bus_of(const ApiCall& call, std::string_view member) {
    const std::string name = bus_name(json::string_at(call.body, member, "default"));
    const auto found = buses_.find(name);
    if (found == buses_.end())
        return refuse("ResourceNotFoundException",
                      fmt::format("Event bus {} does not exist.", name));
    return &found->second;
}

Service::Found<Rule*> Service::rule_of(const ApiCall& call, std::string_view member) {
    const auto bus = bus_of(call);
    if (!bus) return fail(bus.error());
    const auto name = json::string_at(call.body, member);
    const auto found = (*bus)->rules.find(name);
    if (found == (*bus)->rules.end()) {
        return refuse("ResourceNotFoundException",
                      fmt::format("Rule {} does not exist on EventBus {}.", name, (*bus)->name));
    }
    return &found->second;
}

void Service::count(std::string_view metric, const std::string& rule, WallTime now) const {
    if (count_) count_(metric, rule, now);
}

json::Object Service::envelope(std::string_view source,
                               std::string_view detail_type,
                               json::Array resources,
                               json::Object detail,
                               WallTime now) const {
    return {{"version", "0"},
            {"id", random_uuid()},
            {"detail-type", detail_type},
            {"source", source},
            {"account", account_},
            {"time", rfc3339_seconds(now)},
            {"region", region_},
            {"resources", std::move(resources)},
            {"detail", std::move(detail)}};
}

void Service::put(const json::Object& event, WallTime now) {
    route(buses_.find("default")->second, event, now);
}

void Service::put(std::string_view source,
                  std::string_view detail_type,
                  json::Array resources,
                  json::Object detail,
                  WallTime now) {
    put(envelope(source, detail_type, std::move(resources), std::move(detail), now), now);
}

void Service::route(const Bus& bus, const json::Object& event, WallTime now) {
    for (const auto& [name, rule] : bus.rules) {
        if (!rule.is_enabled || !rule.pattern || !matches(*rule.pattern, event)) continue;
        count("MatchedEvents", name, now);
        invoke(rule, event, now);
    }
}

void Service::invoke(const Rule& rule, const json::Object& event, WallTime now) {
    count("TriggeredRules", rule.name, now);
    for (const auto& [id, target] : rule.targets) {
        const auto group =
            json::string_at(json::object_at(target.definition, "SqsParameters"), "MessageGroupId");
        count("Invocations", rule.name, now);
        const Delivery delivery{
            input_of(target, rule, event, now), std::string(group), rule.arn, now};
        if (deliver_ && deliver_(target.arn, delivery)) continue;
        count("FailedInvocations", rule.name, now);
        const std::string dead_letters(
            json::string_at(json::object_at(target.definition, "DeadLetterConfig"), "Arn"));
        if (dead_letters.empty() || !deliver_) continue;
        const bool is_kept = deliver_(dead_letters, {json::text(event), {}, rule.arn, now});
        count(is_kept ? "InvocationsSentToDlq" : "InvocationsFailedToBeSentToDlq", rule.name, now);
    }
}

bool Service::deliver(const std::string& bus_arn, const Delivery& delivery) {
    const auto bus = buses_.find(bus_name(bus_arn));
    if (bus == buses_.end() || bus->second.arn != bus_arn || hops_ >= hops_max) return false;
    const auto event = json::parse_object(delivery.body);
    if (!event) return false;
    ++hops_;
    route(bus->second, *event, delivery.now);
    --hops_;
    return true;
}

void Service::tick(WallTime now) {
    for (auto& [name, rule] : buses_.find("default")->second.rules) {
        if (!rule.rate || !rule.is_enabled || now < rule.next_at) continue;
        // What was missed while nobody looked is not caught up with.
        while (rule.next_at <= now)
            rule.next_at += *rule.rate;
        invoke(
            rule, envelope("aws.events", "Scheduled Event", {json::Value(rule.arn)}, {}, now), now);
    }
}

} // namespace squall::lab::eventbridge
