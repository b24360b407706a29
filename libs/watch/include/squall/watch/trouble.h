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

    void failed(std::string what, SteadyTime now) {
        const std::lock_guard lock(mutex_);
        if (!seen_) seen_ = Seen{now, 0, {}};
        ++seen_->times;
        seen_->what = std::move(what);
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
};

} // namespace squall::watch
