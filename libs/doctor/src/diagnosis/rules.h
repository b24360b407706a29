// Causes that no single record shows: what is not there, how often, how long.
#pragma once

#include "diagnosis/current.h"

namespace squall::doctor {

// Adds to what records show. Each rule is one of the catalogue's causes.
void apply_rules(const Catalogue& catalogue,
                 const Timeline& timeline,
                 WallTime now,
                 std::vector<Suspicion>& suspicions);

} // namespace squall::doctor
