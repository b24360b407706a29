#include "entry_batches.h"

#include "squall/base/text.h"

#include <algorithm>
#include <set>

namespace squall::aws {

std::vector<EntryRange> entry_ranges(std::span<const std::size_t> sizes,
                                     const EntryLimits& limits) {
    std::vector<EntryRange> ranges;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const bool is_full = ranges.empty() || ranges.back().size() == limits.count_max
                             || bytes + sizes[i] > limits.bytes_max;
        if (is_full) {
            ranges.push_back({i, i});
            bytes = 0;
        }
        ranges.back().end = i + 1;
        bytes += sizes[i];
    }
    return ranges;
}

std::vector<EntryRange> entry_ranges(std::size_t count, std::size_t count_max) {
    return entry_ranges(std::vector<std::size_t>(count, 0), {count_max, 0});
}

void take_batch_answer(const json::Value& answer,
                       const EntryRange& range,
                       std::vector<EntryFailure>& failures) {
    const std::size_t before = failures.size();
    std::set<std::size_t> spoken_of;
    const auto index_in = [&](const json::Value& entry) -> std::optional<std::size_t> {
        const auto id = to_integer(json::string_at(entry, "Id"));
        if (!id || *id < 0) return std::nullopt;
        const auto index = static_cast<std::size_t>(*id);
        if (index < range.begin || index >= range.end) return std::nullopt;
        return index;
    };
    for (const auto& entry : json::array_at(answer, "Successful")) {
        if (const auto index = index_in(entry)) spoken_of.insert(*index);
    }
    for (const auto& entry : json::array_at(answer, "Failed")) {
        const auto index = index_in(entry);
        if (!index || !spoken_of.insert(*index).second) continue;
        failures.push_back({*index,
                            std::string(json::string_at(entry, "Code")),
                            std::string(json::string_at(entry, "Message")),
                            json::bool_at(entry, "SenderFault")});
    }
    for (std::size_t i = range.begin; i < range.end; ++i) {
        if (!spoken_of.contains(i))
            failures.push_back({i, std::string(EntryFailure::not_answered), {}});
    }
    std::sort(failures.begin() + static_cast<std::ptrdiff_t>(before),
              failures.end(),
              [](const EntryFailure& a, const EntryFailure& b) { return a.index < b.index; });
}

} // namespace squall::aws
