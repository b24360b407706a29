#include "patterns/pattern_set.h"

#include <hs/hs.h>

namespace squall::doctor {
namespace {

struct Deleter {
    void operator()(hs_database_t* database) const { hs_free_database(database); }

    void operator()(hs_scratch_t* scratch) const { hs_free_scratch(scratch); }

    void operator()(hs_compile_error_t* error) const { hs_free_compile_error(error); }
};

// Hyperscan's dot and negated sets match a line's end unless they are told not to; so the text goes
// in as it is and what matches is within a line by the patterns' own doing.
std::string regex_of(const Pattern& pattern) {
    if (pattern.is_regex) return pattern.text;
    std::string quoted;
    for (const char c : pattern.text) {
        constexpr std::string_view special = R"(\^$.|?*+()[]{}/)";
        if (special.find(c) != std::string_view::npos) quoted.push_back('\\');
        quoted.push_back(c);
    }
    return quoted;
}

class HyperscanSet final : public PatternSet::Implementation {
public:
    Result<void> fill(const std::vector<Pattern>& patterns) {
        std::vector<std::string> texts;
        std::vector<const char*> pointers;
        std::vector<unsigned> ids;
        texts.reserve(patterns.size());
        for (const Pattern& pattern : patterns)
            texts.push_back(regex_of(pattern));
        for (std::size_t i = 0; i < texts.size(); ++i) {
            pointers.push_back(texts[i].c_str());
            ids.push_back(static_cast<unsigned>(i));
        }
        const std::vector<unsigned> flags(texts.size(), HS_FLAG_CASELESS);
        hs_database_t* database = nullptr;
        hs_compile_error_t* error = nullptr;
        if (hs_compile_multi(pointers.data(),
                             flags.data(),
                             ids.data(),
                             static_cast<unsigned>(pointers.size()),
                             HS_MODE_BLOCK,
                             nullptr,
                             &database,
                             &error)
            != HS_SUCCESS) {
            const std::unique_ptr<hs_compile_error_t, Deleter> kept(error);
            const bool is_known = error->expression >= 0;
            return fail(Errc::invalid_input,
                        "the pattern /{}/: {}",
                        is_known ? patterns.at(static_cast<std::size_t>(error->expression)).text
                                 : "?",
                        error->message);
        }
        database_.reset(database);
        hs_scratch_t* scratch = nullptr;
        if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS)
            return fail(Errc::failed, "no memory to look for the patterns");
        scratch_.reset(scratch);
        return {};
    }

    void scan(std::string_view text, const PatternSet::OnMatch& on_match) override {
        // hs_scan counts in 32 bits; and nobody waits for the end of more.
        constexpr std::size_t block = 1U << 30U;
        for (std::size_t begin = 0; begin < text.size(); begin += block) {
            Call call{on_match, begin};
            const auto size = std::min(block, text.size() - begin);
            if (hs_scan(database_.get(),
                        text.data() + begin,
                        static_cast<unsigned>(size),
                        0,
                        scratch_.get(),
                        &HyperscanSet::matched,
                        &call)
                != HS_SUCCESS)
                return;
        }
    }

private:
    struct Call {
        const PatternSet::OnMatch& on_match;
        std::size_t begin;
    };

    static int matched(unsigned id,
                       unsigned long long /*from*/,
                       unsigned long long to,
                       unsigned /*flags*/,
                       void* context) {
        const Call& call = *static_cast<const Call*>(context);
        // The end of a match is the offset behind it: one before it is inside, and on its line.
        return call.on_match(id, call.begin + static_cast<std::size_t>(to) - 1) ? 0 : 1;
    }

    std::unique_ptr<hs_database_t, Deleter> database_;
    std::unique_ptr<hs_scratch_t, Deleter> scratch_;
};

} // namespace

Result<std::unique_ptr<PatternSet::Implementation>>
make_hyperscan_set(const std::vector<Pattern>& patterns) {
    auto made = std::make_unique<HyperscanSet>();
    if (auto filled = made->fill(patterns); !filled) return fail(filled.error());
    return std::unique_ptr<PatternSet::Implementation>(std::move(made));
}

bool has_hyperscan() {
    // It wants SSSE3, which only very old machines lack.
    return hs_valid_platform() == HS_SUCCESS;
}

} // namespace squall::doctor
