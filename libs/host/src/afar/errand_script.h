// The shell script that looks at a host from afar: a few commands that every host has, and the ends
// of its logs, in the 24,000 characters that SSM gives back. It needs nothing on the host, changes
// nothing, and leaves nothing there.
#pragma once

#include <string>

namespace squall::host {

// What it prints: sections, each behind a line "=== BOUNDARY NAME"; compressed (gzip, base64) where
// the host can. `boundary` is something that no log has in it.
[[nodiscard]] std::string errand_script(const std::string& boundary);

} // namespace squall::host
