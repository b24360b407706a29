// Ctrl-C, SIGTERM and SIGHUP as stop tokens: the first asks for an orderly end, a Ctrl-C after it
// to leave at once. SIGHUP is nothing where it was ignored before, as nohup does.
#pragma once

#include "squall/base/fd.h"

#include <stop_token>
#include <thread>

namespace squall::app {

class SignalStops {
public:
    // Make it before any other thread: signals are blocked in this one and in all that it starts.
    SignalStops();
    SignalStops(const SignalStops&) = delete;
    SignalStops& operator=(const SignalStops&) = delete;
    ~SignalStops();

    [[nodiscard]] std::stop_token first() const { return first_.get_token(); }

    [[nodiscard]] std::stop_token second() const { return second_.get_token(); }

private:
    void watch();

    std::stop_source first_;
    std::stop_source second_;
    Fd signals_;
    Pipe end_;
    std::jthread thread_;
};

} // namespace squall::app
