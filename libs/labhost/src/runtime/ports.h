// Ports of containers and of the host, as Docker spells them. Pure.
#pragma once

#include "squall/base/result.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace squall::labhost::runtime {

enum class Protocol { tcp, udp };

[[nodiscard]] std::string_view name_of(Protocol protocol);

// A port of one side: "8080/tcp".
struct Port {
    std::uint16_t number = 0;
    Protocol protocol = Protocol::tcp;

    // NOLINTNEXTLINE(modernize-use-nullptr): the check mistakes the operator's own comparison
    auto operator<=>(const Port&) const = default;

    [[nodiscard]] std::string text() const;
};

// "8080", "8080/tcp" or "53/udp". A range, or another protocol, is an error.
[[nodiscard]] Result<Port> parse_port(std::string_view text);

// A container's port and the port of the host that leads to it; 0 where the host's is still to be
// chosen.
struct PublishedPort {
    Port container;
    std::uint16_t host = 0;

    // NOLINTNEXTLINE(modernize-use-nullptr): as above
    auto operator<=>(const PublishedPort&) const = default;

    [[nodiscard]] Port host_port() const { return {host, container.protocol}; }
};

// Which of the host's ports containers have. Knows nothing of what else listens there: the caller
// says so.
class PortTable {
public:
    // The kernel's default range for ports that nobody chose (ip_local_port_range), which is
    // where Docker takes its own from.
    static constexpr std::uint16_t first = 32768;
    static constexpr std::uint16_t last = 60999;

    // False if a container has it already.
    [[nodiscard]] bool take(Port port);
    // The next port of the range, beginning after the one given last, that is neither taken nor
    // refused by `is_free`; nothing when there is none. The port found is taken.
    [[nodiscard]] std::optional<std::uint16_t>
    take_any(Protocol protocol, const std::function<bool(std::uint16_t)>& is_free);

    void release(Port port) { taken_.erase(port); }

    [[nodiscard]] std::size_t size() const { return taken_.size(); }

private:
    std::set<Port> taken_;
    std::uint16_t next_ = first;
};

} // namespace squall::labhost::runtime
