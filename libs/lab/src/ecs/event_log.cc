#include "ecs/event_log.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"

namespace squall::lab {

void EventLog::record(std::string_view detail_type,
                      std::string_view resource_arn,
                      json::Object detail,
                      WallTime now) {
    json::Object event{{"version", "0"},
                       {"id", random_uuid()},
                       {"detail-type", detail_type},
                       {"source", "aws.ecs"},
                       {"account", account_},
                       {"time", rfc3339_seconds(now)},
                       {"region", region_},
                       {"resources", json::Array{json::Value(resource_arn)}},
                       {"detail", std::move(detail)}};
    if (listener_) listener_(event, now);
    event["sequence"] = ++last_number_;
    events_.push_back(std::move(event));
    if (events_.size() > events_max) events_.pop_front();
}

json::Array EventLog::after(std::uint64_t number) const {
    json::Array found;
    for (const auto& event : events_) {
        if (static_cast<std::uint64_t>(json::integer_at(event, "sequence")) > number)
            found.push_back(event);
    }
    return found;
}

} // namespace squall::lab
