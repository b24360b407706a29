// Events of whoever has some, and patterns tried on one of them.
#include "events/service.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

namespace squall::lab::eventbridge {
namespace {

constexpr std::size_t entries_max = 10;
constexpr std::size_t bytes_max = 256U << 10U;
constexpr std::size_t time_bytes = 14; // what AWS counts for Time

std::size_t size_of(const json::Value& entry) {
    std::size_t bytes = json::at(entry, "Time").is_null() ? 0 : time_bytes;
    for (const char* member : {"Source", "DetailType", "Detail"})
        bytes += json::string_at(entry, member).size();
    for (const auto& resource : json::array_at(entry, "Resources"))
        bytes += json::string_of(resource).size();
    return bytes;
}

json::Object failed(std::string_view code, std::string_view message) {
    return {{"ErrorCode", code}, {"ErrorMessage", message}};
}

} // namespace

json::Object Service::put_entry(const json::Object& entry, WallTime now) {
    for (const char* member : {"Source", "DetailType", "Detail"}) {
        if (json::string_at(entry, member).empty())
            return failed("InvalidArgument",
                          fmt::format("Parameter {0} is not valid. Reason: {0} is a required "
                                      "argument.",
                                      member));
    }
    const auto source = json::string_at(entry, "Source");
    if (source.starts_with("aws."))
        return failed("NotAuthorizedForSourceException", "Not authorized for the source.");
    auto detail = json::parse_object(json::string_at(entry, "Detail"));
    if (!detail) return failed("MalformedDetail", "Detail is malformed.");
    json::Object event = envelope(source,
                                  json::string_at(entry, "DetailType"),
                                  json::array_at(entry, "Resources"),
                                  std::move(*detail),
                                  now);
    if (const auto& time = json::at(entry, "Time"); time.is_number())
        event["time"] = rfc3339_seconds(from_epoch_seconds(time.to_number<double>()));
    // Events for a bus that is not there are taken, and lost.
    const auto bus = buses_.find(bus_name(json::string_at(entry, "EventBusName", "default")));
    if (bus != buses_.end()) route(bus->second, event, now);
    return {{"EventId", event["id"]}};
}

Answer Service::put_events(const ApiCall& call) {
    const json::Array& entries = json::array_at(call.body, "Entries");
    if (entries.empty() || entries.size() > entries_max)
        return invalid(fmt::format(
            "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member "
            "must have length {}",
            entries.empty() ? "greater than or equal to 1" : "less than or equal to 10"));
    std::size_t bytes = 0;
    for (const auto& entry : entries)
        bytes += size_of(entry);
    if (bytes > bytes_max)
        return invalid("Total size of the entries in the request is over the limit.");
    json::Array results;
    std::int64_t failures = 0;
    for (const auto& entry : entries) {
        if (!entry.is_object()) return invalid("An entry is a structure.");
        results.push_back(put_entry(entry.as_object(), call.now));
        failures += results.back().as_object().contains("ErrorCode") ? 1 : 0;
    }
    return answer({{"FailedEntryCount", failures}, {"Entries", std::move(results)}});
}

Answer Service::test_event_pattern(const ApiCall& call) {
    const auto pattern = parse_pattern(json::string_at(call.body, "EventPattern"));
    if (!pattern)
        return refuse("InvalidEventPatternException",
                      "Event pattern is not valid. Reason: " + pattern.error().message);
    const auto event = json::parse_object(json::string_at(call.body, "Event"));
    if (!event) return invalid("Parameter Event is not valid.");
    for (const char* member :
         {"id", "account", "source", "time", "region", "resources", "detail-type"}) {
        if (!event->contains(member))
            return invalid(fmt::format("Parameter Event is not valid. Reason: {} is a required "
                                       "argument.",
                                       member));
    }
    return answer({{"Result", matches(*pattern, *event)}});
}

} // namespace squall::lab::eventbridge
