// What is said of container instances, put in order by detail.version.
//
// Two versions are kept of each: of the last event, and of the last thing seen at all. A describe
// may be ahead of events that are still under way. Such an event cannot change the present, but it
// knows the moment of a change, which a describe does not.
#include "reduction.h"
#include "squall/base/time_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace squall::monitor {
namespace {

// Empty texts tell nothing. True if it is another than before.
bool keep_trait(State& state, const std::string*& trait, const std::string& value) {
    if (value.empty() || *trait == value) return false;
    trait = state.keep(value);
    return true;
}

bool keep_traits(State& state, Host& host, const Traits& traits) {
    bool is_news = false;
    for_each_trait_of_both(
        host,
        traits,
        [&](const char* /*name*/, const std::string*& trait, const std::string& value) {
            is_news |= keep_trait(state, trait, value);
        });
    return is_news;
}

// Health lags behind: what was impaired before the connection that we know of says nothing of it.
bool is_impaired_still(const Record& record, const InstanceReport& report) {
    if (report.impaired_since == unknown_time) return false;
    if (!record.is_known) return true;
    if (report.version != record.version()) return false;
    return !record.is_connected || report.impaired_since > record.since;
}

} // namespace

Record& Reduction::record_of(Host& host, const InstanceReport& report) {
    for (auto& record : host.records) {
        if (record.arn == report.arn) return record;
    }
    Record record;
    record.arn = report.arn;
    host.records.push_back(std::move(record));
    state_.touch(host);
    return host.records.back();
}

void Reduction::take_details(Host& host, Record& record, const InstanceReport& report) {
    // That it was heard of is remembered by this process alone: a poll that brings nothing new must
    // not write ten thousand rows.
    record.heard_at = now_;
    bool is_news = std::exchange(record.is_missing, false);
    if (report.registered_at != unknown_time && report.registered_at != record.registered_at) {
        record.registered_at = report.registered_at;
        is_news = true;
    }
    // Of one that is connected nothing is judged that hangs on its status.
    if (report.agent_connected && record.status != status_of(report.status)) {
        record.status = status_of(report.status);
        is_news = true;
    }
    is_news |= keep_traits(state_, host, report.traits);
    if (is_news) state_.touch(host);
}

// A host that was thought to have gone is spoken of: true if that is news.
bool Reduction::revive(Host& host, const Record& record, const InstanceReport& report) {
    if (host.phase != Phase::gone) return true;
    const bool is_newer =
        report.version == unknown_version ? !record.is_known : report.version > record.version();
    if (!report.agent_connected && (!is_newer || status_of(report.status) == Status::inactive)) {
        // ECS may list for ever what EC2 has terminated.
        state_.set_due(host, now_ + limits::gone_kept);
        state_.touch(host);
        return false;
    }
    state_.set_due(host, no_time);
    state_.set_phase(host, Phase::up);
    for (auto& other : host.records)
        other.is_known = false;
    return true;
}

void Reduction::take_event(const InstanceReport& report) {
    Host& host = state_.host(report.cluster_arn, report.ec2_instance_id);
    Record& record = record_of(host, report);
    const bool is_ordered = report.version != unknown_version;
    if (is_ordered && report.version <= record.event_version) return; // a copy, or overtaken
    if (!revive(host, record, report)) return;
    const WallTime at =
        report.updated_at == unknown_time ? now_ : std::min(report.updated_at, now_);
    state_.touch(host);
    if (is_ordered) record.event_version = report.version;
    if (is_ordered && report.version < record.seen_version) {
        take_history(host, record, report.agent_connected, at);
        return;
    }
    const bool was_described = is_ordered && report.version == record.seen_version;
    if (was_described && record.is_known && record.is_connected != report.agent_connected)
        return; // the describe was later, and may have changed without a new version
    if (is_ordered) record.seen_version = report.version;
    take_details(host, record, report);
    set_connected(host, record, report.agent_connected, at, report.updated_at != unknown_time);
    // The describe that told of it first did not know since when.
    if (was_described && !record.is_connected && !host.is_since_exact && at < host.since
        && host.phase == Phase::grace) {
        host.since = at;
        host.is_since_exact = true;
        restart_grace(host, at);
    }
    set_status(host, record, report.status);
}

// An event that a describe has overtaken.
void Reduction::take_history(Host& host, const Record& record, bool was_connected, WallTime at) {
    if (host.phase != Phase::grace) return;
    // It was back in between: what we see is a later disconnection.
    const bool was_back = was_connected && at > host.since;
    // It is the disconnection that the describe saw, and it knows since when.
    const bool is_finer =
        !was_connected && !host.is_since_exact && at < host.since && at > record.connected_at;
    if (!was_back && !is_finer) return;
    host.since = at;
    host.is_since_exact = is_finer;
    restart_grace(host, at);
}

bool Reduction::take_describe(Host& host, const InstanceReport& report, WallTime asked_at) {
    Record& record = record_of(host, report);
    if (report.version != unknown_version && report.version < record.version()) {
        record.heard_at = std::max(record.heard_at, asked_at);
        return false;
    }
    if (!revive(host, record, report)) {
        record.heard_at = now_;
        return true;
    }
    const bool is_impaired = is_impaired_still(record, report);
    if (report.version > record.seen_version) {
        record.seen_version = report.version;
        state_.touch(host);
    }
    take_details(host, record, report);
    if (is_impaired)
        set_connected(host,
                      record,
                      /*is_connected=*/false,
                      std::min(report.impaired_since, now_),
                      /*is_exact=*/true);
    else
        set_connected(host, record, report.agent_connected, now_, /*is_exact=*/false);
    set_status(host, record, report.status);
    return true;
}

void Reduction::set_connected(
    Host& host, Record& record, bool is_connected, WallTime at, bool is_exact) {
    const bool was_connected = host.is_connected();
    const bool was_known = host.is_unregistered
                           || std::any_of(host.records.begin(),
                                          host.records.end(),
                                          [](const Record& other) { return other.is_known; });
    if (!record.is_known || record.is_connected != is_connected) {
        record.since = at;
        state_.touch(host);
    }
    record.is_known = true;
    record.is_connected = is_connected;
    if (is_connected) record.connected_at = std::max(record.connected_at, at);
    const bool is_up = host.is_connected();
    if (is_up && was_known && !was_connected) {
        came_back(host, at, is_exact);
    } else if (!is_up && (was_connected || !was_known)) {
        went_down(host, at, is_exact);
    }
    if (host.is_unregistered) {
        host.is_unregistered = false;
        state_.touch(host);
    }
    if (!is_up) return;
    // It registered with another cluster than the one its group was said to belong to.
    for (Host* other : state_.hosts_of(host.ec2_instance_id)) {
        if (!other->is_unregistered) continue;
        came_back(*other, at, is_exact);
        if (other->phase == Phase::up) finish(*other);
    }
}

void Reduction::set_status(Host& host, Record& record, std::string_view text) {
    const Status status = status_of(text);
    if (status == record.status) return;
    const Status before = std::exchange(record.status, status);
    state_.touch(host);
    if (host.is_connected() || before == Status::unknown) return;
    if (host.phase == Phase::suppressed && status == Status::active) {
        // What it was excused for is over.
        restart_grace(host, now_);
        return;
    }
    judge_again(host);
}

void Reduction::take(const AgentHealthChanged& event) {
    Host& host = state_.host(event.cluster_arn, event.ec2_instance_id);
    InstanceReport report;
    report.arn = event.arn;
    Record& record = record_of(host, report);
    const WallTime at = event.since == unknown_time ? now_ : std::min(event.since, now_);
    record.heard_at = now_;
    state_.touch(host);
    // This event has no version: only its time says whether it is news.
    if (record.is_known && record.since != unknown_time && at <= record.since) {
        const bool is_finer = event.is_impaired && !record.is_connected && !host.is_since_exact
                              && host.phase == Phase::grace && at < host.since;
        if (!is_finer) return;
        host.since = record.since = at;
        host.is_since_exact = true;
        restart_grace(host, at);
        return;
    }
    if (record.is_known && record.is_connected == !event.is_impaired) return;
    set_connected(host, record, !event.is_impaired, at, event.since != unknown_time);
}

void Reduction::take(const Polled& polled) {
    note_api(ApiOutcome::ok, {});
    ClusterState& cluster = state_.cluster(polled.cluster_arn);
    for (const auto& report : polled.reports) {
        Host& host = state_.host(report.cluster_arn, report.ec2_instance_id);
        take_describe(host, report, polled.asked_at);
        look_for_ghosts(host);
        if (host.phase == Phase::open || host.phase == Phase::suppressed)
            ask(host, /*also_ecs=*/false);
    }
    find_missing(cluster, polled.asked_at);
}

// Hosts that a complete list of their cluster does not have any more.
void Reduction::find_missing(const ClusterState& cluster, WallTime asked_at) {
    const std::vector<Host*> hosts = cluster.hosts;
    for (Host* host : hosts) {
        if (host->is_unregistered || host->phase == Phase::gone || host->records.empty()) continue;
        const bool is_listed =
            std::any_of(host->records.begin(), host->records.end(), [&](const Record& record) {
                return record.heard_at >= asked_at;
            });
        if (is_listed) continue;
        if (host->phase == Phase::up) {
            finish(*host);
        } else if (host->phase == Phase::open || host->phase == Phase::suppressed) {
            ask(*host, /*also_ecs=*/true);
        }
    }
}

// Two records of one EC2 instance: one connected, the other left over.
void Reduction::look_for_ghosts(Host& host) {
    if (host.records.size() < 2 || !host.is_connected() || !host.cluster->is_monitored) return;
    for (auto& record : host.records) {
        if (record.is_connected || record.is_ghost_told || record.status != Status::active
            || record.is_missing || record.since == unknown_time
            || now_ - record.since < settings_.grace)
            continue;
        record.is_ghost_told = true;
        state_.touch(host);
        Decision& told =
            decide(DecisionKind::info,
                   host,
                   Reason::ghost,
                   fmt::format("{} is left over from an earlier registration of this instance, "
                               "which is connected: deregister it",
                               record.arn));
        told.container_instance_arn = record.arn;
        told.since = record.since;
    }
}

// EC2 counts a launch from the last start.
void Reduction::started(Host& host, WallTime at) {
    host.launched_at = at;
    // Nobody could miss the agent of a host that was stopped.
    if (host.phase == Phase::suppressed && host.reason == Reason::stopped)
        host.since = std::max(host.since, at);
}

void Reduction::see_ec2(Host& host, const Ec2Seen& seen) {
    bool is_news = keep_trait(state_, host.ec2_state, seen.state);
    // A launch never becomes an earlier one; unknown_time is the earliest of all.
    const WallTime launched_at = std::max(host.launched_at, seen.launched_at);
    is_news |= std::exchange(host.launched_at, launched_at) != launched_at;
    if (seen.state == "running") started(host, launched_at);
    is_news |= keep_trait(state_, host.availability_zone, seen.availability_zone);
    if (is_news) state_.touch(host);
}

} // namespace squall::monitor
