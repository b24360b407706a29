#include "events/pattern.h"
#include "squall/base/text.h"

#include <arpa/inet.h>

#include <algorithm>

namespace squall::lab::eventbridge {
namespace {

// The version of an address, and its bytes; nothing for what is none.
std::optional<Cidr> address_of(const std::string& text) {
    Cidr address;
    address.is_ipv6 = text.find(':') != std::string::npos;
    const int family = address.is_ipv6 ? AF_INET6 : AF_INET;
    if (::inet_pton(family, text.c_str(), address.address.data()) != 1) return std::nullopt;
    return address;
}

} // namespace

Result<Cidr> Cidr::parse(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos || text.find('/', slash + 1) != std::string_view::npos)
        return fail(Errc::invalid_input, "Malformed CIDR, one '/' required");
    auto cidr = address_of(std::string(text.substr(0, slash)));
    if (!cidr) {
        return fail(
            Errc::invalid_input, "Malformed CIDR, invalid IP address: {}", text.substr(0, slash));
    }
    const auto bits = to_integer(text.substr(slash + 1));
    if (!bits) return fail(Errc::invalid_input, "Malformed CIDR, mask bits must be an integer");
    if (*bits < 0)
        return fail(Errc::invalid_input, "Malformed CIDR, mask bits must not be negative");
    if (!cidr->is_ipv6 && *bits > 31)
        return fail(Errc::invalid_input, "IPv4 mask bits must be < 32");
    if (*bits > 127) return fail(Errc::invalid_input, "IPv6 mask bits must be < 128");
    cidr->bits = static_cast<unsigned>(*bits);
    return *cidr;
}

bool Cidr::contains(const std::string& address_text) const {
    const auto other = address_of(address_text);
    if (!other || other->is_ipv6 != is_ipv6) return false;
    const std::size_t whole = bits / 8;
    const auto end = address.begin() + static_cast<std::ptrdiff_t>(whole);
    if (!std::equal(address.begin(), end, other->address.begin())) return false;
    const auto mask = static_cast<unsigned char>(0xff00U >> (bits % 8));
    return bits % 8 == 0 || ((address.at(whole) ^ other->address.at(whole)) & mask) == 0;
}

} // namespace squall::lab::eventbridge
