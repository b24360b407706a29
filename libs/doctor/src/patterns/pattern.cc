#include "patterns/pattern.h"

#include "squall/base/text.h"

#include <re2/filtered_re2.h>

#include <algorithm>
#include <numeric>

namespace squall::doctor {

Pattern pattern_of(std::string_view written) {
    if (written.size() > 2 && written.front() == '/' && written.back() == '/')
        return {std::string(written.substr(1, written.size() - 2)), true};
    return {std::string(written), false};
}

re2::RE2::Options regex_options() {
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_case_sensitive(false);
    options.set_encoding(re2::RE2::Options::EncodingLatin1);
    return options;
}

Result<void> check(const Pattern& pattern) {
    if (pattern.text.empty() || pattern.text.find('\n') != std::string::npos)
        return fail(Errc::invalid_input, "a pattern is empty or has more than one line");
    if (!pattern.is_regex) return {};
    const re2::RE2 regex(pattern.text, regex_options());
    if (!regex.ok())
        return fail(Errc::invalid_input, "the pattern /{}/: {}", pattern.text, regex.error());
    return {};
}

std::vector<std::string> needed_texts(const Pattern& pattern) {
    constexpr int size_min = 2;
    if (!pattern.is_regex) return {lower(pattern.text)};
    re2::FilteredRE2 filter(size_min);
    int id = 0;
    if (filter.Add(pattern.text, regex_options(), &id) != re2::RE2::NoError) return {};
    std::vector<std::string> texts;
    filter.Compile(&texts);
    const auto can_fit = [&](const std::vector<int>& there) {
        std::vector<int> regexes;
        filter.AllPotentials(there, &regexes);
        return !regexes.empty();
    };
    // It knows texts of which some are needed together: of these, one is enough. The shortest are
    // taken for there, as long as it cannot fit by them alone.
    std::vector<int> order(texts.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
        return texts[static_cast<std::size_t>(a)].size()
               < texts[static_cast<std::size_t>(b)].size();
    });
    if (can_fit({})) return {};
    std::vector<int> there;
    std::vector<std::string> needed;
    for (const int text : order) {
        there.push_back(text);
        if (!can_fit(there)) continue;
        there.pop_back();
        needed.push_back(texts[static_cast<std::size_t>(text)]);
    }
    std::sort(needed.begin(), needed.end());
    return needed;
}

} // namespace squall::doctor
