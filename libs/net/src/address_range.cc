#include "squall/net/address_range.h"

#include "squall/base/text.h"

#include <arpa/inet.h>

namespace squall::net {
namespace {

constexpr std::size_t ipv4_size = 4;
constexpr std::size_t ipv6_size = 16;

} // namespace

Result<AddressRange> AddressRange::parse(std::string_view text) {
    const auto wrong = [&] {
        return fail(
            Errc::invalid_input,
            "'{}' is no address and no network: 10.0.0.7, 10.0.0.0/16 or 2001:db8::/32 is wanted",
            text);
    };
    const auto [host, length] = split_once(text, '/');
    AddressRange range{std::string(text), std::string(ipv6_size, '\0'), 0};
    if (::inet_pton(AF_INET, std::string(host).c_str(), range.address.data()) == 1)
        range.address.resize(ipv4_size);
    else if (::inet_pton(AF_INET6, std::string(host).c_str(), range.address.data()) != 1)
        return wrong();
    const auto bits = static_cast<std::int64_t>(range.address.size() * 8);
    const auto prefix = text.find('/') == std::string_view::npos ? bits : to_integer(length);
    if (!prefix || *prefix < 0 || *prefix > bits) return wrong();
    range.prefix = static_cast<unsigned>(*prefix);
    const std::string mask = range.mask();
    for (std::size_t at = 0; at < mask.size(); ++at)
        range.address[at] = static_cast<char>(range.address[at] & mask[at]);
    return range;
}

std::string AddressRange::mask() const {
    std::string mask(address.size(), '\0');
    for (unsigned bit = 0; bit < prefix; ++bit)
        mask[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(mask[bit / 8]) | 0x80U >> bit % 8);
    return mask;
}

} // namespace squall::net
