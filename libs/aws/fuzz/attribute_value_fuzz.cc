// Any JSON as an item of DynamoDB: what is read must be written, and read back as the same item.
#include "squall/aws/attribute_value.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto json = squall::json::parse({reinterpret_cast<const char*>(data), size});
    if (!json) return 0;
    const auto item = squall::aws::item_from_json(*json);
    if (!item) return 0;
    SQUALL_ASSERT(squall::aws::item_from_json(squall::aws::to_json(*item)).value() == *item);
    return 0;
}
