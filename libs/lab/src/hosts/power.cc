// Instances that are stopped, started, rebooted and terminated.
#include "hosts/population.h"

#include <algorithm>

namespace squall::lab {
namespace {

// The kernel tells of a connection's end a moment before it tells of the host's.
constexpr Seconds end_takes{5};

} // namespace

const Population::Place* Population::place_of(const std::string& instance_id) const {
    const auto found = std::find_if(places_.begin(), places_.end(), [&](const Place& place) {
        return place.instance_id == instance_id;
    });
    return found == places_.end() ? nullptr : &*found;
}

Host* Population::host_of(const std::string& instance_id) {
    const Place* place = place_of(instance_id);
    return place == nullptr ? nullptr : place->host.get();
}

breaks::HostFacts Population::facts_of(const std::string& instance_id) const {
    const Place* place = place_of(instance_id);
    return {place == nullptr ? HostKind::bottlerocket : place->kind, ground_.options.runtime};
}

bool Population::is_up(const std::string& instance_id) const {
    const Place* place = place_of(instance_id);
    return place != nullptr && place->host && place->host->is_ready();
}

bool Population::is_gone(const std::string& instance_id) const {
    const Place* place = place_of(instance_id);
    return place == nullptr || place->is_gone;
}

void Population::settle(const std::string& instance_id, const std::string& state) {
    ground_.cloud.home().ec2.settle(instance_id, state, Wall::now());
}

void Population::settle_soon(const std::string& instance_id, const std::string& state) {
    ground_.loop.post([this, instance_id, state] { settle(instance_id, state); });
}

void Population::stop(const std::string& instance_id) {
    if (Host* host = host_of(instance_id)) return host->power_off();
    fleet_.switch_off(instance_id, Wall::now());
    settle_soon(instance_id, "stopped");
}

void Population::start(const std::string& instance_id) {
    if (Host* host = host_of(instance_id)) return host->power_on();
    fleet_.switch_on(instance_id, Wall::now());
    settle_soon(instance_id, "running");
}

void Population::reboot(const std::string& instance_id) {
    if (Host* host = host_of(instance_id)) return host->reboot();
    fleet_.switch_off(instance_id, Wall::now());
    fleet_.switch_on(instance_id, Wall::now());
}

void Population::terminate(const std::string& instance_id) {
    const WallTime now = Wall::now();
    for (Place& place : places_) {
        if (place.instance_id != instance_id || !place.host) continue;
        place.ending_since = now;
        return place.host->shut_down();
    }
    fleet_.switch_off(instance_id, now);
    ground_.loop.post([this, instance_id, now] {
        settle(instance_id, "terminated");
        ground_.cloud.home().ecs.host_terminated(instance_id, now, Wall::now());
    });
}

void Population::host_ended(int ordinal, const std::string& why) {
    const WallTime now = Wall::now();
    Place& place = places_.at(static_cast<std::size_t>(ordinal - 1));
    place.endpoint.reset();
    place.host.reset();
    place.is_gone = true;
    if (!place.ending_since)
        ground_.cloud.home().ec2.change_state(place.instance_id, "shutting-down", now);
    settle(place.instance_id, "terminated");
    ground_.cloud.home().ecs.host_terminated(
        place.instance_id, place.ending_since.value_or(now - end_takes), now);
    if (!place.ending_since) events_.on_lost(ordinal, why);
}

} // namespace squall::lab
