// The settings that narrow a fault to some of a cluster's container instances, and what they come
// to. Shared by every fault that works on container instances.
#pragma once

#include "cluster_view.h"
#include "squall/experiment/plan.h"
#include "squall/experiment/problem.h"

namespace squall::experiment {

// CONTAINER_INSTANCE_IDS, AVAILABILITY_ZONE, ATTRIBUTE, INSTANCE_AFFECTED_PERC, SEQUENCE, WAVES,
// SEED.
[[nodiscard]] std::vector<TunableSpec> narrowing_tunables();

// What contradicts what.
[[nodiscard]] Problems check_narrowing(const TunableValues& values);

// The instances that the ids, the zone and the expression leave: an error where an id is not
// there, or where nothing is left. Pointers into the view.
[[nodiscard]] Result<std::vector<const aws::ContainerInstance*>>
narrowed(const ClusterView& view, const TunableValues& values);

// All that the settings speak of, at once: no share of it, and no waves.
void widen(TunableValues& values);

// Of plan.targets, which are those that match: picks as many as are wanted of those that can be
// injected, drops the rest of these, and gives every one its wave. Where chance decides, the seed
// is in plan.tunables afterwards.
void choose_targets(Plan& plan);

} // namespace squall::experiment
