// StartLimitIntervalSec= and StartLimitBurst=: so many starts in such a time, then no more.
#pragma once

#include "init/time_span.h"

namespace squall::labhost::init {

// A window that opens with the first start and is forgotten when it is over, as in systemd. The
// settings are passed to each question, because a daemon-reload may change them.
class StartLimit {
public:
    // Counts this start; false if it is one too many. No limit where either setting is zero.
    [[nodiscard]] bool allows(SteadyTime now, Micros interval, int burst) {
        if (interval <= Micros(0) || burst <= 0) return true;
        if (count_ == 0 || after(opened_, interval) <= now) {
            opened_ = now;
            count_ = 0;
        }
        if (count_ >= burst) return false;
        ++count_;
        return true;
    }

    void reset() { count_ = 0; }

private:
    SteadyTime opened_;
    int count_ = 0;
};

} // namespace squall::labhost::init
