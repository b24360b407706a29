#include "api/call.h"

#include <algorithm>

namespace squall::lab {

Page page_of(const std::vector<std::string>& all, std::string_view token, std::size_t page_size) {
    // The token is the last key given, so that a list that changes between two pages skips and
    // repeats nothing else.
    auto from = token.empty() ? all.begin() : std::upper_bound(all.begin(), all.end(), token);
    const auto left = static_cast<std::size_t>(std::distance(from, all.end()));
    const auto to = from + static_cast<std::ptrdiff_t>(std::min(page_size, left));
    Page page{{from, to}, {}};
    if (to != all.end()) page.next_token = page.keys.back();
    return page;
}

} // namespace squall::lab
