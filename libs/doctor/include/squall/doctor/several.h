// Diagnoses of many hosts, put together for who reads them: an outage has one cause and many hosts,
// but two hosts with one cause may still need two remedies.
#pragma once

#include "squall/doctor/finding.h"

#include <span>
#include <string>
#include <vector>

namespace squall::doctor {

struct Examined {
    // What it alone is called by, the first being its name: an EC2 instance id, ARNs.
    std::vector<std::string> own_names;
    Diagnosis diagnosis;
};

struct Alike {
    std::vector<std::string> hosts; // by their first names, in the order in which they came
    // The first one's; what not all of them have says who has it, and healthy is what was healthy
    // on all.
    Diagnosis diagnosis;
};

// Together are those whose first finding has the same cause, summary and remedy, but for the host's
// own names, numbers, times and public addresses; without a finding, those with one verdict. The
// commonest cause comes first, all of its groups together, the largest first.
[[nodiscard]] std::vector<Alike> put_together(std::span<const Examined> all);

} // namespace squall::doctor
