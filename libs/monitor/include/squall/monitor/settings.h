// What an operator sets of the monitor's judgement. The defaults and where they come from: a
// healthy agent may need 294 s to be back (144 s of back-off, 120 s until it notices, 30 s to
// dial), and every healthy one is back 160 s after the network is.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/result.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace squall::monitor {

// What may be done about a disconnected agent, mildest first. This is the order of the ladder.
enum class Rung { diagnose, restart_agent, restart_docker, drain, terminate };

inline constexpr std::array all_rungs{
    Rung::diagnose, Rung::restart_agent, Rung::restart_docker, Rung::drain, Rung::terminate};

[[nodiscard]] std::string_view text(Rung rung); // "restart-agent"
// "diagnose,restart-agent"; in the order of the ladder whatever order they are given in.
[[nodiscard]] Result<std::vector<Rung>> parse_rungs(std::string_view list);

struct Settings {
    // Below this an agent that sleeps in its back-off is taken for one that is gone. It is advice:
    // tests and practice clusters may want less.
    static constexpr Seconds grace_advised_min{180};

    Seconds grace{300};
    Seconds boot_grace{600}; // since registration or launch, whichever is later
    Seconds hold{30};        // how long an incident waits for others that belong to it
    Seconds remind{1800};
    // However short the grace is, and however late an incident was told: who was woken by it has so
    // long to act before it is called critical.
    Seconds escalate_min{300};
    std::vector<Rung> actions; // each opt-in
    // Only clusters whose tag `ecs-agent-monitoring` has this value.
    std::optional<std::string> cluster_tag;
};

inline constexpr std::string_view cluster_tag_key = "ecs-agent-monitoring";

// Numbers that follow from these or from facts, and that nobody has had a reason to set.
namespace limits {
// A gap that is shorter is the connection's routine renewal: 0.4 to 0.6 s, two or three an hour.
inline constexpr Seconds rotation_max{10};
inline constexpr int escalation_graces = 3;
// A zone's agents are not missed in the same second: the service notices within two minutes.
inline constexpr Seconds spread_max{120};
inline constexpr std::size_t group_min = 3;
inline constexpr double group_share = 0.2; // of a zone or a cluster
inline constexpr std::size_t region_min = 10;
// What was said of an instance's coming end belongs to a disconnection that follows within this,
// and is believed for so long and a grace more. EC2 takes a Spot instance back two minutes later.
inline constexpr Seconds notice_kept{300};
// An agent is back 160 s after its trouble has ended; then the next rung.
inline constexpr Seconds rung_wait{180};
// What was done to a host is not done again before this, however often its agent goes.
inline constexpr Seconds ladder_rest{3600};
inline constexpr Seconds retry_first{10};
inline constexpr Seconds retry_max{60};
// An answer that does not come is asked for again.
inline constexpr Seconds look_patience{120};
inline constexpr int api_failures_told = 5;
// Of one host: about ten minutes.
inline constexpr int retries_told = 12;
// What has gone is remembered so long that late duplicates find it.
inline constexpr Seconds gone_kept{3600};
// AWS's own rule for Managed Instances: 20 % at a time, one of fewer than nine.
inline constexpr double blast_share = 0.2;
inline constexpr std::size_t blast_whole_min = 9;
// Flapping: more gaps than these that are no rotations; or far more rotations than there can be.
inline constexpr std::size_t flaps_an_hour = 6;
inline constexpr std::size_t flaps_half_an_hour = 3;
inline constexpr std::size_t rotations_an_hour = 20;
} // namespace limits

} // namespace squall::monitor
