// Whether the members of a JSON call have the types that AWS's models give them.
#pragma once

#include "squall/base/json.h"

#include <optional>
#include <string>

namespace squall::lab {

// What AWS says of the first member with another type; nothing when all is well. Members that this
// lab does not know are of any type.
[[nodiscard]] std::optional<std::string> mistyped_member(std::string_view service,
                                                         const json::Object& body);

} // namespace squall::lab
