// An agent of which no process was there: whether that is a stop by somebody, or what the end left.
#pragma once

#include "diagnosis/current.h"
#include "squall/doctor/finding.h"

#include <vector>

namespace squall::doctor {

// Of ranked findings: where something else says how or why the agent ended, that no process of it
// was there is evidence of that end, or a symptom, and not a stop by somebody.
void settle_missing_process(const Catalogue& catalogue,
                            const std::vector<Look>& looks,
                            const std::vector<Suspicion>& suspicions,
                            std::vector<Finding>& findings);

} // namespace squall::doctor
