#include "s3/range.h"

#include "squall/base/text.h"

#include <algorithm>

namespace squall::lab::s3 {
namespace {

// Digits only: to_integer would take a sign.
std::optional<std::size_t> position(std::string_view text) {
    if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos)
        return std::nullopt;
    const auto number = to_integer(text);
    return number ? std::optional(static_cast<std::size_t>(*number)) : std::nullopt;
}

} // namespace

std::optional<Range> range_of(std::string_view header, std::size_t size) {
    constexpr std::string_view unit = "bytes=";
    if (!header.starts_with(unit)) return std::nullopt;
    header.remove_prefix(unit.size());
    const std::size_t dash = header.find('-');
    if (dash == std::string_view::npos || header.find(',') != std::string_view::npos)
        return std::nullopt;
    const auto first = position(header.substr(0, dash));
    const auto last = position(header.substr(dash + 1));
    if (!first && dash == 0 && last) {
        const std::size_t count = std::min(*last, size);
        return Range{size - count, count};
    }
    const bool is_open = dash + 1 == header.size();
    if (!first || (!last && !is_open) || (last && *last < *first)) return std::nullopt;
    if (*first >= size) return Range{0, 0};
    return Range{*first, (last ? std::min(*last, size - 1) : size - 1) - *first + 1};
}

} // namespace squall::lab::s3
