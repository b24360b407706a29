#include "judgement.h"

namespace squall::experiment {
namespace {

// "all 3 hosts are", "both hosts are", "1 of 3 hosts are", "the host is".
std::string hosts_are(std::size_t part, std::size_t whole, bool past = false) {
    if (part == 1 && whole == 1) return past ? "the host was" : "the host is";
    const char* are = past ? "were" : "are";
    if (part == 2 && whole == 2) return fmt::format("both hosts {}", are);
    return fmt::format("{} hosts {}",
                       part == whole ? fmt::format("all {}", whole)
                                     : fmt::format("{} of {}", part, whole),
                       are);
}

// Not to have been looked at is another thing than not to be well.
std::string unseen_text(const HostStates& hosts) {
    const auto unseen = hosts.count_where([](const HostState& host) { return host.unseen; });
    return unseen == 0 ? "" : fmt::format(" ({} of them could not be looked at)", unseen);
}

std::string not_well_text(std::size_t ill, std::size_t all, const HostStates& hosts) {
    return fmt::format("{} of {} hosts were not seen to be well again{}; `squall sweep` looks for "
                       "what is left on them",
                       ill,
                       all,
                       unseen_text(hosts));
}

// How the effect of a fault on tasks is proved.
constexpr const char* by_counts = "the proxies' counts";
constexpr const char* by_canary = "the canary";
constexpr const char* by_host_canaries = "the hosts' own requests";

std::int64_t hits_of(const HostStates& hosts) {
    std::int64_t hits = 0;
    hosts.for_each_task([&](const TaskState& task) { hits += task.hits; });
    return hits;
}

// The sums of what all proxies have counted, by name.
json::Object counts_of(const HostStates& hosts) {
    json::Object sums;
    hosts.for_each_task([&](const TaskState& task) {
        for (const auto& [name, count] : task.counts.value_or(json::Object{}))
            sums[name] = json::integer_at(sums, name) + json::integer_at(*task.counts, name);
    });
    return sums;
}

bool have_canaries_met(const HostStates& hosts) {
    bool have = false;
    hosts.for_each_task([&](const TaskState& task) { have = have || task.has_met_canary(); });
    return have;
}

// Of a run that went its way: what the hosts have counted.
RunResult judge_counts(const std::string& run, const HostStates& hosts, const std::string& advice) {
    const std::int64_t hits = hits_of(hosts);
    std::size_t planned = 0;
    std::size_t armed = 0;
    std::size_t hit = 0;
    hosts.for_each_task([&](const TaskState& task) {
        ++planned;
        if (task.armed) ++armed;
        if (task.hits > 0) ++hit;
    });
    std::size_t ended = 0;
    hosts.for_each_task([&](const TaskState& task) {
        if (task.ended_by == "container") ++ended;
    });
    const std::string replaced =
        ended == 0 ? ""
                   : fmt::format("; {} of the tasks ended meanwhile (their health checks may have "
                                 "met the fault)",
                                 ended);
    const std::string left_out =
        armed == planned ? "" : fmt::format(" ({} planned: the others never had it)", planned);
    if (hits == 0)
        return {
            run,
            Verdict::no_effect,
            fmt::format("no request met the fault{}{}: {}",
                        have_canaries_met(hosts)
                            ? " but those of the hosts themselves, so it was in place"
                            : "",
                        left_out.empty() ? "" : fmt::format("; {} tasks had it{}", armed, left_out),
                        advice)};
    return {run,
            Verdict::passed,
            fmt::format("{} request{} met the fault, on {} of {} task{}{}, and every host is well "
                        "again{}",
                        hits,
                        hits == 1 ? "" : "s",
                        hit,
                        armed,
                        armed == 1 ? "" : "s",
                        left_out,
                        replaced)};
}

// Of a run whose hosts have all tried in vain, or could not try: what the first one says.
std::optional<std::string> shared_failure(const HostStates& hosts) {
    const auto in_vain = hosts.ids_where([](const HostState& host) {
        return host.answer == HostReport::Did::failed || host.answer == HostReport::Did::refused;
    });
    if (in_vain.empty() || in_vain.size() < hosts.all().size()) return std::nullopt;
    return fmt::format(
        "no host could do it; {}: {}", in_vain.front(), hosts.all().at(in_vain.front()).why_not);
}

} // namespace

json::Array proof_of(const HostStates& hosts, const Canary* canary) {
    json::Array proof;
    if (hits_of(hosts) > 0) proof.emplace_back(by_counts);
    if (have_canaries_met(hosts)) proof.emplace_back(by_host_canaries);
    if (canary != nullptr && canary->has_differed()) proof.emplace_back(by_canary);
    return proof;
}

// Its own requests cannot be told from others.
std::string canary_remark(const Canary& canary, const HostStates& hosts) {
    if (!canary.has_asked_during()) return {};
    if (hits_of(hosts) == 0)
        return canary.has_differed() ? " (the canary saw a difference all the same)"
                                     : " (nor did the canary see a difference)";
    return fmt::format(" (proof of effect: {}{}; its own requests are among those counted)",
                       by_counts,
                       canary.has_differed() ? fmt::format(" and {}", by_canary)
                                             : ", while the canary saw no difference");
}

RunResult judge(const std::string& run,
                const HostStates& hosts,
                const Stops& stops,
                const Ending& ending,
                const Fault& fault,
                const Plan& plan) {
    const auto& [problem, ended_since] = ending;
    const EffectKnown effect = fault.description().effect;
    const auto held = hosts.count_where([](const HostState& host) { return host.may_hold; });
    const auto injected =
        hosts.count_where([](const HostState& host) { return host.is_injected(); });
    const auto affected = hosts.count_where(
        [](const HostState& host) { return host.is_injected() && host.affected_at; });
    const auto recovered =
        hosts.count_where([](const HostState& host) { return host.may_hold && host.recovered_at; });
    if (stops.quit.stop_requested())
        return {run,
                Verdict::aborted,
                "left before recovery was seen: the hosts restore themselves, and `squall recover` "
                "closes the run",
                /*is_open=*/true};
    if (recovered < held)
        return {run, Verdict::failed, not_well_text(held - recovered, held, hosts)};
    if (ended_since && held == 0)
        return {run, Verdict::refused, fmt::format("not injecting: {}", *ended_since)};
    if (ended_since)
        return {run,
                Verdict::aborted,
                fmt::format("ended early, since {}; {} well again",
                            *ended_since,
                            hosts_are(recovered, held))};
    if (stops.abort.stop_requested())
        return {run,
                Verdict::aborted,
                held == 0 ? "told to end before anything was injected"
                          : fmt::format("told to end; {} well again", hosts_are(recovered, held))};
    if (problem) return {run, Verdict::error, problem->message};
    const auto obstacle =
        injected == 0 && effect == EffectKnown::by_hosts ? shared_failure(hosts) : std::nullopt;
    if (obstacle) return {run, Verdict::error, *obstacle};
    if (injected == 0)
        return {run, Verdict::no_effect, "no host followed the order (see what each one answered)"};
    const std::string advice = fault.advice_without_effect(plan, counts_of(hosts));
    if (effect == EffectKnown::by_hosts) return judge_counts(run, hosts, advice);
    if (affected < injected)
        return {
            run,
            Verdict::no_effect,
            fmt::format("the effect was seen on {} of {} hosts: {}", affected, injected, advice)};
    const auto early = hosts.count_where([](const HostState& host) { return host.back_early; });
    return {run,
            Verdict::passed,
            fmt::format("{} affected, and well again{}",
                        hosts_are(affected, hosts.all().size(), /*past=*/true),
                        early == 0 ? ""
                                   : fmt::format("; {} of them before the fault's end, by a reboot "
                                                 "or somebody's hand",
                                                 early))};
}

RunResult judge_recovered(const std::string& run, const HostStates& hosts) {
    const auto held = hosts.count_where([](const HostState& host) { return host.may_hold; });
    const auto recovered =
        hosts.count_where([](const HostState& host) { return host.may_hold && host.recovered_at; });
    if (recovered < held)
        return {run,
                Verdict::failed,
                "its runner died; " + not_well_text(held - recovered, held, hosts)};
    return {run,
            Verdict::aborted,
            held == 0 ? "its runner died before it told any host"
                      : fmt::format("its runner died; {} well again", hosts_are(recovered, held))};
}

} // namespace squall::experiment
