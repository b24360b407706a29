// Containers and images as Docker's API describes them. Pure.
#pragma once

#include "runtime/container.h"

namespace squall::labhost::runtime {

// GET /containers/{id}/json.
[[nodiscard]] json::Object
inspected(const Container& container, const Image& image, const Path& log_path);

// One row of GET /containers/json.
[[nodiscard]] json::Object listed(const Container& container, const Image& image, WallTime now);

// GET /images/{name}/json and one row of GET /images/json.
[[nodiscard]] json::Object inspected(const Image& image);
[[nodiscard]] json::Object listed(const Image& image);

// "Up 5 minutes (healthy)", "Exited (0) About an hour ago", "Created".
[[nodiscard]] std::string status_text(const ContainerState& state,
                                      WallTime now,
                                      const std::optional<Health>& health = std::nullopt);

// "Less than a second", "12 seconds", "About a minute", "3 hours".
[[nodiscard]] std::string rough_duration(Seconds duration);

} // namespace squall::labhost::runtime
