#include "patterns/pattern.h"
#include "patterns/text_set.h"

#include <re2/set.h>

namespace squall::doctor {
namespace {

using re2::RE2;

RE2::Options options() {
    RE2::Options options = regex_options();
    options.set_max_mem(64 << 20);
    return options;
}

class Re2Set final : public TextSet::Implementation {
public:
    Re2Set() : set_(options(), RE2::UNANCHORED) {}

    Result<void> fill(const std::vector<std::string>& texts) {
        for (const std::string& text : texts) {
            std::string error;
            if (set_.Add(RE2::QuoteMeta(text), &error) < 0)
                return fail(Errc::failed, "looking for '{}': {}", text, error);
        }
        if (!set_.Compile())
            return fail(Errc::failed, "the texts to look for need too much memory");
        return {};
    }

    void scan(std::string_view lines, const TextSet::OnFound& on_found) override {
        for (std::size_t begin = 0; begin < lines.size();) {
            const auto end = std::min(lines.find('\n', begin), lines.size());
            const std::string_view line = lines.substr(begin, end - begin);
            found_.clear();
            if (set_.Match({line.data(), line.size()}, &found_)) {
                for (const int text : found_) {
                    if (!on_found(static_cast<std::size_t>(text), begin)) return;
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

Result<std::unique_ptr<TextSet::Implementation>>
make_re2_set(const std::vector<std::string>& texts) {
    auto made = std::make_unique<Re2Set>();
    if (auto filled = made->fill(texts); !filled) return fail(filled.error());
    return std::unique_ptr<TextSet::Implementation>(std::move(made));
}

} // namespace squall::doctor
