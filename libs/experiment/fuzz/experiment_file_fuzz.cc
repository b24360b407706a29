// Any bytes as an experiment file: read, or refused with places and reasons.
#include "squall/experiment/experiment_file.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto file = squall::experiment::parse_experiment(
        {reinterpret_cast<const char*>(data), size}, "fuzz.yaml");
    if (file) {
        SQUALL_ASSERT(file->faults.size() == 1);
    } else {
        SQUALL_ASSERT(!file.error().empty());
        for (const auto& problem : file.error())
            SQUALL_ASSERT(!problem.where.empty() && !problem.what.empty());
    }
    return 0;
}
