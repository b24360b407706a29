// A diagnosis as text, for somebody who was woken by it: what it is, what to do, how that is known.
#pragma once

#include "squall/doctor/finding.h"

#include <string>

namespace squall::doctor {

struct ReportStyle {
    bool has_colour = false;
    bool tells_all = false; // what was healthy one by one, and all evidence
    int width = 0;          // columns that sentences are broken at; 0: not at all
};

// `subject`: what was looked at ("i-0abc…", "2 log files").
[[nodiscard]] std::string
report_text(const Diagnosis& diagnosis, const std::string& subject, ReportStyle style = {});

// The same in a few lines, for an alert: the roots with what to do, one piece of evidence each.
[[nodiscard]] std::string alert_text(const Diagnosis& diagnosis);

} // namespace squall::doctor
