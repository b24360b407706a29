// The syntax of unit files: sections and assignments, nothing about what they mean. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace squall::labhost::init {

// A larger file is not read further; systemd stops at the same size of one line.
inline constexpr std::size_t unit_text_max = 1U << 20U;

struct Assignment {
    std::string section;
    std::string key;
    std::string value; // trimmed, continued lines joined
    std::string place; // "/etc/systemd/system/ecs.service:7"
};

struct UnitText {
    std::vector<Assignment> assignments;
    std::vector<std::string> notes; // lines that were skipped, and why, each with its place
};

// Never fails: what cannot be understood becomes a note. `path` is for the places only.
[[nodiscard]] UnitText parse_unit_text(std::string_view text, std::string_view path);

} // namespace squall::labhost::init
