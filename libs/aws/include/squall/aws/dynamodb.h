// Amazon DynamoDB, as far as several processes keep one state in it: items read and written under
// conditions.
//
// A condition that does not hold is Errc::conflict. Where the error also says may_have_arrived, an
// earlier attempt of the same call may be what changed the item: read it, and see whose it is.
#pragma once

#include "squall/aws/attribute_value.h"
#include "squall/aws/client.h"

#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace squall::aws {

// DynamoDB's own languages: conditions, updates, keys. `names` are its "#n", `values` its ":v".
struct Expression {
    std::string text; // empty: none
    std::map<std::string, std::string> names;
    Item values;
};

struct TableKey {
    std::string table;
    Item key; // of the table's key attributes
};

struct ItemUpdate {
    TableKey of;
    std::string update;   // "SET holder = :h"
    Expression condition; // its names and values are those of the update, too
};

struct ItemQuery {
    std::string table;
    std::string index;        // empty: the table itself
    Expression key_condition; // "pk = :p"; its names and values are those of the filter, too
    std::string filter;
    bool backward = false;        // from the greatest sort key down
    bool consistent_read = false; // an index does not have it
    std::size_t items_max = 0;    // 0: all
};

// One part of a transaction.
struct TransactWrite {
    enum class Kind { put, update, remove, check };

    Kind kind = Kind::put;
    std::string table;
    Item item;            // of a put; of all others its key
    std::string update;   // of an update
    Expression condition; // of a check it is what it is for
};

// As thread-safe as its client, which must outlive it.
class DynamoDb {
public:
    static constexpr std::size_t transaction_max = 100;

    explicit DynamoDb(Client& client) : client_(client) {}

    // Nothing where there is no such item. As it is after all writes that were answered before.
    [[nodiscard]] Outcome<std::optional<Item>>
    get_item(const TableKey& key, Deadline deadline, const std::stop_token& stop);

    // Replaces a whole item.
    [[nodiscard]] Outcome<void> put_item(const std::string& table,
                                         const Item& item,
                                         const Expression& condition,
                                         Deadline deadline,
                                         const std::stop_token& stop);

    // The whole item as it is then; made where there is none, unless the condition says otherwise.
    [[nodiscard]] Outcome<Item>
    update_item(const ItemUpdate& update, Deadline deadline, const std::stop_token& stop);

    // It is no error where there is no such item, unless the condition says otherwise.
    [[nodiscard]] Outcome<void> delete_item(const TableKey& key,
                                            const Expression& condition,
                                            Deadline deadline,
                                            const std::stop_token& stop);

    [[nodiscard]] Outcome<std::vector<Item>>
    query(const ItemQuery& query, Deadline deadline, const std::stop_token& stop);

    // Those that there are, in no order, consistently read. A key that is given twice is an error
    // of DynamoDB's.
    [[nodiscard]] Outcome<std::vector<Item>> batch_get(const std::string& table,
                                                       std::span<const Item> keys,
                                                       Deadline deadline,
                                                       const std::stop_token& stop);

    // All or nothing, and at most transaction_max, or it is a broken invariant. A call that is
    // repeated because its answer was lost is not done twice.
    [[nodiscard]] Outcome<void> transact_write_items(std::span<const TransactWrite> writes,
                                                     Deadline deadline,
                                                     const std::stop_token& stop);

private:
    Client& client_;
};

} // namespace squall::aws
