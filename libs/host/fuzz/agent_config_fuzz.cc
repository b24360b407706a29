// Any bytes as an environment file: every line counts, or is said not to.
#include "checks/agent_config.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    squall::host::AgentConfig config;
    squall::host::read_settings(
        {reinterpret_cast<const char*>(data), size}, "/etc/ecs/ecs.config", config);
    for (const auto& line : config.lines) {
        SQUALL_ASSERT(!line.name.empty() && config.find(line.name) != nullptr);
    }
    return 0;
}
