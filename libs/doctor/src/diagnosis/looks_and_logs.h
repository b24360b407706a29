// What looks say of what logs say, and of one another: which of it is over, which is one and the
// same, which is the root.
#pragma once

#include "diagnosis/current.h"
#include "squall/doctor/finding.h"

#include <string_view>
#include <vector>

namespace squall::doctor {

// What a log said, and a look now shows to be over. True: a stop is among it, and how the agent
// went on after it, no log says.
[[nodiscard]] bool drop_refuted(const Catalogue& catalogue,
                                const std::vector<Look>& looks,
                                std::vector<Suspicion>& suspicions);

// The settings send the agent to its proxy for what the metadata service alone has. Where nothing
// but logs tells of the metadata and the credentials, that is why. From afar the settings are not
// looked at: there a proxy that is no good, beside metadata that answers, says the same.
void fold_proxied_metadata(const std::vector<Look>& looks, std::vector<Finding>& findings);

// An agent that does not get to one endpoint gets no further: what keeps it from those behind that
// one as well is one more piece of evidence, and no cause of its own.
void fold_endpoints(std::vector<Look>& looks);

// What only a log tells, and what a look at the same thing shows to be well now: an agent waits up
// to 2m24s before it finds that out. Where something else keeps it away meanwhile, that comes
// first.
void tell_what_is_over(const Catalogue& catalogue,
                       const std::vector<Look>& looks,
                       std::vector<Finding>& findings);

// Of several that tell of one cause, the last one's words and remedy come first.
[[nodiscard]] std::vector<const Sign*> the_surest_last(const std::vector<Look>& looks);

// Where a look knows better which of two is the root.
void order_by_looks(const std::vector<Look>& looks, std::vector<Finding>& findings);

// A proxy that settings send the agent to for what is on its host keeps nothing from an agent that
// has connected, and had no trouble since; of one that ECS has answered, it is not what keeps it
// away.
void settle_proxy(const Catalogue& catalogue,
                  const Timeline& timeline,
                  const std::vector<Suspicion>& suspicions,
                  std::vector<Look>& looks);

// What is likely of a state that was left behind, and an agent has shown to be past.
void drop_left_state(const Catalogue& catalogue,
                     const Timeline& timeline,
                     const std::vector<Suspicion>& suspicions,
                     std::vector<Look>& looks);

// Settings whose cluster is not the agent's are not well, whatever else they say.
void drop_settings_of_another_cluster(const std::vector<Finding>& findings,
                                      std::vector<Look>& looks);

// By what is in the way first, of two that only logs tell of: who was refused, and for a good while
// since has not even got there, is kept away by the latter.
void order_by_time(const Catalogue& catalogue,
                   const std::vector<Look>& looks,
                   const std::vector<Suspicion>& suspicions,
                   std::vector<Finding>& findings);

} // namespace squall::doctor
