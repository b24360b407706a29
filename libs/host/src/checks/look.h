// Looks and their parts, made in one line each.
#pragma once

#include "squall/base/subprocess.h"
#include "squall/doctor/finding.h"

#include <string>
#include <vector>

namespace squall::host {

using doctor::Certainty;
using doctor::Evidence;
using doctor::Look;
using doctor::Sign;

// A look's name is given by the table of checks.
[[nodiscard]] Look healthy(std::string summary);
[[nodiscard]] Look not_here(std::string summary);
// `how`: the command that a human can try instead.
[[nodiscard]] Look could_not_look(std::string why, std::string how);
[[nodiscard]] Look finding(Sign sign);
// Healthy with that summary where there is no sign.
[[nodiscard]] Look finding_or_healthy(std::vector<Sign> signs, std::string healthy_summary);

// Under this name, where no table of checks gives it one.
[[nodiscard]] Look named(std::string check, Look look);

// What was asked, and what came; made valid UTF-8, and not too long. Callers leave secrets out.
[[nodiscard]] Evidence evidence(std::string asked, std::string_view came);

[[nodiscard]] Sign sign(std::string cause,
                        Certainty certainty,
                        std::string summary,
                        std::vector<Evidence> evidence,
                        std::vector<std::string> remedy = {});

// "1.5 GiB", "340 MiB", "12 KiB".
[[nodiscard]] std::string size_text(std::uint64_t bytes);

} // namespace squall::host
