// What the rules hand events to.
#include "events/service.h"

#include <algorithm>

namespace squall::lab::eventbridge {
namespace {

constexpr std::size_t targets_per_call_max = 100;

} // namespace

Answer Service::put_targets(const ApiCall& call) {
    const auto rule = rule_of(call, "Rule");
    if (!rule) return fail(rule.error());
    const json::Array& given = json::array_at(call.body, "Targets");
    if (given.empty() || given.size() > targets_per_call_max)
        return invalid("1 to 100 targets are put at once.");
    auto targets = (*rule)->targets;
    for (const auto& one : given) {
        if (!one.is_object()) return invalid("A target is a structure.");
        const json::Object& definition = one.as_object();
        if (auto problem = problem_of(definition); !problem.empty())
            return invalid(std::move(problem));
        const std::string id(json::string_at(definition, "Id"));
        targets[id] = {id, std::string(json::string_at(definition, "Arn")), definition};
    }
    // All of them, or none.
    if (targets.size() > targets_max)
        return refuse("LimitExceededException",
                      "The requested resource exceeds the maximum number allowed.");
    (*rule)->targets = std::move(targets);
    return answer({{"FailedEntryCount", 0}, {"FailedEntries", json::Array{}}});
}

Answer Service::list_targets_by_rule(const ApiCall& call) {
    const auto rule = rule_of(call, "Rule");
    if (!rule) return fail(rule.error());
    std::vector<std::string> ids;
    for (const auto& [id, target] : (*rule)->targets)
        ids.push_back(id);
    const auto page = page_of_names(call, ids);
    if (!page) return fail(page.error());
    json::Array targets;
    for (const auto& id : page->keys)
        targets.push_back((*rule)->targets.find(id)->second.definition);
    json::Object members{{"Targets", std::move(targets)}};
    if (!page->next_token.empty()) members["NextToken"] = page->next_token;
    return answer(std::move(members));
}

Answer Service::remove_targets(const ApiCall& call) {
    const auto rule = rule_of(call, "Rule");
    if (!rule) return fail(rule.error());
    const json::Array& ids = json::array_at(call.body, "Ids");
    if (ids.empty() || ids.size() > targets_per_call_max)
        return invalid("1 to 100 targets are removed at once.");
    json::Array failed;
    for (const auto& value : ids) {
        const auto id = json::string_of(value);
        const auto target = (*rule)->targets.find(id);
        if (target == (*rule)->targets.end()) {
            failed.push_back(json::Object{
                {"TargetId", id},
                {"ErrorCode", "ResourceNotFoundException"},
                {"ErrorMessage",
                 fmt::format(
                     "Rule {} does not have a target with the Id {}.", (*rule)->name, id)}});
        } else {
            (*rule)->targets.erase(target);
        }
    }
    return answer({{"FailedEntryCount", failed.size()}, {"FailedEntries", std::move(failed)}});
}

Answer Service::list_rule_names_by_target(const ApiCall& call) {
    const auto bus = bus_of(call);
    if (!bus) return fail(bus.error());
    const auto arn = json::string_at(call.body, "TargetArn");
    std::vector<std::string> names;
    for (const auto& [name, rule] : (*bus)->rules) {
        if (std::any_of(rule.targets.begin(), rule.targets.end(), [&](const auto& entry) {
                return entry.second.arn == arn;
            }))
            names.push_back(name);
    }
    const auto page = page_of_names(call, names);
    if (!page) return fail(page.error());
    json::Object members{{"RuleNames", json::Array(page->keys.begin(), page->keys.end())}};
    if (!page->next_token.empty()) members["NextToken"] = page->next_token;
    return answer(std::move(members));
}

} // namespace squall::lab::eventbridge
