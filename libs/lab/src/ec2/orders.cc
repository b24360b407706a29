// What people order of instances: to start, to stop, to reboot, to end. All of a call's or none.
#include "ec2/answers.h"
#include "ec2/instances.h"
#include "squall/base/text.h"
#include "squall/wire/xml.h"

#include <algorithm>

namespace squall::lab::ec2 {
namespace {

constexpr const char* by_user = "Client.UserInitiatedShutdown";

tl::unexpected<wire::ServiceError> wrong_state(const std::string& id, std::string_view wanted) {
    return refuse(
        "IncorrectInstanceState",
        fmt::format("The instance '{}' is not in a state from which it can be {}.", id, wanted));
}

void write_state(wire::XmlWriter& xml, const char* name, const std::string& state) {
    xml.element(name, [&] {
        xml.leaf("code", state_code(state));
        xml.leaf("name", state);
    });
}

void write_change(wire::XmlWriter& xml,
                  const std::string& id,
                  const std::string& before,
                  const std::string& after) {
    xml.leaf("instanceId", id);
    write_state(xml, "currentState", after);
    write_state(xml, "previousState", before);
}

} // namespace

Result<std::vector<std::string>, wire::ServiceError>
Instances::ordered_ids(const ApiCall& call) const {
    auto ids = ids_of(call);
    if (!ids) return ids;
    if (ids->empty())
        return refuse("MissingParameter", "The request must contain the parameter InstanceId");
    // Whoever may not is refused before this.
    if (call.form.get("DryRun") == "true")
        return refuse(
            "DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412);
    return ids;
}

Answer Instances::change_all(const ApiCall& call,
                             const std::vector<std::string>& ids,
                             const Change& change) {
    std::map<std::string, std::string> before;
    std::map<std::string, std::string> after;
    for (const auto& id : ids) {
        const Instance& instance = all.find(id)->second;
        before[id] = instance.state;
        change(id);
        after[id] = instance.state;
    }
    return answer_with(call, [&](wire::XmlWriter& xml) {
        xml.element("instancesSet", [&] {
            for (const auto& id : ids)
                xml.element("item", [&] { write_change(xml, id, before[id], after[id]); });
        });
    });
}

bool Instances::start(const std::string& id, WallTime now) {
    const auto found = all.find(id);
    if (found == all.end() || found->second.state != "stopped") return false;
    found->second.reason.clear();
    found->second.launched_at = now;
    change_state(id, "pending", now);
    if (machines_ != nullptr) machines_->start(id);
    if (machines_ == nullptr) settle(id, "running", now);
    return true;
}

bool Instances::stop(const std::string& id, WallTime now) {
    const auto found = all.find(id);
    if (found == all.end() || found->second.state != "running") return false;
    found->second.reason = by_user;
    change_state(id, "stopping", now);
    if (machines_ != nullptr) machines_->stop(id);
    if (machines_ == nullptr) settle(id, "stopped", now);
    return true;
}

Answer Instances::start_instances(const ApiCall& call) {
    const auto ids = ordered_ids(call);
    if (!ids) return fail(ids.error());
    for (const auto& id : *ids) {
        const std::string& state = all.find(id)->second.state;
        if (state != "stopped" && state != "running" && state != "pending")
            return wrong_state(id, "started");
    }
    return change_all(call, *ids, [&](const std::string& id) { start(id, call.now); });
}

Answer Instances::stop_instances(const ApiCall& call) {
    const auto ids = ordered_ids(call);
    if (!ids) return fail(ids.error());
    for (const auto& id : *ids) {
        const std::string& state = all.find(id)->second.state;
        if (state != "running" && state != "stopping" && state != "stopped")
            return wrong_state(id, "stopped");
    }
    return change_all(call, *ids, [&](const std::string& id) { stop(id, call.now); });
}

Answer Instances::terminate_instances(const ApiCall& call) {
    const auto ids = ordered_ids(call);
    if (!ids) return fail(ids.error());
    return change_all(call, *ids, [&](const std::string& id) { terminate(id, by_user, call.now); });
}

Answer Instances::reboot_instances(const ApiCall& call) {
    const auto ids = ordered_ids(call);
    if (!ids) return fail(ids.error());
    for (const auto& id : *ids) {
        if (all.find(id)->second.state != "running")
            return refuse("IncorrectState",
                          fmt::format("Instance '{}' is not in the 'running' state.", id));
    }
    for (const auto& id : *ids)
        if (machines_ != nullptr) machines_->reboot(id);
    return done(call);
}

} // namespace squall::lab::ec2
