#include "squall/base/file.h"

#include "squall/base/text.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace squall {
namespace {

Errc code_of(int number) {
    if (number == ENOENT || number == ENOTDIR) return Errc::not_found;
    if (number == EACCES || number == EPERM) return Errc::denied;
    return Errc::failed;
}

tl::unexpected<Error> file_error(std::string_view doing, const Path& path) {
    const int number = errno;
    return fail(code_of(number), "{} {}: {}", doing, path.string(), errno_text(number));
}

Result<void> write_all(int fd, std::string_view text, const Path& path) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return file_error("writing", path);
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

struct flock whole_file(short type) {
    struct flock lock {};

    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return lock;
}

} // namespace

Result<std::string> read_file(const Path& path, std::size_t size_max) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return file_error("reading", path);
    std::string text;
    std::array<char, 16384> chunk{};
    while (true) {
        const ssize_t got = ::read(fd.get(), chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return file_error("reading", path);
        if (got == 0) return text;
        text.append(chunk.data(), static_cast<std::size_t>(got));
        if (text.size() > size_max) {
            return fail(Errc::invalid_input,
                        "{} is larger than the {} bytes that are read of such a file",
                        path.string(),
                        size_max);
        }
    }
}

Result<void> write_file(const Path& path, std::string_view text, mode_t mode) {
    const Path temporary = path.string() + ".new-" + random_hex(8);
    const Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!fd) return file_error("writing", temporary);
    auto written = write_all(fd.get(), text, temporary);
    if (written && ::fsync(fd.get()) != 0) written = file_error("syncing", temporary);
    if (written && ::rename(temporary.c_str(), path.c_str()) != 0)
        written = file_error("replacing", path);
    if (!written) ::unlink(temporary.c_str());
    return written;
}

Result<void> make_directories(const Path& path, mode_t mode) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) return {};
    if (path.has_parent_path() && path.parent_path() != path) {
        if (auto made = make_directories(path.parent_path(), mode); !made) return made;
    }
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST)
        return file_error("making the directory", path);
    return {};
}

Result<std::optional<FileLock>> FileLock::try_take(const Path& path) {
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd) return file_error("opening", path);
    struct flock lock = whole_file(F_WRLCK);
    if (::fcntl(fd.get(), F_SETLK, &lock) == 0)
        return std::optional<FileLock>(FileLock(std::move(fd)));
    if (errno == EACCES || errno == EAGAIN) return std::optional<FileLock>();
    return file_error("locking", path);
}

Result<std::optional<pid_t>> FileLock::holder(const Path& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd && errno == ENOENT) return std::optional<pid_t>();
    if (!fd) return file_error("opening", path);
    struct flock lock = whole_file(F_RDLCK);
    if (::fcntl(fd.get(), F_GETLK, &lock) != 0) return file_error("looking at the lock", path);
    if (lock.l_type == F_UNLCK) return std::optional<pid_t>();
    return std::optional<pid_t>(lock.l_pid);
}

Result<Path> state_directory() {
    if (const char* given = std::getenv("XDG_STATE_HOME"); given != nullptr && given[0] == '/')
        return Path(given) / "squall";
    if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/')
        return Path(home) / ".local/state/squall";
    return fail(
        Errc::invalid_input,
        "neither XDG_STATE_HOME nor HOME is set: there is no place to keep state; set one of them");
}

} // namespace squall
