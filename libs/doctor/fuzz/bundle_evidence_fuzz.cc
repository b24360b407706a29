// Any bytes as one of the files that are read beside logs: what is said of them can be shown.
#include "squall/base/text.h"
#include "squall/doctor/bundle_evidence.h"

#include <array>
#include <cstdint>

namespace {

constexpr std::array<const char*, 16> names{"ecs-agent/ecs.config",
                                            "docker/docker-not-running.txt",
                                            "docker/docker-info.txt",
                                            "docker/docker-ps.txt",
                                            "ecs-agent/agent-running-info.txt",
                                            "docker/container-0a.txt",
                                            "services.txt",
                                            "squall/services.txt",
                                            "mounts.txt",
                                            "open-file-counts.txt",
                                            "squall/file-nr",
                                            "top.txt",
                                            "squall/meminfo",
                                            "ps.txt",
                                            "ecs-agent/ecs-agent-not-running.txt",
                                            "squall/looks.json"};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto bytes =
        squall::doctor::source_of_text({reinterpret_cast<const char*>(data + 1), size - 1});
    const char* name = names[data[0] % names.size()];
    squall::doctor::BundleEvidence evidence;
    SQUALL_ASSERT(evidence.take({name, name, size, {}}, *bytes));
    for (const auto& look : std::move(evidence).looks()) {
        SQUALL_ASSERT(squall::is_valid_utf8(look.summary));
        for (const auto& sign : look.signs)
            for (const auto& each : sign.evidence)
                SQUALL_ASSERT(squall::is_valid_utf8(each.text)
                              && each.text.size() <= squall::doctor::Evidence::text_max);
    }
    return 0;
}
