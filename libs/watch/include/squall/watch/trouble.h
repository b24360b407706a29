// Something that ought to work and has not, since when. May be used from every thread.
#pragma once

#include "squall/base/clock.h"

#include <mutex>
#include <optional>
#include <string>

namespace squall::watch {

class Trouble {
public:
    struct Seen {
        SteadyTime since;
        int times = 0; // in a row
        std::string what;
    };

    // True when it is worth a line in the log: at first, and once a minute.
    bool failed(std::string what, SteadyTime now) {
        constexpr Seconds said_every{60};
        const std::lock_guard lock(mutex_);
        const bool is_new = !seen_;
        if (is_new) seen_ = Seen{now, 0, {}};
        ++seen_->times;
        seen_->what = std::move(what);
        if (!is_new && now < said_at_ + said_every) return false;
        said_at_ = now;
        return true;
    }

    void ended() {
        const std::lock_guard lock(mutex_);
        seen_.reset();
    }

    [[nodiscard]] std::optional<Seen> seen() const {
        const std::lock_guard lock(mutex_);
        return seen_;
    }

private:
    mutable std::mutex mutex_;
    std::optional<Seen> seen_;
    SteadyTime said_at_{};
};

} // namespace squall::watch
