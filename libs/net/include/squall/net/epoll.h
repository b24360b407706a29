// What has happened on many file descriptors. For one thread.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/fd.h"

#include <sys/epoll.h>

#include <span>
#include <vector>

namespace squall::net {

// Of an event.
[[nodiscard]] inline int fd_of(const epoll_event& event) {
    return static_cast<int>(static_cast<std::uint32_t>(event.data.u64));
}

[[nodiscard]] inline std::uint32_t generation_of(const epoll_event& event) {
    return static_cast<std::uint32_t>(event.data.u64 >> 32U);
}

class Epoll {
public:
    [[nodiscard]] static Result<Epoll> make();

    // Of interest until it is closed; the events name it by its number, and by `generation`: by the
    // time that an event is looked at, one before it may have closed that descriptor, and made
    // another one with its number. False where the kernel has no room
    // (/proc/sys/fs/epoll/max_user_watches).
    [[nodiscard]] bool add(int fd, std::uint32_t events, std::uint32_t generation = 0);
    void remove(int fd);

    // Waits until something happens, or until then (never earlier; without: for ever). The events
    // are valid until the next call.
    [[nodiscard]] std::span<const epoll_event> wait(std::optional<SteadyTime> until);

    // Readable when something has happened: one can be watched by another.
    [[nodiscard]] int fd() const { return fd_.get(); }

private:
    explicit Epoll(Fd fd);

    Fd fd_;
    std::vector<epoll_event> events_;
    bool has_nanoseconds_ = true; // epoll_pwait2: Linux 5.11
};

} // namespace squall::net
