#include "patterns/text_set.h"

#include <hs/hs.h>

namespace squall::doctor {
namespace {

struct Deleter {
    void operator()(hs_database_t* database) const { hs_free_database(database); }

    void operator()(hs_scratch_t* scratch) const { hs_free_scratch(scratch); }

    void operator()(hs_compile_error_t* error) const { hs_free_compile_error(error); }
};

std::string quoted(const std::string& text) {
    std::string regex;
    for (const char c : text) {
        constexpr std::string_view special = R"(\^$.|?*+()[]{}/)";
        if (special.find(c) != std::string_view::npos) regex.push_back('\\');
        regex.push_back(c);
    }
    return regex;
}

class HyperscanSet final : public TextSet::Implementation {
public:
    Result<void> fill(const std::vector<std::string>& texts) {
        std::vector<std::string> regexes;
        std::vector<const char*> pointers;
        std::vector<unsigned> ids;
        regexes.reserve(texts.size());
        for (const std::string& text : texts)
            regexes.push_back(quoted(text));
        for (std::size_t i = 0; i < regexes.size(); ++i) {
            pointers.push_back(regexes[i].c_str());
            ids.push_back(static_cast<unsigned>(i));
        }
        const std::vector<unsigned> flags(regexes.size(), HS_FLAG_CASELESS);
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
            return fail(Errc::failed, "preparing the texts to look for: {}", error->message);
        }
        database_.reset(database);
        hs_scratch_t* scratch = nullptr;
        if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS)
            return fail(Errc::failed, "no memory for the texts to look for");
        scratch_.reset(scratch);
        return {};
    }

    void scan(std::string_view lines, const TextSet::OnFound& on_found) override {
        // hs_scan counts in 32 bits; and nobody waits for the end of more.
        constexpr std::size_t block = 1U << 30U;
        for (std::size_t begin = 0; begin < lines.size(); begin += block) {
            Call call{on_found, begin};
            const auto size = std::min(block, lines.size() - begin);
            if (hs_scan(database_.get(),
                        lines.data() + begin,
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
        const TextSet::OnFound& on_found;
        std::size_t begin;
    };

    static int matched(unsigned id,
                       unsigned long long /*from*/,
                       unsigned long long to,
                       unsigned /*flags*/,
                       void* context) {
        const Call& call = *static_cast<const Call*>(context);
        // The end of a match is the offset behind it: one before it is inside, and on its line.
        return call.on_found(id, call.begin + static_cast<std::size_t>(to) - 1) ? 0 : 1;
    }

    std::unique_ptr<hs_database_t, Deleter> database_;
    std::unique_ptr<hs_scratch_t, Deleter> scratch_;
};

} // namespace

Result<std::unique_ptr<TextSet::Implementation>>
make_hyperscan_set(const std::vector<std::string>& texts) {
    auto made = std::make_unique<HyperscanSet>();
    if (auto filled = made->fill(texts); !filled) return fail(filled.error());
    return std::unique_ptr<TextSet::Implementation>(std::move(made));
}

bool has_hyperscan() {
    // It wants SSSE3, which only very old machines lack.
    return hs_valid_platform() == HS_SUCCESS;
}

} // namespace squall::doctor
