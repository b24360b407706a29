// The scripts that causes have in common, for a POSIX shell on a host. They name files and units as
// an administrator would, and nothing in them tells why it is done.
#pragma once

#include "breaks/step.h"

#include <string>
#include <string_view>

namespace squall::lab::breaks {

inline constexpr std::string_view agent_configuration = "/etc/ecs/ecs.config";

// Changes a setting of the agent's (an empty value unsets it, in its place) and prints the line
// that it had, which may be none.
[[nodiscard]] std::string change_setting(std::string_view name,
                                         std::string_view value,
                                         std::string_view file = agent_configuration);
// Puts a line back that change_setting() printed: in its place, or away.
[[nodiscard]] std::string restore_setting(std::string_view name,
                                          std::string_view line,
                                          std::string_view file = agent_configuration);

// Prints what the agent has saved, in base64; nothing where there is nothing.
[[nodiscard]] std::string print_saved_state();
[[nodiscard]] std::string put_saved_state(std::string_view base64);
[[nodiscard]] std::string remove_saved_state();
// What is saved is that of this instance from then on.
[[nodiscard]] std::string rename_saved_instance(std::string_view instance_id);
// The containers of ECS's tasks, running or not, with what the agent wrote down of them.
[[nodiscard]] std::string remove_task_containers();

// A drop-in file for a unit, and its end; with the folder where that is empty then.
[[nodiscard]] std::string
write_drop_in(std::string_view unit, std::string_view name, std::string_view text);
[[nodiscard]] std::string remove_drop_in(std::string_view unit, std::string_view name);

// How many mounts there are at a path, and unmounting until there are so many.
[[nodiscard]] std::string count_mounts(std::string_view path);
[[nodiscard]] std::string unmount_until(std::string_view path, std::string_view count);

// A rule of iptables, such as "OUTPUT -d 10.0.0.1 -j DROP".
[[nodiscard]] std::string add_rule(std::string_view rule);
[[nodiscard]] std::string remove_rule(std::string_view rule);

// The agent's connections to the control plane end, as they do every half hour: it dials again.
[[nodiscard]] Step end_connections();
// ECS knows the host by no other container instance than the one that it was before.
[[nodiscard]] Step forget_other_registrations();
// Of the instance: what asks it gets 403 while it is off.
[[nodiscard]] Step switch_metadata(bool is_on);
[[nodiscard]] Step script(std::string text, std::string kept_as = {});

} // namespace squall::lab::breaks
