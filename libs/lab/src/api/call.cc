#include "api/call.h"

#include "squall/base/text.h"

#include <algorithm>
#include <functional>

namespace squall::lab {
namespace {

constexpr std::size_t check_size = 16;

std::string check_of(std::string_view key) {
    return sha256_hex("page after " + std::string(key)).substr(0, check_size);
}

// A token holds the last key that was given, so that a list that changes between two pages skips
// and repeats nothing else. It does not look like a key, so that no client takes it for one.
std::string token_of(const std::string& key) {
    return check_of(key) + to_hex({reinterpret_cast<const unsigned char*>(key.data()), key.size()});
}

std::optional<std::string> key_of(std::string_view token) {
    if (token.size() < check_size) return std::nullopt;
    auto key = from_hex(token.substr(check_size));
    return key && token_of(*key) == token ? std::move(key) : std::nullopt;
}

} // namespace

std::optional<Page> page_of(const std::vector<std::string>& all,
                            std::string_view token,
                            std::size_t page_size,
                            Order order) {
    auto from = all.begin();
    if (!token.empty()) {
        const auto last = key_of(token);
        if (!last) return std::nullopt;
        from = order == Order::ascending
                   ? std::upper_bound(all.begin(), all.end(), *last)
                   : std::upper_bound(all.begin(), all.end(), *last, std::greater<>());
    }
    const auto left = static_cast<std::size_t>(std::distance(from, all.end()));
    const auto to = from + static_cast<std::ptrdiff_t>(std::min(page_size, left));
    Page page{{from, to}, {}};
    if (to != all.end()) page.next_token = token_of(page.keys.back());
    return page;
}

} // namespace squall::lab
