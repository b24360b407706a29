#include "squall/doctor/diagnose.h"

#include "diagnosis/findings.h"
#include "diagnosis/looks_and_logs.h"
#include "diagnosis/missing_process.h"
#include "diagnosis/particulars.h"
#include "diagnosis/rules.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>
#include <array>

namespace squall::doctor {
namespace {

constexpr std::array marks_of_work{Mark::telemetry_up, Mark::registered, Mark::of_task};

// Of the present these say whether the agent is there for ECS; that a disk has room says nothing.
bool vouches(const Look& look) {
    constexpr std::array<std::string_view, 6> checks{
        "ecs", "ecs-service", "introspection", "endpoint-api", "endpoint-acs", "agent-container"};
    return look.state == Look::State::healthy
           && std::find(checks.begin(), checks.end(), look.check) != checks.end();
}

// Somebody has seen the agent at its work since it last began.
bool is_settled(const Timeline& timeline) {
    return std::any_of(timeline.logs().begin(), timeline.logs().end(), [](const ScannedLog& log) {
        const bool is_agents =
            log.kind.kind == LogKind::agent || log.kind.kind == LogKind::init || log.of_agent > 0;
        if (log.known == 0 || !log.trouble.empty() || !is_agents) return false;
        const Segment& last = log.segments.back();
        // Old agents do not say that they start: who reads its settings begins anew.
        const auto begun = last.marks.find(Mark::loading);
        const bool began_anew = last.opened_by == Mark::connected && begun != last.marks.end();
        const auto is_at_work_since = [&](Mark mark) {
            const auto found = last.marks.find(mark);
            return found != last.marks.end()
                   && (!began_anew || found->second.last.line > begun->second.last.line);
        };
        // While it starts, it has its normal lines, too: settings without a name, versions it
        // tries.
        const bool is_starting = last.opened_by == Mark::starting || began_anew;
        return (last.opened_by == Mark::connected && !began_anew)
               || std::any_of(marks_of_work.begin(), marks_of_work.end(), is_at_work_since)
               || (!is_starting && last.marks.contains(Mark::normal));
    });
}

// What was not there to be read, said where it matters: nothing is known, or only a symptom.
void ask_for_more(const Timeline& timeline, Diagnosis& diagnosis) {
    const auto has = [&](LogKind kind) {
        return std::any_of(timeline.logs().begin(), timeline.logs().end(), [&](const auto& log) {
            const bool is_by_its_lines =
                kind == LogKind::agent && log.kind.kind == LogKind::unknown && log.of_agent > 0;
            return log.kind.kind == kind || is_by_its_lines;
        });
    };
    const auto missing = [&](std::string check, std::string what, std::string how) {
        diagnosis.could_not_look.push_back(
            {std::move(check), Look::State::could_not_look, std::move(what), std::move(how), {}});
    };
    if (!has(LogKind::agent))
        missing("agent-log",
                "no log of the agent was read",
                "/var/log/ecs/ecs-agent.log and its rolls; with ECS_LOG_DRIVER set: `docker logs "
                "ecs-agent`");
    if (!has(LogKind::init))
        missing("init-log", "no log of ecs-init was read", "/var/log/ecs/ecs-init.log");
    if (!has(LogKind::docker) && !has(LogKind::system))
        missing(
            "docker-log", "no log of the Docker daemon was read", "journalctl -u docker -n 1000");
    if (!has(LogKind::kernel) && !has(LogKind::system))
        missing("kernel-log", "no log of the kernel was read", "dmesg -T");
}

// The agent says that something fails, and nobody knows what it means: whoever reads it may.
void tell_what_is_unexplained(const Timeline& timeline, Diagnosis& diagnosis) {
    const auto last = timeline.last_since_connection(Mark::unexplained);
    if (!last) return;
    const Evidence seen = evidence_of(timeline.logs()[last->log], last->group.last);
    diagnosis.could_not_look.push_back(
        {"error",
         Look::State::could_not_look,
         fmt::format(
             "what {}:{} means: {}", seen.file, seen.line, replace_all(seen.text, "\n", " ")),
         "",
         {}});
}

// Of a log that nobody would know by its name, whoever named it wants to know whether it was one.
std::string trouble_with(const ScannedLog& log) {
    if (!log.trouble.empty()) return log.trouble;
    if (log.kind.kind != LogKind::unknown) return {};
    if (log.bytes == 0) return "it is empty";
    if (log.known == 0)
        return "none of its lines is known: is it a log of the agent, or of its host?";
    return {};
}

void tell_of_logs(const Timeline& timeline, bool has_trouble, Diagnosis& diagnosis) {
    for (const ScannedLog& log : timeline.logs()) {
        const std::string trouble = trouble_with(log);
        if (trouble.empty()) continue;
        diagnosis.could_not_look.push_back(
            {"log", Look::State::could_not_look, fmt::format("{}: {}", log.name, trouble), "", {}});
    }
    if (!timeline.connected()) return;
    const Place& place = *timeline.connected();
    const std::string last =
        fmt::format("last connected to ACS at {} ({}:{})",
                    place.when ? rfc3339_seconds(*place.when) : "an unknown time",
                    timeline.logs()[place.log].name,
                    timeline.logs()[place.log].segments[place.segment].opening.line);
    // Of a log that tells of trouble since, that is no good news.
    if (has_trouble)
        say_also(diagnosis.findings.front(), "The agent " + last + ".");
    else
        diagnosis.healthy.push_back({"agent-log", Look::State::healthy, last, "", {}});
}

// An agent that has begun with another's state is well, and no host sees what ECS still shows of
// its past: whoever wonders about that is told.
void tell_of_identity(const Catalogue& catalogue, const Timeline& timeline, Diagnosis& diagnosis) {
    const auto stale = catalogue.index_of("STALE_IDENTITY");
    for (const Suspicion& suspicion : past_suspicions(catalogue, timeline)) {
        if (!stale || suspicion.cause != *stale) continue;
        const auto& when = suspicion.seen.back().group.last.when;
        diagnosis.healthy.push_back(
            {"agent-identity",
             Look::State::healthy,
             fmt::format(
                 "at {} the agent began with the saved state of another instance and "
                 "registered anew: a container instance that ECS shows as disconnected may "
                 "be what it was before (`squall doctor --cluster {{cluster}} --instance ARN`)",
                 when ? rfc3339_seconds(*when) : "an unknown time"),
             "",
             {}});
    }
}

Names names_of(const Case& evidence) {
    Names names = evidence.names;
    for (const Look& look : evidence.looks)
        names.learn(look.names);
    return names;
}

void fill_in(const Names& names, Diagnosis& diagnosis) {
    for (Finding& finding : diagnosis.findings) {
        for (std::string& step : finding.remedy)
            step = filled_in(step, names);
    }
    for (auto* looks : {&diagnosis.healthy, &diagnosis.could_not_look}) {
        for (Look& look : *looks) {
            look.summary = filled_in(look.summary, names);
            look.how = filled_in(look.how, names);
        }
    }
}

// Where the agent last said who it is: in the cluster, and the region, of then.
void learn_from(const Timeline& timeline, Names& names) {
    const auto& logs = timeline.logs();
    for (std::size_t log = logs.size(); log > 0; --log) {
        const auto& segments = logs[log - 1].segments;
        for (std::size_t i = segments.size(); i > 0; --i) {
            const Segment& segment = segments[i - 1];
            const auto registered = segment.marks.find(Mark::registered);
            if (registered != segment.marks.end())
                names.learn(names_of_registration(registered->second.last.text));
            if (segment.opened_by == Mark::connected)
                names.learn(names_of_registration(segment.opening.text));
        }
    }
}

Diagnosis judge(const Catalogue& catalogue, Case evidence, Names& names) {
    const Timeline timeline(std::move(evidence.logs));
    learn_from(timeline, names);
    auto suspicions = current_suspicions(catalogue, timeline);
    apply_rules(catalogue, timeline, evidence.now, suspicions);
    const bool has_begun_unseen = drop_refuted(catalogue, evidence.looks, suspicions);
    Diagnosis diagnosis;
    for (const Suspicion& suspicion : suspicions)
        diagnosis.findings.push_back(finding_of(catalogue, timeline, suspicion, evidence.now));
    bool has_looked = false;
    settle_proxy(catalogue, timeline, suspicions, evidence.looks);
    drop_left_state(catalogue, timeline, suspicions, evidence.looks);
    fold_endpoints(evidence.looks);
    for (const Sign* sign : the_surest_last(evidence.looks))
        add_sign(catalogue, *sign, diagnosis.findings);
    fold_proxied_metadata(evidence.looks, diagnosis.findings);
    tell_what_is_over(catalogue, evidence.looks, diagnosis.findings);
    drop_settings_of_another_cluster(diagnosis.findings, evidence.looks);
    for (Look& look : evidence.looks) {
        has_looked |= vouches(look);
        if (look.state == Look::State::healthy)
            diagnosis.healthy.push_back(std::move(look));
        else if (look.state == Look::State::could_not_look)
            diagnosis.could_not_look.push_back(std::move(look));
    }
    rank(catalogue, diagnosis.findings);
    settle_missing_process(catalogue, evidence.looks, suspicions, diagnosis.findings);
    order_by_time(catalogue, evidence.looks, suspicions, diagnosis.findings);
    order_by_looks(evidence.looks, diagnosis.findings);
    tell_of_logs(timeline, !suspicions.empty() && !diagnosis.findings.empty(), diagnosis);
    if (!diagnosis.findings.empty()) {
        diagnosis.verdict = Verdict::finding;
        if (diagnosis.findings.front().is_symptom) ask_for_more(timeline, diagnosis);
        return diagnosis;
    }
    // Who could look at the present need not tell the past.
    if (has_looked) {
        diagnosis.verdict = Verdict::healthy;
        tell_of_identity(catalogue, timeline, diagnosis);
        return diagnosis;
    }
    // Who began anew, and was not seen at work since, is not back.
    const bool is_known = !has_begun_unseen && !timeline.last_since_connection(Mark::unexplained)
                          && is_settled(timeline);
    if (is_known) {
        for (const Suspicion& suspicion : past_suspicions(catalogue, timeline))
            diagnosis.findings.push_back(finding_of(catalogue, timeline, suspicion, evidence.now));
    }
    if (!diagnosis.findings.empty()) {
        rank(catalogue, diagnosis.findings);
        diagnosis.verdict = Verdict::recovered;
        return diagnosis;
    }
    diagnosis.verdict = is_known ? Verdict::healthy : Verdict::unknown;
    if (is_known) return diagnosis;
    tell_what_is_unexplained(timeline, diagnosis);
    ask_for_more(timeline, diagnosis);
    return diagnosis;
}

} // namespace

Diagnosis diagnose(const Catalogue& catalogue, Case evidence) {
    Names names = names_of(evidence);
    Diagnosis diagnosis = judge(catalogue, std::move(evidence), names);
    for (const Finding& finding : diagnosis.findings) {
        for (const Evidence& seen : finding.evidence)
            names.learn(names_told(seen.text));
    }
    fill_in(names, diagnosis);
    return diagnosis;
}

} // namespace squall::doctor
