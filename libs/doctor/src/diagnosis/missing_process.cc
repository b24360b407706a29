#include "diagnosis/missing_process.h"

#include <algorithm>
#include <array>

namespace squall::doctor {
namespace {

// That there is no process says how an agent ended as little as why.
bool is_told_by_absence_alone(const Catalogue& catalogue,
                              const std::vector<Look>& looks,
                              const std::vector<Suspicion>& suspicions,
                              std::string_view cause) {
    if (is_suspected(catalogue, suspicions, cause)) return false;
    return std::all_of(looks.begin(), looks.end(), [&](const Look& look) {
        return std::all_of(look.signs.begin(), look.signs.end(), [&](const Sign& sign) {
            return sign.cause != cause
                   || (look.check == "agent-process" && sign.certainty == Certainty::possible);
        });
    });
}

// What it says itself of an agent that does not run: that needs no second word.
bool is_end(const Finding& finding) {
    constexpr std::array<std::string_view, 4> ends{
        "AGENT_TERMINAL", "AGENT_CRASHLOOP", "AGENT_PANIC", "CLOUD_INIT_DEADLOCK"};
    return std::find(ends.begin(), ends.end(), finding.cause) != ends.end();
}

bool can_end_an_agent(const Catalogue& catalogue, const Finding& finding) {
    const Cause* cause = catalogue.find(finding.cause);
    return finding.certainty != Certainty::possible && finding.severity != Severity::heals
           && cause != nullptr && cause->symptom == Cause::Symptom::never;
}

} // namespace

void settle_missing_process(const Catalogue& catalogue,
                            const std::vector<Look>& looks,
                            const std::vector<Suspicion>& suspicions,
                            std::vector<Finding>& findings) {
    constexpr std::string_view stopped = "AGENT_STOPPED";
    const auto missing = std::find_if(findings.begin(), findings.end(), [&](const Finding& each) {
        return each.cause == stopped;
    });
    if (missing == findings.end()
        || !is_told_by_absence_alone(catalogue, looks, suspicions, stopped))
        return;
    if (const auto end = std::find_if(findings.begin(), findings.end(), is_end);
        end != findings.end()) {
        std::move(
            missing->evidence.begin(), missing->evidence.end(), std::back_inserter(end->evidence));
        findings.erase(missing);
        return;
    }
    if (!can_end_an_agent(catalogue, findings.front()) || missing == findings.begin()) return;
    missing->is_symptom = true;
    missing->remedy = {"when that is mended: `sudo systemctl start ecs`"};
    std::stable_partition(findings.begin(), findings.end(), [](const Finding& finding) {
        return !finding.is_symptom;
    });
}

} // namespace squall::doctor
