#include "diagnosis/rules.h"

#include "logs/record.h"

#include <algorithm>

namespace squall::doctor {
namespace {

// A proxy's usual patience is 60 s; two minutes are what ECS needs.
constexpr Seconds idle_min{30};
constexpr Seconds idle_max{125};
constexpr int cut_connections_min = 3;
// Without lines that tell of connections: so many cuts, so far apart on the average. Control and
// telemetry may be cut in turns.
constexpr std::uint64_t cuts_min = 4;
constexpr std::uint64_t cuts_by_proxy_min = 2;
constexpr Seconds cut_period_min{25};
constexpr std::uint64_t inactivities_min = 3;
constexpr std::uint64_t ends_min = 3;
constexpr std::chrono::hours inactivity_window{1};
constexpr std::chrono::minutes waiting_min{1};

void add(std::vector<Suspicion>& suspicions,
         std::size_t cause,
         Certainty certainty,
         std::vector<Candidate> seen) {
    const auto known = std::find_if(
        suspicions.begin(), suspicions.end(), [&](const Suspicion& s) { return s.cause == cause; });
    if (known != suspicions.end()) return;
    for (Candidate& candidate : seen)
        candidate.cause = cause;
    std::uint64_t count = 0;
    for (const Candidate& candidate : seen)
        count += candidate.group.count;
    suspicions.push_back({cause, certainty, count, std::move(seen)});
}

std::vector<Suspicion>::iterator
find(const Catalogue& catalogue, std::vector<Suspicion>& suspicions, std::string_view id) {
    return std::find_if(suspicions.begin(), suspicions.end(), [&](const Suspicion& suspicion) {
        return catalogue.causes()[suspicion.cause].id == id;
    });
}

bool has_mark(const Timeline& timeline, Mark mark) {
    return std::any_of(timeline.logs().begin(), timeline.logs().end(), [&](const ScannedLog& log) {
        return std::any_of(log.segments.begin(), log.segments.end(), [&](const Segment& segment) {
            return segment.marks.contains(mark);
        });
    });
}

Candidate sighting_of(std::size_t log, std::size_t segment, const Sighting& sighting) {
    Group group;
    group.count = 1;
    group.certainty = Certainty::likely;
    group.first = sighting;
    group.last = sighting;
    return {0, log, segment, group};
}

// The last records of a log are a start and the opening of the state, and then nothing: the lock of
// that file is somebody else's.
void find_locked_state(const Catalogue& catalogue,
                       const Timeline& timeline,
                       WallTime now,
                       std::vector<Suspicion>& suspicions) {
    const auto cause = catalogue.index_of("STATE_LOCKED");
    // An earlier start that ended is no other reason for this one's silence.
    const bool has_reason =
        std::any_of(suspicions.begin(), suspicions.end(), [&](const Suspicion& suspicion) {
            return catalogue.causes()[suspicion.cause].symptom != Cause::Symptom::always;
        });
    if (!cause || has_reason) return;
    for (std::size_t i = 0; i < timeline.logs().size(); ++i) {
        const ScannedLog& log = timeline.logs()[i];
        if (!log.kind.roll.empty()) continue;
        if (log.kind.kind != LogKind::agent && log.kind.kind != LogKind::unknown) continue;
        const Segment& last = log.segments.back();
        const auto loading = last.marks.find(Mark::loading);
        const bool is_there = loading != last.marks.end();
        // Lines of one second may stand in any order: the start may come last.
        const bool is_before =
            !is_there && log.segments.size() > 1 && last.opened_by == Mark::starting
            && (log.segments.end() - 2)->marks.contains(Mark::loading)
            && (log.segments.end() - 2)->marks.at(Mark::loading).last.line + 1 == last.opening.line;
        if (!is_there && !is_before) continue;
        const Sighting& seen = is_there ? loading->second.last
                                        : (log.segments.end() - 2)->marks.at(Mark::loading).last;
        // It may have begun just now.
        if (seen.when && now - *seen.when < waiting_min) continue;
        // Whatever else the agent said afterwards, it was not waiting.
        std::string_view tail = log.tail;
        bool says_more = false;
        while (!tail.empty()) {
            const auto end = std::min(tail.find('\n'), tail.size());
            const std::string_view line = tail.substr(0, end);
            tail.remove_prefix(std::min(tail.size(), end + 1));
            const Record record = parse_record(line, now);
            if (record.level == Level::none) continue;
            const bool is_known = record.text.find("Loading configuration") != std::string::npos
                                  || record.text.find("Starting A") != std::string::npos;
            // What came before has an older time, or stands before it.
            if (is_known) {
                says_more = false;
            } else if (!record.when || !seen.when || *record.when >= *seen.when) {
                says_more = true;
            }
        }
        if (!says_more) add(suspicions, *cause, Certainty::possible, {sighting_of(i, 0, seen)});
    }
}

// An agent that is too old to say when it has connected.
std::optional<Group> regular_cuts(const Segment& segment, bool has_proxy) {
    const auto closed = segment.marks.find(Mark::closed);
    if (closed == segment.marks.end()) return std::nullopt;
    const Group& cuts = closed->second;
    if (cuts.moments < (has_proxy ? cuts_by_proxy_min : cuts_min) || !cuts.first.when
        || !cuts.last.when)
        return std::nullopt;
    const auto period = (*cuts.last.when - *cuts.first.when) / (cuts.moments - 1);
    if (period < cut_period_min || period > idle_max) return std::nullopt;
    return cuts;
}

// Connections that all last about as long, and end as no server ends them.
void find_cut_connections(const Catalogue& catalogue,
                          const Timeline& timeline,
                          std::vector<Suspicion>& suspicions) {
    const auto cause = catalogue.index_of("NET_PROXY_IDLE");
    if (!cause) return;
    const bool has_proxy = has_mark(timeline, Mark::proxy);
    for (std::size_t i = 0; i < timeline.logs().size(); ++i) {
        std::vector<Candidate> cut;
        const auto& segments = timeline.logs()[i].segments;
        for (std::size_t s = 0; s < segments.size(); ++s) {
            if (const auto cuts = regular_cuts(segments[s], has_proxy))
                add(suspicions, *cause, Certainty::likely, {Candidate{0, i, s, *cuts}});
            if (segments[s].opened_by != Mark::connected) continue;
            const auto closed = segments[s].marks.find(Mark::closed);
            // The newest may be open still.
            if (closed == segments[s].marks.end() || !closed->second.first.when
                || !segments[s].opening.when) {
                if (s + 1 < segments.size()) cut.clear();
                continue;
            }
            const auto lasted = *closed->second.first.when - *segments[s].opening.when;
            if (lasted < idle_min || lasted > idle_max) {
                cut.clear();
                continue;
            }
            cut.push_back(sighting_of(i, s, closed->second.first));
        }
        if (cut.size() >= cut_connections_min)
            add(suspicions, *cause, Certainty::likely, std::move(cut));
    }
}

// Once is a blip. Again and again, it is an illness, even while the agent is connected.
void find_inactivity(const Catalogue& catalogue,
                     const Timeline& timeline,
                     std::vector<Suspicion>& suspicions) {
    const auto cause = catalogue.index_of("ACS_INACTIVITY");
    if (!cause || !timeline.end()) return;
    std::vector<Candidate> seen;
    std::uint64_t count = 0;
    for (const Candidate& candidate : timeline.all()) {
        const auto& when = candidate.group.last.when;
        if (candidate.cause != *cause || !when || *timeline.end() - *when > inactivity_window)
            continue;
        count += candidate.group.count;
        seen.push_back(candidate);
    }
    if (count < inactivities_min) return;
    add(suspicions, *cause, Certainty::certain, std::move(seen));
}

void find_ipv6(const Catalogue& catalogue,
               const Timeline& timeline,
               std::vector<Suspicion>& suspicions) {
    const auto cause = catalogue.index_of("NET_IPV6");
    const bool is_set = has_mark(timeline, Mark::ipv6_only);
    if (!cause || !is_set) return;
    for (Suspicion& suspicion : suspicions) {
        const std::string& id = catalogue.causes()[suspicion.cause].id;
        if (id != "NET_API_TIMEOUT" && id != "NET_ACS_BLOCKED" && id != "NET_REFUSED") continue;
        suspicion.cause = *cause;
        return;
    }
}

// The metadata service cannot be reached through a proxy: with HTTP_PROXY and without NO_PROXY,
// that is where the credentials are lost.
void find_proxied_metadata(const Catalogue& catalogue,
                           const Timeline& timeline,
                           std::vector<Suspicion>& suspicions) {
    const auto cause = catalogue.index_of("NET_PROXY");
    if (!cause || !has_mark(timeline, Mark::proxy) || has_mark(timeline, Mark::no_proxy)) return;
    for (Suspicion& suspicion : suspicions) {
        const std::string& id = catalogue.causes()[suspicion.cause].id;
        if (id != "IAM_NO_CREDS" && id != "IMDS_UNREACHABLE") continue;
        suspicion.cause = *cause;
        suspicion.certainty = Certainty::likely;
        return;
    }
}

// To be ended by a signal once is to be stopped. Again and again, without a connection in between,
// something ends it that does not want it to run.
void find_repeated_ends(const Catalogue& catalogue,
                        const Timeline& timeline,
                        std::vector<Suspicion>& suspicions) {
    const auto stopped = catalogue.index_of("AGENT_STOPPED");
    const auto loop = catalogue.index_of("AGENT_CRASHLOOP");
    if (!stopped || !loop) return;
    std::vector<Candidate> ends;
    // One end is several lines, and several logs have it.
    std::uint64_t count = 0;
    for (std::size_t log = 0; log < timeline.logs().size(); ++log) {
        const auto& segments = timeline.logs()[log].segments;
        std::uint64_t in_log = 0;
        for (std::size_t i = 0; i < segments.size(); ++i) {
            const auto found = segments[i].marks.find(Mark::terminated);
            if (found == segments[i].marks.end()) continue;
            const Candidate end{*loop, log, i, found->second};
            if (timeline.connected() && !timeline.is_after(end, *timeline.connected())) continue;
            in_log += end.group.moments;
            ends.push_back(end);
        }
        count = std::max(count, in_log);
    }
    if (count < ends_min) return;
    std::erase_if(suspicions, [&](const Suspicion& suspicion) {
        return suspicion.cause == *stopped
               && std::all_of(suspicion.seen.begin(), suspicion.seen.end(), [](const auto& seen) {
                      return seen.group.last.text.find("code 143") != std::string::npos;
                  });
    });
    add(suspicions, *loop, Certainty::likely, std::move(ends));
}

// A unit that was not started yet is as inactive as one that was stopped.
void drop_stop_before_start(const Catalogue& catalogue, std::vector<Suspicion>& suspicions) {
    if (find(catalogue, suspicions, "CLOUD_INIT_DEADLOCK") == suspicions.end()) return;
    const auto stopped = find(catalogue, suspicions, "AGENT_STOPPED");
    if (stopped != suspicions.end()) suspicions.erase(stopped);
}

// ecs-init's first step fails for lack of Docker, and for all that it finds fault with itself. By
// its exit code alone it is Docker where nothing else is known, and Docker was not seen to run.
void drop_docker_by_exit_code(const Catalogue& catalogue,
                              const Timeline& timeline,
                              std::vector<Suspicion>& suspicions) {
    const auto docker = find(catalogue, suspicions, "DOCKER_DOWN");
    if (docker == suspicions.end() || docker->certainty == Certainty::certain) return;
    const auto is_exit_code = [](const Candidate& candidate) {
        constexpr std::string_view exited = "Control process exited";
        return candidate.group.first.text.find(exited) != std::string::npos
               && candidate.group.last.text.find(exited) != std::string::npos;
    };
    if (!std::all_of(docker->seen.begin(), docker->seen.end(), is_exit_code)) return;
    const bool has_other =
        std::any_of(suspicions.begin(), suspicions.end(), [&](const Suspicion& suspicion) {
            const Cause& cause = catalogue.causes()[suspicion.cause];
            return suspicion.cause != docker->cause && cause.symptom == Cause::Symptom::never
                   && suspicion.certainty != Certainty::possible && cause.id != "AGENT_STOPPED";
        });
    if (has_other)
        suspicions.erase(docker);
    else if (has_mark(timeline, Mark::docker_up))
        docker->certainty = Certainty::possible;
}

// An agent that ends a connection, because nothing comes over it or because it is told to end,
// finds it closed where it still reads.
void drop_own_closing(const Catalogue& catalogue, std::vector<Suspicion>& suspicions) {
    const auto reset = find(catalogue, suspicions, "NET_CONN_RESET");
    if (reset == suspicions.end()) return;
    const auto is_own = [](const Candidate& candidate) {
        constexpr std::string_view closed = "use of closed network connection";
        return candidate.group.first.text.find(closed) != std::string::npos
               && candidate.group.last.text.find(closed) != std::string::npos;
    };
    const bool closes_itself = find(catalogue, suspicions, "ACS_INACTIVITY") != suspicions.end()
                               || find(catalogue, suspicions, "AGENT_STOPPED") != suspicions.end();
    if (closes_itself && std::all_of(reset->seen.begin(), reset->seen.end(), is_own))
        suspicions.erase(reset);
}

} // namespace

void apply_rules(const Catalogue& catalogue,
                 const Timeline& timeline,
                 WallTime now,
                 std::vector<Suspicion>& suspicions) {
    find_ipv6(catalogue, timeline, suspicions);
    find_proxied_metadata(catalogue, timeline, suspicions);
    find_cut_connections(catalogue, timeline, suspicions);
    find_inactivity(catalogue, timeline, suspicions);
    find_locked_state(catalogue, timeline, now, suspicions);
    find_repeated_ends(catalogue, timeline, suspicions);
    drop_stop_before_start(catalogue, suspicions);
    drop_own_closing(catalogue, suspicions);
    drop_docker_by_exit_code(catalogue, timeline, suspicions);
}

} // namespace squall::doctor
