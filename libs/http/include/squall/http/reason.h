// Statuses: their phrases, and what may come with them.
#pragma once

#include <string_view>

namespace squall::http {

// The reason phrases of RFC 9110 and the registry; "Chaos" for those that nobody has named.
[[nodiscard]] std::string_view reason_of(int status);

// A response of this status may have content (RFC 9110: not 1xx, 204, 205 and 304).
[[nodiscard]] bool has_content(int status);
// It may say how long that is (not 1xx and 204; 304 would speak of another response).
[[nodiscard]] bool has_length(int status);

} // namespace squall::http
