#include "squall/monitor/state.h"

#include <algorithm>

namespace squall::monitor {
namespace {

template <class T>
void erase_from(std::vector<T*>& list, const T* value) {
    list.erase(std::remove(list.begin(), list.end(), value), list.end());
}

// Of arn:aws:ecs:REGION:…
std::string_view region_of(std::string_view arn) {
    for (int i = 0; i < 3; ++i) {
        const auto colon = arn.find(':');
        if (colon == std::string_view::npos) return {};
        arn.remove_prefix(colon + 1);
    }
    return arn.substr(0, arn.find(':'));
}

} // namespace

const std::string* TextPool::keep(std::string_view text) { return &*texts_.emplace(text).first; }

Status status_of(std::string_view text) {
    if (text == "ACTIVE") return Status::active;
    if (text == "DRAINING") return Status::draining;
    if (text == "DEREGISTERING") return Status::deregistering;
    if (text == "INACTIVE") return Status::inactive;
    if (text == "REGISTERING") return Status::registering;
    if (text == "REGISTRATION_FAILED") return Status::failed;
    return Status::unknown;
}

std::string_view text(Status status) {
    switch (status) {
    case Status::active:
        return "ACTIVE";
    case Status::draining:
        return "DRAINING";
    case Status::deregistering:
        return "DEREGISTERING";
    case Status::inactive:
        return "INACTIVE";
    case Status::registering:
        return "REGISTERING";
    case Status::failed:
        return "REGISTRATION_FAILED";
    case Status::unknown:
        return "";
    }
    return "";
}

std::string_view text(Phase phase) {
    switch (phase) {
    case Phase::up:
        return "up";
    case Phase::grace:
        return "grace";
    case Phase::checking:
        return "checking";
    case Phase::unverified:
        return "unverified";
    case Phase::held:
        return "held";
    case Phase::open:
        return "open";
    case Phase::suppressed:
        return "suppressed";
    case Phase::gone:
        return "gone";
    }
    return "";
}

std::string_view cluster_name(std::string_view arn_or_name) {
    const auto slash = arn_or_name.rfind('/');
    return slash == std::string_view::npos ? arn_or_name : arn_or_name.substr(slash + 1);
}

bool concerns(const Window& window, const Host& host) {
    const bool is_of_cluster = window.cluster.empty() || window.cluster == host.cluster->arn
                               || cluster_name(window.cluster) == host.cluster->name;
    const auto& nodes = window.nodes;
    return is_of_cluster
           && (nodes.empty()
               || std::find(nodes.begin(), nodes.end(), host.ec2_instance_id) != nodes.end());
}

bool Host::is_connected() const {
    return std::any_of(records.begin(), records.end(), [](const Record& record) {
        return record.is_known && record.is_connected && !record.is_missing
               && record.status != Status::inactive;
    });
}

const Record* Host::active_record() const {
    const Record* best = nullptr;
    const auto rank = [](const Record& record) {
        if (record.is_missing) return 3;
        if (record.status == Status::inactive) return 2;
        return record.status == Status::active ? 0 : 1;
    };
    for (const auto& record : records) {
        if (best == nullptr || rank(record) < rank(*best)
            || (rank(record) == rank(*best) && record.registered_at > best->registered_at))
            best = &record;
    }
    return best;
}

bool Host::is_expected() const {
    return phase != Phase::gone && phase != Phase::suppressed && cluster->is_monitored;
}

Traits Host::traits() const {
    Traits traits;
    for_each_trait_of_both(
        traits, *this, [](const char* /*name*/, std::string& text, const std::string* kept) {
            text = *kept;
        });
    return traits;
}

std::size_t Incident::out() const {
    return static_cast<std::size_t>(std::count_if(
        members.begin(), members.end(), [](const Member& member) { return member.is_out; }));
}

std::string State::key_of(std::string_view cluster_arn, std::string_view ec2_instance_id) {
    std::string key;
    key.reserve(cluster_arn.size() + 1 + ec2_instance_id.size());
    key.append(cluster_arn).append("|").append(ec2_instance_id);
    return key;
}

Host* State::find(std::string_view key) {
    const auto found = hosts_.find(key);
    return found == hosts_.end() ? nullptr : found->second.get();
}

const Host* State::find(std::string_view key) const {
    const auto found = hosts_.find(key);
    return found == hosts_.end() ? nullptr : found->second.get();
}

Host& State::host(std::string_view cluster_arn, std::string_view ec2_instance_id) {
    std::string key = key_of(cluster_arn, ec2_instance_id);
    if (Host* known = find(key)) return *known;
    auto made = std::make_unique<Host>();
    Host& host = *made;
    host.key = std::move(key);
    host.ec2_instance_id = ec2_instance_id;
    host.cluster = &cluster(cluster_arn);
    host.slot = host.cluster->hosts.size();
    host.cluster->hosts.push_back(&host);
    const std::string* nothing = keep("");
    for_each_trait(host, [&](const char* /*name*/, const std::string*& trait) { trait = nothing; });
    host.ec2_state = nothing;
    by_instance_.emplace(host.ec2_instance_id, &host);
    hosts_.emplace(host.key, std::move(made));
    touch(host);
    return host;
}

std::vector<Host*> State::hosts_of(std::string_view ec2_instance_id) {
    std::vector<Host*> found;
    const auto [first, last] = by_instance_.equal_range(ec2_instance_id);
    for (auto at = first; at != last; ++at)
        found.push_back(at->second);
    std::sort(found.begin(), found.end(), &is_before);
    return found;
}

void State::forget(Host& host) {
    set_due(host, no_time);
    set_rung_due(host, no_time);
    held_.erase(&host);
    if (host.is_changed) erase_from(changed_hosts_, &host);
    forgotten_hosts_.push_back(host.key);
    auto& list = host.cluster->hosts;
    list[host.slot] = list.back();
    list[host.slot]->slot = host.slot;
    list.pop_back();
    const auto [first, last] = by_instance_.equal_range(host.ec2_instance_id);
    for (auto at = first; at != last; ++at) {
        if (at->second != &host) continue;
        by_instance_.erase(at);
        break;
    }
    // Its key lies in what is erased.
    const auto found = hosts_.find(host.key);
    const auto last_words = std::move(found->second);
    hosts_.erase(found);
}

ClusterState& State::cluster(std::string_view arn) {
    const auto found = clusters_.find(arn);
    if (found != clusters_.end()) return found->second;
    ClusterState& made = clusters_[std::string(arn)];
    made.arn = arn;
    made.name = cluster_name(arn);
    made.region = region_of(arn);
    return made;
}

ClusterState* State::find_cluster(std::string_view arn_or_name) {
    const auto found = clusters_.find(arn_or_name);
    if (found != clusters_.end()) return &found->second;
    for (auto& [arn, cluster] : clusters_) {
        if (cluster.name == arn_or_name) return &cluster;
    }
    return nullptr;
}

Incident& State::open(Incident incident) {
    std::string id = incident.id;
    Incident& opened = incidents_[std::move(id)];
    opened = std::move(incident);
    const WallTime remind_at = std::exchange(opened.remind_at, no_time);
    const WallTime escalate_at = std::exchange(opened.escalate_at, no_time);
    set_remind_at(opened, remind_at);
    set_escalate_at(opened, escalate_at);
    opened.is_changed = false;
    touch(opened);
    return opened;
}

Incident* State::find_incident(std::string_view id) {
    const auto found = incidents_.find(id);
    return found == incidents_.end() ? nullptr : &found->second;
}

void State::close(Incident& incident) {
    set_remind_at(incident, no_time);
    set_escalate_at(incident, no_time);
    if (incident.is_changed) erase_from(changed_incidents_, &incident);
    closed_incidents_.push_back(incident.id);
    incidents_.erase(incidents_.find(incident.id));
}

void State::move_timer(WallTime& from, WallTime to, Timer::Of of, std::string_view key) {
    if (from != no_time) timers_.erase({from, of, key});
    from = to;
    if (to != no_time) timers_.insert({to, of, key});
}

void State::set_due(Host& host, WallTime due) {
    move_timer(host.due, due, Timer::Of::host, host.key);
}

void State::set_rung_due(Host& host, WallTime due) {
    move_timer(host.rung_due, due, Timer::Of::rung, host.key);
}

void State::set_remind_at(Incident& incident, WallTime due) {
    move_timer(incident.remind_at, due, Timer::Of::remind, incident.id);
}

void State::set_escalate_at(Incident& incident, WallTime due) {
    move_timer(incident.escalate_at, due, Timer::Of::escalate, incident.id);
}

WallTime State::next_due() const { return timers_.empty() ? no_time : timers_.begin()->due; }

std::optional<State::Timer> State::take_due(WallTime now) {
    if (timers_.empty() || timers_.begin()->due > now) return std::nullopt;
    const Timer timer = *timers_.begin();
    timers_.erase(timers_.begin());
    if (timer.of == Timer::Of::host) find(timer.key)->due = no_time;
    if (timer.of == Timer::Of::rung) find(timer.key)->rung_due = no_time;
    if (timer.of == Timer::Of::remind) find_incident(timer.key)->remind_at = no_time;
    if (timer.of == Timer::Of::escalate) find_incident(timer.key)->escalate_at = no_time;
    return timer;
}

void State::set_phase(Host& host, Phase phase) {
    if (host.phase == Phase::held) held_.erase(&host);
    host.phase = phase;
    if (phase == Phase::held) held_.insert(&host);
    touch(host);
}

void State::touch(Host& host) {
    if (host.is_changed) return;
    host.is_changed = true;
    changed_hosts_.push_back(&host);
}

void State::touch(Incident& incident) {
    if (incident.is_changed) return;
    incident.is_changed = true;
    changed_incidents_.push_back(&incident);
}

State::Changes State::take_changes() {
    Changes changes;
    for (Host* host : changed_hosts_) {
        host->is_changed = false;
        changes.hosts.push_back(host);
    }
    for (Incident* incident : changed_incidents_) {
        incident->is_changed = false;
        changes.incidents.push_back(incident);
    }
    changed_hosts_.clear();
    changed_incidents_.clear();
    changes.forgotten_hosts = std::exchange(forgotten_hosts_, {});
    changes.closed_incidents = std::exchange(closed_incidents_, {});
    changes.is_other_changed = std::exchange(is_other_changed_, false);
    return changes;
}

} // namespace squall::monitor
