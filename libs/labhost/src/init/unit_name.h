// Names of units: "ecs.service", "undo-7.timer", "worker@2.service".
#pragma once

#include <string>
#include <string_view>

namespace squall::labhost::init {

// systemd's own limit for a unit's name.
inline constexpr std::size_t unit_name_max = 255;

// Adds ".service" where the name has no suffix of a known kind of unit. Characters that no name may
// have are escaped, as systemctl does it ("a b" becomes "a\x20b.service").
[[nodiscard]] std::string mangled(std::string_view name, std::string_view suffix = ".service");
[[nodiscard]] bool is_valid_unit_name(std::string_view name);
[[nodiscard]] bool is_glob(std::string_view name);

// Kinds: the last dot and what follows it.
[[nodiscard]] std::string_view suffix_of(std::string_view name);
[[nodiscard]] std::string without_suffix(std::string_view name);
// Targets, slices, sockets, mounts and paths order a real boot; a lab host has none, and whoever
// needs one has it.
[[nodiscard]] bool is_milestone(std::string_view name);

// "2" of "worker@2.service"; empty where there is none.
[[nodiscard]] std::string instance_of(std::string_view name);
// "worker@.service" of "worker@2.service"; empty for a name without instance.
[[nodiscard]] std::string template_of(std::string_view name);

} // namespace squall::labhost::init
