#include "squall/transport/loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <unistd.h>

namespace squall::transport {

namespace asio = boost::asio;
using boost::system::error_code;

struct Loop::Parts {
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work =
        asio::make_work_guard(context);
    asio::signal_set signals{context};
    std::function<void(int)> on_signal;

    void wait_for_signal() {
        signals.async_wait([this](error_code error, int number) {
            if (error) return;
            on_signal(number);
            wait_for_signal();
        });
    }
};

Loop::Loop() : parts_(std::make_unique<Parts>()) {}

Loop::~Loop() = default;

void Loop::run() { parts_->context.run(); }

void Loop::stop() { parts_->context.stop(); }

void Loop::post(std::function<void()> task) { asio::post(parts_->context, std::move(task)); }

void Loop::on_signals(const std::vector<int>& numbers, std::function<void(int)> handler) {
    for (const int number : numbers)
        parts_->signals.add(number);
    parts_->on_signal = std::move(handler);
    parts_->wait_for_signal();
}

asio::io_context& Loop::context() { return parts_->context; }

struct Timer::Parts {
    explicit Parts(Loop& loop) : timer(loop.context()) {}

    asio::steady_timer timer;
    std::uint64_t generation = 0; // a wait that was replaced may still be queued: it must not run
};

Timer::Timer(Loop& loop) : parts_(std::make_shared<Parts>(loop)) {}

Timer::Timer(Timer&&) noexcept = default;

Timer& Timer::operator=(Timer&& other) noexcept {
    if (this != &other) {
        if (parts_) cancel();
        parts_ = std::move(other.parts_);
    }
    return *this;
}

Timer::~Timer() {
    if (parts_) cancel();
}

void Timer::start(Millis delay, std::function<void()> task) {
    const std::uint64_t generation = ++parts_->generation;
    parts_->timer.expires_after(delay);
    parts_->timer.async_wait(
        [parts = parts_, generation, task = std::move(task)](error_code error) {
            if (!error && parts->generation == generation) task();
        });
}

void Timer::cancel() {
    ++parts_->generation;
    parts_->timer.cancel();
}

struct ReadWatch::Parts {
    Parts(Loop& loop, int fd) : descriptor(loop.context(), ::dup(fd)) {}

    asio::posix::stream_descriptor descriptor;
    std::function<void()> readable;
    bool over = false;

    static void wait(const std::shared_ptr<Parts>& self) {
        self->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                    [self](error_code error) {
                                        if (error || self->over) return;
                                        self->readable();
                                        if (!self->over) wait(self);
                                    });
    }
};

ReadWatch::ReadWatch(Loop& loop, int fd, std::function<void()> readable)
    : parts_(std::make_shared<Parts>(loop, fd)) {
    parts_->readable = std::move(readable);
    Parts::wait(parts_);
}

ReadWatch::~ReadWatch() {
    parts_->over = true;
    error_code ignored;
    parts_->descriptor.close(ignored);
}

} // namespace squall::transport
