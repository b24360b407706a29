// Which of what a timeline shows is wrong now.
#pragma once

#include "diagnosis/timeline.h"

namespace squall::doctor {

// One cause, with all that was seen of it.
struct Suspicion {
    std::size_t cause = 0;
    Certainty certainty = Certainty::possible;
    std::uint64_t count = 0;
    std::vector<Candidate> seen; // oldest first
};

// What came after the last good connection, without what later progress of the agent refutes.
[[nodiscard]] std::vector<Suspicion> current_suspicions(const Catalogue& catalogue,
                                                        const Timeline& timeline);

// `since` fails at an earlier stage than `before`, which was not seen while `since` goes on for
// long: the agent does not get as far any more.
[[nodiscard]] bool
keeps_from(const Catalogue& catalogue, const Suspicion& since, const Suspicion& before);

// What was wrong before the last good connection, where that is not long ago.
[[nodiscard]] std::vector<Suspicion> past_suspicions(const Catalogue& catalogue,
                                                     const Timeline& timeline);

[[nodiscard]] bool is_suspected(const Catalogue& catalogue,
                                const std::vector<Suspicion>& suspicions,
                                std::string_view cause);

} // namespace squall::doctor
