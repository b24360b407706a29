// Any bytes as a form: what is read must be written, and read back as the same parameters.
#include "squall/wire/query.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto form =
        squall::wire::QueryParameters::parse({reinterpret_cast<const char*>(data), size});
    if (!form) return 0;
    const auto again = squall::wire::QueryParameters::parse(form->form());
    SQUALL_ASSERT(again.has_value() && again->form() == form->form());
    static_cast<void>(form->list("InstanceId"));
    static_cast<void>(form->has_structure("Filter.1"));
    return 0;
}
