#include "diagnosis/looks_and_logs.h"

#include "diagnosis/findings.h"

#include <algorithm>
#include <array>

namespace squall::doctor {
namespace {

bool is_well(const std::vector<Look>& looks, std::string_view check) {
    return std::any_of(looks.begin(), looks.end(), [&](const Look& look) {
        return look.check == check && look.state == Look::State::healthy;
    });
}

// Looked at the same thing as a log's word of that cause, and found nothing.
bool is_found_well(const std::vector<Look>& looks, std::string_view cause) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> checks{
        {{"IMDS_UNREACHABLE", "imds"},
         {"NET_TCS_ONLY", "endpoint-tcs"},
         {"IAM_NO_CREDS", "role"},
         {"CLOCK_SKEW", "clock"},
         {"DISK_FULL", "disk"}}};
    constexpr std::array<std::string_view, 7> of_endpoints{"NET_REFUSED",
                                                           "NET_API_TIMEOUT",
                                                           "NET_ACS_BLOCKED",
                                                           "NET_DNS",
                                                           "NET_PROXY",
                                                           "TLS_TRUST",
                                                           "TLS_HANDSHAKE"};
    if (std::find(of_endpoints.begin(), of_endpoints.end(), cause) != of_endpoints.end())
        return is_well(looks, "endpoint-api") && is_well(looks, "endpoint-acs")
               && is_well(looks, "endpoint-tcs");
    return std::any_of(checks.begin(), checks.end(), [&](const auto& each) {
        return each.first == cause && is_well(looks, each.second);
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

// What keeps the agent away now, and is no part of what the finding tells of.
bool has_other_reason(const Catalogue& catalogue,
                      const std::vector<Look>& looks,
                      const Finding& finding) {
    return std::any_of(looks.begin(), looks.end(), [&](const Look& look) {
        return std::any_of(look.signs.begin(), look.signs.end(), [&](const Sign& sign) {
            const Cause* cause = catalogue.find(sign.cause);
            return sign.certainty == Certainty::certain && sign.cause != finding.cause
                   && cause != nullptr && cause->symptom == Cause::Symptom::never;
        });
    });
}

// No process of the agent was there, or its container had ended.
bool is_away(const std::vector<Look>& looks) {
    return std::any_of(looks.begin(), looks.end(), [](const Look& look) {
        return std::any_of(look.signs.begin(), look.signs.end(), [&](const Sign& sign) {
            return (look.check == "agent-process" && sign.cause == "AGENT_STOPPED")
                   || (look.check == "agent-container" && sign.cause != "AGENT_HUNG");
        });
    });
}

} // namespace

bool drop_refuted(const Catalogue& catalogue,
                  const std::vector<Look>& looks,
                  std::vector<Suspicion>& suspicions) {
    const bool has_docker = is_well(looks, "docker");
    // It is there, and does not answer: an agent says the same of one that is away.
    const bool hangs = std::any_of(looks.begin(), looks.end(), [](const Look& look) {
        return std::any_of(look.signs.begin(), look.signs.end(), [](const Sign& sign) {
            return sign.cause == "DOCKER_UNRESPONSIVE" && sign.certainty == Certainty::certain;
        });
    });
    const bool runs = is_well(looks, "ecs") || is_well(looks, "ecs-service")
                      || is_well(looks, "introspection") || is_well(looks, "agent-service");
    // What waits to be started was not stopped since.
    const bool is_to_start = is_told_of(looks, "CLOUD_INIT_DEADLOCK");
    const bool waits_for_nothing = is_away(looks);
    const bool was_stopped = is_suspected(catalogue, suspicions, "AGENT_STOPPED");
    std::erase_if(suspicions, [&](const Suspicion& suspicion) {
        const std::string& id = catalogue.causes()[suspicion.cause].id;
        if (id == "AGENT_STOPPED" && (runs || is_to_start)) return true;
        if (id == "STATE_LOCKED" && waits_for_nothing) return true;
        return (id == "DOCKER_DOWN" && (has_docker || hangs))
               || (id == "DOCKER_UNRESPONSIVE" && has_docker);
    });
    return was_stopped && !is_suspected(catalogue, suspicions, "AGENT_STOPPED");
}

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

void tell_what_is_over(const Catalogue& catalogue,
                       const std::vector<Look>& looks,
                       std::vector<Finding>& findings) {
    constexpr std::array<std::string_view, 4> ways{
        "NET_REFUSED", "NET_API_TIMEOUT", "NET_ACS_BLOCKED", "NET_DNS"};
    const auto is_seen_now = [&](std::string_view cause) {
        return is_told_of(looks, cause, "endpoint-api");
    };
    const bool is_otherwise = std::any_of(ways.begin(), ways.end(), is_seen_now);
    for (Finding& finding : findings) {
        const bool is_way = std::find(ways.begin(), ways.end(), finding.cause) != ways.end();
        if (is_told_of(looks, finding.cause)) continue;
        if (is_found_well(looks, finding.cause) && has_other_reason(catalogue, looks, finding)) {
            finding.certainty = Certainty::possible;
            say_also(finding, "A look at it finds nothing wrong now.");
        } else if (is_found_well(looks, finding.cause)) {
            say_also(finding,
                     "A look at it finds nothing wrong now: the agent may not have "
                     "tried again since.");
            finding.remedy.insert(finding.remedy.begin(),
                                  "wait for its next attempt, or `sudo systemctl restart ecs`");
        } else if (is_way && is_otherwise) {
            // What keeps the agent away has changed.
            finding.certainty = Certainty::possible;
            say_also(finding, "A look at it finds another reason now.");
        }
    }
}

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

void settle_proxy(const Catalogue& catalogue,
                  const Timeline& timeline,
                  const std::vector<Suspicion>& suspicions,
                  std::vector<Look>& looks) {
    // An agent signs what it asks of ECS, and has its credentials from the metadata service: it was
    // there. Those that it could not renew it may have had from a time before the proxy.
    constexpr int stage_of_credentials = 3;
    constexpr int stage_behind_proxy = 6;
    const auto is_past = [&](const Suspicion& suspicion) {
        const Cause& cause = catalogue.causes()[suspicion.cause];
        return suspicion.certainty == Certainty::certain && cause.id != "IAM_EXPIRED"
               && cause.stage.value_or(stage_of_credentials) >= stage_behind_proxy;
    };
    const bool is_harmless = timeline.connected() && suspicions.empty();
    if (!is_harmless && std::none_of(suspicions.begin(), suspicions.end(), is_past)) return;
    const auto is_hint = [](const Sign& sign) {
        return sign.cause == "NET_PROXY" && sign.certainty != Certainty::certain;
    };
    for (Look& look : looks) {
        if (look.check != "config") continue;
        if (is_harmless) std::erase_if(look.signs, is_hint);
        for (Sign& sign : look.signs) {
            if (is_hint(sign)) sign.certainty = Certainty::possible;
        }
        if (look.state == Look::State::finding && look.signs.empty())
            look.state = Look::State::healthy;
    }
}

void drop_left_state(const Catalogue& catalogue,
                     const Timeline& timeline,
                     const std::vector<Suspicion>& suspicions,
                     std::vector<Look>& looks) {
    // An agent reads its state before it does anything else.
    constexpr int stage_of_state = 1;
    const bool is_past =
        suspicions.empty()
            ? timeline.connected().has_value()
            : std::any_of(suspicions.begin(), suspicions.end(), [&](const Suspicion& suspicion) {
                  return suspicion.certainty != Certainty::possible
                         && catalogue.causes()[suspicion.cause].stage.value_or(0) > stage_of_state;
              });
    if (!is_past) return;
    std::erase_if(looks, [](const Look& look) {
        return look.check == "agent-state" && !look.signs.empty()
               && std::all_of(look.signs.begin(), look.signs.end(), [](const Sign& sign) {
                      return sign.certainty != Certainty::certain
                             && (sign.cause == "CLUSTER_MISMATCH"
                                 || sign.cause == "STALE_IDENTITY");
                  });
    });
}

void drop_settings_of_another_cluster(const std::vector<Finding>& findings,
                                      std::vector<Look>& looks) {
    const bool is_other = std::any_of(findings.begin(), findings.end(), [](const Finding& each) {
        return each.cause == "CLUSTER_MISMATCH";
    });
    if (!is_other) return;
    std::erase_if(looks, [](const Look& look) {
        return look.check == "config" && look.state == Look::State::healthy;
    });
}

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

} // namespace squall::doctor
