#include "diagnosis/current.h"

#include <algorithm>
#include <set>

namespace squall::doctor {
namespace {

constexpr std::chrono::hours recent{1};
constexpr std::chrono::minutes overtaking{5};
// Lines of different threads.
constexpr Seconds out_of_order_max{5};
// A connected agent pings Docker with every heartbeat, more often than once in a minute.
constexpr std::chrono::minutes blip_over_after{10};
// The last that an agent gets over by registering: see `stage` in causes.yaml.
constexpr int registration_stage = 8;

bool is_about_telemetry(const Candidate& candidate) {
    const Group& group = candidate.group;
    return group.about_telemetry > 0 && group.about_telemetry + group.unclear >= group.count;
}

bool is_unclear(const Candidate& candidate) {
    return candidate.group.unclear == candidate.group.count;
}

std::optional<WallTime> in_seconds(const std::optional<WallTime>& when) {
    if (!when) return std::nullopt;
    return std::chrono::floor<Seconds>(*when);
}

// Metrics' connection was lost, and not refused: agents take up another within a second.
bool is_lost_telemetry(const Candidate& candidate) {
    const auto is_lost = [](const Sighting& seen) {
        return seen.text.find("lost websocket connection") != std::string::npos
               && seen.text.find("unable to dial") == std::string::npos;
    };
    return is_about_telemetry(candidate) && is_lost(candidate.group.first)
           && is_lost(candidate.group.last);
}

// Where the log ends with it, nobody has seen what followed.
bool is_at_end(const Timeline& timeline, const Candidate& candidate) {
    const auto& seen = candidate.group.last.when;
    const auto end = timeline.end_of(candidate.log);
    return candidate.group.moments == 1 && seen && end && *end - *seen <= out_of_order_max;
}

// Docker that did not answer once, in a log that goes on without another word of it.
bool is_blip(const Catalogue& catalogue, const Timeline& timeline, const Candidate& candidate) {
    const std::string& id = catalogue.causes()[candidate.cause].id;
    if (id != "DOCKER_UNRESPONSIVE" && id != "DOCKER_DOWN") return false;
    const auto& seen = candidate.group.last.when;
    const auto end = timeline.end_of(candidate.log);
    return candidate.group.moments == 1 && seen && end && *end - *seen >= blip_over_after;
}

// What followed in a log whose end is missing may have mended it; and what a log says that may be
// anybody's is not the agent's for sure.
bool is_doubtful(const Catalogue& catalogue, const Timeline& timeline, const Candidate& candidate) {
    const ScannedLog& log = timeline.logs()[candidate.log];
    const bool is_anybodys =
        log.kind.kind == LogKind::unknown && log.of_agent == 0 && log.of_host == 0;
    return !log.trouble.empty() || is_anybodys || is_blip(catalogue, timeline, candidate);
}

// A pause container is missed only with awsvpc, and the agent ends at once then.
bool is_no_fault(const Catalogue& catalogue, const Timeline& timeline, const Candidate& candidate) {
    return catalogue.causes()[candidate.cause].id == "PAUSE_IMAGE"
           && (timeline.is_followed_by(candidate, Mark::registering)
               || timeline.is_followed_by(candidate, Mark::registered)
               || timeline.is_followed_by(candidate, Mark::connected));
}

// Who was let in by ECS's API has left behind all that keeps an agent from getting there.
bool is_past_registration(const Catalogue& catalogue,
                          const Timeline& timeline,
                          const Candidate& candidate) {
    const Cause& cause = catalogue.causes()[candidate.cause];
    if (is_about_telemetry(candidate))
        return timeline.is_followed_by(candidate, Mark::telemetry_up);
    return cause.stage && *cause.stage <= registration_stage && !cause.id.starts_with("STALE_")
           && timeline.is_followed_by(candidate, Mark::registered);
}

// An agent registers when its state is read and fits its settings: it ends before that otherwise.
bool is_past_loading(const Catalogue& catalogue,
                     const Timeline& timeline,
                     const Candidate& candidate) {
    const Cause& cause = catalogue.causes()[candidate.cause];
    return cause.stage == 0 && cause.severity == Severity::terminal
           && timeline.is_followed_by(candidate, Mark::registering);
}

// An orderly stop is over when something starts; the end of a process, when another one begins.
bool is_undone(const Catalogue& catalogue, const Timeline& timeline, const Candidate& candidate) {
    const std::string& id = catalogue.causes()[candidate.cause].id;
    if (id == "AGENT_STOPPED" || id == "AGENT_TERMINAL")
        return timeline.is_followed_by(candidate, Mark::starting)
               || timeline.is_followed_by(candidate, Mark::loading)
               || timeline.is_followed_by(candidate, Mark::connected);
    if (id == "DOCKER_DOWN" || id == "DOCKER_UNRESPONSIVE")
        return timeline.is_followed_by(candidate, Mark::docker_up);
    return is_no_fault(catalogue, timeline, candidate)
           || (is_lost_telemetry(candidate) && is_at_end(timeline, candidate))
           || is_past_loading(catalogue, timeline, candidate)
           || is_past_registration(catalogue, timeline, candidate);
}

// Log lines have whole seconds: of a failure and a connection in one second, the connection came
// last, unless the agent had trouble later, too; be it long before by a clock that was set back.
void drop_same_second(const Catalogue& catalogue,
                      const Timeline& timeline,
                      std::vector<Candidate>& candidates) {
    if (!timeline.connected()) return;
    const auto connected = in_seconds(timeline.connected()->when);
    // What is final is not followed by a connection: of such a second, it is the end.
    const auto is_connection_trouble = [&](const Candidate& candidate) {
        const Cause& cause = catalogue.causes()[candidate.cause];
        return cause.stage.value_or(0) >= 4 && cause.severity != Severity::terminal;
    };
    const bool has_later =
        std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
            const auto when = in_seconds(candidate.group.last.when);
            return is_connection_trouble(candidate)
                   && (!when || !connected || *when > *connected
                       || *connected - *when > out_of_order_max);
        });
    if (has_later || !connected) return;
    std::erase_if(candidates, is_connection_trouble);
}

// What fails at a later stage shows that the earlier ones work again, if it never was the other way
// round for so long that the agent must have been there again: it waits for up to 2m24s between two
// attempts, and may dial an endpoint that it remembers meanwhile.
bool is_overtaken(const Catalogue& catalogue, const Candidate& early, const Candidate& late) {
    const auto& early_stage = catalogue.causes()[early.cause].stage;
    const auto& late_stage = catalogue.causes()[late.cause].stage;
    if (!early_stage || !late_stage || *early_stage >= *late_stage) return false;
    if (is_about_telemetry(late) && !is_about_telemetry(early)) return false;
    const auto before = in_seconds(early.group.last.when);
    const auto after = in_seconds(late.group.first.when);
    const auto last = in_seconds(late.group.last.when);
    if (before && after && last) return *after > *before && *last - *before >= overtaking;
    return early.log == late.log && early.group.last.line != 0
           && late.group.first.line > early.group.last.line;
}

std::vector<Suspicion> merged(const std::vector<Candidate>& candidates) {
    std::vector<Suspicion> suspicions;
    for (const Candidate& candidate : candidates) {
        auto found = std::find_if(suspicions.begin(), suspicions.end(), [&](const Suspicion& each) {
            return each.cause == candidate.cause;
        });
        if (found == suspicions.end()) {
            suspicions.emplace_back();
            found = suspicions.end() - 1;
            found->cause = candidate.cause;
        }
        found->certainty = std::max(found->certainty, candidate.group.certainty);
        found->count += candidate.group.count;
        found->seen.push_back(candidate);
    }
    return suspicions;
}

// "Error creating a websocket client" does not always say whose. Where nothing else tells of ACS,
// it is that of TCS.
void settle_unclear(const Catalogue& catalogue, std::vector<Candidate>& candidates) {
    const auto acs_only = catalogue.index_of("NET_ACS_BLOCKED");
    const auto telemetry_only = catalogue.index_of("NET_TCS_ONLY");
    if (std::none_of(candidates.begin(), candidates.end(), is_about_telemetry)) return;
    for (Candidate& candidate : candidates) {
        if (!is_unclear(candidate)) continue;
        candidate.group.about_telemetry = candidate.group.count;
        if (acs_only && telemetry_only && candidate.cause == *acs_only)
            candidate.cause = *telemetry_only;
    }
}

// ECS looks at ACS alone. Where that is up, or was never seen to fail, trouble with TCS is another
// thing.
void set_telemetry_apart(const Catalogue& catalogue,
                         const Timeline& timeline,
                         std::vector<Candidate>& candidates) {
    const auto telemetry_only = catalogue.index_of("NET_TCS_ONLY");
    if (!telemetry_only || !timeline.connected()) return;
    const bool has_others =
        std::any_of(candidates.begin(), candidates.end(), [](const Candidate& candidate) {
            return !is_about_telemetry(candidate);
        });
    if (has_others) return;
    for (Candidate& candidate : candidates) {
        const std::string& id = catalogue.causes()[candidate.cause].id;
        if (id.starts_with("NET_") || id.starts_with("TLS_")) candidate.cause = *telemetry_only;
    }
}

// The kernel counts from its boot, unless it is asked for dates: what it said may be long over.
// Where the same is told with dates, those count.
bool is_told_with_dates(const Timeline& timeline, const Candidate& candidate) {
    return std::any_of(timeline.all().begin(), timeline.all().end(), [&](const Candidate& other) {
        return other.cause == candidate.cause && other.group.last.when
               && timeline.logs()[other.log].kind.kind == LogKind::kernel;
    });
}

bool is_undated_kernels(const Timeline& timeline, const Candidate& candidate) {
    return timeline.logs()[candidate.log].kind.kind == LogKind::kernel
           && !candidate.group.last.when;
}

// An agent that ended once, and was started again, is in no loop.
bool is_one_end(const Catalogue& catalogue, const Timeline& timeline, const Suspicion& suspicion) {
    if (catalogue.causes()[suspicion.cause].id != "AGENT_CRASHLOOP") return false;
    std::uint64_t moments = 0;
    for (const Candidate& candidate : suspicion.seen)
        moments += candidate.group.moments;
    return moments == 1 && timeline.is_followed_by(suspicion.seen.back(), Mark::starting);
}

// When it was seen first, and last; nothing where one of its records has no time.
std::optional<std::pair<WallTime, WallTime>> time_of(const Suspicion& suspicion) {
    std::optional<std::pair<WallTime, WallTime>> time;
    for (const Candidate& candidate : suspicion.seen) {
        const auto& first = candidate.group.first.when;
        const auto& last = candidate.group.last.when;
        if (!first || !last) return std::nullopt;
        time = time ? std::pair{std::min(time->first, *first), std::max(time->second, *last)}
                    : std::pair{*first, *last};
    }
    return time;
}

} // namespace

bool keeps_from(const Catalogue& catalogue, const Suspicion& since, const Suspicion& before) {
    const auto& early_stage = catalogue.causes()[since.cause].stage;
    const auto& late_stage = catalogue.causes()[before.cause].stage;
    if (!early_stage || !late_stage || *early_stage >= *late_stage) return false;
    const auto old_time = time_of(before);
    const auto new_time = time_of(since);
    return old_time && new_time && old_time->second < new_time->first
           && new_time->second - old_time->second >= overtaking;
}

std::vector<Suspicion> current_suspicions(const Catalogue& catalogue, const Timeline& timeline) {
    std::vector<Candidate> after;
    for (const Candidate& candidate : timeline.all()) {
        if (timeline.connected() && !timeline.is_after(candidate, *timeline.connected())) continue;
        const bool is_undated = timeline.connected() && is_undated_kernels(timeline, candidate);
        if (is_undated && is_told_with_dates(timeline, candidate)) continue;
        after.push_back(candidate);
        if (is_undated) after.back().group.certainty = Certainty::possible;
        if (is_doubtful(catalogue, timeline, candidate))
            after.back().group.certainty = Certainty::possible;
    }
    settle_unclear(catalogue, after);
    std::erase_if(after, [&](const Candidate& candidate) {
        return is_undone(catalogue, timeline, candidate);
    });
    drop_same_second(catalogue, timeline, after);
    std::vector<Candidate> current;
    for (const Candidate& candidate : after) {
        const bool is_over = std::any_of(after.begin(), after.end(), [&](const Candidate& other) {
            return is_overtaken(catalogue, candidate, other);
        });
        // All that was seen of it has to be over.
        const bool goes_on = std::any_of(after.begin(), after.end(), [&](const Candidate& other) {
            return other.cause == candidate.cause
                   && std::none_of(after.begin(), after.end(), [&](const Candidate& late) {
                          return is_overtaken(catalogue, other, late);
                      });
        });
        if (!is_over || goes_on) current.push_back(candidate);
    }
    set_telemetry_apart(catalogue, timeline, current);
    auto suspicions = merged(current);
    std::erase_if(suspicions, [&](const Suspicion& suspicion) {
        return is_one_end(catalogue, timeline, suspicion);
    });
    return suspicions;
}

std::vector<Suspicion> past_suspicions(const Catalogue& catalogue, const Timeline& timeline) {
    std::vector<Candidate> all = timeline.all();
    settle_unclear(catalogue, all);
    std::vector<Candidate> before;
    for (const Candidate& candidate : all) {
        const Cause& cause = catalogue.causes()[candidate.cause];
        // To be stopped and started is no illness.
        if (cause.symptom == Cause::Symptom::always || cause.id == "AGENT_STOPPED") continue;
        if (is_no_fault(catalogue, timeline, candidate) || is_lost_telemetry(candidate)) continue;
        const bool is_later =
            !timeline.connected() || timeline.is_after(candidate, *timeline.connected());
        const bool is_trouble = timeline.connected() && cause.stage.value_or(0) >= 4;
        if (is_later && !is_trouble && !is_past_registration(catalogue, timeline, candidate))
            continue;
        const auto& when = candidate.group.last.when;
        if (when && timeline.end() && *timeline.end() - *when > recent) continue;
        before.push_back(candidate);
    }
    return merged(before);
}

bool is_suspected(const Catalogue& catalogue,
                  const std::vector<Suspicion>& suspicions,
                  std::string_view cause) {
    return std::any_of(suspicions.begin(), suspicions.end(), [&](const Suspicion& suspicion) {
        return catalogue.causes()[suspicion.cause].id == cause;
    });
}

} // namespace squall::doctor
