// TCP connections that were there before: cut, so that their clients connect anew.
#pragma once

#include "squall/base/result.h"

#include <cstdint>
#include <span>

namespace squall::redirect {

// Whether this kernel lets us (CONFIG_INET_DIAG_DESTROY, and root).
[[nodiscard]] Result<void> can_reset_connections();

// Resets both ends of every connection to one of these local ports in the calling thread's network
// namespace, but for those over lo and those whose sockets have `mark`. Gives how many.
[[nodiscard]] Result<std::size_t> reset_connections(std::span<const std::uint16_t> ports,
                                                    std::uint32_t mark);

} // namespace squall::redirect
