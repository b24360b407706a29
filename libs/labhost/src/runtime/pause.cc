#include "runtime/pause.h"

#include <csignal>

namespace squall::labhost::runtime {

int run_pause(const std::vector<std::string>& /*arguments*/) {
    sigset_t ends;
    ::sigemptyset(&ends);
    ::sigaddset(&ends, SIGTERM);
    ::sigaddset(&ends, SIGINT);
    // As the first process of its namespace it hears only of what it asks for.
    ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
    int number = 0;
    return ::sigwait(&ends, &number) == 0 ? 0 : 1;
}

} // namespace squall::labhost::runtime
