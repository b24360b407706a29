// What belongs together is told together: a zone, a cluster, most of a region.
#include "reduction.h"

#include <algorithm>
#include <map>

namespace squall::monitor {
namespace {

std::size_t threshold(std::size_t whole) {
    const auto share = static_cast<double>(whole) * limits::group_share;
    return std::max(limits::group_min, static_cast<std::size_t>(share + 0.999));
}

} // namespace

// Who is gone together with a host: already certain, or still within its grace. An outage is not
// seen in one second, but when the first grace ends all that belong to it have been gone for long.
struct Reduction::Neighbours {
    struct Part {
        std::vector<Host*> held;
        std::size_t coming = 0; // still in their grace
        std::size_t whole = 0;

        [[nodiscard]] bool is_group() const { return held.size() >= threshold(whole); }

        [[nodiscard]] bool may_be_group() const {
            return coming > 0 && held.size() + coming >= threshold(whole);
        }
    };

    Part region;
    std::map<std::string_view, Part> zones;
    std::map<std::string_view, Part> clusters;
    WallTime last_due = unknown_time; // of those that are coming
};

Reduction::Neighbours Reduction::neighbours_of(const Host& host) const {
    Neighbours near;
    const std::string region(host.region());
    state_.for_each_host([&](const Host& other) {
        if (!other.is_expected() || other.region() != region) return;
        auto& zone = near.zones[*other.availability_zone];
        auto& cluster = near.clusters[other.cluster->arn];
        for (auto* part : {&near.region, &zone, &cluster})
            ++part->whole;
        const bool is_pending = other.phase == Phase::grace || other.phase == Phase::checking
                                || other.phase == Phase::unverified;
        if (!is_pending || other.since > host.since + limits::spread_max
            || other.due > now_ + limits::spread_max)
            return;
        for (auto* part : {&near.region, &zone, &cluster})
            ++part->coming;
        near.last_due = std::max(near.last_due, other.due);
    });
    for (Host* other : state_.held()) {
        if (other->region() != region || !other->cluster->is_monitored) continue;
        near.region.held.push_back(other);
        near.zones[*other->availability_zone].held.push_back(other);
        near.clusters[other->cluster->arn].held.push_back(other);
    }
    return near;
}

void Reduction::release(Host& host) {
    // Alone, or two: no need to look around, unless others are about to follow.
    const Neighbours near = neighbours_of(host);
    const auto& zone = near.zones.at(*host.availability_zone);
    const auto& cluster = near.clusters.at(host.cluster->arn);
    const bool is_region_near =
        near.region.whole >= limits::region_min && near.region.coming > 0
        && (near.region.held.size() + near.region.coming) * 2 > near.region.whole;
    const WallTime patience_end = host.held_at + settings_.hold + limits::spread_max;
    const bool is_worth_waiting = is_region_near || zone.may_be_group() || cluster.may_be_group();
    if (is_worth_waiting && now_ < patience_end) {
        state_.set_due(host, std::min(patience_end, std::max(now_, near.last_due) + Seconds(1)));
        return;
    }
    if (!release_group(near) || host.phase == Phase::held) open_single(host);
}

// True when a group was told; whether the one that was released was among them is another matter.
bool Reduction::release_group(const Neighbours& near) {
    if (near.region.whole >= limits::region_min
        && near.region.held.size() * 2 > near.region.whole) {
        open_group(Incident::Kind::region, near.region.held);
        return true;
    }
    std::vector<const Neighbours::Part*> dark; // zones
    for (const auto& [name, zone] : near.zones) {
        if (!name.empty() && zone.is_group()) dark.push_back(&zone);
    }
    // Several zones of one cluster have the cluster in common, and not a zone.
    if (dark.size() != 1) {
        for (const auto& [arn, cluster] : near.clusters) {
            if (!cluster.is_group()) continue;
            open_group(Incident::Kind::cluster, cluster.held);
            return true;
        }
    }
    if (dark.empty()) return false;
    for (const auto* zone : dark)
        open_group(Incident::Kind::zone, zone->held);
    return true;
}

} // namespace squall::monitor
