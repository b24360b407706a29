// The VPC's rules as the lab's wire keeps them: what they let no host reach is closed to it.
#pragma once

#include "breaks/ways.h"
#include "ec2/instances.h"

#include <set>
#include <string>
#include <utility>

namespace squall::lab {

class ClosedWays {
public:
    // Both outlive it.
    ClosedWays(breaks::Ways& ways, const ec2::Instances& instances)
        : ways_(ways), instances_(instances) {}

    // Looks at the rules again, and closes or opens what has changed.
    void look();

private:
    using Way = std::pair<std::string, std::string>; // a host's address, and an endpoint's

    [[nodiscard]] std::set<Way> wanted() const;

    breaks::Ways& ways_;
    const ec2::Instances& instances_;
    std::set<Way> closed_;
};

} // namespace squall::lab
