#include "signals.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace squall::app {

SignalStops::SignalStops() {
    sigset_t ours;
    sigemptyset(&ours);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction was {};

        ::sigaction(number, nullptr, &was);
        // nohup has had it ignored: the terminal may go.
        if (number == SIGHUP && was.sa_handler == SIG_IGN) continue;
        sigaddset(&ours, number);
    }
    ::pthread_sigmask(SIG_BLOCK, &ours, nullptr);
    signals_ = Fd(::signalfd(-1, &ours, SFD_CLOEXEC));
    auto pipe = make_pipe();
    SQUALL_ASSERT(signals_ && pipe.has_value());
    end_ = std::move(*pipe);
    thread_ = std::jthread([this] { watch(); });
}

SignalStops::~SignalStops() { end_.write_end.reset(); }

void SignalStops::watch() {
    while (true) {
        std::array<pollfd, 2> waited{pollfd{signals_.get(), POLLIN, 0},
                                     pollfd{end_.read_end.get(), POLLIN, 0}};
        if (::poll(waited.data(), waited.size(), -1) < 0) continue;
        if (waited[1].revents != 0) return;
        signalfd_siginfo info{};
        if (::read(signals_.get(), &info, sizeof info) != ssize_t{sizeof info}) continue;
        // Only a hand at the keyboard says twice that it is serious: `squall abort`, a supervisor
        // or a closing terminal may say the same as another.
        if (first_.stop_requested() && info.ssi_signo == SIGINT) second_.request_stop();
        first_.request_stop();
    }
}

} // namespace squall::app
