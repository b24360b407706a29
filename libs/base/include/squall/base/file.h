// Whole files, read and written in one go. Paths are in every message.
#pragma once

#include "squall/base/fd.h"
#include "squall/base/result.h"

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace squall {

using Path = std::filesystem::path;

// Fails with invalid_input when the file holds more than `size_max` bytes, and with not_found when
// it is not there.
[[nodiscard]] Result<std::string> read_file(const Path& path, std::size_t size_max);

// Replaces the file in one step: a reader, or a crash, sees the old text or the new one. Synced to
// disk.
[[nodiscard]] Result<void> write_file(const Path& path, std::string_view text, mode_t mode = 0644);

// With every parent; what is there already stays as it is.
[[nodiscard]] Result<void> make_directories(const Path& path, mode_t mode = 0755);

// A lock that the kernel drops when its holder dies, however it dies (fcntl record lock). It
// belongs to the process: a second take in the same process succeeds, and a fork does not inherit
// it.
class FileLock {
public:
    // Nothing if somebody else holds it.
    [[nodiscard]] static Result<std::optional<FileLock>> try_take(const Path& path);
    // The process that holds it, as seen from here; nothing when it is free.
    [[nodiscard]] static Result<std::optional<pid_t>> holder(const Path& path);

private:
    explicit FileLock(Fd fd) : fd_(std::move(fd)) {}

    Fd fd_;
};

// Where Squall keeps what must outlive a command: $XDG_STATE_HOME/squall, else
// ~/.local/state/squall.
[[nodiscard]] Result<Path> state_directory();

} // namespace squall
