#include "signals.h"

#include "squall/base/fd.h"
#include "squall/base/file.h"
#include "squall/base/text.h"

#include <gtest/gtest.h>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace squall::labhost {
namespace {

std::string masks_of_this_process() {
    std::string masks;
    for (const auto& line : split(read_file("/proc/self/status", 1U << 16U).value_or(""), '\n'))
        if (line.starts_with("SigBlk") || line.starts_with("SigIgn")) masks += line + "\n";
    return masks;
}

TEST(Signals, AreAllAsAProgramExpectsThem) {
    Pipe said = make_pipe().value();
    const pid_t child = ::fork();
    if (child == 0) {
        // As whoever was started by posix_spawn has them, and blocked on top.
        const std::array<unsigned long, 8> ignored{1};
        for (const int number : {SIGHUP, SIGUSR1, 32, 33, 64})
            ::syscall(SYS_rt_sigaction, number, ignored.data(), nullptr, 8UL);
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
        const std::string before = masks_of_this_process();
        reset_signals();
        const std::string text = before + masks_of_this_process();
        const bool told = ::write(said.write_end.get(), text.data(), text.size()) > 0;
        ::_exit(told ? 0 : 1);
    }
    said.write_end.reset();
    std::array<char, 4096> bytes{};
    const ssize_t got = ::read(said.read_end.get(), bytes.data(), bytes.size());
    ::waitpid(child, nullptr, 0);
    ASSERT_GT(got, 0);
    const auto lines = split(std::string_view(bytes.data(), static_cast<std::size_t>(got)), '\n');
    ASSERT_GE(lines.size(), 4U);
    EXPECT_NE(lines[1], "SigIgn:\t0000000000000000") << "there was something to reset";
    EXPECT_EQ(lines[2], "SigBlk:\t0000000000000000");
    EXPECT_EQ(lines[3], "SigIgn:\t0000000000000000");
}

} // namespace
} // namespace squall::labhost
