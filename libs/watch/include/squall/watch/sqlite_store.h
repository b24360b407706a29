// A monitor's store in a file of SQLite, synced before a commit is answered.
#pragma once

#include "squall/base/file.h"
#include "squall/watch/store.h"

#include <memory>

namespace squall::watch {

// The file is made where it is missing. One that a newer squall wrote is refused.
[[nodiscard]] Result<std::unique_ptr<Store>> open_sqlite_store(const Path& file);

} // namespace squall::watch
