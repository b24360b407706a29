// The instance metadata service.
#include "breaks/families.h"
#include "breaks/scripts.h"
#include "breaks/units.h"

namespace squall::lab::breaks {
namespace {

constexpr Cause imds_disabled{
    "IMDS_UNREACHABLE",
    "",
    "the instance metadata service is disabled (HttpEndpoint): it answers everything with 403",
    Need::ec2,
    Sign::disconnected,
    [] {
        return Steps{switch_metadata(/*is_on=*/false), restart_agent()};
    },
    [](const json::Object&) {
        return Steps{switch_metadata(/*is_on=*/true), start_agent(), restart_agent()};
    }};

constexpr std::string_view drop_rule = "OUTPUT -d 169.254.169.254/32 -j DROP";

constexpr Cause imds_dropped{
    "IMDS_UNREACHABLE",
    "dropped",
    "a rule of iptables drops all packets to 169.254.169.254",
    Need::ec2,
    Sign::disconnected,
    [] {
        return Steps{script(add_rule(drop_rule)), restart_agent()};
    },
    [](const json::Object&) {
        return Steps{script(remove_rule(drop_rule)), start_agent(), restart_agent()};
    },
    Keeps::until_boot};

} // namespace

std::vector<Cause> metadata_causes() { return {imds_disabled, imds_dropped}; }

} // namespace squall::lab::breaks
