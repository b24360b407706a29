// Any bytes as a user's file of causes: it is taken whole, or refused with a line, and changes
// nothing then.
#include "squall/doctor/catalogue.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view yaml(reinterpret_cast<const char*>(data), size);
    squall::doctor::Catalogue catalogue;
    SQUALL_ASSERT(catalogue.add(
        "causes:\n  - id: KNOWN\n    means: It is known.\n    signs: [known]\n", "base.yaml"));
    const std::size_t causes = catalogue.causes().size();
    const std::size_t patterns = catalogue.patterns().size();
    const auto added = catalogue.add(yaml, "ours.yaml");
    if (!added) {
        SQUALL_ASSERT(added.error().message.starts_with("ours.yaml:"));
        SQUALL_ASSERT(catalogue.causes().size() == causes
                      && catalogue.patterns().size() == patterns);
        return 0;
    }
    SQUALL_ASSERT(catalogue.causes().size() >= causes);
    for (const auto& sign : catalogue.signs()) {
        SQUALL_ASSERT(sign.cause < catalogue.causes().size() && !sign.all.empty());
        for (const auto& set : sign.all) {
            SQUALL_ASSERT(!set.empty());
            for (const std::size_t pattern : set)
                SQUALL_ASSERT(pattern < catalogue.patterns().size());
        }
    }
    return 0;
}
