// The settings files of a host: KEY=VALUE lines.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace squall::labhost {

// '#' begins a comment, quotes round a value go. Of a key that comes twice the last one counts.
[[nodiscard]] std::map<std::string, std::string> parse_settings(std::string_view text);

} // namespace squall::labhost
