// Any lines as CIDR blocks: up to an empty line they make one set, then another, and what a set is
// holds of both.
#include "address_set.h"
#include "squall/base/text.h"

#include <array>
#include <cstdint>

namespace {

using squall::host::AddressSet;

void check(const AddressSet& a, const AddressSet& b) {
    const AddressSet all = *AddressSet::of_cidr("0.0.0.0/0");
    const AddressSet both = a.common(b);
    const AddressSet any = a.united(b);
    SQUALL_ASSERT(both == b.common(a) && any == b.united(a));
    SQUALL_ASSERT(a.without(b).united(both) == a);
    SQUALL_ASSERT(a.without(b).common(b).empty());
    SQUALL_ASSERT(any.contains(a) && a.contains(both) && any.without(b) == a.without(b));
    SQUALL_ASSERT(a.contains(b) == (both == b));
    // What is in neither is in no union of them.
    SQUALL_ASSERT(all.without(a).common(all.without(b)) == all.without(any));
    SQUALL_ASSERT(all.without(all.without(a)) == a && all.without(a).united(a) == all);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::array<AddressSet, 2> sets;
    std::size_t into = 0;
    for (const auto& line : squall::split({reinterpret_cast<const char*>(data), size}, '\n')) {
        if (line.empty()) into = 1;
        const auto block = AddressSet::of_cidr(line);
        SQUALL_ASSERT(block.has_value() == (squall::host::prefix_length(line) >= 0));
        if (block) sets[into] = sets[into].united(*block);
    }
    check(sets[0], sets[1]);
    check(sets[0], AddressSet::internet());
    return 0;
}
