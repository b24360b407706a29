// Root filesystems, each made in a child process with mounts and processes of its own. As root, the
// real one or that of a user namespace (`unshare --user --map-root-user`).
#include "squall/base/temporary_folder.h"
#include "squall/labhost/rootfs.h"

#include <gtest/gtest.h>

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <functional>

namespace squall::labhost {
namespace {

constexpr std::size_t size_max = 1U << 20U;

class RootFs : public testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0)
            GTEST_SKIP()
                << "NOT TESTED: root filesystems are made as root only, also of a user namespace";
    }

    // What `steps` says in a process whose mounts nobody else sees: empty when all is well.
    static std::string in_own_mounts(const std::function<std::string()>& steps) {
        Pipe said = make_pipe().value();
        const pid_t pid = ::fork();
        if (pid == 0) {
            std::string words = "making namespaces failed";
            const bool made = ::unshare(CLONE_NEWNS | CLONE_NEWPID) == 0;
            // Only a child is in the new PID namespace, and only that one's /proc may be mounted in
            // a user namespace. This process says nothing more, and ends as the child does.
            const pid_t child = made ? ::fork() : 0;
            if (child > 0) {
                int status = 1;
                ::waitpid(child, &status, 0);
                ::_exit(status == 0 ? 0 : 1);
            }
            if (made && make_mounts_private()) words = steps();
            const ssize_t ignored = ::write(said.write_end.get(), words.data(), words.size());
            ::_exit(ignored < 0 ? 1 : 0);
        }
        said.write_end.reset();
        std::string words;
        char byte = 0;
        while (::read(said.read_end.get(), &byte, 1) == 1)
            words.push_back(byte);
        int status = 0;
        ::waitpid(pid, &status, 0);
        return status == 0 ? words : words + " (it did not end well)";
    }

    const TemporaryFolder folder_;
};

std::string trouble(const Result<void>& result) { return result ? "" : result.error().message; }

bool is_there(const Path& path) {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
}

TEST_F(RootFs, IsEnteredAndTheOldOneIsLeftBehind) {
    const auto words = in_own_mounts([this]() -> std::string {
        auto tree = RootTree::mount_at(folder_ / "root", size_max);
        if (!tree) return tree.error().message;
        for (const auto& step : {tree->make_directory("/a/b", 01777),
                                 tree->write_file("/etc/new/file", "text", 0600),
                                 tree->make_link("/link", "etc/new"),
                                 tree->mount_proc()}) {
            if (!step) return step.error().message;
        }
        if (const auto entered = std::move(*tree).enter(); !entered) return entered.error().message;

        struct stat info {};

        ::stat("/a/b", &info);
        if ((info.st_mode & 07777U) != 01777U) return "the mode is not as asked for";
        if (read_file("/link/file", 100).value_or("") != "text") return "the file is not there";
        if (is_there("/usr")) return "the machine's files are still seen";
        const auto mounts = read_file("/proc/self/mountinfo", 1U << 16U).value_or("");
        if (std::count(mounts.begin(), mounts.end(), '\n') != 2) return "mounts: " + mounts;
        return "";
    });
    EXPECT_EQ(words, "");
    EXPECT_TRUE(std::filesystem::is_empty(folder_ / "root")) << "nothing of it is seen outside";
}

TEST_F(RootFs, IsEnteredFromAChrootToo) {
    const auto words = in_own_mounts([this]() -> std::string {
        // A plain folder as root: no mount point, so pivot_root cannot work.
        for (const char* name : {"proc", "usr"})
            std::filesystem::create_directories(folder_ / name);
        if (::mount("/proc", (folder_ / "proc").c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
            return "binding /proc failed";
        if (::chroot(folder_.path().c_str()) != 0 || ::chdir("/") != 0) return "chroot failed";
        auto tree = RootTree::mount_at("/new", size_max);
        if (!tree) return tree.error().message;
        if (const auto made = tree->write_file("/here", "x"); !made) return made.error().message;
        if (const auto entered = std::move(*tree).enter(); !entered) return entered.error().message;
        if (!is_there("/here") || is_there("/new")) return "the root is not the new one";
        return "";
    });
    EXPECT_EQ(words, "");
}

TEST_F(RootFs, HasAChrootAsItsRootFromTheBeginning) {
    const auto words = in_own_mounts([this]() -> std::string {
        std::filesystem::create_directories(folder_ / "proc");
        if (::mount("/proc", (folder_ / "proc").c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
            return "binding /proc failed";
        // As on a machine where systemd runs: whatever is mounted is seen everywhere.
        if (::mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr) != 0)
            return "sharing the mounts failed";
        const auto mounts_before = read_file("/proc/self/mountinfo", 1U << 20U).value_or("");
        const Fd machine(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
        if (::chroot(folder_.path().c_str()) != 0 || ::chdir("/") != 0) return "chroot failed";
        if (::unshare(CLONE_NEWNS) != 0) return "making a namespace failed";
        if (const auto made = make_mounts_private(); !made) return made.error().message;
        auto tree = RootTree::mount_at("/new", size_max);
        if (!tree) return tree.error().message;
        if (const auto made = tree->write_file("/here", "x"); !made) return made.error().message;
        if (const auto made = tree->mount_proc(); !made) return made.error().message;
        if (const auto entered = std::move(*tree).enter(); !entered) return entered.error().message;
        // What `lab exec` does: it comes in by the namespace, not by the first process's root.
        const Fd own(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
        if (::setns(own.get(), CLONE_NEWNS) != 0) return "joining the namespace failed";
        if (!is_there("/here")) return "who joins comes out elsewhere";
        if (::setns(machine.get(), CLONE_NEWNS) != 0) return "going back failed";
        if (read_file("/proc/self/mountinfo", 1U << 20U).value_or("") != mounts_before)
            return "the machine sees the tree's mounts";
        return "";
    });
    EXPECT_EQ(words, "");
}

TEST_F(RootFs, LinksThatPointOutsideLeadInside) {
    ASSERT_TRUE(make_directories(folder_ / "outside"));
    const auto words = in_own_mounts([this]() -> std::string {
        auto tree = RootTree::mount_at(folder_ / "root", size_max);
        if (!tree) return tree.error().message;
        const Path outside = folder_ / "outside";
        for (const auto& step : {tree->make_link("/out", outside),
                                 tree->make_directory(outside),
                                 tree->write_file("/out/file", "text"),
                                 tree->make_link("/up", "../../../../.."),
                                 tree->write_file("/up/top", "text"),
                                 tree->bind("/etc/passwd", "/out/bound", Access::read_only)}) {
            if (!step) return step.error().message;
        }
        if (!is_there(folder_ / "root" / "top")) return "it left the tree by ..";
        if (!is_there(folder_ / "root" / outside.relative_path() / "bound"))
            return "it left the tree by an absolute link";
        return "";
    });
    EXPECT_EQ(words, "");
    EXPECT_TRUE(std::filesystem::is_empty(folder_ / "outside"));
    EXPECT_FALSE(is_there("/top"));
}

TEST_F(RootFs, ShowsTheMachinesProgramsWithoutTheRightToChangeThem) {
    const auto words = in_own_mounts([this]() -> std::string {
        auto tree = RootTree::mount_at(folder_ / "root", size_max);
        if (!tree) return tree.error().message;
        for (const auto& step : {tree->bind_machine_programs(),
                                 tree->mount_empty("/usr/local", size_max),
                                 tree->write_file("/usr/local/bin/own", "#!/bin/sh\n", 0755),
                                 tree->mount_proc(),
                                 tree->mount_devices(),
                                 tree->bind_if_there("/no/such", "/x", Access::read_only)}) {
            if (!step) return step.error().message;
        }
        if (const auto entered = std::move(*tree).enter(); !entered) return entered.error().message;
        if (::access("/bin/sh", X_OK) != 0) return "there is no shell";
        if (::access("/usr/local/bin/own", X_OK) != 0) return "the tree's own tool is not there";
        if (const auto written = write_file("/usr/bin/own", ""); written)
            return "/usr can be changed";
        if (!write_file("/tmp-file", "x")) return "the root cannot be changed";
        struct stat info {};

        if (::stat("/dev/null", &info) != 0 || !S_ISCHR(info.st_mode)) return "no /dev/null";
        if (!read_file("/dev/null", 1).value_or("x").empty()) return "/dev/null is not empty";
        if (is_there("/x")) return "a mount point for nothing was made";
        return "";
    });
    EXPECT_EQ(words, "");
}

TEST_F(RootFs, HoldsNoMoreThanItsSize) {
    const auto words = in_own_mounts([this]() -> std::string {
        auto tree = RootTree::mount_at(folder_ / "root", size_max);
        if (!tree) return tree.error().message;
        if (tree->write_file("/large", std::string(2 * size_max, 'x'))) return "it holds more";
        return trouble(tree->write_file("/small", "x"));
    });
    EXPECT_NE(words, "it holds more");
}

TEST(NeedsLoader, TellsProgramsThatStandAloneFromOthers) {
    EXPECT_EQ(needs_loader("/bin/sh").value(), true);
    EXPECT_FALSE(needs_loader("/etc/passwd"));
    EXPECT_FALSE(needs_loader("/no/such"));
}

} // namespace
} // namespace squall::labhost
