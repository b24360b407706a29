#include "squall/watch/notice.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"

namespace squall::watch {
namespace {

using monitor::Decision;
using monitor::DecisionKind;

constexpr std::size_t members_shown_max = 20;

// The word in brackets, by which people filter their mail. "[ISSUE]" is the published sample's.
std::string_view tag(DecisionKind kind, monitor::Reason reason) {
    switch (kind) {
    case DecisionKind::recovered:
        return "[RECOVERED]";
    case DecisionKind::reminded:
        return "[REMINDER]";
    case DecisionKind::escalated:
        return "[CRITICAL]";
    case DecisionKind::action:
        return "[ACTION]";
    case DecisionKind::opened:
    case DecisionKind::grouped:
        return "[ISSUE]";
    case DecisionKind::suppressed:
    case DecisionKind::unverified:
    case DecisionKind::info:
        break;
    }
    return reason == monitor::Reason::api ? "[MONITOR]" : "[INFO]";
}

std::string group_name(const Decision& decision) {
    std::string name = fmt::format("{} instances", decision.members.size());
    if (decision.reason == monitor::Reason::region) return name + ", most of the region";
    if (!decision.traits.availability_zone.empty())
        name += " in " + decision.traits.availability_zone;
    if (!decision.cluster.empty()) name += " of cluster " + decision.cluster;
    return name;
}

std::string subject_of(const Decision& decision) {
    if (!decision.members.empty())
        return fmt::format(
            "{} ECS Instances - {}", tag(decision.kind, decision.reason), group_name(decision));
    if (decision.node.empty())
        return fmt::format("{} ECS agent monitor", tag(decision.kind, decision.reason));
    return fmt::format("{} ECS Instance - {}", tag(decision.kind, decision.reason), decision.node);
}

std::string ago(WallTime since, WallTime now) {
    return short_duration(std::chrono::duration_cast<Millis>(std::chrono::floor<Seconds>(now)
                                                             - std::chrono::floor<Seconds>(since)));
}

// The first line: what is the matter. Of an opened one as the published sample writes it.
std::string headline(const Decision& decision) {
    const std::string_view cluster =
        decision.cluster_arn.empty() ? decision.cluster : decision.cluster_arn;
    const std::string what =
        decision.members.empty()
            ? fmt::format("ECS Container Instance {} from Cluster {}", decision.node, cluster)
            : group_name(decision);
    const std::string_view have = decision.members.empty() ? "has" : "have";
    const std::string_view are = decision.members.empty() ? "is" : "are";
    switch (decision.kind) {
    case DecisionKind::opened:
    case DecisionKind::grouped:
        return fmt::format("{} {} {} the ECS Agent disconnected.",
                           tag(decision.kind, decision.reason),
                           what,
                           have);
    case DecisionKind::reminded:
    case DecisionKind::escalated:
        return fmt::format("{} {} still {} the ECS Agent disconnected, since {}.",
                           tag(decision.kind, decision.reason),
                           what,
                           have,
                           ago(decision.since, decision.at));
    case DecisionKind::recovered:
        if (decision.reason != monitor::Reason::none)
            return fmt::format("{} {} {} gone ({}).",
                               tag(decision.kind, decision.reason),
                               what,
                               are,
                               text(decision.reason));
        return fmt::format("{} {} {} the ECS Agent connected again, after {}.",
                           tag(decision.kind, decision.reason),
                           what,
                           have,
                           short_duration(decision.duration.value_or(Millis(0))));
    case DecisionKind::action:
        return fmt::format(
            "{} {}: {}.", tag(decision.kind, decision.reason), what, text(decision.rung));
    case DecisionKind::suppressed:
    case DecisionKind::unverified:
    case DecisionKind::info:
        break;
    }
    const std::string about = decision.node.empty() ? "The ECS agent monitor" : what;
    return fmt::format(
        "{} {}: {}", tag(decision.kind, decision.reason), about, text(decision.reason));
}

struct Named {
    std::string_view title; // for people
    std::string_view name;  // for programs
    std::string value;
};

std::vector<Named> facts(const Decision& decision) {
    return {{"Cluster", "cluster", decision.cluster},
            {"Cluster ARN", "cluster_arn", decision.cluster_arn},
            {"Node", "node", decision.node},
            {"Container instance", "container_instance_arn", decision.container_instance_arn},
            {"Availability zone", "availability_zone", decision.traits.availability_zone},
            {"Subnet", "subnet", decision.traits.subnet},
            {"AMI", "ami", decision.traits.ami},
            {"Instance type", "instance_type", decision.traits.instance_type},
            {"Agent version", "agent_version", decision.traits.agent_version},
            {"Docker version", "docker_version", decision.traits.docker_version},
            {"Capacity provider", "capacity_provider", decision.traits.capacity_provider}};
}

std::string body_of(const Decision& decision, const std::string& key) {
    std::string body = headline(decision) + "\n\n";
    const auto line = [&](std::string_view title, std::string_view value) {
        if (!value.empty()) body += fmt::format("{}: {}\n", title, value);
    };
    if (!decision.detail.empty()) body += decision.detail + "\n\n";
    if (!decision.members.empty()) body += "What they have in common:\n";
    for (const auto& fact : facts(decision))
        line(fact.title, fact.value);
    if (decision.since != monitor::unknown_time) line("Since", rfc3339_seconds(decision.since));
    if (decision.duration) line("Duration", short_duration(*decision.duration));
    if (!decision.members.empty()) {
        auto shown = decision.members;
        const bool is_cut = shown.size() > members_shown_max;
        if (is_cut) shown.resize(members_shown_max);
        line("Instances",
             fmt::format(
                 "{}{}",
                 join(shown, ", "),
                 is_cut ? fmt::format(" and {} more", decision.members.size() - members_shown_max)
                        : ""));
    }
    if (!decision.node.empty() && decision.kind != DecisionKind::recovered)
        body += fmt::format("\nWhat led to this: squall monitor explain {}\n", decision.node);
    body += decision.incident.empty()
                ? fmt::format("\nMessage {}\n", key)
                : fmt::format("\nIncident {}, message {}\n", decision.incident, key);
    return body;
}

json::Object object_of(const Decision& decision, const std::string& key) {
    json::Object object{{"idempotency_key", key},
                        {"kind", text(decision.kind)},
                        {"at", rfc3339_millis(decision.at)},
                        {"incident", decision.incident}};
    for (const auto& fact : facts(decision)) {
        if (!fact.value.empty()) object[fact.name] = fact.value;
    }
    if (decision.reason != monitor::Reason::none) object["reason"] = text(decision.reason);
    if (!decision.detail.empty()) object["detail"] = decision.detail;
    if (decision.since != monitor::unknown_time) object["since"] = rfc3339_millis(decision.since);
    if (decision.duration)
        object["duration_s"] = static_cast<double>(decision.duration->count()) / 1000;
    if (decision.number > 0) object["number"] = decision.number;
    if (decision.kind == DecisionKind::action) object["action"] = text(decision.rung);
    // As the hook of the published sample gets them: a list of ids, of one too.
    json::Array nodes(decision.members.begin(), decision.members.end());
    if (nodes.empty() && !decision.node.empty()) nodes.emplace_back(decision.node);
    object["nodes"] = std::move(nodes);
    return object;
}

} // namespace

Notice notice_of(const Decision& decision) {
    Notice notice;
    notice.idempotency_key = decision.idempotency_key();
    notice.subject = subject_of(decision);
    notice.body = body_of(decision, notice.idempotency_key);
    notice.object = object_of(decision, notice.idempotency_key);
    return notice;
}

} // namespace squall::watch
