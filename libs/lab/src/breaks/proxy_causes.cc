// The proxy that the agent is told to use.
#include "breaks/families.h"
#include "breaks/scripts.h"
#include "breaks/units.h"
#include "names/zone.h"

namespace squall::lab::breaks {
namespace {

// What must not go through a proxy does not, as AWS's documents have it.
constexpr std::string_view no_proxy = "169.254.169.254,169.254.170.2,/var/run/docker.sock";

Steps use_proxy(std::uint16_t port) {
    return {script(change_setting("HTTP_PROXY",
                                  fmt::format("http://{}:{}", names::proxy_address, port)),
                   "HTTP_PROXY"),
            script(change_setting("NO_PROXY", no_proxy), "NO_PROXY"),
            restart_agent()};
}

Steps restore_proxy(const json::Object& before) {
    return {script(restore_setting("HTTP_PROXY", json::string_at(before, "HTTP_PROXY"))),
            script(restore_setting("NO_PROXY", json::string_at(before, "NO_PROXY"))),
            start_agent(),
            restart_agent()};
}

constexpr Cause unauthorized{
    "NET_PROXY",
    "",
    "HTTP_PROXY names a proxy that wants a password, and there is none: it answers 407",
    Need::nothing,
    Sign::disconnected,
    [] { return use_proxy(names::proxy_port); },
    restore_proxy};

constexpr std::uint16_t port_of_nobody = 8080;

constexpr Cause refused{"NET_PROXY",
                        "refused",
                        "HTTP_PROXY names a port of the proxy on which nobody listens",
                        Need::nothing,
                        Sign::disconnected,
                        [] { return use_proxy(port_of_nobody); },
                        restore_proxy};

} // namespace

std::vector<Cause> proxy_causes() { return {unauthorized, refused}; }

} // namespace squall::lab::breaks
