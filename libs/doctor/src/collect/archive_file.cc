#include "collect/archive_file.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace squall::doctor {
namespace {

struct Freed {
    void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

} // namespace

void ArchiveFile::Closed::operator()(archive* writer) const { archive_write_free(writer); }

ArchiveFile::ArchiveFile(Path path, Fd fd)
    : path_(std::move(path)), fd_(std::move(fd)), writer_(archive_write_new()) {}

ArchiveFile::~ArchiveFile() {
    // It writes what it holds, and needs the descriptor; told to fail, it would keep its memory.
    writer_.reset();
    if (fd_ && !is_finished_ && !is_stream_) ::unlink(path_.c_str());
}

tl::unexpected<Error> ArchiveFile::problem() const {
    const char* text = archive_error_string(writer_.get());
    return fail(
        Errc::failed, "writing {}: {}", path_.string(), text == nullptr ? "it failed" : text);
}

Result<ArchiveFile> ArchiveFile::create(const Path& path) {
    Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd && errno == EEXIST)
        return fail(Errc::conflict,
                    "{} is there already, and nothing is overwritten: name another file",
                    path.string());
    if (!fd) return fail(Errc::failed, "making {}: {}", path.string(), errno_text(errno));
    ArchiveFile file(path, std::move(fd));
    if (auto opened = file.open(); !opened) return fail(opened.error());
    return file;
}

Result<ArchiveFile> ArchiveFile::stream(int fd) {
    Fd own(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (!own) return fail(Errc::failed, "writing to standard output: {}", errno_text(errno));
    ArchiveFile file("standard output", std::move(own));
    file.is_stream_ = true;
    if (auto opened = file.open(); !opened) return fail(opened.error());
    return file;
}

Result<void> ArchiveFile::open() {
    archive* writer = writer_.get();
    SQUALL_ASSERT(writer != nullptr);
    // ustar, and pax where a name or a size needs it: every tar reads it.
    if (archive_write_set_format_pax_restricted(writer) != ARCHIVE_OK
        || archive_write_add_filter_gzip(writer) != ARCHIVE_OK
        || archive_write_open_fd(writer, fd_.get()) != ARCHIVE_OK)
        return problem();
    return {};
}

Result<void> ArchiveFile::begin(const std::string& name, std::uint64_t size, WallTime changed) {
    const std::unique_ptr<archive_entry, Freed> entry(archive_entry_new());
    SQUALL_ASSERT(entry != nullptr);
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0600);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
    archive_entry_set_mtime(entry.get(), Wall::to_time_t(changed), 0);
    if (archive_write_header(writer_.get(), entry.get()) < ARCHIVE_WARN) return problem();
    return {};
}

Result<void> ArchiveFile::write(std::string_view text) {
    while (!text.empty()) {
        const la_ssize_t written = archive_write_data(writer_.get(), text.data(), text.size());
        if (written <= 0) return problem();
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<void> ArchiveFile::add(const std::string& name, std::string_view text, WallTime changed) {
    if (auto begun = begin(name, text.size(), changed); !begun) return begun;
    return write(text);
}

Result<void> ArchiveFile::add_file(const std::string& name, int fd, WallTime changed) {
    const off_t size = ::lseek(fd, 0, SEEK_END);
    if (size < 0 || ::lseek(fd, 0, SEEK_SET) != 0)
        return fail(Errc::failed, "reading again what goes into {}: {}", name, errno_text(errno));
    if (auto begun = begin(name, static_cast<std::uint64_t>(size), changed); !begun) return begun;
    std::array<char, std::size_t{64} << 10U> piece{};
    while (true) {
        const ssize_t got = ::read(fd, piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return fail(
                Errc::failed, "reading again what goes into {}: {}", name, errno_text(errno));
        if (got == 0) return {};
        if (auto written = write({piece.data(), static_cast<std::size_t>(got)}); !written)
            return written;
    }
}

Result<std::uint64_t> ArchiveFile::finish() {
    if (archive_write_close(writer_.get()) != ARCHIVE_OK) return problem();
    if (is_stream_) return static_cast<std::uint64_t>(archive_filter_bytes(writer_.get(), -1));

    struct stat status {};

    if (::fsync(fd_.get()) != 0 || ::fstat(fd_.get(), &status) != 0)
        return fail(Errc::failed, "writing {}: {}", path_.string(), errno_text(errno));
    is_finished_ = true;
    return static_cast<std::uint64_t>(status.st_size);
}

} // namespace squall::doctor
