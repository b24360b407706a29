#include "squall/watch/figures.h"

namespace squall::watch {

void MonitorFigures::judged(std::size_t inputs) {
    const std::lock_guard lock(mutex_);
    counts_.inputs += inputs;
}

void MonitorFigures::decided(const monitor::Decision& decision) {
    const std::lock_guard lock(mutex_);
    ++counts_.decisions[std::string(text(decision.kind))];
    if (decision.kind == monitor::DecisionKind::suppressed)
        ++counts_.suppressed[std::string(text(decision.reason))];
}

void MonitorFigures::sent(std::string_view channel, std::size_t count) {
    const std::lock_guard lock(mutex_);
    counts_.sent[std::string(channel)] += count;
}

void MonitorFigures::polled(bool is_success, SteadyTime now) {
    const std::lock_guard lock(mutex_);
    ++(is_success ? counts_.polls : counts_.failed_polls);
    if (is_success) counts_.last_poll = now;
}

MonitorFigures::Snapshot MonitorFigures::snapshot() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

} // namespace squall::watch
