#include "squall/monitor/reduce.h"

#include "reduction.h"

#include <algorithm>

namespace squall::monitor {

Actions reduce(State& state, const Input& input, WallTime now, const Settings& settings) {
    Reduction reduction(state, now, settings);
    std::visit([&](const auto& what) { reduction.take(what); }, input);
    return reduction.take_actions();
}

void Reduction::take(const Tick& /*tick*/) {
    using Of = State::Timer::Of;
    while (const auto timer = state_.take_due(now_)) {
        if (timer->of == Of::remind) {
            remind(*state_.find_incident(timer->key));
            continue;
        }
        if (timer->of == Of::escalate) {
            escalate(*state_.find_incident(timer->key));
            continue;
        }
        Host& host = *state_.find(timer->key);
        if (timer->of == Of::rung) {
            climb(host);
        } else if (host.phase == Phase::held) {
            release(host);
        } else if (host.phase == Phase::gone) {
            state_.forget(host);
        } else if (host.phase != Phase::up && host.phase != Phase::open) {
            check(host);
        }
    }
    // A window is of interest as long as what happened in it may still be judged.
    const auto over =
        std::remove_if(state_.windows.begin(), state_.windows.end(), [this](const Window& window) {
            return window.until + settings_.grace + settings_.hold + Seconds(60) < now_;
        });
    if (over == state_.windows.end()) return;
    state_.windows.erase(over, state_.windows.end());
    state_.touch_other();
}

void Reduction::take(const InstanceChanged& event) { take_event(event.report); }

void Reduction::take(const EndAnnounced& event) {
    for (Host* host : state_.hosts_of(event.ec2_instance_id)) {
        (event.by == EndAnnounced::By::spot ? host->spot_at : host->scale_in_at) = now_;
        state_.touch(*host);
        judge_again(*host);
    }
}

void Reduction::take(const Ec2StateChanged& event) {
    for (Host* host : state_.hosts_of(event.ec2_instance_id)) {
        host->ec2_state = state_.keep(event.state);
        if (event.state == "pending" || event.state == "running") {
            const WallTime at = event.at == unknown_time ? now_ : std::min(event.at, now_);
            started(*host, std::max(at, host->launched_at));
        }
        state_.touch(*host);
        judge_again(*host);
    }
}

void Reduction::take(const Window& window) {
    const auto same = std::find_if(state_.windows.begin(),
                                   state_.windows.end(),
                                   [&](const Window& other) { return other.id == window.id; });
    const bool is_shorter = same != state_.windows.end() && window.until < same->until;
    if (is_shorter) end_silence(same->until, window.until);
    if (same != state_.windows.end())
        *same = window;
    else
        state_.windows.push_back(window);
    state_.touch_other();
    // Who was about to be told of is not, and who was waited for longer is not any more.
    std::vector<Host*> concerned;
    state_.for_each_host([&](const Host& host) {
        const bool is_planned = host.phase == Phase::suppressed && host.reason == Reason::planned;
        if (host.phase == Phase::held || (is_planned && concerns(window, host)))
            concerned.push_back(state_.find(host.key));
    });
    std::sort(concerned.begin(), concerned.end(), [](const Host* a, const Host* b) {
        return a->key < b->key;
    });
    for (Host* host : concerned)
        judge_again(*host);
}

// What was put off to the end of a window that ends earlier.
void Reduction::end_silence(WallTime put_off_to, WallTime until) {
    std::vector<std::string> ids;
    for (const auto& [id, incident] : state_.incidents())
        ids.push_back(id);
    for (const auto& id : ids) {
        Incident& incident = *state_.find_incident(id);
        if (incident.remind_at == put_off_to) state_.set_remind_at(incident, until);
        if (incident.remind_at == put_off_to + settings_.remind)
            state_.set_remind_at(incident, until + settings_.remind);
        if (incident.escalate_at == put_off_to) state_.set_escalate_at(incident, until);
        state_.touch(incident);
        for (const auto& member : incident.members) {
            Host* const host = state_.find(member.host);
            if (host == nullptr || host->rung_due != put_off_to) continue;
            state_.set_rung_due(*host, until);
            state_.touch(*host);
        }
    }
}

void Reduction::take(const ClustersSeen& seen) {
    for (const auto& cluster : seen.clusters) {
        ClusterState& known = state_.cluster(cluster.arn);
        if (known.is_monitored == cluster.is_monitored) continue;
        known.is_monitored = cluster.is_monitored;
        state_.touch_other();
    }
}

void Reduction::take(const PollFailed& failed) { note_api(failed.outcome, failed.what); }

Decision&
Reduction::decide(DecisionKind kind, const Host& host, Reason reason, std::string detail) {
    Decision decision;
    decision.at = now_;
    decision.kind = kind;
    decision.cluster = host.cluster->name;
    decision.cluster_arn = host.cluster->arn;
    decision.node = host.ec2_instance_id;
    decision.reason = reason;
    decision.detail = std::move(detail);
    decision.incident = host.incident;
    decision.since = host.since;
    decision.traits = host.traits();
    if (const Record* record = host.active_record()) decision.container_instance_arn = record->arn;
    actions_.decisions.push_back(std::move(decision));
    return actions_.decisions.back();
}

Decision& Reduction::decide(DecisionKind kind, const Incident& incident, Reason reason) {
    Decision decision;
    decision.at = now_;
    decision.kind = kind;
    decision.cluster = incident.cluster;
    decision.reason = reason;
    decision.incident = incident.id;
    decision.since = incident.since;
    decision.traits = incident.traits;
    const Host* first = state_.find(incident.members.front().host);
    if (first != nullptr && !incident.cluster.empty()) decision.cluster_arn = first->cluster->arn;
    if (incident.kind == Incident::Kind::single) {
        decision.node = incident.members.front().node;
        const Record* record = first == nullptr ? nullptr : first->active_record();
        if (record != nullptr) decision.container_instance_arn = record->arn;
    } else {
        for (const auto& member : incident.members)
            decision.members.push_back(member.node);
        decision.members_out = incident.out();
    }
    actions_.decisions.push_back(std::move(decision));
    return actions_.decisions.back();
}

void Reduction::trace(const Host& host, std::string text) {
    actions_.traces.push_back({now_, host.cluster->name, host.ec2_instance_id, std::move(text)});
}

} // namespace squall::monitor
