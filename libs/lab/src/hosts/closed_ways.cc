#include "hosts/closed_ways.h"

#include "names/zone.h"
#include "squall/base/log.h"

#include <array>

namespace squall::lab {
namespace {

constexpr int https = 443;

// The lab has AWS's endpoints within its VPC. For rules they are where AWS has them: at public
// addresses, one for each so that a rule can tell them apart.
struct PublicEndpoint {
    const char* address;
    const char* public_address;
};

constexpr std::array endpoints{PublicEndpoint{names::services_address, "52.46.128.10"},
                               PublicEndpoint{names::ecs_address, "52.46.128.11"},
                               PublicEndpoint{names::acs_address, "52.46.128.12"},
                               PublicEndpoint{names::tcs_address, "52.46.128.13"}};

} // namespace

std::set<ClosedWays::Way> ClosedWays::wanted() const {
    std::set<Way> closed;
    for (const auto& [id, instance] : instances_.all) {
        // Those outside of the VPC's block have no cable: they are a list alone.
        if (instance.ended_at || !ec2::is_within(instance.private_ip, ec2::vpc_cidr_block))
            continue;
        for (const auto& endpoint : endpoints) {
            if (!instances_.firewall.lets_out(
                    {instance.subnet_id, instance.group_ids}, endpoint.public_address, https))
                closed.emplace(instance.private_ip, endpoint.address);
        }
    }
    return closed;
}

void ClosedWays::look() {
    const std::set<Way> now = wanted();
    const auto tell = [](const Result<void>& done) {
        if (!done) log::warning("a rule of the VPC: {}", done.error().message);
        return done.has_value();
    };
    for (const Way& way : now) {
        if (!closed_.contains(way) && tell(ways_.close(way.first, way.second))) closed_.insert(way);
    }
    std::erase_if(closed_, [&](const Way& way) {
        return !now.contains(way) && tell(ways_.open(way.first, way.second));
    });
}

} // namespace squall::lab
