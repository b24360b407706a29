// A log on its way into an archive: from where its newest part begins, without secrets, in a file
// without a name, since tar wants a size before the bytes.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/file.h"
#include "squall/doctor/proxy_secrets.h"

#include <cstdint>

namespace squall::doctor {

struct LogCopy {
    Fd file; // has no name, and is gone with this
    std::uint64_t size = 0;
    WallTime changed;
    std::uint64_t skipped = 0; // of the log's beginning
};

// The last `bytes_max` of a regular file, from a line's beginning on; of one that gzip has
// compressed the first, as text. The copy lies in `folder`, without
// these secrets either.
[[nodiscard]] Result<LogCopy>
copy_log(const Path& log, std::uint64_t bytes_max, const Path& folder, const KnownSecrets& secrets);

// How much of `text` can be redacted by itself, so that no secret lies across its end: up to a
// line's, and before a private key that has not ended. 0: more is needed.
[[nodiscard]] std::size_t whole_part(std::string_view text);

} // namespace squall::doctor
