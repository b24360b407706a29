#include "squall/watch/inbox.h"

#include <utility>

namespace squall::watch {

bool Inbox::put(Delivered delivered, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [this] { return delivered_.size() < waiting_max; }))
        return false;
    delivered_.push_back(std::move(delivered));
    changed_.notify_all();
    return true;
}

void Inbox::ask(std::function<void()> question) {
    const std::lock_guard lock(mutex_);
    questions_.push_back(std::move(question));
    changed_.notify_all();
}

Inbox::Work Inbox::take(std::size_t count_max, SteadyTime until, const std::stop_token& stop) {
    Work work;
    std::unique_lock lock(mutex_);
    changed_.wait_until(
        lock, stop, until, [this] { return !delivered_.empty() || !questions_.empty(); });
    while (!delivered_.empty() && work.delivered.size() < count_max) {
        work.delivered.push_back(std::move(delivered_.front()));
        delivered_.pop_front();
    }
    work.questions = std::exchange(questions_, {});
    changed_.notify_all();
    return work;
}

void Bell::ring() {
    const std::lock_guard lock(mutex_);
    has_rung_ = true;
    rung_.notify_all();
}

bool Bell::wait(Millis limit, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    rung_.wait_for(lock, stop, limit, [this] { return has_rung_; });
    return std::exchange(has_rung_, false);
}

} // namespace squall::watch
