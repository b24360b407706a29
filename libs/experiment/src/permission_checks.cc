#include "permission_checks.h"

#include "announcement.h"
#include "squall/base/text.h"

namespace squall::experiment {

using State = CheckItem::State;

bool was_allowed(const aws::ApiError& error) {
    return error.status >= 400 && error.status < 500 && error.kind != Errc::denied
           && error.kind != Errc::unavailable;
}

CheckItem PermissionChecks::item_of(const std::string& action, const aws::ApiError& error) {
    CheckItem item{action, State::good, "", "", true};
    if (was_allowed(error)) return item;
    const bool is_denied = error.kind == Errc::denied;
    item.state = is_denied ? State::bad : State::unknown;
    item.text = is_denied ? "not allowed" : aws::to_error(error).message;
    if (is_denied) item.advice = aws::to_error(error).message;
    // A policy may allow it on instances that exist, by name or by tag.
    if (is_denied && error.resource.ends_with(no_instance)) {
        item.state = State::unknown;
        item.text = "not allowed on an instance that is not there: whether it is on yours, only a "
                    "run tells";
        item.advice.clear();
        item.needed = false;
    }
    return item;
}

void PermissionChecks::look_at_commands() {
    const std::vector<std::string> instances{no_instance};
    take("ssm:DescribeInstanceInformation",
         world_.ssm.describe_instance_information(instances, deadline_, stop_));
    aws::SendCommandRequest request;
    request.document_name = "AWS-RunShellScript";
    request.instance_ids = instances;
    request.parameters = {{"commands", {"true"}}};
    take("ssm:SendCommand", world_.ssm.send_command(request, deadline_, stop_));
    const std::string command = random_uuid();
    take("ssm:CancelCommand", world_.ssm.cancel_command(command, {}, deadline_, stop_));
    const auto listed =
        world_.ssm.list_command_invocations(command, /*with_details=*/false, deadline_, stop_);
    CheckItem& list = take("ssm:ListCommandInvocations", listed);
    if (list.state == State::good) return;
    // Either of the two suffices.
    const auto asked =
        world_.ssm.get_command_invocation(command, no_instance, {}, deadline_, stop_);
    if (!asked && !was_allowed(asked.error())) return;
    list.needed = false;
    list.advice.clear();
    list.text = "not allowed; ssm:GetCommandInvocation is, and each host is asked for by itself: "
                "slower, with many calls";
}

void PermissionChecks::look_at_bus(const TunableValues& values) {
    const std::string bus = bus_of(values);
    if (bus.empty()) return;
    // EventBridge takes no event without a source: it says so, and nobody gets it.
    const std::vector<aws::EventEntry> no_event(1);
    take("events:PutEvents", world_.events.put_events(bus, no_event, deadline_, stop_));
    take("events:DescribeEventBus", world_.events.has_event_bus(bus, deadline_, stop_));
}

std::vector<CheckItem> look_in_turn(World& world,
                                    const LookBeforehand& look,
                                    Deadline deadline,
                                    const std::stop_token& stop) {
    const auto caller = world.sts.get_caller_identity(deadline, stop);
    if (!caller)
        return {{"credentials", State::bad, aws::to_error(caller.error()).message, "", true}};
    std::vector<CheckItem> items{{"credentials", State::good, caller->arn, "", true}};
    auto allowed = look.permissions();
    items.insert(items.end(), allowed.begin(), allowed.end());
    if (!is_ready(items)) return items;
    const auto planned = look.plan();
    if (planned)
        look.add(*planned, items);
    else
        items.push_back({"plan", State::bad, planned.error().message, "", true});
    return items;
}

void add_what_hinders(const Plan& plan, std::vector<CheckItem>& items) {
    for (const auto& target : plan.targets) {
        if (!target.is_injected())
            items.push_back({target.instance_id, State::bad, target.skip, target.advice, false});
    }
    for (const auto& finding : plan.guards)
        items.push_back({finding.guard, State::bad, finding.text, "", finding.refuses});
}

} // namespace squall::experiment
