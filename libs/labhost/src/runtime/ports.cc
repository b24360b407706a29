#include "runtime/ports.h"

#include "squall/base/text.h"

namespace squall::labhost::runtime {

std::string_view name_of(Protocol protocol) { return protocol == Protocol::tcp ? "tcp" : "udp"; }

std::string Port::text() const { return fmt::format("{}/{}", number, name_of(protocol)); }

Result<Port> parse_port(std::string_view text) {
    const auto [digits, protocol] = split_once(text, '/');
    const auto number = to_integer(digits).value_or(0);
    if (number < 1 || number > 65535)
        return fail(Errc::invalid_input, "invalid port specification: \"{}\"", text);
    if (!protocol.empty() && protocol != "tcp" && protocol != "udp")
        return fail(Errc::invalid_input, "invalid port specification: \"{}\"", text);
    return Port{static_cast<std::uint16_t>(number),
                protocol == "udp" ? Protocol::udp : Protocol::tcp};
}

bool PortTable::take(Port port) { return taken_.insert(port).second; }

std::optional<std::uint16_t>
PortTable::take_any(Protocol protocol, const std::function<bool(std::uint16_t)>& is_free) {
    for (int tried = 0; tried <= last - first; ++tried) {
        const std::uint16_t candidate = next_;
        next_ = candidate == last ? first : static_cast<std::uint16_t>(candidate + 1);
        if (taken_.contains({candidate, protocol}) || !is_free(candidate)) continue;
        taken_.insert({candidate, protocol});
        return candidate;
    }
    return std::nullopt;
}

} // namespace squall::labhost::runtime
