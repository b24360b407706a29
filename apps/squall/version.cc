#include "version.h"

#include "output.h"
#include "squall/base/file.h"
#include "squall/base/text.h"
#include "squall_commit.h"

namespace squall::app {

int run_command(const VersionCommand& /*command*/) {
    constexpr std::size_t binary_size_max = 1U << 30U;
    Output output;
    output.line("squall " SQUALL_VERSION);
    output.line("commit " SQUALL_COMMIT);
    const auto binary = read_file("/proc/self/exe", binary_size_max);
    output.line("sha256 " + (binary ? sha256_hex(*binary) : "unknown: " + binary.error().message));
    return 0;
}

} // namespace squall::app
