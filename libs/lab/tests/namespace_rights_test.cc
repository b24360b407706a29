// What a machine says no to is a value here; that it says yes is tried in child processes.
#include "namespace_rights.h"

#include "squall/base/temporary_folder.h"
#include "squall/base/text.h"

#include <gtest/gtest.h>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

namespace squall::lab {
namespace {

constexpr uid_t ordinary_user = 1000;

constexpr NamespaceSettings all_allowed{1, 0, 15000};
constexpr NamespaceSettings ubuntu{1, 1, 15000};

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

// What `steps` says in a child process of one thread.
std::string in_child(const std::function<std::string()>& steps) {
    Pipe said = make_pipe().value();
    const pid_t pid = ::fork();
    if (pid == 0) {
        const std::string words = steps();
        const ssize_t ignored = ::write(said.write_end.get(), words.data(), words.size());
        ::_exit(ignored < 0 ? 1 : 0);
    }
    said.write_end.reset();
    std::string words;
    char byte = 0;
    while (::read(said.read_end.get(), &byte, 1) == 1)
        words.push_back(byte);
    ::waitpid(pid, nullptr, 0);
    return words;
}

std::string link_of(const char* name) {
    std::error_code ignored;
    return std::filesystem::read_symlink(Path("/proc/self/ns") / name, ignored).string();
}

TEST(NamespaceRights, ReadsWhatTheMachineSaysAndDoesWithoutWhatItDoesNotSay) {
    const TemporaryFolder folder;
    ASSERT_TRUE(make_directories(folder / "kernel"));
    ASSERT_TRUE(make_directories(folder / "user"));
    ASSERT_TRUE(write_file(folder / "kernel/unprivileged_userns_clone", "0\n"));
    ASSERT_TRUE(write_file(folder / "user/max_user_namespaces", "96365\n"));
    const auto settings = NamespaceSettings::read(folder.path());
    EXPECT_EQ(settings.unprivileged_userns_clone, 0);
    EXPECT_EQ(settings.apparmor_restricts, std::nullopt);
    EXPECT_EQ(settings.user_namespaces_max, 96365);
}

TEST(NamespaceRights, EachRefusalNamesItsSettingAndWhatAllowsIt) {
    struct Case {
        RightsStep step;
        int number;
        NamespaceSettings settings;
        std::string_view cause;
        std::string_view remedy;
    };

    const auto step = RightsStep::user_namespace;
    for (const auto& [tried, number, settings, cause, remedy] :
         {Case{step,
               EPERM,
               {0, std::nullopt, 15000},
               "kernel.unprivileged_userns_clone is 0",
               "sysctl -w kernel.unprivileged_userns_clone=1"},
          Case{step,
               ENOSPC,
               {std::nullopt, std::nullopt, 0},
               "user.max_user_namespaces is 0",
               "sysctl -w user.max_user_namespaces="},
          Case{step, ENOSPC, all_allowed, "are in use", "raise them"},
          Case{RightsStep::namespaces, ENOSPC, all_allowed, "are in use", "raise them"},
          Case{step, EACCES, ubuntu, "AppArmor", "restrict_unprivileged_userns=0"},
          Case{step, EPERM, ubuntu, "AppArmor", "--privileged"},
          Case{RightsStep::identity, EACCES, ubuntu, "AppArmor", "restrict_unprivileged_userns=0"},
          Case{RightsStep::identity, EPERM, ubuntu, "AppArmor", "restrict_unprivileged_userns=0"},
          Case{RightsStep::namespaces, EPERM, ubuntu, "AppArmor", "restrict_unprivileged_userns=0"},
          Case{RightsStep::proc, EACCES, ubuntu, "AppArmor", "restrict_unprivileged_userns=0"},
          Case{RightsStep::proc, EPERM, ubuntu, "/proc are hidden", "--privileged"},
          Case{RightsStep::proc, EPERM, all_allowed, "/proc are hidden", "--privileged"},
          Case{step, EPERM, all_allowed, "inside a container", "--privileged"},
          Case{step, EACCES, all_allowed, "security module", "audit log"},
          Case{step, EINVAL, {}, "CONFIG_USER_NS", ""}}) {
        const std::string why = why_refused(tried, number, settings);
        EXPECT_TRUE(contains(why, cause)) << why;
        EXPECT_TRUE(contains(why, remedy)) << why;
        EXPECT_TRUE(contains(why, errno_text(number))) << why;
    }
}

TEST(NamespaceRights, RootKeepsTheUserNamespaceThatItIsIn) {
    if (::geteuid() != 0) GTEST_SKIP() << "NOT TESTED: this is about root";
    const std::string before = link_of("user");
    EXPECT_EQ(in_child([]() -> std::string {
                  const auto taken = take_namespace_rights();
                  return taken ? link_of("user") : taken.error().message;
              }),
              before);
}

TEST(NamespaceRights, AnOrdinaryUserBecomesRootOfAUserNamespaceAndKeepsTheNetwork) {
    const auto words = in_child([]() -> std::string {
        if (::geteuid() == 0
            && (::setresgid(ordinary_user, ordinary_user, ordinary_user) != 0
                || ::setresuid(ordinary_user, ordinary_user, ordinary_user) != 0))
            return "becoming an ordinary user failed";
        // As after the exec of a program: /proc/self is its own again.
        ::prctl(PR_SET_DUMPABLE, 1);
        const uid_t user = ::geteuid();
        const std::string user_namespace = link_of("user");
        const std::string network = link_of("net");
        if (const auto taken = take_namespace_rights(); !taken)
            return "refused: " + taken.error().message;
        if (::geteuid() != 0 || ::getegid() != 0) return "it is not root";
        if (link_of("user") == user_namespace) return "it is in the same user namespace";
        if (link_of("net") != network) return "it has lost the caller's network";
        const auto map = read_file("/proc/self/uid_map", 4096).value_or("");
        const auto fields = split(trimmed(map), ' ');
        if (to_integer(fields.back()) != 1 || !contains(map, std::to_string(user)))
            return "others than the caller exist there: " + map;
        const auto again = take_namespace_rights();
        return again ? "" : "the second time: " + again.error().message;
    });
    if (words.starts_with("refused: ")) GTEST_SKIP() << "NOT TESTED: this machine " << words;
    EXPECT_EQ(words, "");
}

} // namespace
} // namespace squall::lab
