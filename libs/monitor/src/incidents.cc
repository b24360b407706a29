// What people are told, from the first word to the last.
#include "reduction.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace squall::monitor {
namespace {

constexpr std::size_t id_digits = 12;

// What all have in common, trait by trait.
Traits shared_traits(const std::vector<Host*>& hosts) {
    Traits shared = hosts.front()->traits();
    for (const Host* host : hosts) {
        for_each_trait_of_both(
            shared, *host, [](const char* /*name*/, std::string& ours, const std::string* other) {
                if (ours != *other) ours.clear();
            });
    }
    return shared;
}

// Of a group that ends: who has not come back, and never will.
std::string gone_text(const Incident& incident) {
    std::vector<std::string> gone;
    for (const auto& member : incident.members) {
        if (member.is_gone) gone.push_back(member.node);
    }
    if (gone.empty()) return {};
    return fmt::format("{} of {} did not come back, and do not exist any more: {}",
                       gone.size(),
                       incident.members.size(),
                       join(gone, ", "));
}

} // namespace

void Reduction::open_single(Host& host) {
    Incident incident;
    incident.id =
        "inc-"
        + sha256_hex(fmt::format("{}|{}", host.key, epoch_millis(host.since))).substr(0, id_digits);
    incident.cluster = host.cluster->name;
    incident.region = host.region();
    incident.members.push_back({host.key, host.ec2_instance_id});
    incident.traits = host.traits();
    incident.since = host.since;
    host.incident = incident.id;
    const bool is_unregistered = host.is_unregistered;
    Decision& told = decide(DecisionKind::opened, host, Reason::none);
    if (is_unregistered)
        told.detail = "it serves in its Auto Scaling group and has never registered with a cluster";
    Incident& opened = state_.open(std::move(incident));
    arm(opened, std::max(host.since, host.judged_from));
    state_.set_due(host, no_time);
    state_.set_phase(host, Phase::open);
    if (host.back_at == unknown_time) {
        start_ladder(host);
        return;
    }
    leave_incident(host, host.back_at, Reason::none);
    state_.set_phase(host, Phase::up);
}

void Reduction::open_group(Incident::Kind kind, const std::vector<Host*>& hosts) {
    Incident incident;
    incident.kind = kind;
    incident.region = hosts.front()->region();
    incident.cluster = hosts.front()->cluster->name;
    incident.since = hosts.front()->since;
    std::string whole;
    WallTime judged_from = no_time;
    for (const Host* host : hosts) {
        incident.members.push_back({host->key, host->ec2_instance_id});
        incident.since = std::min(incident.since, host->since);
        judged_from = std::min(judged_from, std::max(host->since, host->judged_from));
        if (host->cluster->name != incident.cluster) incident.cluster.clear();
        whole += fmt::format("{}|{}\n", host->key, epoch_millis(host->since));
    }
    incident.id = "inc-" + sha256_hex(whole).substr(0, id_digits);
    incident.traits = shared_traits(hosts);
    Incident& opened = state_.open(std::move(incident));
    Decision& told = decide(DecisionKind::grouped,
                            opened,
                            kind == Incident::Kind::region ? Reason::region : Reason::none);
    if (kind == Incident::Kind::region)
        told.detail = "most of the region's agents went at once: suspect AWS, the network or IAM; "
                      "nothing is done to any host";
    arm(opened, judged_from);
    const std::string id = opened.id;
    for (Host* host : hosts) {
        host->incident = id;
        state_.set_due(*host, no_time);
        state_.set_phase(*host, Phase::open);
        if (host->back_at == unknown_time) start_ladder(*host);
    }
    for (Host* host : hosts) {
        if (host->back_at == unknown_time) continue;
        leave_incident(*host, host->back_at, Reason::none);
        state_.set_phase(*host, Phase::up);
    }
}

// `judged_from`: the disconnection, or the end of the planned window in which it was.
void Reduction::arm(Incident& incident, WallTime judged_from) {
    incident.opened_at = now_;
    state_.set_remind_at(incident, now_ + settings_.remind);
    state_.set_escalate_at(incident,
                           std::max(judged_from + settings_.grace * limits::escalation_graces,
                                    now_ + settings_.escalate_min));
    state_.touch(incident);
}

// Until when planned windows ask for silence about all of it; unknown_time: they do not.
WallTime Reduction::silent_until(const Incident& incident) const {
    WallTime until = no_time;
    for (const auto& member : incident.members) {
        const Host* host = member.is_out ? state_.find(member.host) : nullptr;
        if (host != nullptr) until = std::min(until, window_end(*host));
    }
    return until == no_time ? unknown_time : until;
}

// The host is back, or there is no such host any more. The last one ends the incident.
void Reduction::leave_incident(Host& host, WallTime at, Reason reason) {
    Incident* incident = state_.find_incident(host.incident);
    host.incident.clear();
    host.back_at = unknown_time;
    host.was_acted_on = false;
    host.next_rung = 0;
    state_.set_rung_due(host, no_time);
    state_.touch(host);
    if (incident == nullptr) return;
    for (auto& member : incident->members) {
        if (member.host != host.key) continue;
        member.is_out = false;
        member.is_gone = reason != Reason::none;
    }
    incident->last_back = std::max(incident->last_back, at);
    incident->has_returned = incident->has_returned || reason == Reason::none;
    state_.touch(*incident);
    if (incident->out() > 0) return;
    Decision& told =
        decide(DecisionKind::recovered, *incident, incident->has_returned ? Reason::none : reason);
    told.duration = std::max(
        Millis(0), std::chrono::duration_cast<Millis>(incident->last_back - incident->since));
    if (incident->has_returned) told.detail = gone_text(*incident);
    state_.close(*incident);
}

void Reduction::remind(Incident& incident) {
    if (const WallTime until = silent_until(incident); now_ < until) {
        // What is said first when it is over is one word and not two.
        const bool is_critical_then = incident.escalate_at <= until;
        state_.set_remind_at(incident, is_critical_then ? until + settings_.remind : until);
        state_.touch(incident);
        return;
    }
    ++incident.reminders;
    Decision& told = decide(DecisionKind::reminded, incident, Reason::none);
    told.number = incident.reminders;
    if (incident.kind != Incident::Kind::single) {
        told.members.clear();
        for (const auto& member : incident.members) {
            if (member.is_out) told.members.push_back(member.node);
        }
    }
    state_.set_remind_at(incident, now_ + settings_.remind);
    state_.touch(incident);
}

void Reduction::escalate(Incident& incident) {
    if (const WallTime until = silent_until(incident); now_ < until) {
        state_.set_escalate_at(incident, until);
        state_.touch(incident);
        return;
    }
    incident.is_escalated = true;
    decide(DecisionKind::escalated, incident, Reason::none);
    state_.touch(incident);
}

void Reduction::finish(Host& host) {
    state_.set_rung_due(host, no_time);
    state_.set_phase(host, Phase::gone);
    state_.set_due(host, now_ + limits::gone_kept);
}

} // namespace squall::monitor
