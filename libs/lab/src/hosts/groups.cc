// The Auto Scaling groups that the lab's instances are in: one of its hosts, and one of the crowd.
#include "ec2/network.h"
#include "hosts/population.h"

namespace squall::lab {
namespace {

// As long as a lab lives, with those that are gone: an address is not given a second time.
constexpr std::size_t places_max = 1000;

} // namespace

std::string Population::hosts_group() const { return ground_.options.cluster + "-hosts"; }

std::string Population::crowd_group() const { return ground_.options.cluster + "-virtual"; }

void Population::make_groups(WallTime now) {
    const LabOptions& options = ground_.options;
    auto& scaling = ground_.cloud.home().auto_scaling;
    autoscaling::Group group;
    for (const auto& subnet : ec2::subnets_of(options.region)) {
        if (static_cast<int>(group.subnet_ids.size()) == options.zones) break;
        group.subnet_ids.push_back(subnet.id);
        group.availability_zones.push_back(subnet.availability_zone);
    }
    group.tags = {{"cluster", options.cluster}};
    // Who stops an instance here wants to see what becomes of it, and not of another in its place.
    group.suspended = {"HealthCheck"};
    group.name = hosts_group();
    group.max_size = LabOptions::instances_max;
    scaling.make_group(group, now);
    for (const Place& place : places_)
        if (place.kind != HostKind::external) scaling.attach(hosts_group(), place.instance_id);
    if (crowd_.empty()) return;
    group.name = crowd_group();
    group.max_size = VirtualInstances::count_max;
    scaling.make_group(group, now);
    for (const auto& id : crowd_)
        scaling.attach(crowd_group(), id);
}

Result<std::string> Population::launch(const std::string& group) {
    if (group == crowd_group()) return start_member(Wall::now());
    if (places_.size() >= places_max)
        return fail(Errc::unavailable,
                    "You have requested more instances than this lab can have in its life: {}.",
                    places_max);
    return start_host(static_cast<int>(places_.size()) + 1, HostKind::standard);
}

} // namespace squall::lab
