#include "logs/store.h"

#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::lab::logs {

std::uint64_t LogGroup::bytes() const {
    std::uint64_t sum = 0;
    for (const auto& [name, stream] : streams)
        sum += stream.bytes;
    return sum;
}

LogStream& Store::add_stream(LogGroup& group, const std::string& name, WallTime now) {
    ++streams_;
    LogStream& stream = group.streams[name];
    stream.created_at = now;
    return stream;
}

void Store::drop_stream(LogGroup& group, const std::string& name) {
    const auto found = group.streams.find(name);
    if (found == group.streams.end()) return;
    bytes_ -= found->second.bytes;
    --streams_;
    group.streams.erase(found);
}

void Store::drop_group(const std::string& name) {
    const auto found = groups.find(name);
    if (found == groups.end()) return;
    bytes_ -= found->second.bytes();
    streams_ -= found->second.streams.size();
    groups.erase(found);
}

void Store::drop_oldest(LogStream& stream) {
    const auto oldest = stream.events.begin();
    const std::uint64_t size = oldest->second.message.size() + event_overhead;
    stream.bytes -= size;
    bytes_ -= size;
    stream.events.erase(oldest);
}

void Store::put(LogStream& stream, std::int64_t timestamp, std::string message, WallTime now) {
    const std::uint64_t size = message.size() + event_overhead;
    stream.bytes += size;
    bytes_ += size;
    stream.last_ingested = epoch_millis(now);
    stream.events[{timestamp, ++last_number_}] = {std::move(message), stream.last_ingested};
    while (stream.bytes > stream_bytes_max && stream.events.size() > 1)
        drop_oldest(stream);
    // Whoever has most gives way.
    while (bytes_ > bytes_max) {
        LogStream* largest = &stream;
        for (auto& [name, group] : groups) {
            for (auto& [stream_name, one] : group.streams)
                largest = one.bytes > largest->bytes ? &one : largest;
        }
        const std::uint64_t target = largest->bytes / 2;
        while (largest->bytes > target)
            drop_oldest(*largest);
    }
}

void Store::expire(WallTime now) {
    for (auto& [name, group] : groups) {
        if (!group.retention_days) continue;
        const std::int64_t oldest =
            epoch_millis(now - std::chrono::hours(24) * *group.retention_days);
        for (auto& [stream_name, stream] : group.streams) {
            while (!stream.events.empty() && stream.events.begin()->first.timestamp < oldest)
                drop_oldest(stream);
        }
    }
}

} // namespace squall::lab::logs
