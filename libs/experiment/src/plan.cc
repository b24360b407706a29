#include "squall/experiment/plan.h"

#include "squall/base/text.h"

#include <algorithm>
#include <map>
#include <set>

namespace squall::experiment {
namespace {

json::Array texts(const std::vector<std::string>& from) {
    return json::Array(from.begin(), from.end());
}

std::vector<std::string> texts_from(const json::Array& from) {
    std::vector<std::string> texts;
    for (const auto& value : from)
        texts.emplace_back(json::string_of(value));
    return texts;
}

json::Object to_json(const TargetTask& task) {
    return {{"id", task.id},
            {"arn", task.arn},
            {"container", task.container},
            {"network_mode", task.network_mode},
            {"port", task.port},
            {"host_port", task.host_port},
            {"wave", task.wave}};
}

std::size_t size_at(const json::Value& value, std::string_view name) {
    return static_cast<std::size_t>(std::max<std::int64_t>(0, json::integer_at(value, name)));
}

TargetTask task_from(const json::Value& value) {
    return {std::string(json::string_at(value, "id")),
            std::string(json::string_at(value, "arn")),
            std::string(json::string_at(value, "container")),
            std::string(json::string_at(value, "network_mode")),
            json::integer_at(value, "port"),
            json::integer_at(value, "host_port"),
            size_at(value, "wave")};
}

json::Object to_json(const Target& target) {
    json::Object object{{"instance_id", target.instance_id},
                        {"arn", target.arn},
                        {"availability_zone", target.availability_zone},
                        {"platform", target.platform},
                        {"document", host::document_of(target.shell)},
                        {"running_tasks", target.running_tasks},
                        {"wave", target.wave},
                        {"reachable", target.is_reachable},
                        {"skip", target.skip},
                        {"advice", target.advice}};
    if (target.tasks.empty()) return object;
    json::Array tasks;
    for (const auto& task : target.tasks)
        tasks.push_back(to_json(task));
    object["tasks"] = std::move(tasks);
    return object;
}

host::Shell shell_from(std::string_view document) {
    return document == host::document_of(host::Shell::powershell) ? host::Shell::powershell
                                                                  : host::Shell::posix;
}

Target target_from(const json::Value& value) {
    Target target{std::string(json::string_at(value, "instance_id")),
                  std::string(json::string_at(value, "arn")),
                  std::string(json::string_at(value, "availability_zone")),
                  std::string(json::string_at(value, "platform")),
                  shell_from(json::string_at(value, "document")),
                  json::integer_at(value, "running_tasks"),
                  size_at(value, "wave"),
                  json::bool_at(value, "reachable"),
                  std::string(json::string_at(value, "skip")),
                  std::string(json::string_at(value, "advice")),
                  {}};
    for (const auto& task : json::array_at(value, "tasks"))
        target.tasks.push_back(task_from(task));
    return target;
}

json::Object to_json(const PlannedCall& call) {
    return {{"operation", call.operation}, {"count", call.count}, {"per_look", call.per_look}};
}

} // namespace

std::vector<std::string> Plan::injected_ids() const {
    std::vector<std::string> ids;
    for (const auto& target : targets) {
        if (target.is_injected()) ids.push_back(target.instance_id);
    }
    return ids;
}

bool Plan::is_by_chance() const {
    return std::any_of(tunables.all().begin(), tunables.all().end(), [](const auto& entry) {
        return entry.second.source == source_chance;
    });
}

std::vector<std::vector<std::string>> Plan::waves() const {
    std::map<std::size_t, std::vector<std::string>> by_wave;
    for (const auto& target : targets) {
        if (!target.is_injected()) continue;
        std::set<std::size_t> its_waves{target.wave};
        for (const auto& task : target.tasks)
            its_waves.insert(task.wave);
        for (const auto wave : its_waves)
            by_wave[wave].push_back(target.instance_id);
    }
    std::vector<std::vector<std::string>> groups;
    groups.reserve(by_wave.size());
    for (auto& [wave, ids] : by_wave)
        groups.push_back(std::move(ids));
    return groups;
}

std::size_t Plan::wave_count() const {
    std::size_t last = 0;
    for (const auto& target : targets)
        last = std::max(last, target.wave);
    for (const auto& target : targets) {
        for (const auto& task : target.tasks)
            last = std::max(last, task.wave);
    }
    return last;
}

std::vector<std::string> Plan::tasks_of_wave(std::size_t wave,
                                             const std::vector<std::string>& instance_ids) const {
    const std::set<std::string> hosts(instance_ids.begin(), instance_ids.end());
    std::vector<std::string> ids;
    for (const auto& target : targets) {
        if (!target.is_injected() || !hosts.contains(target.instance_id)) continue;
        for (const auto& task : target.tasks) {
            if (task.wave == wave) ids.push_back(task.id);
        }
    }
    return ids;
}

std::size_t Plan::task_count() const {
    std::size_t count = 0;
    for (const auto& target : targets)
        count += target.is_injected() ? target.tasks.size() : 0;
    return count;
}

json::Object Plan::to_json() const {
    json::Array target_list;
    for (const auto& target : targets)
        target_list.push_back(experiment::to_json(target));
    json::Array script_list;
    for (const auto& one : scripts)
        script_list.push_back(json::Object{{"document", host::document_of(one.shell)},
                                           {"inject", one.inject},
                                           {"revert", one.revert}});
    json::Array call_list;
    for (const auto& call : calls)
        call_list.push_back(experiment::to_json(call));
    json::Array guard_list;
    for (const auto& finding : guards)
        guard_list.push_back(json::Object{
            {"guard", finding.guard}, {"text", finding.text}, {"refuses", finding.refuses}});
    json::Object object{{"experiment", experiment},
                        {"fault", fault},
                        {"region", region},
                        {"cluster", cluster},
                        {"principal", principal},
                        {"endpoint", endpoint},
                        {"tunables", tunables.to_json(specs)},
                        {"targets", std::move(target_list)},
                        {"selection",
                         json::Object{{"registered", selection.registered},
                                      {"matched", selection.matched},
                                      {"how", selection.how}}},
                        {"sequence", sequence},
                        {"duration_s", duration.count()},
                        {"ramp_s", ramp.count()},
                        {"scripts", std::move(script_list)},
                        {"calls", std::move(call_list)},
                        {"permissions", texts(permissions)},
                        {"warnings", texts(warnings)},
                        {"guards", std::move(guard_list)}};
    if (helpers.empty()) return object;
    json::Array helper_list;
    for (const auto& helper : helpers)
        helper_list.push_back(json::Object{{"architecture", helper.architecture},
                                           {"sha256", helper.sha256},
                                           {"source", helper.source}});
    object["helpers"] = std::move(helper_list);
    return object;
}

Result<Plan> Plan::from_json(const json::Object& object) {
    Plan plan;
    plan.experiment = json::string_at(object, "experiment");
    plan.fault = json::string_at(object, "fault");
    plan.region = json::string_at(object, "region");
    plan.cluster = json::string_at(object, "cluster");
    plan.principal = json::string_at(object, "principal");
    plan.endpoint = json::string_at(object, "endpoint");
    for (const auto& [name, value] : json::object_at(object, "tunables")) {
        const std::string text =
            value.is_string() ? std::string(json::string_of(value)) : json::text(value);
        plan.tunables.put(std::string(std::string_view(name)),
                          {text, to_integer(text).value_or(0), "the journal"});
    }
    for (const auto& target : json::array_at(object, "targets"))
        plan.targets.push_back(target_from(target));
    for (const auto& helper : json::array_at(object, "helpers"))
        plan.helpers.push_back({std::string(json::string_at(helper, "architecture")),
                                std::string(json::string_at(helper, "sha256")),
                                std::string(json::string_at(helper, "source"))});
    plan.sequence = json::string_at(object, "sequence");
    plan.duration = Seconds(json::integer_at(object, "duration_s"));
    plan.ramp = Seconds(json::integer_at(object, "ramp_s"));
    plan.permissions = texts_from(json::array_at(object, "permissions"));
    plan.warnings = texts_from(json::array_at(object, "warnings"));
    if (plan.fault.empty()) return fail(Errc::invalid_input, "this is no plan: it names no fault");
    return plan;
}

std::string Plan::hash() const {
    json::Object object = to_json();
    for (auto& target : object["targets"].as_array())
        target.as_object().erase("running_tasks");
    object.erase("calls");
    object.erase("warnings");
    object.erase("selection");
    object.erase("guards");
    return sha256_hex(json::canonical_text(object));
}

} // namespace squall::experiment
