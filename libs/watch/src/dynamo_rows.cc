#include "dynamo_rows.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/monitor/saved_state.h"
#include "squall/wire/gzip.h"

#include <set>

namespace squall::watch {
namespace {

using aws::Item;

constexpr std::size_t text_max = 8 * 1024;
constexpr std::size_t unpacked_max = std::size_t{64} << 20U;

std::string state_shard(const std::string& key) {
    return fmt::format("state#{}", sha256_hex(key).front());
}

Item key_of(std::string pk, std::string sk) {
    return {{"pk", std::move(pk)}, {"sk", std::move(sk)}};
}

RowWrite put(std::string pk, std::string sk, const json::Object& row) {
    Item item = key_of(std::move(pk), std::move(sk));
    item["row"] = packed(row);
    return {RowWrite::Kind::put, std::move(item)};
}

RowWrite removal(std::string pk, std::string sk) {
    return {RowWrite::Kind::remove, key_of(std::move(pk), std::move(sk))};
}

} // namespace

std::string padded(std::int64_t number) { return fmt::format("{:016}", number); }

std::int64_t DynamoTable::millis() const { return epoch_millis(clock.wall()); }

std::int64_t DynamoTable::seconds_after(Seconds delay) const {
    return millis() / 1000 + delay.count();
}

aws::Outcome<std::vector<Item>> DynamoTable::all(const std::string& pk) {
    aws::ItemQuery query{name, "", {"#pk = :pk", {{"#pk", "pk"}}, {{":pk", pk}}}};
    query.consistent_read = true;
    return dynamodb.query(query, limit(), {});
}

aws::AttributeValue packed(const json::Object& object) {
    std::string text = json::text(object);
    if (text.size() <= text_max) return text;
    return aws::AttributeValue::Kind(aws::BinaryText{wire::gzip(text)});
}

Result<json::Object> unpacked(const Item& item) {
    const auto damaged = [&](std::string_view why) {
        return fail(Errc::failed,
                    "the item {} / {} of the monitor's table is damaged ({}): delete it, or the "
                    "whole table's items to begin anew",
                    aws::text_at(item, "pk"),
                    aws::text_at(item, "sk"),
                    why);
    };
    const auto found = item.find("row");
    if (found == item.end()) return damaged("it has no row");
    std::string text(found->second.text());
    if (const auto* binary = std::get_if<aws::BinaryText>(&found->second.kind())) {
        auto inflated = wire::gunzip(binary->bytes, unpacked_max);
        if (!inflated) return damaged(inflated.error().message);
        text = std::move(*inflated);
    }
    auto object = json::parse_object(text);
    if (!object) return damaged(object.error().message);
    return object;
}

std::vector<RowWrite> state_writes(const Commit& commit) {
    std::vector<RowWrite> writes;
    const auto& changes = commit.changes;
    // What was forgotten may have come again, and a transaction takes no item twice.
    std::set<std::string_view> kept;
    for (const auto* host : changes.hosts) {
        kept.insert(host->key);
        writes.push_back(put(state_shard(host->key), "host#" + host->key, monitor::saved(*host)));
    }
    for (const auto* incident : changes.incidents) {
        kept.insert(incident->id);
        writes.push_back(
            put(state_shard(incident->id), "incident#" + incident->id, monitor::saved(*incident)));
    }
    for (const auto& key : changes.forgotten_hosts) {
        if (kept.insert(key).second) writes.push_back(removal(state_shard(key), "host#" + key));
    }
    for (const auto& id : changes.closed_incidents) {
        if (kept.insert(id).second) writes.push_back(removal(state_shard(id), "incident#" + id));
    }
    if (changes.is_other_changed) writes.push_back(put("state#0", "rest", commit.rest));
    return writes;
}

Result<void> restore(monitor::State& state, const std::vector<Item>& items) {
    for (const auto& item : items) {
        auto row = unpacked(item);
        if (!row) return fail(row.error());
        const auto kind = split_once(aws::text_at(item, "sk"), '#').first;
        Result<void> restored;
        if (kind == "host")
            restored = monitor::restore_host(state, *row);
        else if (kind == "incident")
            restored = monitor::restore_incident(state, *row);
        else if (kind == "rest")
            restored = monitor::restore_rest(state, *row);
        if (!restored) return restored;
    }
    return {};
}

Item outbox_key(const std::string& channel, std::int64_t id) {
    return key_of("outbox", fmt::format("{}#{}", channel, padded(id)));
}

Item outbox_item(const OutboxEntry& entry) {
    Item item = outbox_key(entry.channel, entry.id);
    item["id"] = entry.id;
    item["channel"] = entry.channel;
    item["due"] = std::int64_t{0};
    item["attempts"] = std::int64_t{0};
    item["row"] = packed({{"key", entry.idempotency_key},
                          {"subject", entry.subject},
                          {"body", entry.body},
                          {"object", entry.object}});
    return item;
}

Result<OutboxEntry> outbox_entry(const Item& item) {
    const auto row = unpacked(item);
    if (!row) return fail(row.error());
    OutboxEntry entry;
    entry.id = aws::integer_at(item, "id").value_or(0);
    entry.channel = aws::text_at(item, "channel");
    entry.idempotency_key = json::string_at(*row, "key");
    entry.subject = json::string_at(*row, "subject");
    entry.body = json::string_at(*row, "body");
    entry.object = json::object_at(*row, "object");
    entry.attempts = static_cast<int>(aws::integer_at(item, "attempts").value_or(0));
    entry.is_begun = item.count("begun") != 0;
    return entry;
}

Item known_key(const OutboxEntry& entry) {
    return key_of("known", fmt::format("{}#{}", entry.channel, entry.idempotency_key));
}

std::vector<RowWrite> timeline_writes(const std::vector<TimelineEntry>& entries,
                                      const std::string& commit,
                                      std::int64_t expires) {
    std::vector<RowWrite> writes;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const TimelineEntry& entry = entries[i];
        const std::int64_t at = epoch_millis(entry.at);
        RowWrite write = put("timeline",
                             fmt::format("{}#{}#{:06}", padded(at), commit, i),
                             {{"at", at},
                              {"cluster", entry.cluster},
                              {"node", entry.node},
                              {"incident", entry.incident},
                              {"kind", entry.kind},
                              {"text", entry.text}});
        write.item["expires"] = expires;
        writes.push_back(write);
        if (entry.node.empty()) continue;
        write.item["pk"] = "timeline#" + entry.node;
        writes.push_back(std::move(write));
    }
    return writes;
}

Result<TimelineEntry> timeline_entry(const Item& item) {
    const auto row = unpacked(item);
    if (!row) return fail(row.error());
    return TimelineEntry{WallTime(Millis(json::integer_at(*row, "at"))),
                         std::string(json::string_at(*row, "cluster")),
                         std::string(json::string_at(*row, "node")),
                         std::string(json::string_at(*row, "incident")),
                         std::string(json::string_at(*row, "kind")),
                         std::string(json::string_at(*row, "text"))};
}

} // namespace squall::watch
