// What ecs-agent-stop needs, asked for without doing anything: reads are made as they are, commands
// are given to an instance, and asked after by an id, that do not exist.
#include "faults/ecs_agent_stop.h"
#include "squall/aws/cloudwatch.h"
#include "squall/base/text.h"

namespace squall::experiment {
namespace {

using State = CheckItem::State;

const std::string no_instance = "i-00000000000000000";
const std::string no_container_instance(32, '0');

// Access is decided before the rest of a request is looked at: whoever is told that there is no
// such thing was allowed to ask.
bool is_allowed(const aws::ApiError& error) {
    return error.status >= 400 && error.status < 500 && error.kind != Errc::denied
           && error.kind != Errc::unavailable;
}

class Checks {
public:
    Checks(World& world, const TunableValues& values, Deadline deadline, std::stop_token stop)
        : world_(world), values_(values), deadline_(deadline), stop_(std::move(stop)) {}

    std::vector<CheckItem> permissions() {
        const std::string& cluster = values_.text("CLUSTER_NAME");
        const std::vector<std::string> clusters{cluster};
        const std::vector<std::string> instances{no_instance};
        const std::vector<std::string> container_instances{no_container_instance};
        take("ecs:DescribeClusters", world_.ecs.describe_clusters(clusters, deadline_, stop_));
        take("ecs:ListContainerInstances",
             world_.ecs.list_container_instances(cluster, {}, deadline_, stop_));
        take("ecs:DescribeContainerInstances",
             world_.ecs.describe_container_instances(
                 cluster, container_instances, deadline_, stop_));
        take("ssm:DescribeInstanceInformation",
             world_.ssm.describe_instance_information(instances, deadline_, stop_));
        aws::SendCommandRequest request;
        request.document_name = "AWS-RunShellScript";
        request.instance_ids = instances;
        request.parameters = {{"commands", {"true"}}};
        take("ssm:SendCommand", world_.ssm.send_command(request, deadline_, stop_));
        const std::string command = random_uuid();
        take("ssm:CancelCommand", world_.ssm.cancel_command(command, {}, deadline_, stop_));
        follow_commands(command);
        look_at_guards(cluster);
        return std::move(items_);
    }

private:
    template <class T>
    CheckItem& take(const std::string& action, const aws::Outcome<T>& outcome) {
        CheckItem item{action, State::good, "", "", true};
        if (!outcome && !is_allowed(outcome.error())) {
            const bool is_denied = outcome.error().kind == Errc::denied;
            item.state = is_denied ? State::bad : State::unknown;
            item.text = is_denied ? "not allowed" : aws::to_error(outcome.error()).message;
            if (is_denied) item.advice = aws::to_error(outcome.error()).message;
            // A policy may allow it on instances that exist, by name or by tag.
            if (is_denied && outcome.error().resource.ends_with(no_instance)) {
                item.state = State::unknown;
                item.text = "not allowed on an instance that is not there: whether it is on yours, "
                            "only a run tells";
                item.advice.clear();
                item.needed = false;
            }
        }
        items_.push_back(std::move(item));
        return items_.back();
    }

    // Either of the two suffices.
    void follow_commands(const std::string& command) {
        const auto listed =
            world_.ssm.list_command_invocations(command, /*with_details=*/false, deadline_, stop_);
        CheckItem& list = take("ssm:ListCommandInvocations", listed);
        if (list.state == State::good) return;
        const auto asked =
            world_.ssm.get_command_invocation(command, no_instance, {}, deadline_, stop_);
        if (!asked && !is_allowed(asked.error())) return;
        list.needed = false;
        list.advice.clear();
        list.text = "not allowed; ssm:GetCommandInvocation is, and each host is asked for by "
                    "itself: slower, with many calls";
    }

    // Only a strict run needs it.
    void need_if_strict(CheckItem& item) const {
        if (values_.text("GUARDS") == "strict") return;
        item.needed = false;
        if (item.state == State::bad) item.text = "not allowed: a run does not look at it";
        item.advice.clear();
    }

    void look_at_guards(const std::string& cluster) {
        const std::vector<std::string> services{"squall-check"};
        need_if_strict(
            take("ecs:ListServices", world_.ecs.list_services(cluster, deadline_, stop_)));
        need_if_strict(take("ecs:DescribeServices",
                            world_.ecs.describe_services(cluster, services, deadline_, stop_)));
        if (values_.text("STOP_ALARMS").empty()) return;
        const std::vector<std::string> alarms{"squall-check"};
        take("cloudwatch:DescribeAlarms",
             world_.cloudwatch.describe_alarms(alarms, deadline_, stop_));
    }

    World& world_;
    const TunableValues& values_;
    Deadline deadline_;
    std::stop_token stop_;
    std::vector<CheckItem> items_;
};

void add_hosts(const Plan& plan, std::vector<CheckItem>& items) {
    const auto injected = plan.injected_ids().size();
    items.push_back({"hosts",
                     injected == 0 ? State::bad : State::good,
                     fmt::format("{} of {} container instances can be affected",
                                 injected,
                                 plan.selection.registered),
                     "",
                     true});
    for (const auto& target : plan.targets) {
        if (!target.is_injected())
            items.push_back({target.instance_id, State::bad, target.skip, target.advice, false});
    }
    for (const auto& finding : plan.guards)
        items.push_back({finding.guard, State::bad, finding.text, "", finding.refuses});
}

} // namespace

std::vector<CheckItem> EcsAgentStop::look_beforehand(World& world,
                                                     const TunableValues& values,
                                                     Deadline deadline,
                                                     std::stop_token stop) const {
    const auto caller = world.sts.get_caller_identity(deadline, stop);
    if (!caller)
        return {{"credentials", State::bad, aws::to_error(caller.error()).message, "", true}};
    std::vector<CheckItem> items{{"credentials", State::good, caller->arn, "", true}};
    auto permissions = Checks(world, values, deadline, stop).permissions();
    items.insert(items.end(), permissions.begin(), permissions.end());
    if (!is_ready(items)) return items;
    const auto planned = plan(world, values, deadline, stop);
    if (planned)
        add_hosts(*planned, items);
    else
        items.push_back({"plan", State::bad, planned.error().message, "", true});
    return items;
}

} // namespace squall::experiment
