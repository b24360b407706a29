// Many patterns looked for at once, in one pass over the bytes, whatever their number. Case does
// not count. Engines: Hyperscan in programs that link squall_hyperscan (on x86-64), RE2's sets in
// the others; a test holds them together.
#pragma once

#include "squall/base/result.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace squall::doctor {

struct Pattern {
    std::string text;
    bool is_regex = false; // else these very characters; a regex is RE2's syntax, within one line
};

// A pattern as people write it: /a regex/ between slashes, else plain text.
[[nodiscard]] Pattern pattern_of(std::string_view written);

enum class Engine { hyperscan, re2 };

[[nodiscard]] Engine best_engine();

// Immutable but for its scratch space: one for each thread.
class PatternSet {
public:
    // Called with the pattern's index and an offset inside the match, or right behind it. A pattern
    // may be told several times for one match. False ends the scan.
    using OnMatch = std::function<bool(std::size_t pattern, std::size_t offset)>;

    // invalid_input names the pattern that cannot be meant.
    [[nodiscard]] static Result<PatternSet> compile(const std::vector<Pattern>& patterns,
                                                    Engine engine = best_engine());

    PatternSet(PatternSet&&) noexcept;
    PatternSet& operator=(PatternSet&&) noexcept;
    PatternSet(const PatternSet&) = delete;
    PatternSet& operator=(const PatternSet&) = delete;
    ~PatternSet();

    // Text of whole lines. A match does not reach over a line's end.
    void scan(std::string_view text, const OnMatch& on_match) const;

    struct Implementation;

private:
    explicit PatternSet(std::unique_ptr<Implementation> implementation);

    std::unique_ptr<Implementation> implementation_;
};

struct PatternSet::Implementation {
    Implementation() = default;
    Implementation(const Implementation&) = delete;
    Implementation& operator=(const Implementation&) = delete;
    virtual ~Implementation() = default;
    virtual void scan(std::string_view text, const OnMatch& on_match) = 0;
};

// hyperscan/hyperscan_set.cc: null in a program that does not link it.
[[nodiscard, gnu::weak]] bool has_hyperscan();
[[nodiscard, gnu::weak]] Result<std::unique_ptr<PatternSet::Implementation>>
make_hyperscan_set(const std::vector<Pattern>& patterns);

// re2_set.cc
[[nodiscard]] Result<std::unique_ptr<PatternSet::Implementation>>
make_re2_set(const std::vector<Pattern>& patterns);

} // namespace squall::doctor
