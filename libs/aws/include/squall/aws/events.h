// Amazon EventBridge, as far as we put events on its buses.
#pragma once

#include "squall/aws/client.h"
#include "squall/aws/entries.h"

#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace squall::aws {

struct EventEntry {
    std::string source;
    std::string detail_type;
    json::Object detail;
    std::vector<std::string> resources; // ARNs
    std::optional<WallTime> time;       // nothing: when EventBridge gets it
};

// As thread-safe as its client, which must outlive it.
class Events {
public:
    explicit Events(Client& client) : client_(client) {}

    // On the bus of this name or ARN, ten at a time. Events that it did not take are among the
    // failures; a call that failed as a whole ends everything with its error. A call whose answer
    // was lost is repeated: an event may be there twice.
    [[nodiscard]] Outcome<std::vector<EntryFailure>> put_events(std::string_view event_bus,
                                                                std::span<const EventEntry> entries,
                                                                Deadline deadline,
                                                                const std::stop_token& stop);

    // Of this name or ARN. EventBridge takes events for a bus that is not there, and loses them.
    [[nodiscard]] Outcome<bool>
    has_event_bus(std::string_view event_bus, Deadline deadline, const std::stop_token& stop);

    // By how much AWS's clock is ahead of ours, as its answers have it.
    [[nodiscard]] Wall::duration server_ahead() const { return client_.server_ahead(); }

private:
    Client& client_;
};

// An error where put_events() has failed, or any event was not taken.
[[nodiscard]] Result<void> all_taken(const Outcome<std::vector<EntryFailure>>& put);

} // namespace squall::aws
