#include "breaks/cause.h"

#include <fmt/format.h>

namespace squall::lab::breaks {

std::string_view name_of(Sign sign) {
    switch (sign) {
    case Sign::disconnected:
        return "disconnected";
    case Sign::impaired:
        return "impaired";
    case Sign::ghost:
        return "ghost";
    case Sign::connected:
        return "connected";
    }
    return "connected";
}

std::string Cause::name() const {
    return variant.empty() ? std::string(id) : fmt::format("{}:{}", id, variant);
}

std::optional<std::string> Cause::obstacle(const HostFacts& host) const {
    if (is_virtual(host.kind)) return "it is virtual: nothing runs there";
    const bool has_systemd = host.kind != HostKind::upstart;
    switch (need) {
    case Need::nothing:
        return std::nullopt;
    case Need::systemd:
        if (!has_systemd) return "it has no systemd";
        return std::nullopt;
    case Need::ec2:
        if (host.kind == HostKind::external)
            return "it is outside EC2: it has no instance metadata and no instance profile";
        return std::nullopt;
    case Need::built_in_docker:
        if (!has_systemd) return "it has no systemd";
        if (host.runtime != ContainerRuntime::built_in)
            return "its tasks run on the machine's Docker Engine, whose version is what it is";
        return std::nullopt;
    }
    return std::nullopt;
}

} // namespace squall::lab::breaks
