// One window of a fault on a group of hosts: order it, see its effect, hold it, take it back, see
// recovery. A parallel run is one window over all hosts, others have one for each wave.
#pragma once

#include "canary.h"
#include "event_writer.h"
#include "fleet_times.h"
#include "guards.h"
#include "host_states.h"
#include "squall/experiment/runner.h"
#include "squall/host/remote_command.h"

#include <map>
#include <optional>

namespace squall::experiment {

struct WindowParts {
    World& world;
    const Fault& fault;
    const Plan& plan;
    EventWriter& events;
    HostStates& hosts;
    const Stops& stops;
    const RunTimes& times;
    // Asked while the fault is held; null where there is nothing to hold.
    Guards* guards = nullptr;
    Canary* canary = nullptr;
};

class FaultWindow {
public:
    // `wave` counts from 1; 0 of a window that only takes back.
    FaultWindow(WindowParts parts, std::vector<std::string> instance_ids, std::size_t wave);

    // Orders the fault and holds it until its end, an abort, or until it is clear that it is
    // nowhere. An error: it could not be ordered on all hosts. In every case revert() has to
    // follow.
    [[nodiscard]] Result<void> inject_and_hold();

    // Takes the fault back on every host that may have it, and waits until all are seen well, or
    // for too long. Does not heed `abort`; `quit` leaves the hosts to themselves.
    void revert();

    // For a run that somebody else began: until when its orders are valid, and when its hosts
    // restore themselves.
    void take_over(WallTime not_after, WallTime restore_at) {
        not_after_ = not_after;
        restore_at_ = restore_at;
    }

    // Why the fault was ended before its time: another run holds one of the hosts, or a guard.
    [[nodiscard]] const std::optional<std::string>& ended_since() const { return ended_since_; }

private:
    Result<void> order();
    Result<void>
    order_batch(const std::vector<std::string>& ids, host::Shell shell, Deadline limit);
    Result<void> intend(const std::vector<std::string>& ids);
    // Whether all have answered. An error: nobody may ask, and nothing will change that.
    Result<bool> look_after_orders(const std::stop_token& stop);
    void take_answer(HostState& host, const host::HostResult& result);
    void take_report(HostState& host, const HostReport& report);
    void tell_armed(HostState& host, const HostReport& report);
    // Of a fault whose effect the hosts know: what they have counted, and that they are well.
    void take_counts(HostState& host, const HostReport& report);

    [[nodiscard]] const FaultDescription& described() const { return parts_.fault.description(); }

    bool look_at_effect(bool all);
    void hold_begins();
    [[nodiscard]] WallTime hold_end() const;
    [[nodiscard]] bool is_nowhere() const;
    bool send_revert();
    bool send_undo(const std::vector<std::string>& ids, bool is_certain);
    void look_after_reverts();
    void look_at_recovery();
    void see(HostState& host, const Sight& sight);
    [[nodiscard]] bool all_recovered() const;
    void tell_trouble(const std::string& doing, const aws::ApiError& error);
    [[nodiscard]] Deadline call_deadline() const;
    [[nodiscard]] std::vector<std::string> arns_where(bool (*condition)(const HostState&)) const;
    // `what` is for people who see the command in SSM's console.
    [[nodiscard]] host::Script
    script_for(std::string text, host::Shell shell, std::string_view what) const;

    WindowParts parts_;
    std::vector<std::string> ids_;
    std::size_t wave_;
    std::map<std::string, std::string> words_; // what the fault has prepared for its orders
    host::RemoteCommand orders_;
    host::RemoteCommand reverts_;
    FleetTimes fleet_;
    WallTime not_after_; // of the last order
    WallTime restore_at_;
    std::optional<WallTime> planned_end_;
    std::optional<std::string> ended_since_;
    bool holding_ = false;
    bool reverting_ = false;
    WallTime last_trouble_;
    std::map<std::string, WallTime> troubles_; // when each kind was told last
    std::string blind_since_; // why the last look at the hosts gave nothing; empty: it did
};

} // namespace squall::experiment
