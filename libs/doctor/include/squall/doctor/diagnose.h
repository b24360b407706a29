// Evidence in, causes out. What counts is what came after the last good connection; roots come
// before what they bring about; where nothing is known, that is the answer.
#pragma once

#include "squall/doctor/finding.h"
#include "squall/doctor/scan.h"

namespace squall::doctor {

struct Case {
    std::vector<ScannedLog> logs;
    std::vector<Look> looks; // of live checks, or of an archive
    WallTime now;
    Names names = {}; // that are known without a look
};

[[nodiscard]] Diagnosis diagnose(const Catalogue& catalogue, Case evidence);

} // namespace squall::doctor
