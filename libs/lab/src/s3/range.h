// The Range header of a GET.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace squall::lab::s3 {

struct Range {
    std::size_t first = 0;
    std::size_t count = 0; // 0: nothing of what was asked for is there
};

// Of an object of `size` bytes. Nothing where the whole object is meant: no header, one that is not
// understood, several ranges (RFC 9110 allows both; S3 does so).
[[nodiscard]] std::optional<Range> range_of(std::string_view header, std::size_t size);

} // namespace squall::lab::s3
