#include "output.h"

#include <sys/ioctl.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace squall::app {
namespace {

constexpr std::chrono::seconds parting_time{2};

std::atomic<int> first_failure{0};

// False when nobody reads any more, or nothing more can be written.
bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            int none = 0;
            if (errno != EPIPE) first_failure.compare_exchange_strong(none, errno);
            return false;
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

} // namespace

// Shared with its thread, which may be in the middle of a write when the process ends.
struct Output::Writer {
    std::mutex mutex; // guards what follows
    std::condition_variable_any changed;
    std::deque<std::string> texts;
    bool is_idle = true;

    void run(int fd) {
        std::unique_lock lock(mutex);
        bool is_broken = false;
        while (true) {
            changed.wait(lock, [this] { return !texts.empty(); });
            const std::string text = std::move(texts.front());
            texts.pop_front();
            is_idle = false;
            lock.unlock();
            is_broken = is_broken || !write_all(fd, text);
            lock.lock();
            is_idle = texts.empty();
            changed.notify_all();
        }
    }
};

void Output::write_in_background() {
    if (writer_) return;
    writer_ = std::make_shared<Writer>();
    std::thread([writer = writer_, fd = fd_] { writer->run(fd); }).detach();
}

void Output::write(std::string_view text) {
    if (!writer_) {
        is_broken_ = is_broken_ || !write_all(fd_, text);
        return;
    }
    const std::lock_guard lock(writer_->mutex);
    writer_->texts.emplace_back(text);
    writer_->is_idle = false;
    writer_->changed.notify_all();
}

bool Output::is_behind() const {
    if (!writer_) return false;
    const std::lock_guard lock(writer_->mutex);
    return !writer_->is_idle;
}

void Output::flush(const std::stop_token& leave) const {
    if (!writer_) return;
    std::unique_lock lock(writer_->mutex);
    const auto is_idle = [this] {
        return writer_->is_idle;
    };
    // A reader who is there gets all of it; only one who is not is left.
    if (!writer_->changed.wait(lock, leave, is_idle))
        writer_->changed.wait_for(lock, parting_time, is_idle);
}

int Output::width() const {
    winsize size{};
    return ::ioctl(fd_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::optional<int> Output::failure() {
    const int number = first_failure.load();
    return number == 0 ? std::nullopt : std::optional(number);
}

} // namespace squall::app
