#include "patterns/record_patterns.h"

#include <algorithm>

namespace squall::doctor {

RecordPatterns::RecordPatterns(TextSet texts, re2::FilteredRE2 regexes)
    : texts_(std::move(texts)), regexes_(std::move(regexes)) {}

Result<RecordPatterns> RecordPatterns::compile(const std::vector<Pattern>& patterns) {
    constexpr int hint_min = 3;
    re2::FilteredRE2 regexes(hint_min);
    std::vector<std::string> texts;
    std::vector<std::size_t> plain;
    std::vector<std::size_t> pattern_of_regex;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
        if (const auto sound = check(patterns[i]); !sound) return fail(sound.error());
        int id = 0;
        if (!patterns[i].is_regex) {
            plain.push_back(i);
            texts.push_back(patterns[i].text);
        } else if (regexes.Add(patterns[i].text, regex_options(), &id) == re2::RE2::NoError) {
            pattern_of_regex.push_back(i);
        }
    }
    if (!pattern_of_regex.empty()) {
        std::vector<std::string> hints;
        regexes.Compile(&hints);
        texts.insert(texts.end(), hints.begin(), hints.end());
    }
    auto set = TextSet::compile(texts);
    if (!set) return fail(set.error());
    RecordPatterns made(std::move(*set), std::move(regexes));
    made.plain_ = std::move(plain);
    made.pattern_of_regex_ = std::move(pattern_of_regex);
    return made;
}

void RecordPatterns::find(std::string_view text,
                          const std::function<void(std::size_t pattern)>& on_fit) {
    hints_.clear();
    texts_.scan(text, [&](std::size_t found, std::size_t /*offset*/) {
        if (found < plain_.size())
            on_fit(plain_[found]);
        else
            hints_.push_back(static_cast<int>(found - plain_.size()));
        return true;
    });
    if (pattern_of_regex_.empty()) return;
    std::sort(hints_.begin(), hints_.end());
    hints_.erase(std::unique(hints_.begin(), hints_.end()), hints_.end());
    if (!regexes_.AllMatches({text.data(), text.size()}, hints_, &fitting_)) return;
    for (const int regex : fitting_)
        on_fit(pattern_of_regex_[static_cast<std::size_t>(regex)]);
}

} // namespace squall::doctor
