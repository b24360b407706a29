// The least that a late reset can cost: accepted, kept for a while unread, closed with an RST.
#pragma once

#include <cstdint>

namespace squall::bench {

[[noreturn]] void serve_resets(std::uint16_t port, std::uint64_t after_ms);

} // namespace squall::bench
