// What a monitor's table looks like. Values of JSON lie in "row": as text, or compressed where that
// is long, since an item has 400 KB at the most.
//
//     pk             sk                     what
//     head           head                   how many commits there were, and which is not yet
//     applied state#0 … f    host#KEY, incident#ID  a piece of the state, by the hash of its key
//     state#0        rest                   windows, clusters, the APIs' health
//     outbox         CHANNEL#ID             what has to be told
//     known          CHANNEL#KEY            what was told, or will be; expires after it was
//     timeline       TIME#COUNT#NUMBER      all of it; expires
//     timeline#NODE  TIME#COUNT#NUMBER      the same, of one node
//     pending        COUNT#COMMIT#PIECE     a piece of a large commit
#pragma once

#include "squall/aws/dynamodb.h"
#include "squall/watch/store.h"

#include <string>
#include <vector>

namespace squall::watch {

inline constexpr std::string_view state_shards = "0123456789abcdef";

// A change of the table. Made twice, it is as if it was made once.
struct RowWrite {
    enum class Kind { put, remove };

    Kind kind = Kind::put;
    aws::Item item; // of a removal: pk and sk
};

// A table, and how its calls are made.
struct DynamoTable {
    aws::DynamoDb dynamodb;
    std::string name;
    Clock& clock;
    Millis call_limit;

    [[nodiscard]] Deadline limit() const { return Deadline::at(clock.now() + call_limit); }

    [[nodiscard]] std::int64_t millis() const;
    [[nodiscard]] std::int64_t seconds_after(Seconds delay) const; // since 1970, as TTL wants it
    // All items of `pk`, consistently read.
    [[nodiscard]] aws::Outcome<std::vector<aws::Item>> all(const std::string& pk);
};

// Sorts as text as the numbers do.
[[nodiscard]] std::string padded(std::int64_t number);

[[nodiscard]] aws::AttributeValue packed(const json::Object& object);
// An error names the item: it is damaged.
[[nodiscard]] Result<json::Object> unpacked(const aws::Item& item);

// What `commit` changes of the state.
[[nodiscard]] std::vector<RowWrite> state_writes(const Commit& commit);
[[nodiscard]] Result<void> restore(monitor::State& state, const std::vector<aws::Item>& items);

[[nodiscard]] aws::Item outbox_key(const std::string& channel, std::int64_t id);
[[nodiscard]] aws::Item outbox_item(const OutboxEntry& entry);
[[nodiscard]] Result<OutboxEntry> outbox_entry(const aws::Item& item);
[[nodiscard]] aws::Item known_key(const OutboxEntry& entry);

// Each entry twice: among all, and among those of its node. `commit` tells apart, and puts in
// order, what has the same time.
[[nodiscard]] std::vector<RowWrite> timeline_writes(const std::vector<TimelineEntry>& entries,
                                                    const std::string& commit,
                                                    std::int64_t expires);
[[nodiscard]] Result<TimelineEntry> timeline_entry(const aws::Item& item);

} // namespace squall::watch
