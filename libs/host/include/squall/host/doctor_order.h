// What `squall doctor` and `squall-host doctor` have in common: the doctor on this host, with log
// files, and with an archive.
#pragma once

#include "squall/doctor/catalogue.h"
#include "squall/doctor/report.h"

#include <stop_token>
#include <string>
#include <vector>

namespace squall::host {

struct DoctorOrder {
    // Of these at most one; none: this host.
    std::vector<std::string> logs;       // files; "-" is standard input
    std::string bundle;                  // an archive; "-" is standard input
    std::vector<std::string> signatures; // the user's own causes
    bool reads_whole = false;            // log files from their beginning, however large
    // Of this host what was looked at, without a diagnosis: {"looks": […]}, as archives keep it.
    bool only_looks = false;
    bool json = false;
};

struct DoctorAnswer {
    std::string text;
    int exit_code = 0;
};

[[nodiscard]] Result<doctor::Catalogue> catalogue_with(const std::vector<std::string>& files);

// invalid_input: what was asked cannot be meant.
[[nodiscard]] Result<DoctorAnswer>
examine(const DoctorOrder& order, const doctor::Catalogue& catalogue, doctor::ReportStyle style);

// Looks at this host, and makes an archive of what there is to know (see doctor/collect.h). Its
// text says where it is and what is not in it. `output` empty: a name of its own, here; "-":
// standard output, which must not be a terminal.
[[nodiscard]] Result<std::string> collect_evidence(const Path& output, const std::stop_token& stop);

} // namespace squall::host
