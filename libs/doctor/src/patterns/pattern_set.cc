#include "patterns/pattern_set.h"

namespace squall::doctor {

Pattern pattern_of(std::string_view written) {
    if (written.size() > 2 && written.front() == '/' && written.back() == '/')
        return {std::string(written.substr(1, written.size() - 2)), true};
    return {std::string(written), false};
}

Engine best_engine() {
    return has_hyperscan != nullptr && has_hyperscan() ? Engine::hyperscan : Engine::re2;
}

PatternSet::PatternSet(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

PatternSet::PatternSet(PatternSet&&) noexcept = default;
PatternSet& PatternSet::operator=(PatternSet&&) noexcept = default;
PatternSet::~PatternSet() = default;

Result<PatternSet> PatternSet::compile(const std::vector<Pattern>& patterns, Engine engine) {
    for (const Pattern& pattern : patterns) {
        if (pattern.text.empty() || pattern.text.find('\n') != std::string::npos)
            return fail(Errc::invalid_input, "a pattern is empty or has more than one line");
    }
    auto made = engine == Engine::hyperscan && has_hyperscan != nullptr
                    ? make_hyperscan_set(patterns)
                    : make_re2_set(patterns);
    if (!made) return fail(made.error());
    return PatternSet(std::move(*made));
}

void PatternSet::scan(std::string_view text, const OnMatch& on_match) const {
    implementation_->scan(text, on_match);
}

} // namespace squall::doctor
