// No signal is heard while one of these is there: for the moment between fork and exec, in which a
// handler that ran in the child would speak through what it shares with us.
#pragma once

#include <csignal>

namespace squall::labhost::runtime {

class BlockedSignals {
public:
    BlockedSignals() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }

    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;

    ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_{};
};

} // namespace squall::labhost::runtime
