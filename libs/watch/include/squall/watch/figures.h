// What a monitor counts of itself. May be used from every thread.
#pragma once

#include "squall/monitor/decision.h"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace squall::watch {

class MonitorFigures {
public:
    struct Snapshot {
        std::uint64_t inputs = 0;
        std::map<std::string, std::uint64_t> decisions;  // by kind
        std::map<std::string, std::uint64_t> suppressed; // by reason
        std::map<std::string, std::uint64_t> sent;       // by channel
        std::uint64_t polls = 0;
        std::uint64_t failed_polls = 0;
        std::optional<SteadyTime> last_poll; // that succeeded
    };

    void judged(std::size_t inputs);
    void decided(const monitor::Decision& decision);
    void sent(std::string_view channel, std::size_t count);
    void polled(bool is_success, SteadyTime now);
    [[nodiscard]] Snapshot snapshot() const;

private:
    mutable std::mutex mutex_;
    Snapshot counts_;
};

} // namespace squall::watch
