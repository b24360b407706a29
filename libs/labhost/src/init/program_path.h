// Where a program without a path is looked for. Thread-safe; reads the file system.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace squall::labhost::init {

// The fixed list of systemd, and $PATH of every service.
inline constexpr std::string_view program_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// The first executable of that name; a name with a slash only as it is. Nothing if there is none.
[[nodiscard]] std::optional<std::string> find_program(const std::string& name);

} // namespace squall::labhost::init
