// Reads one bucket of a bbolt database (the ECS agent's agent.db) from its bytes. Takes no lock:
// what is being written this moment may be seen half, which its checksums tell.
#pragma once

#include "squall/base/result.h"

#include <map>
#include <string>
#include <string_view>

namespace squall::host {

// True where the bytes begin as such a database does.
[[nodiscard]] bool is_bolt(std::string_view file);

// Keys and values of a bucket of the top level; empty where there is no such bucket. Any bytes are
// allowed. Fails in bbolt's own words ("invalid database", "checksum error", "version mismatch").
[[nodiscard]] Result<std::map<std::string, std::string>> read_bucket(std::string_view file,
                                                                     std::string_view bucket);

} // namespace squall::host
