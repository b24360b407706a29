#include "dynamo_commits.h"

#include "squall/base/text.h"
#include "squall/wire/gzip.h"

#include <algorithm>

namespace squall::watch {
namespace {

using aws::Item;
using aws::TransactWrite;

// One of the 100 that a transaction may have is the head's.
constexpr std::size_t writes_max = aws::DynamoDb::transaction_max - 1;
// A transaction has 4 MB, an item 400 KB; both count names, too.
constexpr std::size_t transaction_size_max = 3'000'000;
constexpr std::size_t piece_size = 350'000;
constexpr std::size_t written_down_max = std::size_t{512} << 20U;
// Transactions that meet at one item are refused, and so is what comes faster than a partition can
// take it.
constexpr int attempts_max = 8;
constexpr Millis first_pause{50};

const Item head_key{{"pk", "head"}, {"sk", "head"}};

// How large DynamoDB will find it, a little more at most.
std::size_t size_of(const RowWrite& write) {
    std::size_t size = 100;
    for (const auto& [name, value] : write.item) {
        size += name.size() + value.text().size() + 24;
        if (const auto* binary = std::get_if<aws::BinaryText>(&value.kind()))
            size += binary->bytes.size();
    }
    return size;
}

std::size_t size_of(const std::vector<RowWrite>& writes) {
    std::size_t size = 0;
    for (const auto& write : writes)
        size += size_of(write);
    return size;
}

Item item_of(const DynamoHead& head) {
    Item item = head_key;
    item["count"] = head.count;
    item["next_id"] = head.next_id;
    item["commit"] = head.commit;
    item["settled_id"] = head.settled_id;
    if (head.is_pending) item["pending"] = head.pieces;
    return item;
}

DynamoHead applied(DynamoHead head) {
    head.is_pending = false;
    head.pieces = 0;
    head.settled_id = head.next_id;
    return head;
}

// That the head is the one that was seen.
aws::Expression unchanged(const DynamoHead& seen) {
    if (seen.count == 0) return {"attribute_not_exists(#c)", {{"#c", "count"}}, {}};
    return {"#c = :seen AND attribute_not_exists(#p)",
            {{"#c", "count"}, {"#p", "pending"}},
            {{":seen", seen.count}}};
}

// That the head still has this commit to apply.
aws::Expression still_pending(const DynamoHead& head) {
    return {"#c = :count AND attribute_exists(#p)",
            {{"#c", "count"}, {"#p", "pending"}},
            {{":count", head.count}}};
}

TransactWrite transact_write(const DynamoTable& table, const RowWrite& write) {
    const auto kind =
        write.kind == RowWrite::Kind::put ? TransactWrite::Kind::put : TransactWrite::Kind::remove;
    return {kind, table.name, write.item, {}, {}};
}

// "0000000000000007#": what begins the keys of pieces that a commit on top of this count has.
std::string piece_key(const DynamoHead& head, std::int64_t piece) {
    return fmt::format("{}#{}#{:06}", padded(head.count), head.commit, piece);
}

Error meant_by(const aws::ApiError& error) {
    Error meant = to_error(error);
    // Two transactions at the same time have met at the head.
    if (error.code == "TransactionConflictException"
        || error.message.find("TransactionConflict") != std::string::npos)
        meant.code = Errc::conflict;
    if (meant.code == Errc::conflict)
        meant.message = "another monitor has written to the table meanwhile: " + meant.message;
    return meant;
}

std::string text_of(const std::vector<RowWrite>& writes) {
    json::Array list;
    for (const auto& write : writes)
        list.push_back(json::Object{
            {write.kind == RowWrite::Kind::put ? "put" : "remove", aws::to_json(write.item)}});
    return json::text(list);
}

Result<std::vector<RowWrite>> writes_of(std::string_view text) {
    const auto list = json::parse(text);
    if (!list || !list->is_array())
        return fail(Errc::failed, "a commit in the monitor's table is damaged: it is no list");
    std::vector<RowWrite> writes;
    for (const auto& value : list->get_array()) {
        const bool is_put = !json::at(value, "put").is_null();
        auto item = aws::item_from_json(json::at(value, is_put ? "put" : "remove"));
        if (!item) return fail(item.error());
        writes.push_back({is_put ? RowWrite::Kind::put : RowWrite::Kind::remove, std::move(*item)});
    }
    return writes;
}

// As many from `from` on as one transaction takes beside a check.
std::size_t end_of_transaction(const std::vector<RowWrite>& writes, std::size_t from) {
    std::size_t size = 0;
    std::size_t to = from;
    while (to < writes.size() && to - from < writes_max) {
        size += size_of(writes[to]);
        if (size > transaction_size_max && to > from) break;
        ++to;
    }
    return to;
}

} // namespace

Result<DynamoHead> DynamoCommits::head() {
    const auto item = table_.dynamodb.get_item({table_.name, head_key}, table_.limit(), {});
    if (!item) return fail(meant_by(item.error()));
    DynamoHead head;
    if (!*item) return head;
    head.count = aws::integer_at(**item, "count").value_or(0);
    head.next_id = aws::integer_at(**item, "next_id").value_or(1);
    head.settled_id = aws::integer_at(**item, "settled_id").value_or(1);
    head.commit = aws::text_at(**item, "commit");
    head.is_pending = (*item)->count("pending") != 0;
    head.pieces = aws::integer_at(**item, "pending").value_or(0);
    return head;
}

Result<DynamoHead> DynamoCommits::write(const DynamoHead& seen,
                                        std::int64_t next_id,
                                        const std::vector<RowWrite>& writes) {
    DynamoHead next;
    next.count = seen.count + 1;
    next.next_id = next_id;
    next.settled_id = next_id;
    next.commit = random_uuid();
    const bool fits = writes.size() <= writes_max && size_of(writes) <= transaction_size_max;
    return fits ? write_at_once(seen, next, writes) : write_in_pieces(seen, next, writes);
}

bool DynamoCommits::is_ours(const aws::ApiError& error, const DynamoHead& next) {
    if (error.kind != Errc::conflict || !error.may_have_arrived) return false;
    const auto now = head();
    return now && now->commit == next.commit;
}

Result<DynamoHead> DynamoCommits::write_at_once(const DynamoHead& seen,
                                                const DynamoHead& next,
                                                const std::vector<RowWrite>& writes) {
    std::vector<TransactWrite> parts;
    parts.push_back({TransactWrite::Kind::put, table_.name, item_of(next), {}, unchanged(seen)});
    for (const auto& write : writes)
        parts.push_back(transact_write(table_, write));
    const auto done = table_.dynamodb.transact_write_items(parts, table_.limit(), {});
    if (!done && !is_ours(done.error(), next)) return fail(meant_by(done.error()));
    return next;
}

Result<DynamoHead> DynamoCommits::write_in_pieces(const DynamoHead& seen,
                                                  DynamoHead next,
                                                  const std::vector<RowWrite>& writes) {
    const std::string text = wire::gzip(text_of(writes));
    next.is_pending = true;
    next.settled_id = seen.next_id;
    for (std::size_t at = 0; at < text.size(); at += piece_size) {
        const Item piece{
            {"pk", "pending"},
            {"sk", piece_key(next, next.pieces++)},
            {"bytes", aws::AttributeValue::Kind(aws::BinaryText{text.substr(at, piece_size)})}};
        const auto put = table_.dynamodb.put_item(table_.name, piece, {}, table_.limit(), {});
        if (!put) return fail(meant_by(put.error()));
    }
    const auto named =
        table_.dynamodb.put_item(table_.name, item_of(next), unchanged(seen), table_.limit(), {});
    if (!named && !is_ours(named.error(), next)) return fail(meant_by(named.error()));
    if (auto done = apply(next, writes); !done) return fail(done.error());
    return applied(next);
}

Result<std::vector<RowWrite>> DynamoCommits::written_down(const DynamoHead& head) {
    std::string text;
    for (std::int64_t i = 0; i < head.pieces; ++i) {
        const auto piece = table_.dynamodb.get_item(
            {table_.name, {{"pk", "pending"}, {"sk", piece_key(head, i)}}}, table_.limit(), {});
        if (!piece) return fail(meant_by(piece.error()));
        const aws::BinaryText* bytes = nullptr;
        if (*piece) bytes = std::get_if<aws::BinaryText>(&(*piece)->at("bytes").kind());
        if (bytes == nullptr)
            return fail(Errc::not_found,
                        "piece {} of commit {} is not in the monitor's table",
                        i,
                        head.count);
        text += bytes->bytes;
    }
    const auto inflated = wire::gunzip(text, written_down_max);
    if (!inflated) return fail(inflated.error());
    return writes_of(*inflated);
}

Result<void> DynamoCommits::finish(const DynamoHead& head) {
    if (!head.is_pending) return {};
    auto writes = written_down(head);
    if (writes) return apply(head, std::move(*writes));
    // Somebody who was faster has deleted the pieces: then they are done with.
    if (writes.error().code == Errc::not_found) {
        const auto now = this->head();
        if (now && (now->count != head.count || !now->is_pending)) return {};
    }
    return fail(writes.error());
}

Result<void> DynamoCommits::apply(const DynamoHead& head, std::vector<RowWrite> writes) {
    int attempt = 0;
    for (std::size_t from = 0; from < writes.size();) {
        const std::size_t to = end_of_transaction(writes, from);
        std::vector<TransactWrite> parts;
        parts.push_back(
            {TransactWrite::Kind::check, table_.name, head_key, {}, still_pending(head)});
        for (std::size_t i = from; i < to; ++i)
            parts.push_back(transact_write(table_, writes[i]));
        const auto done = table_.dynamodb.transact_write_items(parts, table_.limit(), {});
        if (done) {
            from = to;
            attempt = 0;
            continue;
        }
        // The head is further: somebody else has done all of it.
        if (done.error().kind == Errc::conflict) return {};
        if (done.error().code != "TransactionCanceledException" || ++attempt >= attempts_max
            || !table_.clock.wait_for(first_pause * (1 << attempt), {}))
            return fail(meant_by(done.error()));
    }
    const auto cleared = table_.dynamodb.put_item(
        table_.name, item_of(applied(head)), still_pending(head), table_.limit(), {});
    if (!cleared && cleared.error().kind != Errc::conflict) return fail(meant_by(cleared.error()));
    // It is done. A piece that stays goes with the left-overs.
    for (std::int64_t i = 0; i < head.pieces; ++i)
        (void)table_.dynamodb.delete_item(
            {table_.name, {{"pk", "pending"}, {"sk", piece_key(head, i)}}}, {}, table_.limit(), {});
    return {};
}

Result<void> DynamoCommits::remove_left_overs(const DynamoHead& head) {
    const auto pieces = table_.all("pending");
    if (!pieces) return fail(meant_by(pieces.error()));
    for (const auto& piece : *pieces) {
        const auto sk = aws::text_at(piece, "sk");
        // One on top of this head may be under way.
        const auto count = to_integer(split_once(sk, '#').first);
        if (!count || *count > head.count) continue;
        const auto removed = table_.dynamodb.delete_item(
            {table_.name, {{"pk", "pending"}, {"sk", std::string(sk)}}}, {}, table_.limit(), {});
        if (!removed) return fail(meant_by(removed.error()));
    }
    return {};
}

} // namespace squall::watch
