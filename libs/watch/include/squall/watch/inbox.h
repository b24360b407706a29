// What the judging thread has to do, from all the others: inputs, and questions about its state.
#pragma once

#include "squall/base/clock.h"
#include "squall/monitor/input.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

namespace squall::watch {

struct Delivered {
    std::vector<monitor::Input> inputs;
    // Of the messages that brought them: deleted when what follows from them is stored.
    std::vector<std::string> receipts;
};

// Any number of threads put in, one takes out.
class Inbox {
public:
    static constexpr std::size_t waiting_max = 2000;

    // Waits while it is full. False when told to stop.
    bool put(Delivered delivered, const std::stop_token& stop);
    // Never waits: questions are few.
    void ask(std::function<void()> question);

    struct Work {
        std::vector<Delivered> delivered;
        std::vector<std::function<void()>> questions;
    };

    // All that there is, at most `count_max` deliveries; waits for the first until `until`.
    [[nodiscard]] Work take(std::size_t count_max, SteadyTime until, const std::stop_token& stop);

private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Delivered> delivered_;
    std::vector<std::function<void()>> questions_;
};

// Something has happened, for a thread that waits for it; several happenings may become one.
class Bell {
public:
    void ring();
    // True when it has rung since the last wait.
    bool wait(Millis limit, const std::stop_token& stop);

private:
    std::mutex mutex_;
    std::condition_variable_any rung_;
    bool has_rung_ = false;
};

} // namespace squall::watch
