// What a Docker Engine API call answers when it does not do what was asked: the HTTP status and
// Docker's own words, which agents match on and show to people.
#pragma once

#include "squall/base/result.h"

#include <string>
#include <utility>

namespace squall::labhost::runtime {

struct ApiError {
    int status = 500;
    std::string message;
};

template <class T>
using Answer = Result<T, ApiError>;

template <class... Args>
[[nodiscard]] tl::unexpected<ApiError>
refuse(int status, fmt::format_string<Args...> text, Args&&... args) {
    return tl::unexpected<ApiError>(
        ApiError{status, fmt::format(text, std::forward<Args>(args)...)});
}

} // namespace squall::labhost::runtime
