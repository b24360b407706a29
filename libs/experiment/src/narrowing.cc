#include "narrowing.h"

#include "common_tunables.h"
#include "selection.h"
#include "squall/base/text.h"

#include <algorithm>
#include <set>

namespace squall::experiment {
namespace {

bool is_named(const aws::ContainerInstance& instance, const std::string& id) {
    return id == instance.ec2_instance_id || id == instance.arn || instance.arn.ends_with("/" + id);
}

// The settings that narrow, as they were given: "AVAILABILITY_ZONE=us-east-1a".
std::string narrowing_text(const TunableValues& values) {
    std::vector<std::string> parts;
    for (const char* name : {"CONTAINER_INSTANCE_IDS", "AVAILABILITY_ZONE", "ATTRIBUTE"}) {
        if (!values.text(name).empty())
            parts.push_back(fmt::format("{}={}", name, values.text(name)));
    }
    return join(parts, ", ");
}

// The size of each wave over so many hosts.
std::vector<std::size_t> waves_over(const Plan& plan, std::size_t count) {
    if (plan.sequence == "serial") return std::vector<std::size_t>(count, 1);
    if (plan.sequence == "waves")
        return wave_sizes(parse_waves(plan.tunables.text("WAVES")).value(), count);
    return {count};
}

} // namespace

std::vector<TunableSpec> narrowing_tunables() {
    return {
        {.name = "SEQUENCE",
         .type = TunableSpec::Type::choice,
         .default_value = "parallel",
         .meaning = "parallel: all hosts at once; serial: one after another, each restored before "
                    "the next",
         .choices = {"parallel", "serial"}},
        {.name = "CONTAINER_INSTANCE_IDS",
         .meaning = "only these container instances, by EC2 or managed instance id, container "
                    "instance id or ARN, with commas between",
         .pattern = "m?i-[0-9a-f]{8}([0-9a-f]{9})?|[0-9a-f]{32}|"
                    "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|"
                    "arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}:container-instance/[A-Za-z0-9_/-]+",
         .pattern_meaning = "instance ids (i-…, mi-…), container instance ids or ARNs, with "
                            "commas between",
         .list_max = 200},
        {.name = "AVAILABILITY_ZONE",
         .meaning = "only container instances of this zone",
         .pattern = "[a-z]{2}(-[a-z]+)+-[0-9]{1,2}[a-z0-9-]{1,20}",
         .pattern_meaning = "an availability zone such as us-east-1a"},
        {.name = "ATTRIBUTE",
         .meaning = "only container instances that match this expression of the cluster query "
                    "language, such as attribute:ecs.instance-type == m5.large",
         .pattern = "[ -~]{1,1000}",
         .pattern_meaning = "an expression of the cluster query language, at most 1000 characters"},
        {.name = "INSTANCE_AFFECTED_PERC",
         .type = TunableSpec::Type::integer,
         .default_value = "100",
         .meaning = "only so many of them, rounded up, chosen at random among those that can be "
                    "affected",
         .unit = "%",
         .least = 1,
         .most = 100},
        {.name = "WAVES",
         .meaning = "group by group, each seen well again before the next: how many hosts each "
                    "group goes up to, the last 100%, such as 1,10%,100%",
         .pattern = "[1-9][0-9]{0,5}%?",
         .pattern_meaning = "numbers of hosts or percentages, with commas between, such as "
                            "1,10%,100%",
         .list_max = 20},
        seed_tunable("hosts"),
    };
}

Problems check_narrowing(const TunableValues& values) {
    const std::string& waves = values.text("WAVES");
    if (waves.empty()) return {};
    const std::string& where = values.all().at("WAVES").source;
    Problems problems;
    if (const auto ends = parse_waves(waves); !ends)
        problems.push_back({where, fmt::format("WAVES: {}", ends.error().message)});
    if (values.text("SEQUENCE") == "serial")
        problems.push_back(
            {where, "WAVES and SEQUENCE=serial contradict each other: leave one of them out"});
    return problems;
}

Result<std::vector<const aws::ContainerInstance*>> narrowed(const ClusterView& view,
                                                            const TunableValues& values) {
    const auto ids = values.list("CONTAINER_INSTANCE_IDS");
    std::vector<std::string> unknown;
    for (const auto& id : ids) {
        if (std::none_of(view.instances.begin(), view.instances.end(), [&](const auto& instance) {
                return is_named(instance, id);
            }))
            unknown.push_back(id);
    }
    if (!unknown.empty())
        return fail(Errc::not_found,
                    "no container instance of {} is {}: see `aws ecs list-container-instances`, "
                    "and check CONTAINER_INSTANCE_IDS",
                    view.cluster.arn,
                    join(unknown, ", or "));
    std::set<std::string> matched;
    if (view.matched_expression)
        matched.insert(view.matched_expression->begin(), view.matched_expression->end());
    const std::string& zone = values.text("AVAILABILITY_ZONE");
    std::vector<const aws::ContainerInstance*> left;
    for (const auto& instance : view.instances) {
        const bool is_listed =
            ids.empty() || std::any_of(ids.begin(), ids.end(), [&](const std::string& id) {
                return is_named(instance, id);
            });
        const bool is_there = zone.empty() || zone_of(instance) == zone;
        const bool is_matched = !view.matched_expression || matched.contains(instance.arn);
        if (is_listed && is_there && is_matched) left.push_back(&instance);
    }
    if (left.empty())
        return fail(Errc::not_found,
                    "none of the {} container instances of {} matches {}",
                    view.instances.size(),
                    view.cluster.arn,
                    narrowing_text(values));
    return left;
}

void widen(TunableValues& values) {
    for (const char* share : {"INSTANCE_AFFECTED_PERC", "TASK_REPLICA_AFFECTED_PERC"}) {
        if (values.has(share)) values.put(share, {"100", 100, "all hosts"});
    }
    if (values.has("WAVES")) values.put("WAVES", {"", 0, "all hosts"});
}

void choose_targets(Plan& plan) {
    const TunableValues& values = plan.tunables;
    plan.sequence = values.text("WAVES").empty() ? values.text("SEQUENCE") : "waves";
    plan.selection.matched = plan.targets.size();
    auto ids = plan.injected_ids();
    const auto wanted = std::min(
        ids.size(), percent_of(plan.targets.size(), values.number("INSTANCE_AFFECTED_PERC")));
    const auto waves = waves_over(plan, wanted);
    std::vector<std::string> words;
    if (const auto text = narrowing_text(values); !text.empty()) words.push_back(text);
    if (wanted < ids.size() || (plan.sequence == "waves" && waves.size() > 1)) {
        TunableValue seed = values.all().at("SEED");
        if (seed.number == 0) {
            const auto number = new_seed();
            seed = {std::to_string(number), number, source_chance};
        }
        ids = shuffled(std::move(ids), seed.number);
        words.push_back("by chance, SEED=" + seed.text);
        plan.tunables.put("SEED", std::move(seed));
    }
    plan.selection.how = join(words, "; ");
    if (plan.sequence == "waves") {
        const auto asked = parse_waves(plan.tunables.text("WAVES")).value().size();
        if (waves.size() < asked)
            plan.warnings.push_back(
                fmt::format("WAVES={}: of its {} waves {} would add no host, and {} left out",
                            plan.tunables.text("WAVES"),
                            asked,
                            asked - waves.size(),
                            asked - waves.size() == 1 ? "is" : "are"));
    }
    std::map<std::string, std::size_t> wave_of;
    std::size_t next = 0;
    for (std::size_t wave = 0; wave < waves.size(); ++wave) {
        for (std::size_t i = 0; i < waves[wave]; ++i)
            wave_of[ids[next++]] = wave + 1;
    }
    std::erase_if(plan.targets, [&](const Target& target) {
        return target.is_injected() && !wave_of.contains(target.instance_id);
    });
    for (auto& target : plan.targets) {
        if (target.is_injected()) target.wave = wave_of.at(target.instance_id);
    }
}

} // namespace squall::experiment
