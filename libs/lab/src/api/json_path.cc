#include "api/json_path.h"

#include "squall/base/text.h"

#include <algorithm>

namespace squall::lab {

bool is_json_path(std::string_view path) {
    if (!path.starts_with('$')) return false;
    for (std::size_t at = 1; at < path.size();) {
        const bool is_position = path[at] == '[';
        if (!is_position && path[at] != '.') return false;
        auto end = path.find_first_of(is_position ? "]" : ".[", at + 1);
        if (is_position
            && (end == std::string_view::npos || !to_integer(path.substr(at + 1, end - at - 1))))
            return false;
        end = std::min(end, path.size());
        if (end == at + 1) return false;
        at = is_position ? end + 1 : end;
    }
    return true;
}

std::optional<json::Value> value_at(const json::Value& root, std::string_view path) {
    if (!path.starts_with('$')) return std::nullopt;
    const json::Value* value = &root;
    for (std::size_t at = 1; at < path.size();) {
        if (path[at] == '[') {
            const auto end = path.find(']', at);
            if (end == std::string_view::npos) return std::nullopt;
            const auto position = to_integer(path.substr(at + 1, end - at - 1));
            const auto* array = value->if_array();
            if (!position || array == nullptr || *position < 0
                || static_cast<std::size_t>(*position) >= array->size())
                return std::nullopt;
            value = &array->at(static_cast<std::size_t>(*position));
            at = end + 1;
            continue;
        }
        if (path[at] != '.') return std::nullopt;
        const auto end = std::min(path.find_first_of(".[", at + 1), path.size());
        const auto* object = value->if_object();
        if (object == nullptr) return std::nullopt;
        value = object->if_contains(path.substr(at + 1, end - at - 1));
        if (value == nullptr) return std::nullopt;
        at = end;
    }
    return *value;
}

} // namespace squall::lab
