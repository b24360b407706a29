// What the monitor has decided, and what it wants done. Values: printing, sending and storing them
// is somebody else's.
#pragma once

#include "squall/monitor/input.h"
#include "squall/monitor/settings.h"

#include <string>
#include <string_view>
#include <vector>

namespace squall::monitor {

enum class DecisionKind {
    opened,
    reminded,
    escalated,
    recovered,
    grouped,
    suppressed,
    unverified,
    action,
    info
};

[[nodiscard]] std::string_view text(DecisionKind kind);

// Why nobody is told, or not any more.
enum class Reason {
    none,
    reconnected,
    draining,
    deregistering,
    inactive,
    missing,
    stopped,
    terminated,
    spot,
    scale_in,
    planned,
    ghost,
    boot_grace,
    flapping,
    region,
    api
};

[[nodiscard]] std::string_view text(Reason reason); // "scale-in"

struct Decision {
    WallTime at;
    DecisionKind kind = DecisionKind::info;
    std::string cluster; // its name; empty where it concerns more than one, or none
    std::string cluster_arn;
    std::string node; // EC2 instance id; empty where it concerns more than one, or none
    Reason reason = Reason::none;
    std::string detail;   // free text
    std::string incident; // of opened and all that follows from it
    WallTime since = unknown_time;
    std::optional<Millis> duration;   // of recovered, and of what was only measured
    std::vector<std::string> members; // of a group: EC2 instance ids, in order
    Traits traits;                    // of the host; of a group: what all members share
    std::string container_instance_arn;
    Rung rung = Rung::diagnose;  // of an action
    int number = 0;              // of a reminder: 1, 2, …
    std::size_t members_out = 0; // of a group: how many are still gone

    // Names this telling and no other: the same after a restart, and in each copy of a message.
    [[nodiscard]] std::string idempotency_key() const;
};

// True of what people are told; the rest is for the log, `explain` and metrics.
[[nodiscard]] bool is_notice(DecisionKind kind);
// Of the monitor itself: it cannot see, or sees again. People are told of that, too: silence would
// look like peace.
[[nodiscard]] bool is_about_sight(const Decision& decision);

struct LookRequest {
    std::string host; // key
    std::string cluster_arn;
    std::vector<std::string> arns; // of the container instances to describe; none: ECS is not asked
    std::string ec2_instance_id;
};

// Describe these in ECS, and in EC2 or SSM, and say what came (Looked).
struct Look {
    std::vector<LookRequest> hosts;
};

// Something that explains a decision, or why there was none: for the timeline.
struct Trace {
    WallTime at;
    std::string cluster;
    std::string node;
    std::string text;
};

struct Actions {
    std::vector<Decision> decisions;
    std::vector<Trace> traces;
    Look look;
};

} // namespace squall::monitor
