#include "docker_engine.h"

#include "squall/base/text.h"
#include "squall/lab/lab.h"
#include "squall/labhost/rootfs.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

namespace squall::lab {
namespace {

constexpr std::array runtimes{std::pair(ContainerRuntime::built_in, "built-in"),
                              std::pair(ContainerRuntime::docker, "docker")};
const char* const cgroup_root = "/sys/fs/cgroup";
// /usr is the machine's own on every host, but for /usr/local.
constexpr std::array program_folders{"/usr/sbin", "/usr/bin"};
constexpr std::array programs{"dockerd", "containerd", "runc", "iptables", "tar"};

bool is_on_hosts(const char* program) {
    return std::any_of(program_folders.begin(), program_folders.end(), [&](const char* folder) {
        return ::access((Path(folder) / program).c_str(), X_OK) == 0;
    });
}

bool has_hierarchy(const Path& folder) {
    std::error_code ignored;
    return std::filesystem::exists(folder / "cgroup.procs", ignored);
}

// cgroup v2 is mounted as a whole, v1 by controllers, and some machines have both.
std::vector<Path> hierarchies() {
    std::vector<Path> found;
    if (has_hierarchy(cgroup_root)) return {cgroup_root};
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(cgroup_root, ignored)) {
        if (!entry.is_symlink(ignored) && has_hierarchy(entry.path()))
            found.push_back(entry.path());
    }
    return found;
}

// Its files are the kernel's: only folders can be removed, and only empty ones.
void remove_folders(const Path& folder) {
    std::error_code ignored;
    std::vector<Path> below;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
        if (entry.is_directory(ignored)) below.push_back(entry.path());
    }
    for (const auto& one : below)
        remove_folders(one);
    ::rmdir(folder.c_str());
}

} // namespace

std::string_view name_of(ContainerRuntime runtime) {
    return std::find_if(runtimes.begin(),
                        runtimes.end(),
                        [&](const auto& one) { return one.first == runtime; })
        ->second;
}

std::optional<ContainerRuntime> container_runtime_named(std::string_view name) {
    const auto* const found = std::find_if(
        runtimes.begin(), runtimes.end(), [&](const auto& one) { return one.second == name; });
    return found == runtimes.end() ? std::nullopt : std::optional(found->first);
}

Result<void> check_docker_engine() {
    if (::geteuid() != 0)
        return fail(Errc::denied,
                    "--runtime docker: the Docker Engine works for root only: run it with sudo, or "
                    "without this option");
    std::vector<std::string> missing;
    for (const char* program : programs) {
        if (!is_on_hosts(program)) missing.emplace_back(program);
    }
    if (!missing.empty())
        return fail(Errc::invalid_input,
                    "--runtime docker: {} not found in /usr/sbin or /usr/bin, which is what a host "
                    "has of this machine; on Debian and Ubuntu `apt-get install docker.io "
                    "iptables` brings them",
                    join(missing, ", "));
    if (hierarchies().empty())
        return fail(Errc::invalid_input,
                    "--runtime docker: no cgroups are mounted below {0}, and containers are kept "
                    "in one; `mount -t cgroup2 none {0}` mounts them",
                    cgroup_root);
    std::error_code error;
    const auto needs =
        labhost::needs_loader(std::filesystem::read_symlink("/proc/self/exe", error));
    if (!needs) return fail(needs.error());
    if (*needs)
        return fail(Errc::invalid_input,
                    "--runtime docker: the images consist of squall itself, and this one needs "
                    "libraries that they do not have; the static one (`make release`) is needed");
    return {};
}

std::string docker_cgroup(const Path& lab_folder) {
    constexpr std::size_t digits = 12;
    return "/squall-lab-" + sha256_hex(lab_folder.string()).substr(0, digits);
}

void remove_docker_cgroup(const Path& lab_folder) {
    const std::string name = docker_cgroup(lab_folder).substr(1);
    for (const auto& hierarchy : hierarchies())
        remove_folders(hierarchy / name);
}

} // namespace squall::lab
