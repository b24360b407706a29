// Many texts looked for at once, in one pass over the bytes, whatever their number. Case does not
// count. Engines: Hyperscan in programs that link squall_hyperscan (on x86-64), RE2's sets in the
// others; a test holds them together.
#pragma once

#include "squall/base/result.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace squall::doctor {

enum class Engine { hyperscan, re2 };

[[nodiscard]] Engine best_engine();

// Immutable but for its scratch space: one for each thread.
class TextSet {
public:
    // Called with the text's index and an offset inside of where it is, or, by an engine that does
    // not know better, in the line. It may be told several times. False ends the scan.
    using OnFound = std::function<bool(std::size_t text, std::size_t offset)>;

    // One text or more, of one line each, none of them empty.
    [[nodiscard]] static Result<TextSet> compile(const std::vector<std::string>& texts,
                                                 Engine engine = best_engine());

    TextSet(TextSet&&) noexcept;
    TextSet& operator=(TextSet&&) noexcept;
    TextSet(const TextSet&) = delete;
    TextSet& operator=(const TextSet&) = delete;
    ~TextSet();

    // In whole lines.
    void scan(std::string_view lines, const OnFound& on_found) const;

    struct Implementation;

private:
    explicit TextSet(std::unique_ptr<Implementation> implementation);

    std::unique_ptr<Implementation> implementation_;
};

struct TextSet::Implementation {
    Implementation() = default;
    Implementation(const Implementation&) = delete;
    Implementation& operator=(const Implementation&) = delete;
    virtual ~Implementation() = default;
    virtual void scan(std::string_view lines, const OnFound& on_found) = 0;
};

// hyperscan/hyperscan_set.cc: null in a program that does not link it.
[[nodiscard, gnu::weak]] bool has_hyperscan();
[[nodiscard, gnu::weak]] Result<std::unique_ptr<TextSet::Implementation>>
make_hyperscan_set(const std::vector<std::string>& texts);

// re2_set.cc
[[nodiscard]] Result<std::unique_ptr<TextSet::Implementation>>
make_re2_set(const std::vector<std::string>& texts);

} // namespace squall::doctor
