// Log groups, their streams and events, in memory and bounded. Values, and what keeps them in
// bounds.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/json.h"

#include <map>
#include <optional>
#include <string>

namespace squall::lab::logs {

// By time; of one time, in the order in which they came.
struct EventKey {
    std::int64_t timestamp = 0; // milliseconds since 1970
    std::uint64_t number = 0;

    // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy takes the 0 that <=> compares with for one
    auto operator<=>(const EventKey&) const = default;
};

struct LogEvent {
    std::string message;
    std::int64_t ingested = 0;
};

struct LogStream {
    WallTime created_at;
    std::int64_t last_ingested = 0;
    std::uint64_t bytes = 0;
    std::map<EventKey, LogEvent> events;
};

struct LogGroup {
    WallTime created_at;
    std::optional<std::int64_t> retention_days;
    json::Object tags;
    std::map<std::string, LogStream, std::less<>> streams;

    [[nodiscard]] std::uint64_t bytes() const;
};

class Store {
public:
    // AWS keeps everything; here the oldest events of a stream give way to its new ones.
    static constexpr std::uint64_t stream_bytes_max = 4U << 20U;
    static constexpr std::uint64_t bytes_max = 64U << 20U;
    static constexpr std::size_t groups_max = 1000;
    static constexpr std::size_t streams_max = 10'000;
    static constexpr std::uint64_t event_overhead = 26; // what AWS counts beside the message

    // False where there is no room for one more stream.
    [[nodiscard]] bool has_room_for_stream() const { return streams_ < streams_max; }

    LogStream& add_stream(LogGroup& group, const std::string& name, WallTime now);
    void drop_stream(LogGroup& group, const std::string& name);
    void drop_group(const std::string& name);
    void put(LogStream& stream, std::int64_t timestamp, std::string message, WallTime now);
    // Forgets what the groups' retention says.
    void expire(WallTime now);

    std::map<std::string, LogGroup, std::less<>> groups;

private:
    void drop_oldest(LogStream& stream);

    std::size_t streams_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t last_number_ = 0;
};

} // namespace squall::lab::logs
