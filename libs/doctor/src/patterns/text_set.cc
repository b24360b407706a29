#include "patterns/text_set.h"

namespace squall::doctor {

Engine best_engine() {
    return has_hyperscan != nullptr && has_hyperscan() ? Engine::hyperscan : Engine::re2;
}

TextSet::TextSet(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

TextSet::TextSet(TextSet&&) noexcept = default;
TextSet& TextSet::operator=(TextSet&&) noexcept = default;
TextSet::~TextSet() = default;

Result<TextSet> TextSet::compile(const std::vector<std::string>& texts, Engine engine) {
    SQUALL_ASSERT(!texts.empty());
    for (const std::string& text : texts)
        SQUALL_ASSERT(!text.empty() && text.find('\n') == std::string::npos);
    auto made = engine == Engine::hyperscan && has_hyperscan != nullptr ? make_hyperscan_set(texts)
                                                                        : make_re2_set(texts);
    if (!made) return fail(made.error());
    return TextSet(std::move(*made));
}

void TextSet::scan(std::string_view lines, const OnFound& on_found) const {
    implementation_->scan(lines, on_found);
}

} // namespace squall::doctor
