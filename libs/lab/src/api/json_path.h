// Places in JSON as AWS writes them: $.detail.containers[0].name
#pragma once

#include "squall/base/json.h"

#include <optional>

namespace squall::lab {

// True of "$", and of what begins with it and names members and positions.
[[nodiscard]] bool is_json_path(std::string_view path);

// Nothing where there is no such place.
[[nodiscard]] std::optional<json::Value> value_at(const json::Value& root, std::string_view path);

} // namespace squall::lab
