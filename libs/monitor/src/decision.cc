#include "squall/monitor/decision.h"

#include "squall/base/time_text.h"

#include <fmt/format.h>

namespace squall::monitor {

std::string_view text(DecisionKind kind) {
    switch (kind) {
    case DecisionKind::opened:
        return "opened";
    case DecisionKind::reminded:
        return "reminded";
    case DecisionKind::escalated:
        return "escalated";
    case DecisionKind::recovered:
        return "recovered";
    case DecisionKind::grouped:
        return "grouped";
    case DecisionKind::suppressed:
        return "suppressed";
    case DecisionKind::unverified:
        return "unverified";
    case DecisionKind::action:
        return "action";
    case DecisionKind::info:
        return "info";
    }
    return "";
}

std::string_view text(Reason reason) {
    switch (reason) {
    case Reason::none:
        return "";
    case Reason::reconnected:
        return "reconnected";
    case Reason::draining:
        return "draining";
    case Reason::deregistering:
        return "deregistering";
    case Reason::inactive:
        return "inactive";
    case Reason::missing:
        return "missing";
    case Reason::stopped:
        return "stopped";
    case Reason::terminated:
        return "terminated";
    case Reason::spot:
        return "spot";
    case Reason::scale_in:
        return "scale-in";
    case Reason::planned:
        return "planned";
    case Reason::ghost:
        return "ghost";
    case Reason::boot_grace:
        return "boot-grace";
    case Reason::flapping:
        return "flapping";
    case Reason::region:
        return "region";
    case Reason::api:
        return "api";
    }
    return "";
}

std::string Decision::idempotency_key() const {
    if (incident.empty()) {
        return fmt::format(
            "{}/{}/{}/{}/{}", text(kind), text(reason), cluster, node, epoch_millis(at));
    }
    if (kind == DecisionKind::action)
        return fmt::format("{}/action/{}/{}", incident, text(rung), node);
    if (kind == DecisionKind::reminded) return fmt::format("{}/reminded/{}", incident, number);
    return fmt::format("{}/{}", incident, text(kind));
}

bool is_notice(DecisionKind kind) {
    return kind == DecisionKind::opened || kind == DecisionKind::reminded
           || kind == DecisionKind::escalated || kind == DecisionKind::recovered
           || kind == DecisionKind::grouped;
}

bool is_about_sight(const Decision& decision) {
    return decision.kind == DecisionKind::info && decision.reason == Reason::api;
}

} // namespace squall::monitor
