// One step of the monitor's judgement: what reduce() is made of. A Reduction lives for one input.
// Its parts are in files by subject: reports (what is said of container instances), edges (gone,
// back), judgement (whether anybody needs to know), verdict (what excuses it), unregistered,
// grouping, incidents, ladder.
#pragma once

#include "squall/monitor/reduce.h"

#include <string>

namespace squall::monitor {

class Reduction {
public:
    Reduction(State& state, WallTime now, const Settings& settings)
        : state_(state), now_(now), settings_(settings) {}

    void take(const Tick& tick);
    void take(const InstanceChanged& event);
    void take(const AgentHealthChanged& event);
    void take(const EndAnnounced& event);
    void take(const Ec2StateChanged& event);
    void take(const Window& window);
    void take(const ClustersSeen& seen);
    void take(const Polled& polled);
    void take(const PollFailed& failed);
    void take(const GroupMembersSeen& seen);
    void take(const Looked& looked);

    [[nodiscard]] Actions take_actions() { return std::move(actions_); }

private:
    // Why nobody needs to know of a host whose agent is gone. `until`: when to look again; no_time:
    // when a poll has seen it.
    struct Verdict {
        Reason reason = Reason::none; // none: somebody does
        std::string detail;
        WallTime until = no_time;
    };

    // reports.cc
    void take_event(const InstanceReport& report);
    // False when it is older than what is known.
    bool take_describe(Host& host, const InstanceReport& report, WallTime asked_at);
    Record& record_of(Host& host, const InstanceReport& report);
    void take_details(Host& host, Record& record, const InstanceReport& report);
    bool revive(Host& host, const Record& record, const InstanceReport& report);
    void take_history(Host& host, const Record& record, bool was_connected, WallTime at);
    void set_connected(Host& host, Record& record, bool is_connected, WallTime at, bool is_exact);
    void set_status(Host& host, Record& record, std::string_view text);
    void look_for_ghosts(Host& host);
    void find_missing(const ClusterState& cluster, WallTime asked_at);
    void see_ec2(Host& host, const Ec2Seen& seen);
    void started(Host& host, WallTime at);

    // edges.cc
    void went_down(Host& host, WallTime at, bool is_exact);
    void came_back(Host& host, WallTime at, bool is_exact);
    void came_back_unconfirmed(Host& host, WallTime at, bool is_exact);
    void count_gap(Host& host, WallTime end, Millis length);
    [[nodiscard]] WallTime after_windows(const Host& host, WallTime from) const;
    void restart_grace(Host& host, WallTime from);

    // judgement.cc
    void check(Host& host);
    void ask(Host& host, bool also_ecs);
    void take_answer(const LookAnswer& answer);
    void judge(Host& host);
    void judge_again(Host& host);
    void suppress(Host& host, const Verdict& found);
    void leave_unverified(Host& host, const std::string& why);
    void note_api(ApiOutcome outcome, const std::string& what);
    void tell_of_api(std::string what);

    // verdict.cc
    [[nodiscard]] Verdict verdict(const Host& host) const;
    [[nodiscard]] Verdict status_verdict(const Host& host) const;
    [[nodiscard]] Verdict ec2_verdict(const Host& host) const;
    [[nodiscard]] Verdict time_verdict(const Host& host) const;
    [[nodiscard]] WallTime believed_until(const Host& host, WallTime noticed_at) const;
    [[nodiscard]] const Window* window_over(const Host& host) const;
    // Of the windows that are open over it the last end; unknown_time: none is.
    [[nodiscard]] WallTime window_end(const Host& host) const;

    // unregistered.cc
    void look_at_unregistered(const GroupMember& member);

    // grouping.cc
    void release(Host& host);
    struct Neighbours;
    [[nodiscard]] Neighbours neighbours_of(const Host& host) const;
    bool release_group(const Neighbours& near);

    // incidents.cc
    void open_single(Host& host);
    void open_group(Incident::Kind kind, const std::vector<Host*>& hosts);
    void arm(Incident& incident, WallTime judged_from);
    [[nodiscard]] WallTime silent_until(const Incident& incident) const;
    void leave_incident(Host& host, WallTime at, Reason reason);
    void remind(Incident& incident);
    void escalate(Incident& incident);
    void finish(Host& host); // out of every list: forgotten after a while

    // reduce.cc
    void end_silence(WallTime put_off_to, WallTime until);

    // ladder.cc
    void start_ladder(Host& host);
    void climb(Host& host);
    void hold_back(Host& host, const char* why, WallTime until);
    [[nodiscard]] bool was_done_lately(const Host& host, Rung rung) const;
    void go_past(Host& host);
    [[nodiscard]] bool has_room(const Host& host) const;
    [[nodiscard]] bool is_region_guarded(std::string_view region) const;

    Decision& decide(DecisionKind kind, const Host& host, Reason reason, std::string detail = {});
    Decision& decide(DecisionKind kind, const Incident& incident, Reason reason);
    void trace(const Host& host, std::string text);

    State& state_;
    WallTime now_;
    const Settings& settings_;
    Actions actions_;
};

} // namespace squall::monitor
