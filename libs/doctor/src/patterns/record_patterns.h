// Which of many patterns fit a record.
#pragma once

#include "patterns/pattern.h"
#include "patterns/text_set.h"

#include <re2/filtered_re2.h>

#include <functional>

namespace squall::doctor {

// One for each thread.
class RecordPatterns {
public:
    [[nodiscard]] static Result<RecordPatterns> compile(const std::vector<Pattern>& patterns);

    // Called with the index of each that fits; several times, perhaps. The text is one line.
    void find(std::string_view text, const std::function<void(std::size_t pattern)>& on_fit);

private:
    RecordPatterns(TextSet texts, re2::FilteredRE2 regexes);

    // Of the plain patterns first, then those by which it is known which expressions to try: a few
    // are tried against a record, and compiled they all cost more than a whole log.
    TextSet texts_;
    std::vector<std::size_t> plain_; // the patterns' indices
    re2::FilteredRE2 regexes_;
    std::vector<std::size_t> pattern_of_regex_;
    // Of the record that is read.
    std::vector<int> hints_;
    std::vector<int> fitting_;
};

} // namespace squall::doctor
