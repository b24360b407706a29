// A monitor's store in a table of DynamoDB, for functions that run now and then, side by side at
// times. The table has the keys pk and sk (strings), and "expires" as its time to live.
//
// Commits are counted, and each is conditional on the count that its writer has seen: of two that
// judge at the same time one is told Errc::conflict, has changed nothing, and loads anew. A commit
// may be of any size; it is there as a whole or not at all, wherever its writer dies. What a writer
// has not finished, the next load finishes.
#pragma once

#include "squall/aws/client.h"
#include "squall/watch/store.h"

#include <memory>
#include <string>

namespace squall::watch {

struct DynamoOptions {
    std::string table;
    Millis call_limit{10'000}; // for each call of DynamoDB, repetitions included
};

// The table must exist. All of these must outlive the store.
[[nodiscard]] std::unique_ptr<Store>
dynamo_store(aws::Client& client, Clock& clock, DynamoOptions options);

} // namespace squall::watch
