#include "patterns/pattern_set.h"

#include <re2/re2.h>
#include <re2/set.h>

namespace squall::doctor {
namespace {

RE2::Options options() {
    RE2::Options options(RE2::Quiet);
    options.set_case_sensitive(false);
    options.set_encoding(RE2::Options::EncodingLatin1); // any bytes
    options.set_never_nl(false);
    options.set_max_mem(64 << 20);
    return options;
}

class Re2Set final : public PatternSet::Implementation {
public:
    Re2Set() : set_(options(), RE2::UNANCHORED) {}

    Result<void> fill(const std::vector<Pattern>& patterns) {
        for (const Pattern& pattern : patterns) {
            std::string error;
            const std::string regex =
                pattern.is_regex ? pattern.text : RE2::QuoteMeta(pattern.text);
            if (set_.Add(regex, &error) < 0)
                return fail(Errc::invalid_input, "the pattern /{}/: {}", pattern.text, error);
        }
        if (!set_.Compile()) return fail(Errc::failed, "the patterns need too much memory");
        return {};
    }

    void scan(std::string_view text, const PatternSet::OnMatch& on_match) override {
        for (std::size_t begin = 0; begin < text.size();) {
            const auto end = std::min(text.find('\n', begin), text.size());
            const std::string_view line = text.substr(begin, end - begin);
            found_.clear();
            if (set_.Match({line.data(), line.size()}, &found_)) {
                for (const int pattern : found_) {
                    if (!on_match(static_cast<std::size_t>(pattern), begin)) return;
                }
            }
            begin = end + 1;
        }
    }

private:
    RE2::Set set_;
    std::vector<int> found_;
};

} // namespace

Result<std::unique_ptr<PatternSet::Implementation>>
make_re2_set(const std::vector<Pattern>& patterns) {
    auto made = std::make_unique<Re2Set>();
    if (auto filled = made->fill(patterns); !filled) return fail(filled.error());
    return std::unique_ptr<PatternSet::Implementation>(std::move(made));
}

} // namespace squall::doctor
