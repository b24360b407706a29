// Rules: which events, or when.
#include "events/service.h"
#include "squall/base/text.h"

#include <algorithm>

namespace squall::lab::eventbridge {
namespace {

constexpr std::size_t name_max = 64;

bool is_rule_name(std::string_view name) {
    return !name.empty() && name.size() <= name_max
           && std::all_of(name.begin(), name.end(), [](char c) {
                  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                         || c == '.' || c == '-' || c == '_';
              });
}

json::Object describe(const Rule& rule) {
    json::Object object = rule.definition;
    object["Name"] = rule.name;
    object["Arn"] = rule.arn;
    object["State"] = rule.is_enabled ? "ENABLED" : "DISABLED";
    object["EventBusName"] = rule.bus;
    return object;
}

// What the call says of events and times.
Result<void, wire::ServiceError> read(const ApiCall& call, Rule& rule) {
    const auto pattern = json::string_at(call.body, "EventPattern");
    const auto schedule = json::string_at(call.body, "ScheduleExpression");
    if (pattern.empty() && schedule.empty())
        return invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.");
    if (!schedule.empty() && rule.bus != "default")
        return invalid("ScheduleExpression is supported only on the default event bus.");
    for (const char* member : {"EventPattern", "ScheduleExpression", "Description", "RoleArn"}) {
        if (const auto text = json::string_at(call.body, member); !text.empty())
            rule.definition[member] = text;
    }
    if (!pattern.empty()) {
        auto parsed = parse_pattern(pattern);
        if (!parsed)
            return refuse("InvalidEventPatternException",
                          "Event pattern is not valid. Reason: " + parsed.error().message);
        rule.pattern = std::move(*parsed);
    }
    if (!schedule.empty()) {
        const auto rate = parse_rate(schedule);
        if (!rate) return invalid(rate.error().message);
        rule.rate = *rate;
        rule.next_at = call.now + *rate;
    }
    return {};
}

} // namespace

Answer Service::put_rule(const ApiCall& call) {
    const auto bus = bus_of(call);
    if (!bus) return fail(bus.error());
    Rule rule;
    rule.name = json::string_at(call.body, "Name");
    rule.bus = (*bus)->name;
    if (!is_rule_name(rule.name))
        return invalid(fmt::format("1 validation error detected: Value '{}' at 'name' failed to "
                                   "satisfy constraint: Member must satisfy regular expression "
                                   "pattern: [\\.\\-_A-Za-z0-9]+",
                                   rule.name));
    const auto state = json::string_at(call.body, "State", "ENABLED");
    if (!state.starts_with("ENABLED") && state != "DISABLED")
        return invalid("State must be ENABLED or DISABLED.");
    rule.is_enabled = state != "DISABLED";
    rule.arn = arn(rule.bus == "default" ? fmt::format("rule/{}", rule.name)
                                         : fmt::format("rule/{}/{}", rule.bus, rule.name));
    rule.tags = json::array_at(call.body, "Tags");
    if (const auto read_in = read(call, rule); !read_in) return fail(read_in.error());
    const auto known = (*bus)->rules.find(rule.name);
    if (known == (*bus)->rules.end() && (*bus)->rules.size() >= rules_max)
        return refuse("LimitExceededException",
                      "The requested resource exceeds the maximum number allowed.");
    if (known != (*bus)->rules.end()) {
        // A rule that is put again is a new one, with the targets and tags of the old one.
        rule.targets = std::move(known->second.targets);
        rule.tags = std::move(known->second.tags);
    }
    json::Object members{{"RuleArn", rule.arn}};
    (*bus)->rules[rule.name] = std::move(rule);
    return answer(std::move(members));
}

Answer Service::describe_rule(const ApiCall& call) {
    const auto rule = rule_of(call, "Name");
    if (!rule) return fail(rule.error());
    json::Object object = describe(**rule);
    object["CreatedBy"] = account_;
    return answer(std::move(object));
}

Answer Service::list_rules(const ApiCall& call) {
    const auto bus = bus_of(call);
    if (!bus) return fail(bus.error());
    std::vector<std::string> names;
    for (const auto& [name, rule] : (*bus)->rules) {
        if (name.starts_with(json::string_at(call.body, "NamePrefix"))) names.push_back(name);
    }
    const auto page = page_of_names(call, names);
    if (!page) return fail(page.error());
    json::Array rules;
    for (const auto& name : page->keys)
        rules.push_back(describe((*bus)->rules.find(name)->second));
    json::Object members{{"Rules", std::move(rules)}};
    if (!page->next_token.empty()) members["NextToken"] = page->next_token;
    return answer(std::move(members));
}

Answer Service::switch_rule(const ApiCall& call, bool is_enabled) {
    const auto rule = rule_of(call, "Name");
    if (!rule) return fail(rule.error());
    if ((*rule)->rate && is_enabled && !(*rule)->is_enabled)
        (*rule)->next_at = call.now + *(*rule)->rate;
    (*rule)->is_enabled = is_enabled;
    return answer({});
}

Answer Service::enable_rule(const ApiCall& call) { return switch_rule(call, /*is_enabled=*/true); }

Answer Service::disable_rule(const ApiCall& call) {
    return switch_rule(call, /*is_enabled=*/false);
}

Answer Service::delete_rule(const ApiCall& call) {
    const auto bus = bus_of(call);
    if (!bus) return fail(bus.error());
    const auto found = (*bus)->rules.find(json::string_at(call.body, "Name"));
    // One that is not there is no mistake.
    if (found == (*bus)->rules.end()) return answer({});
    if (!found->second.targets.empty())
        return invalid("Rule can't be deleted since it has targets.");
    (*bus)->rules.erase(found);
    return answer({});
}

} // namespace squall::lab::eventbridge
