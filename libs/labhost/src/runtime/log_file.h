// A container's log on disk: one file in json-file form, and the one before it. Together they never
// hold more than twice log_file_max.
#pragma once

#include "runtime/json_log.h"
#include "squall/base/fd.h"
#include "squall/base/file.h"

namespace squall::labhost::runtime {

// Docker itself sets no limit; a practice cluster must not fill the disk of a laptop.
inline constexpr std::size_t log_file_max = 2U << 20U;

class LogFile {
public:
    // Goes on with what is there. `size_max`: at what size a new file is begun.
    [[nodiscard]] static Result<LogFile> open(Path path, std::size_t size_max = log_file_max);

    // What the container wrote to a stream at `now`. A log that cannot be written (disk full) loses
    // lines and never stops the container.
    void write(Stream stream, std::string_view bytes, WallTime now);
    // What is left without a line end, when the container has ended.
    void finish(WallTime now);

private:
    LogFile(Path path, Fd fd, std::size_t size, std::size_t size_max)
        : path_(std::move(path)), fd_(std::move(fd)), size_(size), size_max_(size_max) {}

    void append(const LogEntry& entry);
    void rotate();

    Path path_;
    Fd fd_;
    std::size_t size_;
    std::size_t size_max_;
    LineCutter output_;
    LineCutter errors_;
};

// Both files' text, the older first; empty where there is none.
[[nodiscard]] std::string read_log(const Path& path);

} // namespace squall::labhost::runtime
