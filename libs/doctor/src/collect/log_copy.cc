#include "collect/log_copy.h"

#include "squall/doctor/byte_source.h"
#include "squall/doctor/redact.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace squall::doctor {
namespace {

constexpr std::size_t part_size = std::size_t{1} << 20U;
// A line longer than this, or a key, is cut where it may be.
constexpr std::size_t part_max = std::size_t{4} << 20U;

Result<Fd> nameless_file(const Path& folder) {
    Fd fd(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (fd) return fd;
    std::string name = (folder / ".squall-collect-XXXXXX").string();
    fd = Fd(::mkostemp(name.data(), O_CLOEXEC));
    if (!fd)
        return fail(Errc::failed, "making a file in {}: {}", folder.string(), errno_text(errno));
    ::unlink(name.c_str());
    return fd;
}

Result<void> write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0)
            return fail(Errc::failed, "writing a copy of a log: {}", errno_text(errno));
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

// Up to `most` bytes more; true at the end of the log.
Result<bool> read_more(ByteSource& log, std::string& text, std::uint64_t most) {
    std::array<char, std::size_t{64} << 10U> piece{};
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), most));
    if (wanted == 0) return true;
    const auto got = log.read({piece.data(), wanted});
    if (!got) return fail(got.error());
    text.append(piece.data(), *got);
    return *got == 0;
}

Result<std::uint64_t>
copy_redacted(ByteSource& log, std::uint64_t bytes_max, const KnownSecrets& secrets, int to) {
    std::uint64_t size = 0;
    std::string text;
    bool ended = false;
    while (!ended) {
        const std::size_t before = text.size();
        auto at_end = read_more(log, text, bytes_max);
        if (!at_end) return fail(at_end.error());
        // No more than was asked for: a log that grows while it is read has no end.
        bytes_max -= text.size() - before;
        ended = *at_end;
        if (!ended && text.size() < part_size) continue;
        std::size_t part = ended ? text.size() : whole_part(text);
        if (part == 0 && text.size() < part_max) continue;
        if (part == 0) part = text.size();
        const std::string clean = secrets.without(redacted(std::string_view(text).substr(0, part)));
        if (auto written = write_all(to, clean); !written) return fail(written.error());
        size += clean.size();
        text.erase(0, part);
    }
    return size;
}

// Reads on to the end of the line that the descriptor is in.
void skip_line(int fd) {
    constexpr std::size_t line_max = 65536;
    std::string line(line_max, '\0');
    const off_t begin = ::lseek(fd, 0, SEEK_CUR);
    const ssize_t got = ::read(fd, line.data(), line.size());
    if (got <= 0) return;
    const std::size_t end = line.find('\n');
    if (end < static_cast<std::size_t>(got))
        ::lseek(fd, begin + static_cast<off_t>(end) + 1, SEEK_SET);
}

} // namespace

std::size_t whole_part(std::string_view text) {
    const std::size_t line = text.rfind('\n');
    if (line == std::string_view::npos) return 0;
    const std::size_t part = line + 1;
    const std::size_t key = text.substr(0, part).rfind("-----BEGIN ");
    if (key == std::string_view::npos
        || text.substr(key, part - key).find("-----END ") != std::string_view::npos)
        return part;
    // A key has a few thousand bytes: what is further back was cut.
    constexpr std::size_t key_max = std::size_t{32} << 10U;
    if (part - key > key_max) return part;
    const std::size_t before = text.substr(0, key).rfind('\n');
    return before == std::string_view::npos ? 0 : before + 1;
}

Result<LogCopy> copy_log(const Path& log,
                         std::uint64_t bytes_max,
                         const Path& folder,
                         const KnownSecrets& secrets) {
    // No link is followed: the log folders are written by programs that may not be root.
    const Fd fd(::open(log.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));

    struct stat status {};

    if (!fd || ::fstat(fd.get(), &status) != 0)
        return fail(errno == ENOENT ? Errc::not_found : Errc::failed,
                    "reading {}: {}",
                    log.string(),
                    errno_text(errno));
    if (!S_ISREG(status.st_mode)) return fail(Errc::refused, "{} is no regular file", log.string());
    auto file = nameless_file(folder);
    if (!file) return fail(file.error());
    LogCopy copy;
    copy.changed = Wall::from_time_t(status.st_mtime);
    const auto size = static_cast<std::uint64_t>(status.st_size);
    // What is compressed is read from its beginning, and says how much it is when it has been read.
    const bool is_compressed = log.extension() == ".gz";
    if (!is_compressed && size > bytes_max) {
        ::lseek(fd.get(), static_cast<off_t>(size - bytes_max), SEEK_SET);
        skip_line(fd.get());
        copy.skipped = static_cast<std::uint64_t>(::lseek(fd.get(), 0, SEEK_CUR));
    }
    const auto bytes = decompressed(source_of(fd.get()));
    auto copied = copy_redacted(
        *bytes, is_compressed ? bytes_max : size - copy.skipped, secrets, file->get());
    if (!copied) return fail("copying " + log.string(), copied.error());
    copy.size = *copied;
    copy.file = std::move(*file);
    return copy;
}

} // namespace squall::doctor
