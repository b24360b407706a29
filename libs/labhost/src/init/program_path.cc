#include "init/program_path.h"

#include "squall/base/text.h"

#include <fmt/format.h>

#include <unistd.h>

namespace squall::labhost::init {

std::optional<std::string> find_program(const std::string& name) {
    const auto is_executable = [](const std::string& path) {
        return ::access(path.c_str(), X_OK) == 0;
    };
    if (name.find('/') != std::string::npos)
        return is_executable(name) ? std::optional(name) : std::nullopt;
    for (const std::string& folder : split(program_path, ':'))
        if (std::string path = fmt::format("{}/{}", folder, name); is_executable(path)) return path;
    return std::nullopt;
}

} // namespace squall::labhost::init
