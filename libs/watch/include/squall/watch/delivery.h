// From the outbox to those who are to be told.
#pragma once

#include "squall/watch/channel.h"
#include "squall/watch/store.h"

#include <optional>
#include <stop_token>

namespace squall::watch {

// A member of an entry's object: the doctor looks at the hosts of this incident, and what it finds
// belongs into this notice. It is waited for, `diagnosis_wait` at the most.
inline constexpr std::string_view awaits_diagnosis = "awaits_diagnosis";
inline constexpr Seconds diagnosis_wait{60};

struct Delivery {
    std::size_t done = 0; // sent, given up, or no longer worth sending
    // Why the next one could not be sent; it is put off: 1 s, 2 s, 4 s … 5 min.
    std::optional<Error> failure;
};

// Sends what a channel has to send and is due, oldest first. A reminder that something newer of the
// same incident follows is not sent any more, and neither is an escalation whose incident is over.
// An error is the store's.
[[nodiscard]] Result<Delivery>
deliver(Store& store, Channel& channel, Clock& clock, const std::stop_token& stop);

} // namespace squall::watch
