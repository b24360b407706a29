// A request to Docker's API, taken apart: version, path, query. Pure.
#pragma once

#include "runtime/api_error.h"
#include "squall/wire/http_message.h"
#include "squall/wire/query.h"

#include <optional>
#include <string>
#include <string_view>

namespace squall::labhost::runtime {

// What this engine says it speaks; 20.10's.
inline constexpr int api_minor = 41;
inline constexpr int api_minor_min = 12;
// What it says when it is told to be one of those that have left old clients behind; 29's.
inline constexpr int api_minor_newest = 52;

struct ApiVersions {
    int min = api_minor_min;
    int max = api_minor;

    [[nodiscard]] bool are_newest() const { return max == api_minor_newest; }
};

// As DOCKER_MIN_API_VERSION asks for ("1.44"); the usual ones where it asks for nothing that there
// is. A minimum that is newer than this engine makes it a newer one.
[[nodiscard]] ApiVersions api_versions_of(std::string_view minimum);

struct ApiCall {
    std::string method;
    int minor = api_minor; // of the version in the path, 1.NN
    std::string path;      // without the version; still encoded
    wire::QueryParameters query;

    // Docker's reading of a flag: absent, "", 0, no, false and none are false, all else is true.
    [[nodiscard]] bool flag(std::string_view name) const;
};

// The error is 400 for a version that is not spoken, in the words by which clients find theirs.
[[nodiscard]] Answer<ApiCall> parse_api_call(const wire::HttpRequest& request,
                                             const ApiVersions& versions = {});

// If the path has this form, what stands for the one "*" in it, decoded: "/containers/*/start". It
// may hold slashes (names of images do), but is never empty.
[[nodiscard]] std::optional<std::string> matched(std::string_view path, std::string_view form);

// True for paths that Docker serves and this engine may not: they get 501 and not 404.
[[nodiscard]] bool is_docker_path(std::string_view path);

} // namespace squall::labhost::runtime
