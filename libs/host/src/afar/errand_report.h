// What an errand (see errand_script.h) has brought.
#pragma once

#include "squall/base/result.h"
#include "squall/doctor/finding.h"
#include "squall/doctor/scan.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace squall::host {

struct ErrandLog {
    std::string name; // "ecs_agent_logs/ecs-agent.log"
    std::string text;
    std::uint64_t lines_before = 0; // of the file, before `text`
    bool is_cut = false;            // there is more before it
};

struct ErrandReport {
    std::map<std::string, std::string, std::less<>> facts; // "services", "endpoint/api", …
    std::vector<ErrandLog> logs;
    std::string config; // those settings of ecs.config that are harmless

    [[nodiscard]] std::string_view fact(std::string_view name) const;
};

// From what the script printed. Fails where it is not an errand's, or was cut.
[[nodiscard]] Result<ErrandReport> read_errand(std::string_view output, std::string_view boundary);

// What the facts say, check by check.
[[nodiscard]] std::vector<doctor::Look> looks_of(const ErrandReport& report);

[[nodiscard]] std::vector<doctor::ScannedLog> scanned(const ErrandReport& report,
                                                      doctor::Scanner& scanner);

} // namespace squall::host
