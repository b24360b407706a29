#include "squall/aws/logs.h"

#include "entry_batches.h"

#include <algorithm>

namespace squall::aws {
namespace {

constexpr EntryLimits limits{10'000, std::size_t{1} << 20U};
constexpr std::size_t size_around_event = 26;
// What one call may hold from its first to its last event.
constexpr std::chrono::hours span_max{24};

// As entry_ranges, and none holds more than a day.
std::vector<EntryRange> ranges_of(std::span<const LogEvent> events) {
    std::vector<std::size_t> sizes;
    for (const auto& event : events)
        sizes.push_back(event.message.size() + size_around_event);
    std::vector<EntryRange> ranges;
    for (EntryRange range : entry_ranges(sizes, limits)) {
        for (std::size_t i = range.begin; i < range.end; ++i) {
            if (events[i].timestamp - events[range.begin].timestamp < span_max) continue;
            ranges.push_back({range.begin, i});
            range.begin = i;
        }
        ranges.push_back(range);
    }
    return ranges;
}

// The indices in it are of the first event that is too new, and of the one after the last too old.
std::size_t rejected_in(const json::Value& answer, std::size_t count) {
    const json::Value& info = json::at(answer, "rejectedLogEventsInfo");
    const auto size = static_cast<std::int64_t>(count);
    const auto too_new = size
                         - std::clamp<std::int64_t>(
                             json::integer_at(info, "tooNewLogEventStartIndex", size), 0, size);
    const auto too_old = std::max(json::integer_at(info, "tooOldLogEventEndIndex"),
                                  json::integer_at(info, "expiredLogEventEndIndex"));
    return static_cast<std::size_t>(std::clamp<std::int64_t>(too_new + too_old, 0, size));
}

} // namespace

Outcome<json::Value> Logs::put(const LogStream& stream,
                               std::span<const LogEvent> events,
                               Deadline deadline,
                               const std::stop_token& stop) {
    json::Array array;
    for (const auto& event : events) {
        const auto millis =
            std::chrono::duration_cast<Millis>(event.timestamp.time_since_epoch()).count();
        array.push_back(json::Object{{"timestamp", millis}, {"message", event.message}});
    }
    const json::Object names{{"logGroupName", stream.group}, {"logStreamName", stream.name}};
    json::Object input = names;
    input["logEvents"] = std::move(array);
    auto answer = client_.call_json(ServiceId::logs, "PutLogEvents", input, deadline, stop);
    if (answer || answer.error().code != "ResourceNotFoundException") return answer;
    // It says so of a missing group, too: then making the stream says it again.
    const auto made =
        client_.call_text(ServiceId::logs, "CreateLogStream", json::text(names), deadline, stop);
    if (!made && made.error().code != "ResourceAlreadyExistsException") return fail(made.error());
    return client_.call_json(ServiceId::logs, "PutLogEvents", input, deadline, stop);
}

Outcome<std::size_t> Logs::put_log_events(const LogStream& stream,
                                          std::vector<LogEvent> events,
                                          Deadline deadline,
                                          const std::stop_token& stop) {
    std::erase_if(events, [](const LogEvent& event) { return event.message.empty(); });
    std::stable_sort(events.begin(), events.end(), [](const LogEvent& a, const LogEvent& b) {
        return a.timestamp < b.timestamp;
    });
    std::size_t rejected = 0;
    for (const auto& range : ranges_of(events)) {
        const auto answer =
            put(stream, std::span(events).subspan(range.begin, range.size()), deadline, stop);
        if (!answer) return fail(answer.error());
        rejected += rejected_in(*answer, range.size());
    }
    return rejected;
}

} // namespace squall::aws
