// Whether anybody needs to know that an agent is gone. The APIs are asked first, and only what they
// say counts: an error is no evidence, and neither is an answer older than the last event.
#include "reduction.h"
#include "squall/base/time_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace squall::monitor {
namespace {

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
    host.judged_from = after_windows(host, std::max(host.since, host.judged_from));
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
    // Refused calls are told of as such; an answer that never counts is of this host alone.
    if (host.retries == limits::retries_told && host.cluster->is_monitored
        && !state_.is_api_failure_told)
        decide(DecisionKind::info,
               host,
               Reason::api,
               fmt::format("whether its agent is really gone cannot be verified, and so nothing is "
                           "told of it: {}",
                           why));
}

void Reduction::note_api(ApiOutcome outcome, const std::string& what) {
    if (outcome == ApiOutcome::ok) {
        if (state_.api_failures == 0) return;
        if (state_.is_api_failure_told)
            tell_of_api(fmt::format("the APIs answer again, after {} calls that were not answered",
                                    state_.api_failures));
        state_.api_failures = 0;
        state_.is_api_failure_told = false;
        state_.touch_other();
        return;
    }
    ++state_.api_failures;
    state_.touch_other();
    if (state_.api_failures < limits::api_failures_told || state_.is_api_failure_told) return;
    state_.is_api_failure_told = true;
    tell_of_api(fmt::format("{} calls in a row were not answered; nothing is told of what cannot "
                            "be verified: {}",
                            state_.api_failures,
                            what));
}

void Reduction::tell_of_api(std::string what) {
    Decision decision;
    decision.at = now_;
    decision.kind = DecisionKind::info;
    decision.reason = Reason::api;
    decision.detail = std::move(what);
    actions_.decisions.push_back(std::move(decision));
}

} // namespace squall::monitor
