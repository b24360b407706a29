#include "runtime/setup.h"

#include "runtime/launch.h"
#include "runtime/program_search.h"
#include "signals.h"
#include "squall/base/c_strings.h"
#include "squall/base/log.h"
#include "squall/labhost/rootfs.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace squall::labhost::runtime {
namespace {

// What a container may keep in its files, all together; they are in memory.
constexpr std::size_t root_size_max = 512U << 20U;
constexpr std::size_t spec_text_max = 64U << 20U;

// Files and folders of the machine that its programs expect, for the images made of them.
constexpr std::array machine_settings{"/etc/alternatives",
                                      "/etc/ca-certificates",
                                      "/etc/crypto-policies",
                                      "/etc/group",
                                      "/etc/ld.so.cache",
                                      "/etc/ld.so.conf",
                                      "/etc/ld.so.conf.d",
                                      "/etc/localtime",
                                      "/etc/nsswitch.conf",
                                      "/etc/os-release",
                                      "/etc/passwd",
                                      "/etc/pki",
                                      "/etc/protocols",
                                      "/etc/services",
                                      "/etc/ssl"};

constexpr const char* minimal_passwd =
    "root:x:0:0:root:/root:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
constexpr const char* minimal_group = "root:x:0:\nnogroup:x:65534:\n";

// The machine's programs, and the settings they read.
Result<void> add_machine(RootTree& tree, bool with_settings) {
    if (auto bound = tree.bind_machine_programs(); !bound) return bound;
    if (!with_settings) return {};
    for (const char* path : machine_settings) {
        if (auto bound = tree.bind_if_there(path, path, Access::read_only); !bound) return bound;
    }
    return {};
}

Result<void> add_files(RootTree& tree, const LaunchSpec& spec) {
    for (const char* folder : {"/root", "/home", "/opt", "/srv", "/run", "/var/lib", "/var/log"}) {
        if (auto made = tree.make_directory(folder); !made) return made;
    }
    for (const char* folder : {"/tmp", "/var/tmp"}) {
        if (auto made = tree.make_directory(folder, 01777); !made) return made;
    }
    if (auto made = tree.make_link("/var/run", "/run"); !made) return made;
    for (const auto& [path, text] :
         {std::pair<const char*, std::string>("/etc/passwd", minimal_passwd),
          {"/etc/group", minimal_group},
          {"/etc/hosts", spec.hosts},
          {"/etc/hostname", spec.hostname + "\n"},
          {"/etc/resolv.conf", spec.resolv_conf}}) {
        if (auto written = tree.write_file(path, text); !written) return written;
    }
    return {};
}

Result<void> add_program(RootTree& tree, const LaunchSpec& spec) {
    if (auto bound = tree.bind(spec.program, "/squall", Access::read_only); !bound) return bound;
    const auto needs_libraries = needs_loader(spec.program);
    if (!needs_libraries) return fail(needs_libraries.error());
    return *needs_libraries ? add_machine(tree, /*with_settings=*/false) : Result<void>();
}

// Docker makes the folder that is not there.
Result<void> add_bind(RootTree& tree, const BindMount& bind) {
    struct stat info {};

    if (::stat(bind.source.c_str(), &info) != 0 && errno == ENOENT) {
        if (auto made = make_directories(bind.source); !made) return made;
    }
    return tree.bind(
        bind.source, bind.target, bind.read_only ? Access::read_only : Access::read_write);
}

Result<RootTree> build_root(const LaunchSpec& spec) {
    if (auto made = make_mounts_private(); !made) return fail(made.error());
    auto tree = RootTree::mount_at(spec.root_folder, root_size_max);
    if (!tree) return tree;
    if (auto added = add_files(*tree, spec); !added) return fail(added.error());
    const auto added = spec.root == RootKind::machine ? add_machine(*tree, /*with_settings=*/true)
                                                      : add_program(*tree, spec);
    if (!added) return fail(added.error());
    if (auto made = tree->make_directory(spec.working_directory); !made) return fail(made.error());
    if (auto mounted = tree->mount_proc(); !mounted) return fail(mounted.error());
    if (auto mounted = tree->mount_devices(); !mounted) return fail(mounted.error());
    if (!spec.privileged) {
        if (auto masked = tree->mask_machine_controls(RootTree::Network::read_only); !masked)
            return fail(masked.error());
    }
    for (const auto& bind : spec.binds) {
        if (auto bound = add_bind(*tree, bind); !bound) return fail(bound.error());
    }
    return tree;
}

Result<void> enter(RootTree tree, const LaunchSpec& spec) {
    if (auto entered = std::move(tree).enter(); !entered) return entered;
    const unsigned long read_only = MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID;
    if (spec.read_only_root && ::mount(nullptr, "/", nullptr, read_only, nullptr) != 0)
        return fail(Errc::failed, "making the root read-only: {}", errno_text(errno));
    if (::chdir(spec.working_directory.c_str()) != 0)
        return fail(Errc::failed, "mkdir {}: {}", spec.working_directory, errno_text(errno));
    if (::sethostname(spec.hostname.data(), spec.hostname.size()) != 0)
        return fail(Errc::failed, "setting the host name: {}", errno_text(errno));
    keep_only(spec.capabilities);
    return {};
}

StartFailure failure_of(const Error& error) { return {128, error.message}; }

// Returns only if it fails.
StartFailure start_program(const LaunchSpec& spec) {
    const auto program = find_program(spec.argv.front(), spec.environment);
    if (!program) return program.error();
    const auto argv = c_strings(spec.argv);
    const auto environment = c_strings(spec.environment);
    const char ready = 'r';
    if (::write(setup_fd::report, &ready, 1) != 1) return {128, "nobody waits for the container"};
    ::execve(program->c_str(), argv.data(), environment.data());
    const int number = errno;
    return {126, fmt::format("exec {}: {}", *program, errno_text(number))};
}

// Returns only if it fails; the starter may have given up, which is no failure worth a word.
StartFailure set_up_and_start() {
    for (const int fd : {setup_fd::spec, setup_fd::control, setup_fd::report})
        ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    const auto text = read_file(fmt::format("/proc/self/fd/{}", setup_fd::spec), spec_text_max);
    if (!text) return failure_of(text.error());
    const auto spec = parse_launch_spec(*text);
    if (!spec) return failure_of(spec.error());
    auto tree = build_root(*spec);
    if (!tree) return failure_of(tree.error());
    char go = 0;
    if (::read(setup_fd::control, &go, 1) != 1) return {128, "the starter gave up"};
    if (auto entered = enter(std::move(*tree), *spec); !entered) return failure_of(entered.error());
    return start_program(*spec);
}

} // namespace

int run_container_setup(const std::vector<std::string>& arguments) {
    if (!arguments.empty() || ::fcntl(setup_fd::report, F_GETFD) < 0) {
        log::print("squall: 'container' is a step of dockerd's and not for people\n");
        return 64;
    }
    reset_signals();
    ::umask(022);
    ::setsid();
    const StartFailure failure = set_up_and_start();
    // The reader skips one byte, which stands for "ready" where the failure came after it.
    const std::string said = " " + to_text(failure);
    const ssize_t ignored = ::write(setup_fd::report, said.data(), said.size());
    return ignored > 0 ? failure.exit_code : 1;
}

} // namespace squall::labhost::runtime
