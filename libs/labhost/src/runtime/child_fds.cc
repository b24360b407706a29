#include "runtime/child_fds.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace squall::labhost::runtime {
namespace {

constexpr int parking_place = 16;

} // namespace

Result<Fd> parked(const Fd& fd) {
    Fd high(::fcntl(fd.get(), F_DUPFD_CLOEXEC, parking_place));
    if (!high) return fail(Errc::failed, "parking a descriptor: {}", errno_text(errno));
    return high;
}

Result<Fd> text_as_file(const std::string& text) {
    const Fd fd(::memfd_create("launch", MFD_CLOEXEC));
    if (!fd) return fail(Errc::failed, "making a file in memory: {}", errno_text(errno));
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t written = ::write(fd.get(), text.data() + done, text.size() - done);
        if (written < 0) return fail(Errc::failed, "writing to memory: {}", errno_text(errno));
        done += static_cast<std::size_t>(written);
    }
    ::lseek(fd.get(), 0, SEEK_SET);
    return parked(fd);
}

Result<Fd> open_nothing() {
    const Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!nothing) return fail(Errc::failed, "opening /dev/null: {}", errno_text(errno));
    return parked(nothing);
}

} // namespace squall::labhost::runtime
