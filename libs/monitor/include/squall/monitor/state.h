// Everything that the monitor knows and must not forget: container instances by host, incidents,
// planned windows, and the timers that hang on them. Changed by reduce() alone; saved_state.h
// turns it into rows and back. For one thread.
#pragma once

#include "squall/monitor/decision.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace squall::monitor {

inline constexpr WallTime no_time = WallTime::max();

// Texts of which there are few, each kept once.
class TextPool {
public:
    [[nodiscard]] const std::string* keep(std::string_view text);

private:
    std::unordered_set<std::string> texts_;
};

enum class Status { active, draining, deregistering, inactive, registering, failed, unknown };

[[nodiscard]] Status status_of(std::string_view text);
[[nodiscard]] std::string_view text(Status status);

// One registration of a host in a cluster. A host that registered twice has two.
struct Record {
    std::string arn;
    std::int64_t event_version = unknown_version; // of the last event
    std::int64_t seen_version = unknown_version;  // of the last event or describe
    WallTime since = unknown_time;                // of the present connection state
    WallTime connected_at = unknown_time;         // the last time that it was known to be
    WallTime registered_at = unknown_time;
    WallTime heard_at = unknown_time; // by the monitor's clock
    Status status = Status::unknown;
    bool is_connected = false;
    bool is_known = false; // false until something was said of its connection
    bool is_missing = false;
    bool is_ghost_told = false;

    [[nodiscard]] std::int64_t version() const { return std::max(event_version, seen_version); }
};

enum class Phase : std::uint8_t {
    up,
    grace,      // gone; may be back before `due`
    checking,   // the APIs are being asked
    unverified, // they did not give an answer that counts; asked again at `due`
    held,       // gone for certain; waits for others that belong to it
    open,       // told
    suppressed, // gone, and nobody needs to know: `reason`
    gone        // no such host any more
};

[[nodiscard]] std::string_view text(Phase phase);

struct Gap {
    WallTime end;
    Millis length;
};

struct ClusterState {
    std::string arn;
    std::string name;
    std::string region; // empty where the ARN does not say
    bool is_monitored = true;
    std::vector<struct Host*> hosts;
};

struct Host {
    std::string key; // cluster ARN | EC2 instance id
    ClusterState* cluster = nullptr;
    std::size_t slot = 0; // in the cluster's list
    std::string ec2_instance_id;
    std::vector<Record> records;

    // Traits; never null.
    const std::string* availability_zone = nullptr;
    const std::string* subnet = nullptr;
    const std::string* ami = nullptr;
    const std::string* instance_type = nullptr;
    const std::string* agent_version = nullptr;
    const std::string* docker_version = nullptr;
    const std::string* capacity_provider = nullptr;

    Phase phase = Phase::up;
    Reason reason = Reason::none;      // why suppressed
    Reason told_reason = Reason::none; // the last that was recorded for this disconnection
    bool is_since_exact = false;       // an event's time, not a poll's
    bool is_unregistered = false;      // known from its Auto Scaling group only
    bool is_unverified_told = false;
    std::uint8_t retries = 0;
    std::uint8_t next_rung = 0;
    bool was_acted_on = false;           // in this incident, by more than a diagnosis
    WallTime due = no_time;              // of the phase
    WallTime rung_due = no_time;         // of the ladder
    WallTime since = unknown_time;       // gone since
    WallTime judged_from = unknown_time; // from when the grace counts
    WallTime back_at = unknown_time;     // of a held one that came back
    WallTime held_at = unknown_time;
    WallTime spot_at = unknown_time;
    WallTime scale_in_at = unknown_time;
    WallTime launched_at = unknown_time;
    WallTime acted_at = unknown_time; // by more than a diagnosis, in whichever incident
    Rung acted_rung = Rung::diagnose; // what was done then
    const char* held_back = nullptr;  // why the ladder waits, as it was said; not saved
    WallTime flapping_told_at = unknown_time;
    const std::string* ec2_state = nullptr; // never null; empty: not known
    std::string incident;                   // of phase open
    std::vector<Gap> gaps;                  // of the last hour
    std::uint32_t disconnects = 0;
    std::uint32_t rotations = 0;
    bool is_changed = false; // since take_changes()

    [[nodiscard]] bool is_connected() const;
    [[nodiscard]] const Record* active_record() const; // the one that matters; may be null
    // One that should be connected: the whole of which shares are taken.
    [[nodiscard]] bool is_expected() const;
    [[nodiscard]] Traits traits() const;

    [[nodiscard]] const std::string& region() const { return cluster->region; }
};

struct Incident {
    enum class Kind { single, zone, cluster, region };

    struct Member {
        std::string host;
        std::string node;
        bool is_out = true;
        bool is_gone = false; // out no more, because there is no such host any more
    };

    std::string id;
    Kind kind = Kind::single;
    std::string cluster; // name; empty where there are several
    std::string region;
    std::vector<Member> members;
    Traits traits;
    WallTime since = unknown_time;
    WallTime opened_at = unknown_time;
    WallTime last_back = unknown_time;
    WallTime remind_at = no_time;
    WallTime escalate_at = no_time;
    int reminders = 0;
    bool is_escalated = false;
    bool has_returned = false; // one of the members is back, and did not just go away
    bool is_changed = false;

    [[nodiscard]] std::size_t out() const;
};

class State {
public:
    struct Timer {
        enum class Of : std::uint8_t { host, rung, remind, escalate };

        WallTime due;
        Of of = Of::host;
        std::string_view key; // of the host or incident, which outlives it

        // NOLINTNEXTLINE(modernize-use-nullptr): it sees a zero in what is made for us
        auto operator<=>(const Timer&) const = default;
    };

    // What has changed since the last time somebody asked; forgotten ones by key only.
    struct Changes {
        std::vector<const Host*> hosts;
        std::vector<const Incident*> incidents;
        std::vector<std::string> forgotten_hosts;
        std::vector<std::string> closed_incidents;
        bool is_other_changed = false; // windows, clusters, the APIs' health
    };

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    State(State&&) = default;
    State& operator=(State&&) = default;
    ~State() = default;

    [[nodiscard]] static std::string key_of(std::string_view cluster_arn,
                                            std::string_view ec2_instance_id);
    [[nodiscard]] Host* find(std::string_view key);
    [[nodiscard]] const Host* find(std::string_view key) const;
    Host& host(std::string_view cluster_arn, std::string_view ec2_instance_id);
    // In any cluster. The views must not outlive a change.
    [[nodiscard]] std::vector<Host*> hosts_of(std::string_view ec2_instance_id);
    void forget(Host& host);

    ClusterState& cluster(std::string_view arn);
    // By ARN or name.
    [[nodiscard]] ClusterState* find_cluster(std::string_view arn_or_name);

    [[nodiscard]] const std::map<std::string, ClusterState, std::less<>>& clusters() const {
        return clusters_;
    }

    Incident& open(Incident incident);
    [[nodiscard]] Incident* find_incident(std::string_view id);

    [[nodiscard]] const std::map<std::string, Incident, std::less<>>& incidents() const {
        return incidents_;
    }

    void close(Incident& incident);

    void set_due(Host& host, WallTime due);
    void set_rung_due(Host& host, WallTime due);
    void set_remind_at(Incident& incident, WallTime due);
    void set_escalate_at(Incident& incident, WallTime due);
    // no_time when there is none.
    [[nodiscard]] WallTime next_due() const;
    // The earliest of those that are due, and takes it away.
    [[nodiscard]] std::optional<Timer> take_due(WallTime now);

    void set_phase(Host& host, Phase phase);

    // In the order of their keys.
    [[nodiscard]] const std::set<Host*, bool (*)(const Host*, const Host*)>& held() const {
        return held_;
    }

    void touch(Host& host);
    void touch(Incident& incident);

    void touch_other() { is_other_changed_ = true; }

    [[nodiscard]] Changes take_changes();

    [[nodiscard]] const std::string* keep(std::string_view text) { return texts_.keep(text); }

    [[nodiscard]] std::size_t host_count() const { return hosts_.size(); }

    // Calls `look` with every host, in no particular order.
    template <class Look>
    void for_each_host(Look look) const {
        for (const auto& [key, host] : hosts_)
            look(*host);
    }

    std::vector<Window> windows;
    std::map<std::string, WallTime, std::less<>> first_seen; // of instances nobody has registered
    int api_failures = 0;                                    // in a row
    bool is_api_failure_told = false;

private:
    static bool is_before(const Host* a, const Host* b) { return a->key < b->key; }

    void move_timer(WallTime& from, WallTime to, Timer::Of of, std::string_view key);

    TextPool texts_;
    std::map<std::string, ClusterState, std::less<>> clusters_;
    std::unordered_map<std::string_view, std::unique_ptr<Host>> hosts_;
    std::unordered_multimap<std::string_view, Host*> by_instance_;
    std::map<std::string, Incident, std::less<>> incidents_;
    std::set<Timer> timers_;
    std::set<Host*, bool (*)(const Host*, const Host*)> held_{&is_before};
    std::vector<Host*> changed_hosts_;
    std::vector<Incident*> changed_incidents_;
    std::vector<std::string> forgotten_hosts_;
    std::vector<std::string> closed_incidents_;
    bool is_other_changed_ = false;
};

[[nodiscard]] bool concerns(const Window& window, const Host& host);

// "demo" of "arn:aws:ecs:us-east-1:123456789012:cluster/demo", or of itself.
[[nodiscard]] std::string_view cluster_name(std::string_view arn_or_name);

} // namespace squall::monitor
