// Logs with their answers (tests/data/logs), and asking what the doctor makes of one.
#pragma once

#include "squall/base/file.h"
#include "squall/base/text.h"
#include "squall/doctor/diagnose.h"
#include "string_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace squall::doctor {

struct Answer {
    std::string file;
    std::string
        first; // "NET_DNS", "OOM,AGENT_CRASHLOOP": one of them; "A+B": A, and B too; "-": none
    std::string verdict;
};

inline Path corpus_folder() { return Path(SQUALL_TEST_DATA) / "logs"; }

inline std::vector<Answer> corpus() {
    std::vector<Answer> answers;
    const auto text = read_file(corpus_folder() / "expected.tsv", 1U << 20U);
    if (!text) return answers;
    for (const std::string& line : split(*text, '\n')) {
        const auto columns = split(line, '\t');
        if (columns.size() != 3 || columns[0] == "file") continue;
        answers.push_back({columns[0], columns[1], columns[2]});
    }
    return answers;
}

inline std::string corpus_text(const std::string& file) {
    auto text = read_file(corpus_folder() / file, 1U << 24U);
    EXPECT_TRUE(text) << file;
    return text ? std::move(*text) : std::string();
}

// The clock of whoever reads the corpus: its logs are of March 2026.
inline WallTime corpus_now() {
    return WallTime(std::chrono::sys_days(std::chrono::year(2026) / 3 / 12).time_since_epoch());
}

inline const Catalogue& catalogue() {
    static const Catalogue embedded = *Catalogue::embedded();
    return embedded;
}

inline Scanner& scanner() {
    static Scanner made = *Scanner::make(catalogue(), corpus_now());
    return made;
}

inline ScannedLog scanned(std::string_view text, std::string_view name = "a.log") {
    StringSource source(std::string(text), 1U << 20U);
    return scanner().scan(std::string(name), source, 0, log_name(name));
}

inline Diagnosis diagnosed(std::string_view text, std::string_view name = "a.log") {
    Case evidence;
    evidence.logs.push_back(scanned(text, name));
    evidence.now = corpus_now();
    return diagnose(catalogue(), std::move(evidence));
}

inline std::vector<std::string> causes_of(const Diagnosis& diagnosis) {
    std::vector<std::string> causes;
    for (const Finding& finding : diagnosis.findings)
        causes.push_back(finding.cause);
    return causes;
}

inline bool is_right(const Answer& answer, const Diagnosis& diagnosis) {
    const auto found = causes_of(diagnosis);
    if (answer.verdict != name_of(diagnosis.verdict)) return false;
    if (answer.first == "-") return found.empty();
    if (found.empty()) return false;
    if (answer.first.find('+') == std::string::npos) {
        const auto accepted = split(answer.first, ',');
        return std::find(accepted.begin(), accepted.end(), found.front()) != accepted.end();
    }
    const auto all = split(answer.first, '+');
    return found.front() == all.front()
           && std::all_of(all.begin(), all.end(), [&](const auto& each) {
                  return std::find(found.begin(), found.end(), each) != found.end();
              });
}

inline std::string told(const Diagnosis& diagnosis) {
    return std::string(name_of(diagnosis.verdict)) + ": " + join(causes_of(diagnosis), ", ");
}

} // namespace squall::doctor
