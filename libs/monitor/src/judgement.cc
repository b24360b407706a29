// Whether anybody needs to know that an agent is gone. The APIs are asked first, and only what they
// say counts: an error is no evidence, and neither is an answer older than the last event.
#include "reduction.h"
#include "squall/base/time_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace squall::monitor {
namespace {

bool is_recent(WallTime what, WallTime now, Seconds kept) {
    return what != unknown_time && now - what <= kept;
}

bool is_final(Reason reason) {
    return reason == Reason::missing || reason == Reason::terminated || reason == Reason::inactive;
}

// What the grace begins anew after: while it lasted nobody could expect an agent.
bool gives_new_grace(Reason reason) {
    return reason == Reason::draining || reason == Reason::stopped
           || reason == Reason::deregistering;
}

Seconds backoff(int retries) {
    return std::min(limits::retry_max, limits::retry_first * (1 << std::min(retries, 4)));
}

} // namespace

void Reduction::check(Host& host) {
    trace(host,
          fmt::format("its agent is gone since {}: ECS and EC2 are asked",
                      rfc3339_millis(host.since)));
    state_.set_phase(host, Phase::checking);
    state_.set_due(host, now_ + limits::look_patience);
    ask(host, /*also_ecs=*/true);
}

void Reduction::ask(Host& host, bool also_ecs) {
    LookRequest request{host.key, host.cluster->arn, {}, host.ec2_instance_id};
    if (also_ecs) {
        for (const auto& record : host.records) {
            if (!record.is_missing && record.status != Status::inactive)
                request.arns.push_back(record.arn);
        }
    }
    actions_.look.hosts.push_back(std::move(request));
}

void Reduction::take(const Looked& looked) {
    // They were one question: a hundred hosts that are not answered are one failure.
    const auto failed =
        std::find_if(looked.answers.begin(), looked.answers.end(), [](const LookAnswer& answer) {
            return answer.outcome != ApiOutcome::ok;
        });
    if (failed != looked.answers.end())
        note_api(failed->outcome, failed->what);
    else
        note_api(ApiOutcome::ok, {});
    for (const auto& answer : looked.answers)
        take_answer(answer);
}

void Reduction::take_answer(const LookAnswer& answer) {
    Host* host = state_.find(answer.host);
    if (host == nullptr) return;
    if (answer.outcome != ApiOutcome::ok) {
        if (host->phase == Phase::checking) leave_unverified(*host, answer.what);
        return;
    }
    see_ec2(*host, answer.ec2.value_or(Ec2Seen{"not found", {}, unknown_time}));
    if (answer.lifecycle_state.starts_with("Terminat")) host->scale_in_at = now_;
    std::string stale;
    for (const auto& report : answer.reports) {
        const std::int64_t known = record_of(*host, report).version();
        if (!take_describe(*host, report, now_))
            stale =
                fmt::format("the describe shows version {} of {}, and an event was of version {}",
                            report.version,
                            report.arn,
                            known);
    }
    for (const auto& arn : answer.missing) {
        for (auto& record : host->records)
            record.is_missing = record.is_missing || record.arn == arn;
    }
    if (host->phase == Phase::checking) {
        if (!stale.empty())
            leave_unverified(*host, stale);
        else
            judge(*host);
    } else {
        judge_again(*host);
    }
}

void Reduction::judge(Host& host) {
    if (!host.cluster->is_monitored) {
        // Somebody else's. A poll looks again, should that change.
        host.reason = Reason::none;
        state_.set_phase(host, Phase::suppressed);
        state_.set_due(host, no_time);
        return;
    }
    const Verdict found = verdict(host);
    if (found.reason != Reason::none) {
        suppress(host, found);
        return;
    }
    trace(host, "it is gone, and nothing excuses that");
    host.held_at = now_;
    host.retries = 0;
    state_.set_phase(host, Phase::held);
    state_.set_due(host, now_ + settings_.hold);
}

// Something is known that was not when the host got into its phase.
void Reduction::judge_again(Host& host) {
    if (host.phase == Phase::open) {
        const Verdict found = verdict(host);
        if (!is_final(found.reason)) return;
        leave_incident(host, now_, found.reason);
        finish(host);
    } else if (host.phase == Phase::held) {
        if (host.back_at != unknown_time) return;
        const Verdict found = verdict(host);
        if (found.reason != Reason::none) suppress(host, found);
    } else if (host.phase == Phase::suppressed) {
        if (!host.cluster->is_monitored) return;
        const Verdict found = verdict(host);
        if (found.reason == Reason::none && gives_new_grace(host.reason)) {
            restart_grace(host, now_);
        } else if (found.reason == Reason::none) {
            judge(host);
        } else if (found.reason != host.reason) {
            suppress(host, found);
        } else {
            state_.set_due(host, found.until);
        }
    }
}

void Reduction::suppress(Host& host, const Verdict& found) {
    host.reason = found.reason;
    if (host.told_reason != found.reason) {
        host.told_reason = found.reason;
        // A record left over is something to do, not something that was kept quiet.
        decide(found.reason == Reason::ghost ? DecisionKind::info : DecisionKind::suppressed,
               host,
               found.reason,
               found.detail);
    }
    if (is_final(found.reason)) {
        finish(host);
        return;
    }
    state_.set_phase(host, Phase::suppressed);
    state_.set_due(host, found.until);
}

void Reduction::leave_unverified(Host& host, const std::string& why) {
    if (!host.is_unverified_told && host.cluster->is_monitored) {
        host.is_unverified_told = true;
        decide(DecisionKind::unverified, host, Reason::api, why);
    }
    state_.set_phase(host, Phase::unverified);
    state_.set_due(host, now_ + backoff(host.retries));
    if (host.retries < 100) ++host.retries;
}

void Reduction::note_api(ApiOutcome outcome, const std::string& what) {
    if (outcome == ApiOutcome::ok) {
        if (state_.api_failures == 0) return;
        state_.api_failures = 0;
        state_.is_api_failure_told = false;
        state_.touch_other();
        return;
    }
    ++state_.api_failures;
    state_.touch_other();
    if (state_.api_failures < limits::api_failures_told || state_.is_api_failure_told) return;
    state_.is_api_failure_told = true;
    Decision decision;
    decision.at = now_;
    decision.kind = DecisionKind::info;
    decision.reason = Reason::api;
    decision.detail =
        fmt::format("{} calls in a row were not answered; nothing is told of what cannot be "
                    "verified: {}",
                    state_.api_failures,
                    what);
    actions_.decisions.push_back(std::move(decision));
}

Reduction::Verdict Reduction::verdict(const Host& host) const {
    for (const auto& look :
         {&Reduction::status_verdict, &Reduction::ec2_verdict, &Reduction::time_verdict}) {
        Verdict found = (this->*look)(host);
        if (found.reason != Reason::none) return found;
    }
    return {};
}

Reduction::Verdict Reduction::status_verdict(const Host& host) const {
    const Record* record = host.active_record();
    if (record == nullptr) return {}; // never registered
    if (record->is_missing)
        return {Reason::missing, "ECS does not know this container instance any more"};
    switch (record->status) {
    case Status::draining:
        return {Reason::draining};
    case Status::deregistering:
        return {Reason::deregistering};
    case Status::inactive:
        return {Reason::inactive};
    case Status::failed:
        return {Reason::inactive, "its registration has failed"};
    case Status::registering:
        return {Reason::boot_grace, "it is registering"};
    case Status::active:
    case Status::unknown:
        break;
    }
    return {};
}

Reduction::Verdict Reduction::ec2_verdict(const Host& host) const {
    const std::string& state = *host.ec2_state;
    if (state == "terminated" || state == "shutting-down")
        return {Reason::terminated, "EC2 says " + state};
    if (state == "not found") return {Reason::terminated, "EC2 does not know this instance"};
    if (state == "stopped" || state == "stopping") return {Reason::stopped, "EC2 says " + state};
    if (state == "pending") return {Reason::boot_grace, "EC2 is starting it"};
    const auto same = const_cast<State&>(state_).hosts_of(host.ec2_instance_id);
    for (const Host* other : same) {
        if (other == &host || !other->is_connected()) continue;
        return {
            Reason::ghost,
            fmt::format("this instance is connected in cluster {}: deregister what it left here",
                        other->cluster->name)};
    }
    return {};
}

Reduction::Verdict Reduction::time_verdict(const Host& host) const {
    WallTime begun = host.launched_at;
    if (const Record* record = host.active_record()) begun = std::max(begun, record->registered_at);
    if (begun != unknown_time && now_ < begun + settings_.boot_grace)
        return {Reason::boot_grace,
                fmt::format("registered or launched at {}", rfc3339_seconds(begun)),
                begun + settings_.boot_grace};
    if (is_recent(host.spot_at, now_, limits::notice_kept))
        return {Reason::spot,
                "EC2 has announced that it takes this instance back",
                host.spot_at + limits::notice_kept + Seconds(1)};
    if (is_recent(host.scale_in_at, now_, limits::notice_kept))
        return {Reason::scale_in,
                "its Auto Scaling group terminates it",
                host.scale_in_at + limits::notice_kept + Seconds(1)};
    if (const Window* window = window_over(host))
        return {Reason::planned, window->why, window->until + settings_.grace};
    return {};
}

// The planned window that excuses this disconnection: it is open, or the agent went in it and has
// had no grace since.
const Window* Reduction::window_over(const Host& host) const {
    for (const auto& window : state_.windows) {
        if (!concerns(window, host) || now_ < window.from) continue;
        const bool went_in_it = window.from <= host.since && host.since < window.until;
        if (now_ < window.until || (went_in_it && now_ < window.until + settings_.grace))
            return &window;
    }
    return nullptr;
}

// An instance of an Auto Scaling group that serves and that no cluster knows.
void Reduction::look_at_unregistered(const GroupMember& member) {
    const auto hosts = state_.hosts_of(member.ec2_instance_id);
    Host* unregistered = nullptr;
    bool is_registered = false;
    for (Host* host : hosts) {
        if (host->is_unregistered) unregistered = host;
        is_registered = is_registered || (!host->is_unregistered && host->phase != Phase::gone);
    }
    const bool is_gone = !member.ec2 || member.ec2->state != "running";
    if (unregistered != nullptr) {
        if (member.ec2) see_ec2(*unregistered, *member.ec2);
        if (is_gone && !member.ec2) unregistered->ec2_state = state_.keep("not found");
        judge_again(*unregistered);
        return;
    }
    if (is_registered || is_gone || member.lifecycle_state != "InService") return;
    const auto seen = state_.first_seen.try_emplace(member.ec2_instance_id, now_).first;
    const WallTime begun =
        member.ec2->launched_at == unknown_time ? seen->second : member.ec2->launched_at;
    if (now_ < begun + settings_.boot_grace) return;
    ClusterState* cluster = state_.find_cluster(member.cluster);
    Host& host =
        state_.host(cluster == nullptr ? member.cluster : cluster->arn, member.ec2_instance_id);
    host.records.clear();
    host.is_unregistered = true;
    host.since = begun;
    host.told_reason = Reason::none;
    see_ec2(host, *member.ec2);
    judge(host);
}

void Reduction::take(const GroupMembersSeen& seen) {
    std::set<std::string_view> listed;
    for (const auto& member : seen.members) {
        listed.insert(member.ec2_instance_id);
        if (member.lifecycle_state.starts_with("Terminat")) {
            for (Host* host : state_.hosts_of(member.ec2_instance_id)) {
                host->scale_in_at = now_;
                state_.touch(*host);
            }
        }
        if (!member.cluster.empty()) look_at_unregistered(member);
    }
    std::vector<Host*> left; // those that were told of, and have left their group
    state_.for_each_host([&](const Host& host) {
        if (host.is_unregistered && !listed.contains(host.ec2_instance_id))
            left.push_back(state_.find(host.key));
    });
    std::sort(
        left.begin(), left.end(), [](const Host* a, const Host* b) { return a->key < b->key; });
    for (Host* host : left) {
        host->ec2_state = state_.keep("not found");
        if (host->phase == Phase::gone || host->phase == Phase::up) continue;
        judge_again(*host);
    }
    std::erase_if(state_.first_seen,
                  [&](const auto& entry) { return !listed.contains(entry.first); });
}

} // namespace squall::monitor
