// Which of root's powers a container keeps (capabilities(7)), by the names Docker's API takes.
#pragma once

#include "squall/base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace squall::labhost::runtime {

// One bit for each capability, by its number.
using Capabilities = std::uint64_t;

inline constexpr Capabilities all_capabilities = ~Capabilities{0};

// Docker's fourteen, minus `drop`, plus `add`; either may say ALL. Names with or without CAP_, in
// any case. The error names the one that is unknown, in Docker's words.
[[nodiscard]] Result<Capabilities> container_capabilities(const std::vector<std::string>& add,
                                                          const std::vector<std::string>& drop);

// Root gets on exec what the bounding set leaves: this takes the rest away from it, for this
// process and its children.
void keep_only(Capabilities kept);

} // namespace squall::labhost::runtime
