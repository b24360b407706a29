// The events that EventBridge would be given, kept for whoever asks later. Newest last, bounded.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/json.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <string>

namespace squall::lab {

class EventLog {
public:
    static constexpr std::size_t events_max = 10'000;

    EventLog(std::string account, std::string region)
        : account_(std::move(account)), region_(std::move(region)) {}

    // Is given each of them at once.
    using Listener = std::function<void(const json::Object& event, WallTime now)>;

    void on_event(Listener listener) { listener_ = std::move(listener); }

    void record(std::string_view detail_type,
                std::string_view resource_arn,
                json::Object detail,
                WallTime now);
    // Those after the one with this number (the first has 1), with their numbers under "sequence".
    [[nodiscard]] json::Array after(std::uint64_t number) const;

private:
    std::string account_;
    std::string region_;
    std::uint64_t last_number_ = 0;
    std::deque<json::Object> events_;
    Listener listener_;
};

} // namespace squall::lab
