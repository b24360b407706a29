#include "runtime/api_call.h"

#include "squall/base/text.h"

#include <algorithm>
#include <array>

namespace squall::labhost::runtime {
namespace {

constexpr std::array docker_resources{
    "auth",    "build",  "commit", "configs",  "containers", "distribution", "events",  "exec",
    "grpc",    "images", "info",   "networks", "nodes",      "plugins",      "secrets", "services",
    "session", "swarm",  "system", "tasks",    "version",    "volumes",      "_ping",
};

// The minor number of "/v1.41/…", and the path behind it; nothing where there is no version.
std::optional<std::pair<int, std::string_view>> version_of(std::string_view path) {
    if (!path.starts_with("/v")) return std::nullopt;
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const auto [major, minor] = split_once(path.substr(2, end - 2), '.');
    const auto number = to_integer(minor);
    if (!to_integer(major) || !number) return std::nullopt;
    // Docker compares versions as wholes; there never was another major number.
    const auto bounded = std::clamp<std::int64_t>(*number, 0, 1000);
    const int minor_number = major == "1" ? static_cast<int>(bounded) : 1000;
    return std::pair(minor_number, path.substr(end));
}

} // namespace

bool ApiCall::flag(std::string_view name) const {
    const std::string value = lower(trimmed(query.get(name)));
    static constexpr std::array falsehoods{"", "0", "no", "false", "none"};
    return std::find(falsehoods.begin(), falsehoods.end(), value) == falsehoods.end();
}

ApiVersions api_versions_of(std::string_view minimum) {
    ApiVersions versions;
    const auto [major, minor] = split_once(minimum, '.');
    const auto number = to_integer(minor);
    if (major != "1" || !number || *number < api_minor_min || *number > api_minor_newest)
        return versions;
    versions.min = static_cast<int>(*number);
    if (versions.min > versions.max) versions.max = api_minor_newest;
    return versions;
}

Answer<ApiCall> parse_api_call(const wire::HttpRequest& request, const ApiVersions& versions) {
    ApiCall call;
    call.method = request.method;
    const auto [whole_path, form] = split_once(request.target, '?');
    std::string_view path = whole_path;
    if (const auto version = version_of(path)) {
        const auto text = path.substr(2, path.size() - version->second.size() - 2);
        if (version->first < versions.min)
            return refuse(400,
                          "client version {} is too old. Minimum supported API version is 1.{}, "
                          "please upgrade your client to a newer version",
                          text,
                          versions.min);
        if (version->first > versions.max)
            return refuse(400,
                          "client version {} is too new. Maximum supported API version is 1.{}",
                          text,
                          versions.max);
        call.minor = version->first;
        path = version->second;
    }
    call.path = path;
    auto query = wire::QueryParameters::parse(form);
    if (!query) return refuse(400, "{}", query.error().message);
    call.query = std::move(*query);
    return call;
}

std::optional<std::string> matched(std::string_view path, std::string_view form) {
    const auto [before, after] = split_once(form, '*');
    if (form.find('*') == std::string_view::npos)
        return path == form ? std::optional<std::string>("") : std::nullopt;
    if (path.size() <= before.size() + after.size()) return std::nullopt;
    if (!path.starts_with(before) || !path.ends_with(after)) return std::nullopt;
    path.remove_prefix(before.size());
    path.remove_suffix(after.size());
    return wire::percent_decoded(path, /*plus_is_space=*/false);
}

bool is_docker_path(std::string_view path) {
    if (path.starts_with('/')) path.remove_prefix(1);
    const auto resource = split_once(path, '/').first;
    return std::find(docker_resources.begin(), docker_resources.end(), resource)
           != docker_resources.end();
}

} // namespace squall::labhost::runtime
