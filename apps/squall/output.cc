#include "output.h"

#include <sys/ioctl.h>

#include <cerrno>

namespace squall::app {

void Output::write(std::string_view text) {
    while (!text.empty() && !is_broken_) {
        const ssize_t written = ::write(fd_, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            is_broken_ = true;
            return;
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

int Output::width() const {
    winsize size{};
    return ::ioctl(fd_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

} // namespace squall::app
