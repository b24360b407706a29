// The order in which a placement strategy prefers instances. No state.
#pragma once

#include "ecs/placement.h"

namespace squall::lab::ecs {

// The best of `candidates`, null when there are none. Tasks are counted on `all` instances: those
// that cannot take one more count in their zone, too.
[[nodiscard]] ContainerInstance* best_of(const std::vector<ContainerInstance*>& candidates,
                                         const std::vector<ContainerInstance*>& all,
                                         const PlacementRequest& request,
                                         const Store& store);

} // namespace squall::lab::ecs
