// The ways to AWS: those in the VPC, which nobody sees from the host, and those on the host itself.
#include "breaks/families.h"
#include "breaks/scripts.h"
#include "breaks/units.h"
#include "names/zone.h"

namespace squall::lab::breaks {
namespace {

constexpr std::string_view closed_member = "closedWays";

// Of an instance that has been terminated there is nothing to close.
Step close_way(std::string_view address) {
    return InCloud{[address](Site& site) -> Result<void> {
        const ec2::Instance* instance = site.ec2();
        if (instance == nullptr) return {};
        auto closed = site.ways.close(instance->private_ip, std::string(address));
        if (!closed) return closed;
        json::Array ways = json::array_at(site.before, closed_member);
        ways.push_back(json::Array{json::Value(instance->private_ip), json::Value(address)});
        site.before[closed_member] = std::move(ways);
        return {};
    }};
}

Step open_ways() {
    return InCloud{[](Site& site) -> Result<void> {
        while (true) {
            json::Array ways = json::array_at(site.before, closed_member);
            if (ways.empty()) return {};
            const json::Array& way = ways.back().as_array();
            auto opened = site.ways.open(std::string(way.at(0).as_string()),
                                         std::string(way.at(1).as_string()));
            if (!opened) return opened;
            ways.pop_back();
            site.before[closed_member] = std::move(ways);
        }
    }};
}

Steps reopen(const json::Object&) { return {open_ways(), start_agent(), restart_agent()}; }

constexpr Cause api_timeout{"NET_API_TIMEOUT",
                            "",
                            "packets between the instance and ECS's API are dropped",
                            Need::ec2,
                            Sign::disconnected,
                            [] {
                                return Steps{close_way(names::ecs_address), restart_agent()};
                            },
                            reopen};

constexpr Cause all_timeout{
    "NET_API_TIMEOUT",
    "all",
    "packets between the instance and all endpoints of ECS are dropped: API, ACS and telemetry",
    Need::ec2,
    Sign::disconnected,
    [] {
        return Steps{close_way(names::ecs_address),
                     close_way(names::acs_address),
                     close_way(names::tcs_address),
                     restart_agent()};
    },
    reopen};

constexpr Cause acs_blocked{
    "NET_ACS_BLOCKED",
    "",
    "packets between the instance and ACS (ecs-a-1) are dropped, and the API answers",
    Need::ec2,
    Sign::disconnected,
    [] {
        return Steps{close_way(names::acs_address), restart_agent()};
    },
    reopen};

constexpr Cause tcs_only{
    "NET_TCS_ONLY",
    "",
    "packets between the instance and telemetry (ecs-t-1) are dropped, and all else works",
    Need::ec2,
    Sign::connected,
    [] {
        return Steps{close_way(names::tcs_address), restart_agent()};
    },
    reopen};

constexpr Cause names_dead{"NET_DNS",
                           "",
                           "packets between the instance and its name server are dropped",
                           Need::ec2,
                           Sign::disconnected,
                           [] {
                               return Steps{close_way(names::resolver_address), restart_agent()};
                           },
                           reopen};

Step know_names(bool are_known) {
    return InCloud{[are_known](Site& site) -> Result<void> {
        if (site.ec2() != nullptr) site.ec2()->has_names = are_known;
        return {};
    }};
}

constexpr Cause names_unknown{
    "NET_DNS",
    "no-such-host",
    "the name server says of AWS's names that they do not exist, as under an empty private zone",
    Need::ec2,
    Sign::disconnected,
    [] {
        return Steps{know_names(/*are_known=*/false), restart_agent()};
    },
    [](const json::Object&) {
        return Steps{know_names(/*are_known=*/true), start_agent(), restart_agent()};
    }};

// While the agent is stopped: else the end of its connection does not get through either, and ECS
// takes it for connected until it has missed its answers.
Steps before_restart(Step step) { return {stop_agent(), std::move(step), restart_agent()}; }

constexpr std::string_view reject_rule = "OUTPUT -p tcp --dport 443 -j REJECT";

constexpr Cause refused{
    "NET_REFUSED",
    "",
    "a rule of iptables on the host rejects what goes to port 443",
    Need::nothing,
    Sign::disconnected,
    [] { return before_restart(script(add_rule(reject_rule))); },
    [](const json::Object&) {
        return Steps{script(remove_rule(reject_rule)), start_agent(), restart_agent()};
    },
    Keeps::until_boot};

// All endpoints but the lab's own are in it.
constexpr std::string_view unreachable_route = "unreachable 10.0.0.8/29";

constexpr Cause no_route{
    "NET_REFUSED",
    "no-route",
    "the host has no route to AWS's endpoints",
    Need::nothing,
    Sign::disconnected,
    [] { return before_restart(script(fmt::format("ip route add {}\n", unreachable_route))); },
    [](const json::Object&) {
        return Steps{
            script(fmt::format("ip route del {} 2>/dev/null || true\n", unreachable_route)),
            start_agent(),
            restart_agent()};
    },
    Keeps::until_boot};

} // namespace

std::vector<Cause> network_causes() {
    return {names_dead,
            names_unknown,
            api_timeout,
            all_timeout,
            acs_blocked,
            tcs_only,
            refused,
            no_route};
}

} // namespace squall::lab::breaks
