// The images of a lab. There is no registry: this table is all there is. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace squall::labhost::runtime {

// Where a container's root filesystem comes from.
enum class RootKind {
    program, // only this program, as /squall (with the machine's libraries if it needs them)
    machine, // the machine's own programs, read-only
};

struct Image {
    std::string name; // repository:tag, as people write it
    std::string id;   // sha256:…, the same for the same contents
    RootKind root = RootKind::program;
    std::vector<std::string> entrypoint;
    std::vector<std::string> command;
    std::vector<std::string> environment; // NAME=value
    std::vector<std::string> exposed;     // 8080/tcp
};

// Every image, in the order in which they are listed.
[[nodiscard]] std::vector<Image> built_in_images();

// `name` with the tag that is meant where none is said, and without the registry and library that
// are meant anyway: docker.io/library/x is x:latest.
[[nodiscard]] std::string familiar_image_name(std::string_view name);

// By name, by id (with or without "sha256:") or by the beginning of an id; null where there is
// none.
[[nodiscard]] const Image* find_image(std::span<const Image> images, std::string_view name_or_id);

} // namespace squall::labhost::runtime
