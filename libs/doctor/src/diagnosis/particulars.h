// What one record tells beyond its cause: which action, which name, which address, by how much.
#pragma once

#include <string>
#include <string_view>

namespace squall::doctor {

// A sentence to put behind what the cause means ("Denied: ecs:Poll."), or nothing. `text` is a
// record's, as parse_record() gives it.
[[nodiscard]] std::string particulars(std::string_view cause, std::string_view text);

} // namespace squall::doctor
