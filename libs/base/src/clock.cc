#include "squall/base/clock.h"

#include <algorithm>

namespace squall {

Millis Deadline::left(SteadyTime now) const {
    if (is_never()) return Millis::max();
    return std::max(Millis(0), std::chrono::duration_cast<Millis>(when_ - now));
}

bool SystemClock::wait_until(SteadyTime when, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, stop, when, [] { return false; });
    return !stop.stop_requested();
}

} // namespace squall
