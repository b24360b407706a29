#include "runtime/image.h"

#include "squall/base/text.h"

#include <fmt/format.h>

namespace squall::labhost::runtime {
namespace {

// Shorter beginnings of an id are taken for names, as nobody types them.
constexpr std::size_t id_prefix_min = 4;

constexpr std::string_view default_path =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

void give_id(Image& image) {
    image.id = "sha256:"
               + sha256_hex(fmt::format("{}\n{}\n{}\n{}",
                                        image.name,
                                        join(image.entrypoint, " "),
                                        join(image.command, " "),
                                        join(image.exposed, " ")));
}

} // namespace

std::vector<Image> built_in_images() {
    std::vector<Image> images{
        {.name = "squall/web:latest",
         .id = {},
         .root = RootKind::program,
         .entrypoint = {},
         .command = {"/squall", "lab-host", "web"},
         .environment = {std::string(default_path)},
         .exposed = {"8080/tcp"}},
        // The first process of a container gets no default signal actions: without the trap,
        // stopping would always last until the kill.
        {.name = "squall/shell:latest",
         .id = {},
         .root = RootKind::machine,
         .entrypoint = {},
         .command = {"sh", "-c", "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done"},
         .environment = {std::string(default_path)},
         .exposed = {}},
        // What the agent shares a task's network by, in awsvpc mode.
        {.name = "amazon/amazon-ecs-pause:0.1.0",
         .id = {},
         .root = RootKind::program,
         .entrypoint = {},
         .command = {"/squall", "lab-host", "pause"},
         .environment = {std::string(default_path)},
         .exposed = {}},
    };
    for (auto& image : images)
        give_id(image);
    return images;
}

std::string familiar_image_name(std::string_view name) {
    for (const std::string_view prefix : {"docker.io/", "index.docker.io/", "library/"}) {
        if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
    }
    std::string familiar(name);
    const std::size_t slash = name.rfind('/');
    const std::string_view last = slash == std::string_view::npos ? name : name.substr(slash + 1);
    if (last.find_first_of(":@") == std::string_view::npos) familiar += ":latest";
    return familiar;
}

const Image* find_image(std::span<const Image> images, std::string_view name_or_id) {
    const std::string name = familiar_image_name(name_or_id);
    std::string_view id = name_or_id;
    if (id.starts_with("sha256:")) id.remove_prefix(7);
    for (const auto& image : images) {
        if (image.name == name) return &image;
        if (id.size() >= id_prefix_min && std::string_view(image.id).substr(7).starts_with(id))
            return &image;
    }
    return nullptr;
}

} // namespace squall::labhost::runtime
