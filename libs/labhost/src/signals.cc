#include "signals.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace squall::labhost {
namespace {

constexpr int kernel_signals = 64;
constexpr std::size_t kernel_mask_size = 8;

} // namespace

void reset_signals() {
    // The kernel's struct differs between architectures; SIG_DFL without flags is zeros in all.
    static constexpr std::array<unsigned long, 8> by_default{};
    for (int number = 1; number <= kernel_signals; ++number)
        ::syscall(SYS_rt_sigaction, number, by_default.data(), nullptr, kernel_mask_size);
    sigset_t none;
    ::sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

} // namespace squall::labhost
