// A fact that several checks need: found out by whoever asks first, while the others wait.
#pragma once

#include "squall/base/clock.h"

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>

namespace squall::host {

// May be used from several threads at once. The finder must not ask for itself.
template <class T>
class Once {
public:
    explicit Once(std::function<T(Deadline)> find) : find_(std::move(find)) {}

    // Null when the deadline came first. What is pointed to lives as long as this.
    [[nodiscard]] const T* get(Deadline deadline) {
        std::unique_lock lock(mutex_);
        if (!is_begun_) {
            is_begun_ = true;
            lock.unlock();
            T found = find_(earlier(deadline));
            lock.lock();
            found_ = std::move(found);
            changed_.notify_all();
        }
        return waited_for(lock, deadline);
    }

    // As get, for those who must not be held up by finding out: somebody else does.
    [[nodiscard]] const T* wait(Deadline deadline) {
        std::unique_lock lock(mutex_);
        return waited_for(lock, deadline);
    }

private:
    // Who waits for what is found at the last moment still gets it.
    [[nodiscard]] static Deadline earlier(Deadline deadline) {
        if (deadline.is_never()) return deadline;
        return Deadline::at(deadline.when() - std::min<Millis>(Millis(100), deadline.left() / 10));
    }

    const T* waited_for(std::unique_lock<std::mutex>& lock, Deadline deadline) {
        const auto is_found = [this] {
            return found_.has_value();
        };
        if (deadline.is_never())
            changed_.wait(lock, is_found);
        else
            changed_.wait_until(lock, deadline.when(), is_found);
        return found_ ? &*found_ : nullptr;
    }

    std::function<T(Deadline)> find_;
    std::mutex mutex_; // guards what follows
    std::condition_variable changed_;
    bool is_begun_ = false;
    std::optional<T> found_;
};

} // namespace squall::host
