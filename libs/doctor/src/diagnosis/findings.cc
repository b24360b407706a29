#include "diagnosis/findings.h"

#include "diagnosis/particulars.h"
#include "logs/record.h"
#include "squall/base/time_text.h"
#include "squall/doctor/redact.h"

#include <algorithm>

namespace squall::doctor {
namespace {

constexpr std::size_t evidence_max = 4;

// Half a secret would not be known as one: what is shown is cut last.
std::string safely_shown(std::string_view text) {
    return cut(redacted(shown(text)), Evidence::text_max);
}

// But for the digits: times, ports, delays.
bool says_the_same(std::string_view a, std::string_view b) {
    const auto without_digits = [](std::string_view text) {
        std::string out(text);
        std::erase_if(out, [](char c) { return c >= '0' && c <= '9'; });
        return out;
    };
    return without_digits(a) == without_digits(b);
}

// The newest first, and where it began; distinct lines first.
std::vector<Evidence> evidence_of(const Timeline& timeline, const Suspicion& suspicion) {
    std::vector<Evidence> evidence;
    std::vector<Evidence> repetitions;
    const auto add = [&](std::size_t log, const Sighting& sighting) {
        if (evidence.size() >= evidence_max) return;
        Evidence fresh = evidence_of(timeline.logs()[log], sighting);
        const bool is_told =
            std::any_of(evidence.begin(), evidence.end(), [&](const Evidence& told) {
                return told.file == fresh.file && told.line == fresh.line
                       && told.text == fresh.text;
            });
        const bool is_repetition =
            std::any_of(evidence.begin(), evidence.end(), [&](const Evidence& told) {
                return says_the_same(told.text, fresh.text);
            });
        if (!is_told) (is_repetition ? repetitions : evidence).push_back(std::move(fresh));
    };
    for (std::size_t left = suspicion.seen.size(); left > 0; --left) {
        const Candidate& seen = suspicion.seen[left - 1];
        add(seen.log, seen.group.last);
    }
    if (!suspicion.seen.empty())
        add(suspicion.seen.front().log, suspicion.seen.front().group.first);
    // Where it says one thing only: since when.
    if (evidence.size() == 1 && !repetitions.empty()) evidence.push_back(repetitions.back());
    return evidence;
}

// The newest record that tells one.
std::string particular_of(const Cause& cause, const Suspicion& suspicion, WallTime now) {
    for (std::size_t left = suspicion.seen.size(); left > 0; --left) {
        const Group& group = suspicion.seen[left - 1].group;
        for (const Sighting* sighting : {&group.last, &group.first}) {
            const std::string told = particulars(cause.id, parse_record(sighting->text, now).text);
            if (!told.empty()) return " " + safely_shown(told);
        }
    }
    return {};
}

std::string how_often(const Suspicion& suspicion) {
    if (suspicion.count < 2) return {};
    std::optional<WallTime> first;
    std::optional<WallTime> last;
    for (const Candidate& candidate : suspicion.seen) {
        const auto& begin = candidate.group.first.when;
        const auto& end = candidate.group.last.when;
        if (begin && (!first || *begin < *first)) first = begin;
        if (end && (!last || *end > *last)) last = end;
    }
    if (!first || !last) return fmt::format(" Seen {} times.", suspicion.count);
    if (*first == *last)
        return fmt::format(" Seen {} times at {}.", suspicion.count, rfc3339_seconds(*first));
    return fmt::format(" Seen {} times from {} to {}.",
                       suspicion.count,
                       rfc3339_seconds(*first),
                       rfc3339_seconds(*last));
}

} // namespace

Evidence evidence_of(const ScannedLog& log, const Sighting& sighting) {
    return {log.name, sighting.line, safely_shown(sighting.text), sighting.when};
}

Finding finding_of(const Catalogue& catalogue,
                   const Timeline& timeline,
                   const Suspicion& suspicion,
                   WallTime now) {
    const Cause& cause = catalogue.causes()[suspicion.cause];
    Finding finding;
    finding.cause = cause.id;
    finding.certainty = suspicion.certainty;
    finding.severity = cause.severity;
    finding.summary = cause.means + particular_of(cause, suspicion, now) + how_often(suspicion);
    finding.evidence = evidence_of(timeline, suspicion);
    const std::size_t ruled_out =
        suspicion.seen.empty() ? 0
                               : steps_ruled_out(cause.id, suspicion.seen.back().group.last.text);
    finding.remedy.assign(
        cause.remedy.begin()
            + static_cast<std::ptrdiff_t>(std::min(ruled_out, cause.remedy.size())),
        cause.remedy.end());
    return finding;
}

void add_sign(const Catalogue& catalogue, const Sign& sign, std::vector<Finding>& findings) {
    auto found = std::find_if(findings.begin(), findings.end(), [&](const Finding& finding) {
        return finding.cause == sign.cause;
    });
    if (found == findings.end()) {
        Finding fresh;
        fresh.cause = sign.cause;
        fresh.certainty = sign.certainty;
        if (const Cause* cause = catalogue.find(sign.cause)) {
            fresh.severity = cause->severity;
            fresh.summary = cause->means;
            fresh.remedy = cause->remedy;
        }
        findings.push_back(std::move(fresh));
        found = findings.end() - 1;
    }
    found->certainty = std::max(found->certainty, sign.certainty);
    found->is_root |= sign.is_root;
    if (const Cause* cause = catalogue.find(sign.cause); cause != nullptr && sign.instead_of > 0) {
        const auto end =
            cause->remedy.begin()
            + static_cast<std::ptrdiff_t>(std::min(sign.instead_of, cause->remedy.size()));
        std::erase_if(found->remedy, [&](const std::string& step) {
            return std::find(cause->remedy.begin(), end, step) != end;
        });
    }
    if (!sign.summary.empty()) found->summary = sign.summary;
    if (sign.severity) found->severity = *sign.severity;
    found->evidence.insert(found->evidence.begin(), sign.evidence.begin(), sign.evidence.end());
    // What fits this host comes before what fits the cause, and is not said twice.
    std::vector<std::string> remedy = sign.remedy;
    for (const std::string& step : found->remedy) {
        const bool is_told = std::any_of(remedy.begin(), remedy.end(), [&](const auto& told) {
            return step == told || step == fmt::format("`{}`", told);
        });
        if (!is_told) remedy.push_back(step);
    }
    found->remedy = std::move(remedy);
}

void say_also(Finding& finding, std::string_view sentence) {
    if (!finding.summary.ends_with('.')) finding.summary += '.';
    finding.summary += fmt::format(" {}", sentence);
}

void rank(const Catalogue& catalogue, std::vector<Finding>& findings) {
    const auto rank_of = [&](const Finding& finding) {
        const Cause* cause = catalogue.find(finding.cause);
        return cause == nullptr ? 1000 : cause->rank;
    };
    std::stable_sort(findings.begin(), findings.end(), [&](const Finding& a, const Finding& b) {
        // What may be it comes after what is.
        const bool is_vague = a.certainty == Certainty::possible;
        if (is_vague != (b.certainty == Certainty::possible)) return !is_vague;
        return rank_of(a) < rank_of(b);
    });
    for (Finding& finding : findings) {
        const Cause* cause = catalogue.find(finding.cause);
        if (cause == nullptr) continue;
        const bool is_beside_root =
            &finding != &findings.front() && findings.front().certainty != Certainty::possible;
        finding.is_symptom =
            !finding.is_root
            && (cause->symptom == Cause::Symptom::always
                || (cause->symptom == Cause::Symptom::beside_others && is_beside_root));
    }
    std::stable_partition(findings.begin(), findings.end(), [](const Finding& finding) {
        return !finding.is_symptom;
    });
}

} // namespace squall::doctor
