// What has happened on many file descriptors. For one thread.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/fd.h"

#include <sys/epoll.h>

#include <span>
#include <vector>

namespace squall::net {

class Epoll {
public:
    [[nodiscard]] static Result<Epoll> make();

    // Of interest until it is closed; the events name it by its number. False where the kernel has
    // no room (/proc/sys/fs/epoll/max_user_watches).
    [[nodiscard]] bool add(int fd, std::uint32_t events);
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
