// What a host wrote last: for the message when a lab does not come up, since the hosts, and their
// journals with them, are gone when it is read.
#pragma once

#include "squall/base/file.h"

#include <cstddef>
#include <string>
#include <vector>

namespace squall::lab {

// The last lines of a host's journal, oldest first, as "identifier: text"; none when there is no
// journal yet. Lines that are no entries (one that is being written) are left out.
[[nodiscard]] std::vector<std::string> last_words(const Path& journal, std::size_t lines_max);

} // namespace squall::lab
