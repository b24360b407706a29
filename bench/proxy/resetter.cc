#include "resetter.h"

#include "net.h"

#include <sys/socket.h>
#include <unistd.h>

#include <deque>

namespace squall::bench {
namespace {

constexpr std::uint64_t millisecond_ns = 1'000'000;
constexpr int accepts_max = 64; // before resets that are due have their turn

struct Held {
    std::uint64_t due_ns;
    int fd;
};

} // namespace

void serve_resets(std::uint16_t port, std::uint64_t after_ms) {
    const int listener = listen_on(port);
    Epoll epoll;
    epoll.add(listener, EPOLLIN);
    std::deque<Held> held; // one time for all: who came first is due first
    const linger at_once{1, 0};
    for (;;) {
        std::optional<std::uint64_t> timeout;
        if (!held.empty()) {
            const std::uint64_t now = now_ns();
            timeout = held.front().due_ns > now ? held.front().due_ns - now : 0;
        }
        const bool has_clients = !epoll.wait(timeout).empty();
        while (!held.empty() && held.front().due_ns <= now_ns()) {
            ::close(held.front().fd);
            held.pop_front();
        }
        for (int accepted = 0; has_clients && accepted < accepts_max; ++accepted) {
            const int fd = accept_one(listener);
            if (fd < 0) break;
            ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
            held.push_back({now_ns() + after_ms * millisecond_ns, fd});
        }
    }
}

} // namespace squall::bench
