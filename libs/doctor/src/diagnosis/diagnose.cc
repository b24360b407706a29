#include "squall/doctor/diagnose.h"

#include "diagnosis/findings.h"
#include "diagnosis/particulars.h"
#include "diagnosis/rules.h"
#include "squall/base/time_text.h"

#include <algorithm>
#include <array>

namespace squall::doctor {
namespace {

constexpr std::array marks_of_work{Mark::telemetry_up, Mark::registered, Mark::of_task};

bool is_well(const std::vector<Look>& looks, std::string_view check) {
    return std::any_of(looks.begin(), looks.end(), [&](const Look& look) {
        return look.check == check && look.state == Look::State::healthy;
    });
}

// What a log said, and a look now shows to be over.
void drop_refuted(const Catalogue& catalogue,
                  const std::vector<Look>& looks,
                  std::vector<Suspicion>& suspicions) {
    const bool has_docker = is_well(looks, "docker");
    // It is there, and does not answer: an agent says the same of one that is away.
    const bool hangs = std::any_of(looks.begin(), looks.end(), [](const Look& look) {
        return std::any_of(look.signs.begin(), look.signs.end(), [](const Sign& sign) {
            return sign.cause == "DOCKER_UNRESPONSIVE" && sign.certainty == Certainty::certain;
        });
    });
    const bool runs =
        is_well(looks, "ecs") || is_well(looks, "ecs-service") || is_well(looks, "introspection");
    std::erase_if(suspicions, [&](const Suspicion& suspicion) {
        const std::string& id = catalogue.causes()[suspicion.cause].id;
        if (id == "AGENT_STOPPED" && runs) return true;
        return (id == "DOCKER_DOWN" && (has_docker || hangs))
               || (id == "DOCKER_UNRESPONSIVE" && has_docker);
    });
}

bool is_told_of(const std::vector<Look>& looks, std::string_view cause, std::string_view by = {}) {
    return std::any_of(looks.begin(), looks.end(), [&](const Look& look) {
        return (by.empty() || look.check == by)
               && std::any_of(look.signs.begin(), look.signs.end(), [&](const Sign& sign) {
                      return sign.cause == cause && sign.certainty != Certainty::possible;
                  });
    });
}

// The settings send the agent to its proxy for what the metadata service alone has. Where nothing
// but logs tells of the metadata and the credentials, that is why. From afar the settings are not
// looked at: there a proxy that is no good, beside metadata that answers, says the same.
void fold_proxied_metadata(const std::vector<Look>& looks, std::vector<Finding>& findings) {
    const bool is_proxied =
        is_told_of(looks, "NET_PROXY", "config")
        || (is_told_of(looks, "NET_PROXY", "endpoint-api") && is_well(looks, "imds"));
    if (!is_proxied) return;
    const auto is_brought_about = [&](const Finding& finding) {
        return (finding.cause == "IAM_NO_CREDS" || finding.cause == "IMDS_UNREACHABLE")
               && !is_told_of(looks, finding.cause);
    };
    const auto proxy = std::find_if(findings.begin(), findings.end(), [](const Finding& finding) {
        return finding.cause == "NET_PROXY";
    });
    for (Finding& finding : findings) {
        if (is_brought_about(finding))
            std::move(finding.evidence.begin(),
                      finding.evidence.end(),
                      std::back_inserter(proxy->evidence));
    }
    std::erase_if(findings, is_brought_about);
}

// An agent that does not get to one endpoint gets no further: what keeps it from those behind that
// one as well is one more piece of evidence, and no cause of its own.
void fold_endpoints(std::vector<Look>& looks) {
    const auto look_at = [&](std::string_view check) {
        return std::find_if(looks.begin(), looks.end(), [&](const Look& look) {
            return look.check == check && !look.signs.empty();
        });
    };
    auto first = look_at("endpoint-api");
    if (first == looks.end()) first = look_at("endpoint-acs");
    if (first == looks.end()) return;
    const bool is_api = first->check == "endpoint-api";
    Sign& root = first->signs.front();
    for (const std::string_view check : {"endpoint-acs", "endpoint-tcs"}) {
        const auto other = look_at(check);
        if (other == looks.end() || other == first) continue;
        std::erase_if(other->signs, [&](Sign& sign) {
            const bool is_behind =
                is_api && (sign.cause == "NET_ACS_BLOCKED" || sign.cause == "NET_TCS_ONLY");
            const bool is_same = sign.cause == root.cause || is_behind;
            if (is_same)
                std::move(
                    sign.evidence.begin(), sign.evidence.end(), std::back_inserter(root.evidence));
            return is_same;
        });
    }
}

// What only a log tells, and what a look at the same thing shows to be well now: an agent waits up
// to 2m24s before it finds that out.
void tell_what_is_over(const std::vector<Look>& looks, std::vector<Finding>& findings) {
    const bool is_reached = is_well(looks, "endpoint-api") && is_well(looks, "endpoint-acs")
                            && is_well(looks, "endpoint-tcs");
    constexpr std::array<std::string_view, 4> ways{
        "NET_REFUSED", "NET_API_TIMEOUT", "NET_ACS_BLOCKED", "NET_DNS"};
    const auto is_seen_now = [&](std::string_view cause) {
        return is_told_of(looks, cause, "endpoint-api");
    };
    const bool is_otherwise = std::any_of(ways.begin(), ways.end(), is_seen_now);
    for (Finding& finding : findings) {
        const bool is_way = std::find(ways.begin(), ways.end(), finding.cause) != ways.end();
        if (is_told_of(looks, finding.cause)) continue;
        if ((is_way && is_reached)
            || (finding.cause == "IMDS_UNREACHABLE" && is_well(looks, "imds"))) {
            finding.summary += " A look at it finds nothing wrong now: the agent may not have "
                               "tried again since.";
            finding.remedy.insert(finding.remedy.begin(),
                                  "wait for its next attempt, or `sudo systemctl restart ecs`");
        } else if (is_way && is_otherwise) {
            // What keeps the agent away has changed.
            finding.certainty = Certainty::possible;
            finding.summary += " A look at it finds another reason now.";
        }
    }
}

// Of several that tell of one cause, the last one's words and remedy come first.
std::vector<const Sign*> the_surest_last(const std::vector<Look>& looks) {
    std::vector<const Sign*> signs;
    for (const Look& look : looks) {
        for (const Sign& sign : look.signs)
            signs.push_back(&sign);
    }
    std::stable_sort(signs.begin(), signs.end(), [](const Sign* a, const Sign* b) {
        return a->certainty < b->certainty;
    });
    return signs;
}

// Where a look knows better which of two is the root.
void order_by_looks(const std::vector<Look>& looks, std::vector<Finding>& findings) {
    const auto place_of = [&](const std::string& cause) {
        return std::find_if(findings.begin(), findings.end(), [&](const Finding& finding) {
            return finding.cause == cause;
        });
    };
    for (const Look& look : looks) {
        for (const Sign& sign : look.signs) {
            const auto root = place_of(sign.cause);
            const auto other = place_of(sign.before);
            if (root == findings.end() || other == findings.end() || root < other) continue;
            std::rotate(other, root, root + 1);
        }
    }
}

// A proxy that settings send the agent to for what is on its host keeps nothing from an agent that
// has connected, and had no trouble since.
void drop_harmless_proxy(const Timeline& timeline, bool has_trouble, std::vector<Look>& looks) {
    if (!timeline.connected() || has_trouble) return;
    for (Look& look : looks) {
        if (look.check != "config") continue;
        std::erase_if(look.signs, [](const Sign& sign) {
            return sign.cause == "NET_PROXY" && sign.certainty != Certainty::certain;
        });
        if (look.state == Look::State::finding && look.signs.empty())
            look.state = Look::State::healthy;
    }
}

// By what is in the way first, of two that only logs tell of: who was refused, and for a good while
// since has not even got there, is kept away by the latter.
void order_by_time(const Catalogue& catalogue,
                   const std::vector<Look>& looks,
                   const std::vector<Suspicion>& suspicions,
                   std::vector<Finding>& findings) {
    const auto place_of = [&](const Suspicion& suspicion) {
        const std::string& id = catalogue.causes()[suspicion.cause].id;
        return std::find_if(findings.begin(), findings.end(), [&](const Finding& finding) {
            return finding.cause == id && !finding.is_symptom && !is_told_of(looks, id);
        });
    };
    for (const Suspicion& before : suspicions) {
        for (const Suspicion& since : suspicions) {
            if (!keeps_from(catalogue, since, before)) continue;
            const auto stale = place_of(before);
            const auto current = place_of(since);
            if (stale == findings.end() || current == findings.end() || current < stale) continue;
            if (current->certainty == Certainty::possible) continue;
            std::rotate(stale, current, current + 1);
        }
    }
}

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
        diagnosis.findings.front().summary += " The agent " + last + ".";
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
    for (auto log = logs.rbegin(); log != logs.rend(); ++log) {
        for (auto segment = log->segments.rbegin(); segment != log->segments.rend(); ++segment) {
            const auto registered = segment->marks.find(Mark::registered);
            if (registered != segment->marks.end())
                names.learn(names_of_registration(registered->second.last.text));
            if (segment->opened_by == Mark::connected)
                names.learn(names_of_registration(segment->opening.text));
        }
    }
}

Diagnosis judge(const Catalogue& catalogue, Case evidence, Names& names) {
    const Timeline timeline(std::move(evidence.logs));
    learn_from(timeline, names);
    auto suspicions = current_suspicions(catalogue, timeline);
    apply_rules(catalogue, timeline, evidence.now, suspicions);
    drop_refuted(catalogue, evidence.looks, suspicions);
    Diagnosis diagnosis;
    for (const Suspicion& suspicion : suspicions)
        diagnosis.findings.push_back(finding_of(catalogue, timeline, suspicion, evidence.now));
    bool has_looked = false;
    drop_harmless_proxy(timeline, !suspicions.empty(), evidence.looks);
    fold_endpoints(evidence.looks);
    for (const Sign* sign : the_surest_last(evidence.looks))
        add_sign(catalogue, *sign, diagnosis.findings);
    fold_proxied_metadata(evidence.looks, diagnosis.findings);
    tell_what_is_over(evidence.looks, diagnosis.findings);
    for (Look& look : evidence.looks) {
        has_looked |= vouches(look);
        if (look.state == Look::State::healthy)
            diagnosis.healthy.push_back(std::move(look));
        else if (look.state == Look::State::could_not_look)
            diagnosis.could_not_look.push_back(std::move(look));
    }
    rank(catalogue, diagnosis.findings);
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
    const bool is_known = !timeline.has_since_connection(Mark::unexplained) && is_settled(timeline);
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
    if (!is_known) ask_for_more(timeline, diagnosis);
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
