#include "squall/aws/events.h"

#include "entry_batches.h"
#include "pages.h"

namespace squall::aws {
namespace {

// "Less than 256 KB" of sources, types, details, resources, and fourteen bytes for each time.
constexpr EntryLimits limits{10, (std::size_t{256} << 10U) - 1};
constexpr std::size_t size_of_time = 14;

json::Object encode(const EventEntry& entry, std::string_view event_bus) {
    json::Object object{{"Source", entry.source},
                        {"DetailType", entry.detail_type},
                        {"Detail", json::text(entry.detail)},
                        {"EventBusName", event_bus}};
    if (!entry.resources.empty()) object["Resources"] = to_json(entry.resources);
    if (entry.time)
        object["Time"] =
            std::chrono::duration_cast<Seconds>(entry.time->time_since_epoch()).count();
    return object;
}

std::size_t size_of(const EventEntry& entry, const json::Object& encoded) {
    std::size_t size = entry.source.size() + entry.detail_type.size()
                       + json::string_at(encoded, "Detail").size()
                       + (entry.time ? size_of_time : 0);
    for (const auto& resource : entry.resources)
        size += resource.size();
    return size;
}

} // namespace

Outcome<std::vector<EntryFailure>> Events::put_events(std::string_view event_bus,
                                                      std::span<const EventEntry> entries,
                                                      Deadline deadline,
                                                      const std::stop_token& stop) {
    std::vector<json::Object> encoded;
    std::vector<std::size_t> sizes;
    for (const auto& entry : entries) {
        encoded.push_back(encode(entry, event_bus));
        sizes.push_back(size_of(entry, encoded.back()));
    }
    std::vector<EntryFailure> failures;
    for (const auto& range : entry_ranges(sizes, limits)) {
        json::Array batch;
        for (std::size_t i = range.begin; i < range.end; ++i)
            batch.emplace_back(std::move(encoded[i]));
        const auto answer = client_.call_json(
            ServiceId::events, "PutEvents", {{"Entries", std::move(batch)}}, deadline, stop);
        if (!answer) return fail(answer.error());
        // One for each entry, in their order.
        const auto& results = json::array_at(*answer, "Entries");
        for (std::size_t i = 0; i < range.size(); ++i) {
            const json::Value result = i < results.size() ? results[i] : json::Value();
            if (!json::string_at(result, "EventId").empty()) continue;
            failures.push_back(
                {range.begin + i,
                 std::string(json::string_at(result, "ErrorCode", EntryFailure::not_answered)),
                 std::string(json::string_at(result, "ErrorMessage"))});
        }
    }
    return failures;
}

Outcome<bool>
Events::has_event_bus(std::string_view event_bus, Deadline deadline, const std::stop_token& stop) {
    const auto answer = client_.call_json(
        ServiceId::events, "DescribeEventBus", {{"Name", event_bus}}, deadline, stop);
    if (answer) return true;
    if (answer.error().code == "ResourceNotFoundException") return false;
    return fail(answer.error());
}

Result<void> all_taken(const Outcome<std::vector<EntryFailure>>& put) {
    if (!put) return squall::fail(to_error(put.error()));
    if (put->empty()) return {};
    return squall::fail(Errc::failed,
                        "EventBridge did not take the event: {}: {}",
                        put->front().code,
                        put->front().message);
}

} // namespace squall::aws
