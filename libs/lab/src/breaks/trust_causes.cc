// Whether the two ends believe each other: the host the certificate, AWS the time of a signature.
#include "breaks/families.h"
#include "breaks/scripts.h"
#include "breaks/units.h"

namespace squall::lab::breaks {
namespace {

constexpr std::string_view ca_bundle = "/etc/ssl/certs/ca-certificates.crt";

// The last one is that of AWS's endpoints here. Prints it. The file stays the same file.
std::string take_authority() {
    return fmt::format("set -e\nfile={}\n"
                       "from=$(grep -n 'BEGIN CERTIFICATE' \"$file\" | tail -n 1 | cut -d : -f 1)\n"
                       "tail -n \"+$from\" \"$file\"\n"
                       "rest=$(mktemp)\nhead -n \"$((from - 1))\" \"$file\" >\"$rest\"\n"
                       "cat \"$rest\" >\"$file\"\nrm \"$rest\"\n",
                       ca_bundle);
}

// At the end, unless somebody has done that; a certificate is told by the last line of its body.
std::string give_authority(std::string_view certificate) {
    if (certificate.empty()) return "true\n";
    return fmt::format("set -e\nfile={}\ncertificate='{}'\n"
                       "mark=$(printf '%s\\n' \"$certificate\" | tail -n 2 | head -n 1)\n"
                       "grep -qxF -e \"$mark\" \"$file\" || "
                       "printf '%s\\n' \"$certificate\" >>\"$file\"\n",
                       ca_bundle,
                       certificate);
}

constexpr Cause tls_trust{
    "TLS_TRUST",
    "",
    "the authority of AWS's certificates is taken out of the host's bundle of those it trusts",
    Need::nothing,
    Sign::disconnected,
    [] {
        return Steps{script(take_authority(), "certificate"), restart_agent()};
    },
    [](const json::Object& before) {
        return Steps{script(give_authority(json::string_at(before, "certificate"))),
                     start_agent(),
                     restart_agent()};
    }};

Step inspect(bool is_inspected) {
    return InCloud{[is_inspected](Site& site) -> Result<void> {
        if (site.ec2() != nullptr) site.ec2()->is_inspected = is_inspected;
        return {};
    }};
}

constexpr Cause tls_inspected{
    "TLS_TRUST",
    "inspected",
    "a firewall in the VPC looks into TLS: the endpoints show the instance its certificate",
    Need::ec2,
    Sign::disconnected,
    [] {
        return Steps{inspect(/*is_inspected=*/true), restart_agent()};
    },
    [](const json::Object&) {
        return Steps{inspect(/*is_inspected=*/false), start_agent(), restart_agent()};
    }};

Step shift_clock(Seconds behind) {
    return InCloud{[behind](Site& site) -> Result<void> {
        if (site.ec2() != nullptr) site.ec2()->behind_aws = behind;
        return {};
    }};
}

// A host's clock is that of the machine below: it is AWS that sees another time here.
constexpr Cause clock_skew{
    "CLOCK_SKEW",
    "",
    "the instance's clock is 47 minutes slow, as AWS's endpoints see it",
    Need::ec2,
    Sign::disconnected,
    [] {
        return Steps{shift_clock(std::chrono::minutes(47)), restart_agent()};
    },
    [](const json::Object&) {
        return Steps{shift_clock(Seconds(0)), start_agent(), restart_agent()};
    }};

} // namespace

std::vector<Cause> trust_causes() { return {tls_trust, tls_inspected, clock_skew}; }

} // namespace squall::lab::breaks
