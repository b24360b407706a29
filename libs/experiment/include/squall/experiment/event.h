// What happens in a run, one thing at a time, as it is journalled, shown and printed. Every view of
// a run is a view of this one stream.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/json.h"

#include <cstdint>
#include <string>

namespace squall::experiment {

struct Event {
    std::int64_t sequence = 0; // 1, 2, … within its run
    WallTime at;
    std::string run;
    std::string kind;   // "phase", "intent", "affected", …: docs/events.md names them all
    std::string target; // an instance id; empty where the event concerns the whole run
    json::Object data;

    // {"seq","at","run","kind","target"?, and the members of data}
    [[nodiscard]] json::Object to_json() const;
};

// May be called from the runner's thread only.
class EventSink {
public:
    EventSink() = default;
    EventSink(const EventSink&) = delete;
    EventSink& operator=(const EventSink&) = delete;
    virtual ~EventSink() = default;
    virtual void on_event(const Event& event) = 0;
};

} // namespace squall::experiment
