// What excuses that an agent is gone: ECS's status of its container instance, EC2's of the machine,
// and what was announced.
#include "reduction.h"
#include "squall/base/time_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace squall::monitor {

Reduction::Verdict Reduction::verdict(const Host& host) const {
    for (const auto& look :
         {&Reduction::status_verdict, &Reduction::ec2_verdict, &Reduction::time_verdict}) {
        Verdict found = (this->*look)(host);
        if (found.reason != Reason::none) return found;
    }
    return {};
}

Reduction::Verdict Reduction::status_verdict(const Host& host) const {
    const Record* record = host.active_record();
    if (record == nullptr) return {}; // never registered
    if (record->is_missing)
        return {Reason::missing, "ECS does not know this container instance any more"};
    switch (record->status) {
    case Status::draining:
        return {Reason::draining};
    case Status::deregistering:
        return {Reason::deregistering};
    case Status::inactive:
        return {Reason::inactive};
    case Status::failed:
        return {Reason::inactive, "its registration has failed"};
    case Status::registering:
        return {Reason::boot_grace, "it is registering"};
    case Status::active:
    case Status::unknown:
        break;
    }
    return {};
}

Reduction::Verdict Reduction::ec2_verdict(const Host& host) const {
    const std::string& state = *host.ec2_state;
    if (state == "terminated" || state == "shutting-down")
        return {Reason::terminated, "EC2 says " + state};
    if (state == "not found") return {Reason::terminated, "EC2 does not know this instance"};
    if (state == "stopped" || state == "stopping") return {Reason::stopped, "EC2 says " + state};
    if (state == "pending") return {Reason::boot_grace, "EC2 is starting it"};
    const auto same = const_cast<State&>(state_).hosts_of(host.ec2_instance_id);
    for (const Host* other : same) {
        if (other == &host || !other->is_connected()) continue;
        return {
            Reason::ghost,
            fmt::format("this instance is connected in cluster {}: deregister what it left here",
                        other->cluster->name)};
    }
    return {};
}

Reduction::Verdict Reduction::time_verdict(const Host& host) const {
    WallTime begun = host.launched_at;
    if (const Record* record = host.active_record()) begun = std::max(begun, record->registered_at);
    if (begun != unknown_time && now_ < begun + settings_.boot_grace)
        return {Reason::boot_grace,
                fmt::format("registered or launched at {}", rfc3339_seconds(begun)),
                begun + settings_.boot_grace};
    if (const WallTime until = believed_until(host, host.spot_at); now_ < until)
        return {Reason::spot, "EC2 has announced that it takes this instance back", until};
    if (const WallTime until = believed_until(host, host.scale_in_at); now_ < until)
        return {Reason::scale_in, "its Auto Scaling group terminates it", until};
    if (const Window* window = window_over(host))
        return {Reason::planned, window->why, window->until + settings_.grace};
    return {};
}

// Until when a notice of the host's coming end excuses that its agent is gone: by then EC2 says by
// itself that it has terminated.
WallTime Reduction::believed_until(const Host& host, WallTime noticed_at) const {
    if (noticed_at == unknown_time || noticed_at + limits::notice_kept < host.since)
        return unknown_time;
    return std::max(noticed_at, host.since) + limits::notice_kept + settings_.grace;
}

// The planned window that excuses this disconnection: it is open, or the agent went in it and has
// had no grace since.
const Window* Reduction::window_over(const Host& host) const {
    for (const auto& window : state_.windows) {
        if (!concerns(window, host) || now_ < window.from) continue;
        const bool went_in_it = window.from <= host.since && host.since < window.until;
        if (now_ < window.until || (went_in_it && now_ < window.until + settings_.grace))
            return &window;
    }
    return nullptr;
}

WallTime Reduction::window_end(const Host& host) const {
    WallTime end = unknown_time;
    for (const auto& window : state_.windows) {
        if (window.from <= now_ && now_ < window.until && concerns(window, host))
            end = std::max(end, window.until);
    }
    return end;
}

} // namespace squall::monitor
