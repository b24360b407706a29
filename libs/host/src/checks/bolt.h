// Reads one bucket of a bbolt database (the ECS agent's agent.db) from its bytes. Takes no lock:
// what is being written this moment may be seen half, which its checksums tell.
#pragma once

#include "squall/base/result.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace squall::host {

// True where the bytes begin as such a database does.
[[nodiscard]] bool is_bolt(std::string_view file);

// As much of a file as may have a meta page in it: two of them say where all else is, and the
// second one's place hangs on the size of pages.
inline constexpr std::size_t bolt_beginning_max = 65'536 + 80;

// Of a database of `size` bytes that begins like this, or with whose first `bolt_beginning_max`
// bytes only meta pages are known: whether it can be opened, as far as these say. Fails as
// read_bucket does.
[[nodiscard]] Result<void> check_beginning(std::string_view beginning, std::uint64_t size);

// Keys and values of a bucket of the top level; empty where there is no such bucket. Any bytes are
// allowed. Fails in bbolt's own words ("invalid database", "checksum error", "version mismatch").
[[nodiscard]] Result<std::map<std::string, std::string>> read_bucket(std::string_view file,
                                                                     std::string_view bucket);

} // namespace squall::host
