#include "address_set.h"

#include "squall/base/text.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <limits>

namespace squall::host {
namespace {

constexpr std::uint32_t address_max = std::numeric_limits<std::uint32_t>::max();

std::optional<std::uint32_t> parse_address(std::string_view text) {
    in_addr parsed{};
    if (::inet_pton(AF_INET, std::string(text).c_str(), &parsed) != 1) return std::nullopt;
    return ntohl(parsed.s_addr);
}

// IANA's registry of special-purpose addresses, as far as nobody in the internet has them, and what
// is for multicast or reserved.
constexpr std::array<std::string_view, 13> special{"0.0.0.0/8",
                                                   "10.0.0.0/8",
                                                   "100.64.0.0/10",
                                                   "127.0.0.0/8",
                                                   "169.254.0.0/16",
                                                   "172.16.0.0/12",
                                                   "192.0.0.0/24",
                                                   "192.0.2.0/24",
                                                   "192.168.0.0/16",
                                                   "198.18.0.0/15",
                                                   "198.51.100.0/24",
                                                   "203.0.113.0/24",
                                                   "224.0.0.0/3"};

constexpr std::array<std::string_view, 4> within_networks{
    "10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"};

AddressSet all_of(std::span<const std::string_view> cidrs) {
    AddressSet all;
    for (const auto cidr : cidrs)
        all = all.united(AddressSet::of_cidr(cidr).value_or(AddressSet()));
    return all;
}

} // namespace

int prefix_length(std::string_view cidr) {
    const auto [address, length] = split_once(cidr, '/');
    if (!parse_address(address)) return -1;
    if (cidr.find('/') == std::string_view::npos) return 32;
    const auto bits = to_integer(length).value_or(-1);
    return bits < 0 || bits > 32 ? -1 : static_cast<int>(bits);
}

std::optional<AddressSet> AddressSet::of_cidr(std::string_view cidr) {
    const int bits = prefix_length(cidr);
    if (bits < 0) return std::nullopt;
    const auto address = parse_address(split_once(cidr, '/').first).value_or(0);
    const std::uint32_t within = bits == 32 ? 0 : address_max >> static_cast<unsigned>(bits);
    return of_ranges({{address & ~within, address | within}});
}

AddressSet AddressSet::of_cidrs(std::span<const std::string> cidrs) {
    AddressSet all;
    for (const auto& cidr : cidrs) {
        if (const auto one = of_cidr(cidr)) all = all.united(*one);
    }
    return all;
}

const AddressSet& AddressSet::internet() {
    static const AddressSet all = of_ranges({{0, address_max}}).without(all_of(special));
    return all;
}

const AddressSet& AddressSet::private_networks() {
    static const AddressSet all = all_of(within_networks);
    return all;
}

AddressSet AddressSet::of_ranges(std::vector<Range> ranges) {
    std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) {
        return a.first < b.first;
    });
    AddressSet set;
    for (const Range& range : ranges) {
        auto& known = set.ranges_;
        const bool adjoins =
            !known.empty()
            && (known.back().last == address_max || range.first <= known.back().last + 1);
        if (adjoins)
            known.back().last = std::max(known.back().last, range.last);
        else
            known.push_back(range);
    }
    return set;
}

bool AddressSet::contains(const AddressSet& other) const { return other.without(*this).empty(); }

AddressSet AddressSet::united(const AddressSet& other) const {
    std::vector<Range> all = ranges_;
    all.insert(all.end(), other.ranges_.begin(), other.ranges_.end());
    return of_ranges(std::move(all));
}

AddressSet AddressSet::common(const AddressSet& other) const {
    std::vector<Range> shared;
    for (const Range& a : ranges_) {
        for (const Range& b : other.ranges_) {
            const Range both{std::max(a.first, b.first), std::min(a.last, b.last)};
            if (both.first <= both.last) shared.push_back(both);
        }
    }
    return of_ranges(std::move(shared));
}

AddressSet AddressSet::without(const AddressSet& other) const {
    std::vector<Range> left = ranges_;
    for (const Range& gone : other.ranges_) {
        std::vector<Range> next;
        for (const Range& range : left) {
            if (gone.last < range.first || gone.first > range.last) {
                next.push_back(range);
                continue;
            }
            if (gone.first > range.first) next.push_back({range.first, gone.first - 1});
            if (gone.last < range.last) next.push_back({gone.last + 1, range.last});
        }
        left = std::move(next);
    }
    return of_ranges(std::move(left));
}

} // namespace squall::host
