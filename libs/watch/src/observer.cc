#include "squall/watch/observer.h"

#include "squall/base/log.h"

#include <algorithm>
#include <set>

namespace squall::watch {
namespace {

using monitor::ApiOutcome;
using monitor::InstanceReport;

ApiOutcome outcome_of(const aws::ApiError& error) {
    if (error.kind == Errc::denied) return ApiOutcome::denied;
    if (aws::reason_to_retry(error) == aws::RetryReason::busy) return ApiOutcome::throttled;
    return ApiOutcome::unavailable;
}

std::string attribute(const aws::ContainerInstance& instance, const char* name) {
    const auto found = instance.attributes.find(name);
    return found == instance.attributes.end() ? std::string() : found->second;
}

InstanceReport report_of(const aws::ContainerInstance& instance, const std::string& cluster_arn) {
    InstanceReport report;
    report.arn = instance.arn;
    report.cluster_arn = cluster_arn;
    report.ec2_instance_id = instance.ec2_instance_id;
    report.version = instance.version;
    report.agent_connected = instance.agent_connected;
    report.status = instance.status;
    report.registered_at = instance.registered_at.value_or(monitor::unknown_time);
    for (const auto& health : instance.health) {
        if (health.type == "AGENT_CONNECTIVITY" && health.status == "IMPAIRED")
            report.impaired_since = health.last_status_change.value_or(monitor::unknown_time);
    }
    report.traits = {attribute(instance, "ecs.availability-zone"),
                     attribute(instance, "ecs.subnet-id"),
                     attribute(instance, "ecs.ami-id"),
                     attribute(instance, "ecs.instance-type"),
                     instance.agent_version,
                     instance.docker_version,
                     instance.capacity_provider_name};
    return report;
}

bool is_external(const std::string& id) { return id.starts_with("mi-"); }

std::vector<std::string> without_repetitions(std::vector<std::string> ids) {
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
}

} // namespace

// What EC2 says of instances, and SSM of those that are not EC2's.
struct Observer::Ec2View {
    std::map<std::string, monitor::Ec2Seen> seen;

    [[nodiscard]] std::optional<monitor::Ec2Seen> of(const std::string& id) const {
        const auto found = seen.find(id);
        if (found == seen.end()) return std::nullopt;
        return found->second;
    }
};

Observer::Observer(aws::Client& client, Clock& clock, ObserverOptions options)
    : ecs_(client),
      ec2_(client),
      ssm_(client),
      auto_scaling_(client),
      clock_(clock),
      options_(std::move(options)) {}

aws::Outcome<monitor::ClustersSeen> Observer::clusters(const std::stop_token& stop) {
    const auto arns = ecs_.list_clusters(limit(), stop);
    if (!arns) return fail(arns.error());
    monitor::ClustersSeen seen;
    if (!options_.cluster_tag) {
        for (const auto& arn : *arns)
            seen.clusters.push_back({arn, true});
        return seen;
    }
    const auto described = ecs_.describe_clusters(*arns, limit(), stop, aws::Include::tags);
    if (!described) return fail(described.error());
    for (const auto& cluster : described->found) {
        const auto tag = cluster.tags.find(std::string(monitor::cluster_tag_key));
        seen.clusters.push_back(
            {cluster.arn, tag != cluster.tags.end() && tag->second == *options_.cluster_tag});
    }
    return seen;
}

aws::Outcome<monitor::Polled> Observer::poll_cluster(const std::string& arn,
                                                     const std::stop_token& stop) {
    monitor::Polled polled;
    polled.cluster_arn = arn;
    polled.asked_at = clock_.wall();
    const auto arns = ecs_.list_container_instances(arn, {}, limit(), stop);
    if (!arns) return fail(arns.error());
    const auto described = ecs_.describe_container_instances(
        arn, *arns, limit(), stop, aws::Include::container_instance_health);
    if (!described) return fail(described.error());
    for (const auto& instance : described->found) {
        if (!instance.ec2_instance_id.empty()) polled.reports.push_back(report_of(instance, arn));
    }
    return polled;
}

std::vector<monitor::Input> Observer::poll(const std::stop_token& stop) {
    std::vector<monitor::Input> inputs;
    const auto failed = [&](const aws::ApiError& error) {
        if (!stop.stop_requested())
            inputs.emplace_back(
                monitor::PollFailed{outcome_of(error), aws::to_error(error).message});
        return inputs;
    };
    auto seen = clusters(stop);
    if (!seen) return failed(seen.error());
    const auto all = seen->clusters;
    inputs.emplace_back(std::move(*seen));
    for (const auto& cluster : all) {
        if (!cluster.is_monitored) continue;
        auto polled = poll_cluster(cluster.arn, stop);
        if (!polled) return failed(polled.error());
        inputs.emplace_back(std::move(*polled));
    }
    if (!may_ask_groups_) return inputs;
    auto members = groups(inputs, stop);
    if (members) {
        inputs.emplace_back(std::move(*members));
    } else if (members.error().kind == Errc::denied || members.error().status == 400) {
        may_ask_groups_ = false;
        log::warning("hosts that never register are not looked for: {}",
                     aws::to_error(members.error()).message);
    } else {
        return failed(members.error());
    }
    return inputs;
}

// The members of groups whose cluster is known: by the settings, or because others of the group
// have registered with it.
aws::Outcome<monitor::GroupMembersSeen> Observer::groups(const std::vector<monitor::Input>& polled,
                                                         const std::stop_token& stop) {
    const auto groups = auto_scaling_.describe_auto_scaling_groups({}, limit(), stop);
    if (!groups) return fail(groups.error());
    std::map<std::string_view, std::string_view> registered; // EC2 instance id, cluster
    for (const auto& input : polled) {
        const auto* cluster = std::get_if<monitor::Polled>(&input);
        if (cluster == nullptr) continue;
        for (const auto& report : cluster->reports)
            registered[report.ec2_instance_id] = cluster->cluster_arn;
    }
    monitor::GroupMembersSeen seen;
    std::vector<std::string> unregistered;
    for (const auto& group : *groups) {
        const auto named = options_.group_clusters.find(group.name);
        std::string cluster = named == options_.group_clusters.end() ? "" : named->second;
        for (const auto& instance : group.instances) {
            const auto found = registered.find(instance.instance_id);
            if (cluster.empty() && found != registered.end()) cluster = found->second;
        }
        if (cluster.empty()) continue;
        for (const auto& instance : group.instances) {
            if (!registered.contains(instance.instance_id))
                unregistered.push_back(instance.instance_id);
            seen.members.push_back(
                {instance.instance_id, instance.lifecycle_state, group.name, cluster, {}});
        }
    }
    const auto view = machines(unregistered, stop);
    if (!view) return fail(view.error());
    for (auto& member : seen.members) {
        // Of what has registered ECS tells.
        if (registered.contains(member.ec2_instance_id))
            member.ec2 = monitor::Ec2Seen{"running", {}, monitor::unknown_time};
        else
            member.ec2 = view->of(member.ec2_instance_id);
    }
    return seen;
}

aws::Outcome<Observer::Ec2View> Observer::machines(const std::vector<std::string>& ids,
                                                   const std::stop_token& stop) {
    Ec2View view;
    std::vector<std::string> external;
    std::vector<std::string> own;
    for (const auto& id : ids)
        (is_external(id) ? external : own).push_back(id);
    const auto instances = ec2_.describe_instances(without_repetitions(own), limit(), stop);
    if (!instances) return fail(instances.error());
    for (const auto& instance : *instances)
        view.seen[instance.instance_id] = {instance.state,
                                           instance.availability_zone,
                                           instance.launch_time.value_or(monitor::unknown_time)};
    const auto managed =
        ssm_.describe_instance_information(without_repetitions(external), limit(), stop);
    if (!managed) return fail(managed.error());
    for (const auto& instance : *managed)
        view.seen[instance.instance_id] = {
            instance.ping_status == "Online" ? "running" : "stopped", {}, monitor::unknown_time};
    return view;
}

// What Auto Scaling does with those that run, and whose agent is gone: others are explained without
// it. Nothing hangs on it: a refusal, or no answer, is as if they were in no group.
void Observer::add_lifecycles(const monitor::Look& request,
                              monitor::Looked& looked,
                              const std::stop_token& stop) {
    if (!may_ask_groups_ || !may_ask_lifecycles_) return;
    std::map<std::string_view, std::vector<monitor::LookAnswer*>> asked; // by EC2 instance id
    for (std::size_t i = 0; i < request.hosts.size(); ++i) {
        const std::string& id = request.hosts[i].ec2_instance_id;
        monitor::LookAnswer& answer = looked.answers[i];
        const bool is_back =
            std::any_of(answer.reports.begin(),
                        answer.reports.end(),
                        [](const InstanceReport& report) { return report.agent_connected; });
        const bool runs = answer.ec2 && answer.ec2->state == "running";
        // Those of which ECS is not asked are looked at again after a poll, which asked the groups.
        const bool is_news = !request.hosts[i].arns.empty();
        if (answer.outcome == ApiOutcome::ok && is_news && runs && !is_back && !is_external(id))
            asked[id].push_back(&answer);
    }
    std::vector<std::string> ids;
    ids.reserve(asked.size());
    for (const auto& [id, answers] : asked)
        ids.emplace_back(id);
    const auto instances = auto_scaling_.describe_auto_scaling_instances(
        ids, Deadline::at(clock_.now() + options_.lifecycle_limit), stop);
    if (instances) {
        for (const auto& instance : *instances) {
            const auto found = asked.find(instance.instance_id);
            if (found == asked.end()) continue;
            for (auto* answer : found->second)
                answer->lifecycle_state = instance.lifecycle_state;
        }
        return;
    }
    const std::string what = aws::to_error(instances.error()).message;
    if (instances.error().kind == Errc::denied) {
        may_ask_lifecycles_ = false;
        log::warning("of scale-in only events and polls of groups tell: {}", what);
    } else {
        log::debug("whether Auto Scaling ends any of {} hosts is not known: {}", ids.size(), what);
    }
}

monitor::Looked Observer::look(const monitor::Look& request, const std::stop_token& stop) {
    monitor::Looked looked;
    std::map<std::string, std::vector<std::string>> by_cluster;
    std::vector<std::string> ids;
    for (const auto& host : request.hosts) {
        auto& arns = by_cluster[host.cluster_arn];
        arns.insert(arns.end(), host.arns.begin(), host.arns.end());
        ids.push_back(host.ec2_instance_id);
    }
    std::map<std::string, InstanceReport> reports; // by ARN
    std::set<std::string> missing;
    std::map<std::string, aws::ApiError> failures; // by cluster
    for (const auto& [cluster, arns] : by_cluster) {
        const auto described = ecs_.describe_container_instances(
            cluster, arns, limit(), stop, aws::Include::container_instance_health);
        if (!described) {
            failures.emplace(cluster, described.error());
            continue;
        }
        for (const auto& instance : described->found)
            reports[instance.arn] = report_of(instance, cluster);
        for (const auto& failure : described->failures) {
            if (failure.reason == "MISSING") missing.insert(failure.arn);
        }
    }
    const auto view = machines(ids, stop);
    for (const auto& host : request.hosts) {
        monitor::LookAnswer answer;
        answer.host = host.host;
        const auto failed = failures.find(host.cluster_arn);
        const aws::ApiError* error = failed != failures.end() ? &failed->second
                                     : !view                  ? &view.error()
                                                              : nullptr;
        if (error != nullptr) {
            answer.outcome = outcome_of(*error);
            answer.what = aws::to_error(*error).message;
        } else {
            answer.ec2 = view->of(host.ec2_instance_id);
            for (const auto& arn : host.arns) {
                const auto found = reports.find(arn);
                if (found != reports.end()) answer.reports.push_back(found->second);
                if (missing.contains(arn)) answer.missing.push_back(arn);
            }
            // ECS has said nothing of it, not even that it is missing: that is no evidence.
            if (answer.reports.size() + answer.missing.size() < host.arns.size()) {
                answer.outcome = ApiOutcome::unavailable;
                answer.what =
                    "ecs:DescribeContainerInstances: it does not speak of all that it was "
                    "asked for";
            }
        }
        looked.answers.push_back(std::move(answer));
    }
    add_lifecycles(request, looked, stop);
    return looked;
}

} // namespace squall::watch
