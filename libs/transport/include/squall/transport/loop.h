// One thread's event loop: sockets, timers and signals, as callbacks on the thread that runs it.
// Everything here belongs to that thread, except stop() and post(), which may be called from every
// thread.
#pragma once

#include "squall/base/clock.h"

#include <functional>
#include <memory>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace squall::transport {

class Loop {
public:
    Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop();

    // Until stop(); returns at once if that came first.
    void run();
    void stop();
    void post(std::function<void()> task);

    // Calls `handler` on the loop for each of these signals; process-wide, so one loop per process
    // may ask.
    void on_signals(const std::vector<int>& numbers, std::function<void(int)> handler);

    // For the other parts of this library.
    [[nodiscard]] boost::asio::io_context& context();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

// Runs a function once, later. Starting it again, or destroying it, forgets what was pending.
class Timer {
public:
    explicit Timer(Loop& loop);
    Timer(Timer&&) noexcept;
    Timer& operator=(Timer&&) noexcept;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    ~Timer();

    void start(Millis delay, std::function<void()> task);
    void cancel();

private:
    struct Parts;
    std::shared_ptr<Parts> parts_; // shared with the pending wait, which may outlive the timer
};

// Calls back whenever a borrowed file descriptor is readable (a pidfd: when its process has ended),
// until destroyed.
class ReadWatch {
public:
    ReadWatch(Loop& loop, int fd, std::function<void()> readable);
    ReadWatch(const ReadWatch&) = delete;
    ReadWatch& operator=(const ReadWatch&) = delete;
    ~ReadWatch();

private:
    struct Parts;
    std::shared_ptr<Parts> parts_; // shared with the pending wait
};

} // namespace squall::transport
