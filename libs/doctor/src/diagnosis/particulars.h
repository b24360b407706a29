// What one record tells beyond its cause: which action, which name, which address, by how much.
#pragma once

#include "squall/doctor/names.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace squall::doctor {

// A sentence to put behind what the cause means ("Denied: ecs:Poll."), or nothing. `text` is a
// record's, as parse_record() gives it.
[[nodiscard]] std::string particulars(std::string_view cause, std::string_view text);

// How many of the cause's first steps cannot help where a record says this: who is denied by an
// order is not helped by being allowed.
[[nodiscard]] std::size_t steps_ruled_out(std::string_view cause, std::string_view text);

// The region, the account, the role and the instance that a record names. A container instance may
// be one that the agent was before, and its cluster that one's: these are not taken from it.
[[nodiscard]] Names names_told(std::string_view text);
// And the cluster, of a record by which an agent says that it is registered or connected.
[[nodiscard]] Names names_of_registration(std::string_view text);

} // namespace squall::doctor
