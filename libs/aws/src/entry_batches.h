// How a list is cut into calls that are limited in entries and in bytes.
#pragma once

#include "squall/aws/entries.h"
#include "squall/base/json.h"

#include <span>
#include <vector>

namespace squall::aws {

struct EntryLimits {
    std::size_t count_max = 10;
    std::size_t bytes_max = 0;
};

// The entries [begin, end) of one call.
struct EntryRange {
    std::size_t begin = 0;
    std::size_t end = 0;

    [[nodiscard]] std::size_t size() const { return end - begin; }
};

// All of `sizes`, in their order. An entry that is larger than a call may be gets a call for
// itself: the service says best what it dislikes.
[[nodiscard]] std::vector<EntryRange> entry_ranges(std::span<const std::size_t> sizes,
                                                   const EntryLimits& limits);

// Of `count` entries whose size does not matter.
[[nodiscard]] std::vector<EntryRange> entry_ranges(std::size_t count, std::size_t count_max);

// What SQS answered for `range`, whose entries have their index as their Id.
void take_batch_answer(const json::Value& answer,
                       const EntryRange& range,
                       std::vector<EntryFailure>& failures);

} // namespace squall::aws
