// Lifecycle hooks of instances that are about to be terminated: somebody wants to be told before,
// and to be waited for. One hook at a time holds an instance.
#include "api/query_answer.h"
#include "autoscaling/service.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

namespace squall::lab::autoscaling {
namespace {

constexpr const char* terminating = "autoscaling:EC2_INSTANCE_TERMINATING";
constexpr std::int64_t timeout_least = 30;
constexpr std::int64_t timeout_most = 7200;

} // namespace

void Service::begin_waiting(Group& group, Member& member, WallTime now) {
    const LifecycleHook& hook = group.hooks.begin()->second;
    member.lifecycle_state = "Terminating:Wait";
    member.waiting_until = now + hook.timeout;
    member.action_token = random_uuid();
    json::Object detail{{"LifecycleActionToken", member.action_token},
                        {"AutoScalingGroupName", group.name},
                        {"LifecycleHookName", hook.name},
                        {"EC2InstanceId", member.instance_id},
                        {"LifecycleTransition", terminating},
                        {"Origin", "AutoScalingGroup"},
                        {"Destination", "EC2"}};
    if (!hook.notification_metadata.empty())
        detail["NotificationMetadata"] = hook.notification_metadata;
    tell_("EC2 Instance-terminate Lifecycle Action",
          {json::Value(group.arn)},
          std::move(detail),
          now);
}

Answer Service::put_lifecycle_hook(const ApiCall& call) {
    const auto group = group_of(call);
    if (!group) return fail(group.error());
    LifecycleHook hook;
    hook.name = call.form.get("LifecycleHookName");
    if (hook.name.empty()) return invalid("A lifecycle hook needs a name");
    if (call.form.get("LifecycleTransition") != terminating)
        return invalid(fmt::format("The lifecycle hooks of this lab are of {} only", terminating));
    if (const auto given = call.form.get("HeartbeatTimeout"); !given.empty()) {
        const auto seconds = to_integer(given);
        if (!seconds || *seconds < timeout_least || *seconds > timeout_most)
            return invalid(fmt::format(
                "HeartbeatTimeout must be between {} and {} seconds", timeout_least, timeout_most));
        hook.timeout = Seconds(*seconds);
    }
    if (const auto given = call.form.get("DefaultResult"); !given.empty())
        hook.default_result = given;
    if (hook.default_result != "CONTINUE" && hook.default_result != "ABANDON")
        return invalid("DefaultResult is CONTINUE or ABANDON");
    hook.notification_metadata = call.form.get("NotificationMetadata");
    auto& hooks = (*group)->hooks;
    if (!hooks.contains(hook.name) && hooks.size() >= hooks_max)
        return refuse("LimitExceeded", "You have reached the limit of lifecycle hooks.");
    const std::string name = hook.name;
    hooks[name] = std::move(hook);
    return query_answer(call, xml_namespace, [](wire::XmlWriter&) {});
}

Answer Service::describe_lifecycle_hooks(const ApiCall& call) {
    const auto group = group_of(call);
    if (!group) return fail(group.error());
    return query_answer(call, xml_namespace, [&](wire::XmlWriter& xml) {
        xml.element("LifecycleHooks", [&] {
            for (const auto& [name, hook] : (*group)->hooks) {
                xml.element("member", [&, &hook = hook] {
                    xml.leaf("LifecycleHookName", hook.name);
                    xml.leaf("AutoScalingGroupName", (*group)->name);
                    xml.leaf("LifecycleTransition", terminating);
                    if (!hook.notification_metadata.empty())
                        xml.leaf("NotificationMetadata", hook.notification_metadata);
                    xml.leaf("HeartbeatTimeout", std::to_string(hook.timeout.count()));
                    xml.leaf("GlobalTimeout", std::to_string(100 * hook.timeout.count()));
                    xml.leaf("DefaultResult", hook.default_result);
                });
            }
        });
    });
}

Answer Service::delete_lifecycle_hook(const ApiCall& call) {
    const auto group = group_of(call);
    if (!group) return fail(group.error());
    if ((*group)->hooks.erase(std::string(call.form.get("LifecycleHookName"))) == 0)
        return invalid(fmt::format("No Lifecycle Hook found with name {}",
                                   call.form.get("LifecycleHookName")));
    return query_answer(call, xml_namespace, [](wire::XmlWriter&) {});
}

// By the instance or by the token. Either result ends an instance that is to be terminated.
Answer Service::complete_lifecycle_action(const ApiCall& call) {
    const auto group = group_of(call);
    if (!group) return fail(group.error());
    const auto result = call.form.get("LifecycleActionResult");
    if (result != "CONTINUE" && result != "ABANDON")
        return invalid("LifecycleActionResult is CONTINUE or ABANDON");
    const auto id = call.form.get("InstanceId");
    const auto token = call.form.get("LifecycleActionToken");
    for (auto& [name, member] : (*group)->members) {
        const bool is_meant = !token.empty() ? token == member.action_token : id == name;
        if (!is_meant || !member.waiting_until) continue;
        proceed(member, call.now);
        return query_answer(call, xml_namespace, [](wire::XmlWriter&) {});
    }
    return invalid(token.empty()
                       ? fmt::format("No active Lifecycle Action found with instance ID {}", id)
                       : fmt::format("No active Lifecycle Action found with token {}", token));
}

} // namespace squall::lab::autoscaling
