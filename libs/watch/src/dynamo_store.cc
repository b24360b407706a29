#include "squall/watch/dynamo_store.h"

#include "dynamo_commits.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>
#include <set>

namespace squall::watch {
namespace {

using aws::Item;

// How often a state is read while others change it.
constexpr int readings_max = 10;

class DynamoStore final : public Store {
public:
    DynamoStore(aws::Client& client, Clock& clock, DynamoOptions options)
        : table_{aws::DynamoDb(client), std::move(options.table), clock, options.call_limit} {}

    Result<void> load(monitor::State& state) override;
    Result<void> commit(const Commit& commit) override;
    Result<std::vector<OutboxEntry>>
    outbox(const std::string& channel, WallTime now, std::size_t count_max) override;
    Result<void> begin(const OutboxEntry& entry) override;
    Result<void> finish(const OutboxEntry& entry) override;
    Result<void> postpone(const OutboxEntry& entry, WallTime until) override;
    Result<std::map<std::string, std::int64_t>> outbox_sizes() override;
    Result<std::vector<TimelineEntry>> timeline(const std::string& node,
                                                std::size_t count_max) override;
    Result<void> add(const std::vector<TimelineEntry>& entries) override;

private:
    [[nodiscard]] Result<std::vector<Item>> read_state();
    // Those of `entries` whose keys are not known, with their numbers.
    [[nodiscard]] Result<std::vector<OutboxEntry>> unknown(const std::vector<OutboxEntry>& entries,
                                                           std::int64_t next_id);

    DynamoTable table_;
    DynamoCommits commits_{table_};
    DynamoHead head_;
    bool is_loaded_ = false; // head_ is what the state in memory is of
};

Result<std::vector<Item>> DynamoStore::read_state() {
    std::vector<Item> items;
    for (const char shard : state_shards) {
        auto some = table_.all(fmt::format("state#{}", shard));
        if (!some) return fail(aws::to_error(some.error()));
        std::move(some->begin(), some->end(), std::back_inserter(items));
    }
    return items;
}

Result<void> DynamoStore::load(monitor::State& state) {
    is_loaded_ = false;
    for (int reading = 0; reading < readings_max; ++reading) {
        auto before = commits_.head();
        if (!before) return fail(before.error());
        if (before->is_pending) {
            if (auto finished = commits_.finish(*before); !finished) return finished;
            continue;
        }
        if (auto removed = commits_.remove_left_overs(*before); !removed) return removed;
        const auto items = read_state();
        if (!items) return fail(items.error());
        const auto after = commits_.head();
        if (!after) return fail(after.error());
        // What was read is of one moment only if nobody has committed meanwhile.
        if (after->count != before->count) continue;
        if (auto restored = restore(state, *items); !restored) return restored;
        head_ = *before;
        is_loaded_ = true;
        return {};
    }
    return fail(Errc::conflict,
                "the table {} changes faster than it can be read: how many monitors write to it?",
                table_.name);
}

Result<std::vector<OutboxEntry>> DynamoStore::unknown(const std::vector<OutboxEntry>& entries,
                                                      std::int64_t next_id) {
    std::vector<Item> keys;
    std::set<std::string, std::less<>> asked;
    for (const auto& entry : entries) {
        Item key = known_key(entry);
        if (asked.emplace(aws::text_at(key, "sk")).second) keys.push_back(std::move(key));
    }
    std::set<std::string, std::less<>> known;
    if (!keys.empty()) {
        const auto found = table_.dynamodb.batch_get(table_.name, keys, table_.limit(), {});
        if (!found) return fail(aws::to_error(found.error()));
        for (const auto& item : *found)
            known.emplace(aws::text_at(item, "sk"));
    }
    std::vector<OutboxEntry> unknown;
    for (const auto& entry : entries) {
        if (!known.emplace(aws::text_at(known_key(entry), "sk")).second) continue;
        unknown.push_back(entry);
        unknown.back().id = next_id++;
    }
    return unknown;
}

Result<void> DynamoStore::commit(const Commit& commit) {
    if (!is_loaded_)
        return fail(Errc::conflict, "the monitor's state has to be loaded before it is changed");
    std::vector<RowWrite> writes = state_writes(commit);
    // Keys become known by commits only, and this one fails if there was another since.
    const auto told = unknown(commit.outbox, head_.next_id);
    if (!told) {
        is_loaded_ = false;
        return fail(told.error());
    }
    for (const auto& entry : *told) {
        writes.push_back({RowWrite::Kind::put, outbox_item(entry)});
        writes.push_back({RowWrite::Kind::put, known_key(entry)});
    }
    for (auto& write : timeline_writes(
             commit.timeline, padded(head_.count + 1), table_.seconds_after(timeline_kept)))
        writes.push_back(std::move(write));
    is_loaded_ = false;
    if (writes.empty()) {
        // Nothing follows from what it knows; from what another has learnt something might.
        const auto now = commits_.head();
        if (!now) return fail(now.error());
        is_loaded_ = now->count == head_.count;
        if (is_loaded_) return {};
        return fail(Errc::conflict, "another monitor has written to the table meanwhile");
    }
    auto next =
        commits_.write(head_, head_.next_id + static_cast<std::int64_t>(told->size()), writes);
    if (!next) return fail(next.error());
    head_ = *next;
    is_loaded_ = true;
    return {};
}

Result<std::vector<OutboxEntry>>
DynamoStore::outbox(const std::string& channel, WallTime now, std::size_t count_max) {
    aws::ItemQuery query{table_.name,
                         "",
                         {"#pk = :pk AND begins_with(#sk, :channel)",
                          {{"#pk", "pk"}, {"#sk", "sk"}},
                          {{":pk", "outbox"}, {":channel", channel + "#"}}}};
    query.consistent_read = true;
    query.items_max = count_max;
    const auto items = table_.dynamodb.query(query, table_.limit(), {});
    if (!items) return fail(aws::to_error(items.error()));
    std::vector<OutboxEntry> entries;
    if (items->empty()) return entries;
    const auto head = commits_.head();
    if (!head) return fail(head.error());
    for (const auto& item : *items) {
        if (aws::integer_at(item, "id").value_or(0) >= head->settled_id) break;
        // In their order: one that is put off holds up those after it, which may be of its
        // incident.
        if (WallTime(Millis(aws::integer_at(item, "due").value_or(0))) > now) break;
        auto entry = outbox_entry(item);
        if (!entry) return fail(entry.error());
        entries.push_back(std::move(*entry));
    }
    return entries;
}

Result<void> DynamoStore::begin(const OutboxEntry& entry) {
    // Attempts of one call have one name: a lost answer is not taken for somebody else.
    const aws::ItemUpdate update{
        {table_.name, outbox_key(entry.channel, entry.id)},
        "SET #b = :me",
        {"attribute_exists(#pk) AND (attribute_not_exists(#b) OR #b = :me)",
         {{"#b", "begun"}, {"#pk", "pk"}},
         {{":me", random_uuid()}}}};
    const auto done = table_.dynamodb.update_item(update, table_.limit(), {});
    if (!done) return fail(aws::to_error(done.error()));
    return {};
}

Result<void> DynamoStore::finish(const OutboxEntry& entry) {
    Item known = known_key(entry);
    known["expires"] = table_.seconds_after(known_kept);
    const std::vector<aws::TransactWrite> parts{
        {aws::TransactWrite::Kind::remove,
         table_.name,
         outbox_key(entry.channel, entry.id),
         {},
         {}},
        {aws::TransactWrite::Kind::put, table_.name, std::move(known), {}, {}}};
    const auto done = table_.dynamodb.transact_write_items(parts, table_.limit(), {});
    if (!done) return fail(aws::to_error(done.error()));
    return {};
}

Result<void> DynamoStore::postpone(const OutboxEntry& entry, WallTime until) {
    const aws::ItemUpdate update{
        {table_.name, outbox_key(entry.channel, entry.id)},
        "SET #d = :due, #a = :attempts",
        {"attribute_exists(#pk)",
         {{"#d", "due"}, {"#a", "attempts"}, {"#pk", "pk"}},
         {{":due", epoch_millis(until)}, {":attempts", std::int64_t{entry.attempts} + 1}}}};
    const auto done = table_.dynamodb.update_item(update, table_.limit(), {});
    // Somebody else has finished it: there is nothing to put off.
    if (!done && done.error().kind != Errc::conflict) return fail(aws::to_error(done.error()));
    return {};
}

Result<std::map<std::string, std::int64_t>> DynamoStore::outbox_sizes() {
    const auto items = table_.all("outbox");
    if (!items) return fail(aws::to_error(items.error()));
    std::map<std::string, std::int64_t> sizes;
    for (const auto& item : *items)
        ++sizes[std::string(aws::text_at(item, "channel"))];
    return sizes;
}

Result<std::vector<TimelineEntry>> DynamoStore::timeline(const std::string& node,
                                                         std::size_t count_max) {
    if (count_max == 0) return std::vector<TimelineEntry>();
    aws::ItemQuery query{
        table_.name,
        "",
        {"#pk = :pk", {{"#pk", "pk"}}, {{":pk", node.empty() ? "timeline" : "timeline#" + node}}}};
    query.consistent_read = true;
    query.backward = true;
    query.items_max = count_max;
    const auto items = table_.dynamodb.query(query, table_.limit(), {});
    if (!items) return fail(aws::to_error(items.error()));
    std::vector<TimelineEntry> entries;
    for (const auto& item : *items) {
        auto entry = timeline_entry(item);
        if (!entry) return fail(entry.error());
        entries.push_back(std::move(*entry));
    }
    std::reverse(entries.begin(), entries.end());
    return entries;
}

Result<void> DynamoStore::add(const std::vector<TimelineEntry>& entries) {
    // Beside any commit: their keys are their own.
    const std::string name = fmt::format("{}~{}", padded(head_.count), random_hex(8));
    const auto writes = timeline_writes(entries, name, table_.seconds_after(timeline_kept));
    for (const auto& write : writes) {
        const auto put = table_.dynamodb.put_item(table_.name, write.item, {}, table_.limit(), {});
        if (!put) return fail(aws::to_error(put.error()));
    }
    return {};
}

} // namespace

std::unique_ptr<Store> dynamo_store(aws::Client& client, Clock& clock, DynamoOptions options) {
    return std::make_unique<DynamoStore>(client, clock, std::move(options));
}

} // namespace squall::watch
