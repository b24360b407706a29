#include "helper_files.h"

#include "squall/base/text.h"

#include <sys/utsname.h>

#include <algorithm>
#include <filesystem>

namespace squall::app {
namespace {

// e_machine of an ELF head; what is no ELF file is for this machine.
std::string architecture_of(std::string_view program) {
    constexpr std::size_t machine_at = 18;
    if (program.starts_with("\x7f"
                            "ELF")
        && program.size() > machine_at + 1) {
        const auto machine = static_cast<unsigned char>(program[machine_at]);
        if (machine == 0x3e) return "x86_64";
        if (machine == 0xb7) return "aarch64";
        return {};
    }
    utsname name{};
    return ::uname(&name) == 0 ? name.machine : "";
}

// The first one of an architecture is the one that counts.
void take(const Path& path, std::vector<experiment::HelperFile>& helpers) {
    const auto program = read_file(path, helper_size_max);
    if (!program) return;
    std::string architecture = architecture_of(*program);
    const bool is_known = std::any_of(helpers.begin(), helpers.end(), [&](const auto& helper) {
        return helper.architecture == architecture;
    });
    if (!architecture.empty() && !is_known)
        helpers.push_back({std::move(architecture), sha256_hex(*program), path});
}

} // namespace

std::vector<experiment::HelperFile> helpers_beside_squall() {
    std::error_code none;
    const Path beside = std::filesystem::read_symlink("/proc/self/exe", none).parent_path();
    std::vector<experiment::HelperFile> helpers;
    // The second is where a package puts them.
    for (const Path& folder : {beside, beside.parent_path() / "lib/squall"}) {
        for (const char* name : {"squall-host", "squall-host-x86_64", "squall-host-aarch64"})
            take(folder / name, helpers);
    }
    return helpers;
}

} // namespace squall::app
