#include "host_states.h"

#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::experiment {
namespace {

void put(json::Object& object, const char* name, const std::optional<WallTime>& when) {
    if (when) object[name] = rfc3339_millis(*when);
}

void put_span(json::Object& object,
              const char* name,
              const std::optional<WallTime>& from,
              const std::optional<WallTime>& to) {
    if (from && to) object[name] = std::chrono::duration_cast<Millis>(*to - *from).count();
}

} // namespace

std::optional<Seconds> HostState::credentials_cut_off() const {
    if (!stop_ran_at || !start_ran_at || *start_ran_at < *stop_ran_at) return std::nullopt;
    return std::chrono::duration_cast<Seconds>(*start_ran_at - *stop_ran_at);
}

void HostState::begin_wave() {
    answer.reset();
    undo_confirmed = silent = back_early = false;
    for (auto* when : {&sent_at, &injected_at, &revert_sent_at, &reverted_at, &recovered_at})
        when->reset();
    why_not.clear();
    no_answer.clear();
}

json::Object HostState::to_json() const {
    json::Object object{{"instance_id", target.instance_id},
                        {"injected", is_injected()},
                        {"affected", affected_at.has_value()},
                        {"recovered", recovered_at.has_value()},
                        {"tasks_before", target.running_tasks}};
    if (back_early) object["back_early"] = true;
    if (!why_not.empty()) object["why_not"] = why_not;
    if (!no_answer.empty()) object["no_answer"] = no_answer;
    put(object, "sent_at", sent_at);
    put(object, "injected_at", injected_at);
    put(object, "stop_ran_at", stop_ran_at);
    put(object, "start_ran_at", start_ran_at);
    put(object, "affected_at", affected_at);
    put(object, "revert_sent_at", revert_sent_at);
    put(object, "reverted_at", reverted_at);
    put(object, "recovered_at", recovered_at);
    put_span(object, "time_to_detect_ms", injected_at, affected_at);
    if (affected_at && !back_early)
        put_span(object, "time_to_recover_ms", revert_sent_at, recovered_at);
    if (const auto time = credentials_cut_off()) object["credentials_cut_off_s"] = time->count();
    if (tasks_during) object["tasks_during"] = *tasks_during;
    if (tasks_after) object["tasks_after"] = *tasks_after;
    json::Array list;
    for (const auto& [id, state] : tasks) {
        json::Object one{{"task", id},
                         {"container", state.task.container},
                         {"port", state.task.port},
                         {"armed", state.armed}};
        if (state.counts) {
            one["hits"] = state.hits;
            one["counts"] = *state.counts;
        }
        if (!state.canary.empty()) one["canary"] = state.canary;
        list.push_back(std::move(one));
    }
    if (!list.empty()) object["tasks"] = std::move(list);
    return object;
}

HostStates::HostStates(const Plan& plan) {
    for (const auto& target : plan.targets) {
        if (!target.is_injected()) continue;
        HostState& host = hosts_[target.instance_id];
        host.target = target;
        for (const auto& task : target.tasks)
            host.tasks[task.id].task = task;
        id_of_arn_[target.arn] = target.instance_id;
    }
}

bool HostStates::owes_recovery() const {
    return std::any_of(hosts_.begin(), hosts_.end(), [](const auto& entry) {
        return entry.second.may_hold && !entry.second.recovered_at;
    });
}

HostState* HostStates::by_arn(const std::string& arn) {
    const auto id = id_of_arn_.find(arn);
    return id == id_of_arn_.end() ? nullptr : &hosts_.at(id->second);
}

std::map<host::Shell, std::vector<std::string>>
HostStates::by_shell(const std::vector<std::string>& instance_ids) const {
    std::map<host::Shell, std::vector<std::string>> groups;
    for (const auto& id : instance_ids)
        groups[hosts_.at(id).target.shell].push_back(id);
    return groups;
}

} // namespace squall::experiment
