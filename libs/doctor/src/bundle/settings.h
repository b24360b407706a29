// The lines of ecs.config, for who reads it alone and for who holds it against other files.
#pragma once

#include "bundle/readers.h"

#include <map>

namespace squall::doctor {

struct Setting {
    std::string value;
    TextLine line; // of the file's text, which it must not outlive
};

using Settings = std::map<std::string, Setting, std::less<>>;

[[nodiscard]] Settings settings_of(const TextFile& file);
// Null where it is not there, or empty.
[[nodiscard]] const Setting* set(const Settings& settings, std::string_view name);
// Of an external instance (ECS Anywhere).
[[nodiscard]] bool is_external(const Settings& settings);

} // namespace squall::doctor
