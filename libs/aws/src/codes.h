// Sets of AWS's error codes.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>

namespace squall::aws {

[[nodiscard]] inline bool is_one_of(std::string_view code,
                                    std::span<const std::string_view> codes) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
}

} // namespace squall::aws
