// What logs and looks show, as findings.
#pragma once

#include "diagnosis/current.h"
#include "squall/doctor/finding.h"

namespace squall::doctor {

// Without secrets, and no longer than Evidence::text_max.
[[nodiscard]] Evidence evidence_of(const ScannedLog& log, const Sighting& sighting);

[[nodiscard]] Finding finding_of(const Catalogue& catalogue,
                                 const Timeline& timeline,
                                 const Suspicion& suspicion,
                                 WallTime now);

// What a check saw is worth more than what a log says: it comes first.
void add_sign(const Catalogue& catalogue, const Sign& sign, std::vector<Finding>& findings);

// One more sentence about it, behind what may not have been one.
void say_also(Finding& finding, std::string_view sentence);

// The root first; what it brings about is marked as a symptom.
void rank(const Catalogue& catalogue, std::vector<Finding>& findings);

} // namespace squall::doctor
