// Any bytes as JSON: what parses must be written, and read back as the same value.
#include "squall/base/json.h"

#include <algorithm>
#include <cstdint>

namespace {

// Boost's reader is not exact to the last bit of a double with many digits: such documents are only
// read, not compared.
bool has_double(const squall::json::Value& value) {
    if (value.is_double()) return true;
    if (const auto* array = value.if_array())
        return std::any_of(array->begin(), array->end(), has_double);
    if (const auto* object = value.if_object()) {
        return std::any_of(object->begin(), object->end(), [](const auto& member) {
            return has_double(member.value());
        });
    }
    return false;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto value = squall::json::parse(text);
    if (!value) return 0;
    const std::string canonical = squall::json::canonical_text(*value);
    const auto again = squall::json::parse(squall::json::text(*value));
    SQUALL_ASSERT(again.has_value());
    if (has_double(*value)) return 0;
    SQUALL_ASSERT(squall::json::canonical_text(*again) == canonical);
    const auto indented = squall::json::parse(squall::json::indented_text(*value));
    SQUALL_ASSERT(indented.has_value() && squall::json::canonical_text(*indented) == canonical);
    return 0;
}
