#include "runtime/log_file.h"

#include "squall/base/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace squall::labhost::runtime {
namespace {

// As Docker names the file before the newest.
Path older(const Path& path) { return path.string() + ".1"; }

Fd open_for_append(const Path& path) {
    return Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
}

} // namespace

Result<LogFile> LogFile::open(Path path, std::size_t size_max) {
    Fd fd = open_for_append(path);

    struct stat info {};

    if (!fd || ::fstat(fd.get(), &info) != 0)
        return fail(Errc::failed, "opening the log {}: {}", path.string(), errno_text(errno));
    return LogFile(
        std::move(path), std::move(fd), static_cast<std::size_t>(info.st_size), size_max);
}

void LogFile::write(Stream stream, std::string_view bytes, WallTime now) {
    LineCutter& cutter = stream == Stream::output ? output_ : errors_;
    const std::string time = rfc3339_nanos(now);
    for (auto& text : cutter.feed(bytes))
        append({std::move(text), stream, time});
}

void LogFile::finish(WallTime now) {
    const std::string time = rfc3339_nanos(now);
    if (auto rest = output_.take_rest(); !rest.empty())
        append({std::move(rest), Stream::output, time});
    if (auto rest = errors_.take_rest(); !rest.empty())
        append({std::move(rest), Stream::errors, time});
}

void LogFile::append(const LogEntry& entry) {
    const std::string line = log_line(entry);
    if (size_ > 0 && size_ + line.size() > size_max_) rotate();
    if (!fd_) return;
    const ssize_t written = ::write(fd_.get(), line.data(), line.size());
    if (written > 0) size_ += static_cast<std::size_t>(written);
}

void LogFile::rotate() {
    if (::rename(path_.c_str(), older(path_).c_str()) != 0)
        log::warning("rotating the log {}: {}", path_.string(), errno_text(errno));
    fd_ = Fd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0640));
    size_ = 0;
}

std::string read_log(const Path& path) {
    std::string text;
    for (const Path& file : {older(path), path}) {
        // A limit far above what is ever written, so that a reader cannot be made to swell either.
        if (auto read = read_file(file, 4 * log_file_max)) text += *read;
    }
    return text;
}

} // namespace squall::labhost::runtime
