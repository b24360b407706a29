// A host's agent goes, and comes back.
#include "reduction.h"
#include "squall/base/time_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace squall::monitor {
namespace {

Millis between(WallTime from, WallTime to) {
    return std::max(Millis(0), std::chrono::duration_cast<Millis>(to - from));
}

} // namespace

// What goes in a window is not judged by the window's end, but a grace later.
WallTime Reduction::after_windows(const Host& host, WallTime from) const {
    WallTime after = from;
    for (const auto& window : state_.windows) {
        if (concerns(window, host) && window.from <= from && from < window.until
            && window.until <= now_)
            after = std::max(after, window.until);
    }
    return after;
}

// Puts the end of the grace where it belongs, when it counts from `from`.
void Reduction::restart_grace(Host& host, WallTime from) {
    host.judged_from = after_windows(host, from);
    state_.set_phase(host, Phase::grace);
    state_.set_due(host, host.judged_from + settings_.grace);
}

void Reduction::went_down(Host& host, WallTime at, bool is_exact) {
    // Of a host that came back while its incident was held, that is told before this begins.
    if (host.phase == Phase::held) open_single(host);
    ++host.disconnects;
    host.since = at;
    host.is_since_exact = is_exact;
    host.back_at = unknown_time;
    host.reason = Reason::none;
    host.told_reason = Reason::none;
    host.is_unverified_told = false;
    host.retries = 0;
    restart_grace(host, at);
}

void Reduction::came_back(Host& host, WallTime at, bool is_exact) {
    const Phase phase = host.phase;
    if (host.is_unregistered) {
        host.is_unregistered = false;
        state_.touch(host);
    }
    if (phase == Phase::up || phase == Phase::gone) {
        state_.set_phase(host, Phase::up);
        state_.set_due(host, no_time);
        return;
    }
    count_gap(host, at, between(host.since, at));
    if (phase == Phase::held) {
        host.back_at = at; // told all the same, when the hold is over
        state_.touch(host);
        return;
    }
    if (phase == Phase::open) {
        leave_incident(host, at, Reason::none);
    } else if (phase == Phase::suppressed) {
        if (host.reason == Reason::planned && host.cluster->is_monitored) {
            decide(DecisionKind::info, host, Reason::planned, "connected again").duration =
                between(host.since, at);
        }
    } else {
        came_back_unconfirmed(host, at, is_exact);
        if (host.phase == Phase::held) return;
    }
    state_.set_due(host, no_time);
    state_.set_rung_due(host, no_time);
    state_.set_phase(host, Phase::up);
    host.reason = Reason::none;
}

// Back before anybody has confirmed that it was gone.
void Reduction::came_back_unconfirmed(Host& host, WallTime at, bool is_exact) {
    const Millis gap = between(host.since, at);
    if (gap < limits::rotation_max || !host.cluster->is_monitored) return;
    if (const Window* window = window_over(host)) {
        decide(DecisionKind::suppressed, host, Reason::planned, window->why).duration = gap;
        return;
    }
    // Its own events say that it was gone for longer than anybody wants: nobody could ask in time.
    const bool was_too_long = is_exact && host.is_since_exact && gap > settings_.grace
                              && at - host.judged_from > settings_.grace;
    if (was_too_long && verdict(host).reason == Reason::none) {
        host.back_at = at;
        host.held_at = now_;
        state_.set_phase(host, Phase::held);
        state_.set_due(host, now_ + settings_.hold);
        return;
    }
    decide(DecisionKind::suppressed, host, Reason::reconnected).duration = gap;
}

void Reduction::count_gap(Host& host, WallTime end, Millis length) {
    const bool is_rotation = length < limits::rotation_max;
    if (is_rotation) ++host.rotations;
    state_.touch(host);
    // A day of planned disturbances says nothing of how the agent is by itself.
    if (window_over(host) != nullptr) return;
    auto& gaps = host.gaps;
    gaps.erase(std::remove_if(gaps.begin(),
                              gaps.end(),
                              [&](const Gap& gap) { return gap.end + Seconds(3600) <= end; }),
               gaps.end());
    // More than the largest number that anybody counts to is of no use.
    if (gaps.size() > limits::rotations_an_hour) gaps.erase(gaps.begin());
    gaps.push_back({end, length});
    std::size_t flaps = 0;
    std::size_t recent = 0;
    for (const auto& gap : gaps) {
        if (gap.length < limits::rotation_max) continue;
        ++flaps;
        if (gap.end + Seconds(1800) > end) ++recent;
    }
    const bool is_flapping = flaps > limits::flaps_an_hour || recent > limits::flaps_half_an_hour
                             || gaps.size() > limits::rotations_an_hour;
    if (!is_flapping || !host.cluster->is_monitored) return;
    if (host.flapping_told_at != unknown_time && now_ < host.flapping_told_at + Seconds(3600))
        return;
    host.flapping_told_at = now_;
    decide(DecisionKind::info,
           host,
           Reason::flapping,
           fmt::format("disconnected {} times within an hour, {} of them for more than {} s",
                       gaps.size(),
                       flaps,
                       limits::rotation_max.count()));
}

} // namespace squall::monitor
