// What is in the streams: put, read in order, and found by filter patterns.
#include "logs/filter_pattern.h"
#include "logs/service.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>
#include <limits>

namespace squall::lab::logs {
namespace {

constexpr std::size_t batch_events_max = 10'000;
constexpr std::uint64_t batch_bytes_max = 1'048'576;
constexpr std::size_t page_bytes_max = 1U << 20U;
constexpr std::chrono::hours batch_span_max{24};
constexpr std::chrono::hours future_max{2};
constexpr std::chrono::hours past_max{24 * 14};

std::int64_t millis(std::chrono::hours hours) { return Millis(hours).count(); }

json::Object describe_event(const EventKey& key, const LogEvent& event) {
    return {{"timestamp", key.timestamp},
            {"message", event.message},
            {"ingestionTime", event.ingested}};
}

// A place in a stream: "f/" or "b/" and 56 digits, as AWS's look.
std::string token_of(char direction, const EventKey& key) {
    return fmt::format("{}/{:028}{:028}", direction, key.timestamp, key.number);
}

std::optional<EventKey> key_of(std::string_view token) {
    constexpr std::size_t half = 28;
    if (token.size() != 2 + 2 * half || token[1] != '/') return std::nullopt;
    const auto timestamp = to_integer(token.substr(2, half));
    const auto number = to_integer(token.substr(2 + half));
    if (!timestamp || !number || *number < 0) return std::nullopt;
    return EventKey{*timestamp, static_cast<std::uint64_t>(*number)};
}

struct Span {
    std::int64_t start = 0;
    std::int64_t end = std::numeric_limits<std::int64_t>::max(); // the first one after it
};

Result<Span, wire::ServiceError> span_of(const ApiCall& call, bool is_end_in) {
    Span span;
    span.start = json::integer_at(call.body, "startTime", 0);
    span.end = json::integer_at(call.body, "endTime", span.end);
    if (span.start < 0 || span.end < 0 || span.start > span.end)
        return invalid_parameter("startTime must not be after endTime.");
    if (is_end_in && span.end < std::numeric_limits<std::int64_t>::max()) ++span.end;
    return span;
}

using Events = std::map<EventKey, LogEvent>;

} // namespace

Answer Service::put_log_events(const ApiCall& call) {
    const auto group = group_of(call);
    if (!group) return fail(group.error());
    const auto stream = stream_of(**group, call);
    if (!stream) return fail(stream.error());
    const json::Array& events = json::array_at(call.body, "logEvents");
    if (events.empty() || events.size() > batch_events_max)
        return invalid_parameter("1 to 10000 log events are put at once.");
    std::uint64_t bytes = 0;
    std::int64_t last = std::numeric_limits<std::int64_t>::min();
    for (const auto& event : events) {
        const auto timestamp = json::integer_at(event, "timestamp", -1);
        const auto message = json::string_at(event, "message");
        if (timestamp < 0 || message.empty())
            return invalid_parameter(
                "A log event has a timestamp, and a message that is not empty.");
        if (timestamp < last)
            return invalid_parameter(
                "Log events in a single PutLogEvents request must be in chronological order.");
        last = timestamp;
        bytes += message.size() + Store::event_overhead;
    }
    if (bytes > batch_bytes_max)
        return invalid_parameter(
            fmt::format("Upload too large: {} bytes exceeds limit of {}", bytes, batch_bytes_max));
    if (last - json::integer_at(events.front(), "timestamp") > millis(batch_span_max))
        return invalid_parameter(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 "
            "hours.");
    const std::int64_t now = epoch_millis(call.now);
    std::int64_t old = 0;
    std::optional<std::int64_t> first_new;
    for (std::size_t i = 0; i < events.size(); ++i) {
        const auto timestamp = json::integer_at(events[i], "timestamp");
        if (timestamp < now - millis(past_max)) {
            old = static_cast<std::int64_t>(i) + 1;
        } else if (timestamp > now + millis(future_max)) {
            if (!first_new) first_new = static_cast<std::int64_t>(i);
        } else {
            store_.put(
                **stream, timestamp, std::string(json::string_at(events[i], "message")), call.now);
        }
    }
    // Nobody has to send it back: AWS ignores sequence tokens since 2023.
    json::Object members{{"nextSequenceToken", fmt::format("{:056}", (*stream)->last_ingested)}};
    json::Object rejected;
    if (old > 0) rejected["tooOldLogEventEndIndex"] = old;
    if (first_new) rejected["tooNewLogEventStartIndex"] = *first_new;
    if (!rejected.empty()) members["rejectedLogEventsInfo"] = std::move(rejected);
    return answer(std::move(members));
}

Answer Service::get_log_events(const ApiCall& call) {
    const auto group = group_of(call);
    if (!group) return fail(group.error());
    const auto stream = stream_of(**group, call);
    if (!stream) return fail(stream.error());
    const auto limit = limit_of(call, 10'000);
    if (!limit) return fail(limit.error());
    const auto span = span_of(call, /*is_end_in=*/false);
    if (!span) return fail(span.error());
    const std::string_view token = json::string_at(call.body, "nextToken");
    bool forward = json::bool_at(call.body, "startFromHead");
    const Events& all = (*stream)->events;
    auto first = all.lower_bound({span->start, 0});
    auto last = all.lower_bound({span->end, 0});
    if (!token.empty()) {
        const auto key = key_of(token);
        if (!key || (token[0] != 'f' && token[0] != 'b'))
            return invalid_parameter("The specified nextToken is invalid.");
        forward = token[0] == 'f';
        if (forward && first != all.end() && first->first <= *key) first = all.upper_bound(*key);
        if (!forward && (last == all.end() || last->first > *key)) last = all.lower_bound(*key);
        // Where the span and the token exclude each other there is nothing in between.
        if (first == all.end() || (last != all.end() && last->first < first->first)) last = first;
    }
    json::Array events;
    EventKey oldest = key_of(token).value_or(EventKey{});
    EventKey newest = oldest;
    std::size_t bytes = 0;
    auto at = forward ? first : last;
    while (events.size() < *limit && bytes < page_bytes_max && at != (forward ? last : first)) {
        if (!forward) --at;
        if (events.empty()) oldest = newest = at->first;
        oldest = std::min(oldest, at->first);
        newest = std::max(newest, at->first);
        bytes += at->second.message.size() + Store::event_overhead;
        events.push_back(describe_event(at->first, at->second));
        if (forward) ++at;
    }
    if (!forward) std::reverse(events.begin(), events.end());
    return answer({{"events", std::move(events)},
                   {"nextForwardToken", token_of('f', newest)},
                   {"nextBackwardToken", token_of('b', oldest)}});
}

Answer Service::filter_log_events(const ApiCall& call) {
    const auto group = group_of(call);
    if (!group) return fail(group.error());
    const auto limit = limit_of(call, 10'000);
    if (!limit) return fail(limit.error());
    const auto span = span_of(call, /*is_end_in=*/true);
    if (!span) return fail(span.error());
    const auto pattern = FilterPattern::parse(json::string_at(call.body, "filterPattern"));
    if (!pattern) return invalid_parameter("Invalid filter pattern: " + pattern.error().message);
    const std::string_view token = json::string_at(call.body, "nextToken");
    const auto from = token.empty() ? std::optional(EventKey{}) : key_of(token);
    if (!from) return invalid_parameter("The specified nextToken is invalid.");
    const json::Array& names = json::array_at(call.body, "logStreamNames");
    const auto prefix = json::string_at(call.body, "logStreamNamePrefix");
    if (!names.empty() && !prefix.empty())
        return invalid_parameter(
            "logStreamNames and logStreamNamePrefix cannot be given together.");
    std::map<EventKey, std::pair<const std::string*, const LogEvent*>> found;
    for (const auto& [name, stream] : (*group)->streams) {
        const bool is_meant =
            names.empty() ? name.starts_with(prefix)
                          : std::find(names.begin(), names.end(), json::Value(name)) != names.end();
        if (!is_meant) continue;
        auto at = std::max(EventKey{span->start, 0}, *from);
        auto event = token.empty() ? stream.events.lower_bound(at) : stream.events.upper_bound(at);
        for (; event != stream.events.end() && event->first.timestamp < span->end; ++event)
            if (pattern->matches(event->second.message))
                found[event->first] = {&name, &event->second};
    }
    json::Array events;
    std::size_t bytes = 0;
    auto at = found.begin();
    for (; at != found.end() && events.size() < *limit && bytes < page_bytes_max; ++at) {
        json::Object event = describe_event(at->first, *at->second.second);
        event["logStreamName"] = *at->second.first;
        event["eventId"] = token_of('f', at->first).substr(2);
        bytes += at->second.second->message.size() + Store::event_overhead;
        events.push_back(std::move(event));
    }
    json::Object members{{"searchedLogStreams", json::Array{}}};
    if (at != found.end()) members["nextToken"] = token_of('f', std::prev(at)->first);
    members["events"] = std::move(events);
    return answer(std::move(members));
}

} // namespace squall::lab::logs
