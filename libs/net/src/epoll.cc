#include "squall/net/epoll.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

namespace squall::net {
namespace {

constexpr std::size_t events_max = 1024; // a call

} // namespace

Epoll::Epoll(Fd fd) : fd_(std::move(fd)), events_(events_max) {}

Result<Epoll> Epoll::make() {
    Fd fd(::epoll_create1(EPOLL_CLOEXEC));
    if (!fd) return fail(Errc::failed, "making an epoll: {}", errno_text(errno));
    return Epoll(std::move(fd));
}

bool Epoll::add(int fd, std::uint32_t events, std::uint32_t generation) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = std::uint64_t{generation} << 32U | static_cast<std::uint32_t>(fd);
    return ::epoll_ctl(fd_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void Epoll::remove(int fd) { ::epoll_ctl(fd_.get(), EPOLL_CTL_DEL, fd, nullptr); }

std::span<const epoll_event> Epoll::wait(std::optional<SteadyTime> until) {
    using std::chrono::nanoseconds;
    nanoseconds left{-1};
    if (until) left = std::max(nanoseconds(0), nanoseconds(*until - Steady::now()));
    int count = -1;
    if (has_nanoseconds_) {
        constexpr std::int64_t second = 1'000'000'000;
        const timespec time{left.count() / second, left.count() % second};
        count = static_cast<int>(::syscall(SYS_epoll_pwait2,
                                           fd_.get(),
                                           events_.data(),
                                           static_cast<int>(events_.size()),
                                           until ? &time : nullptr,
                                           nullptr,
                                           0));
        has_nanoseconds_ = count >= 0 || errno != ENOSYS;
    }
    if (!has_nanoseconds_) {
        // Rounded up: what was to wait is never early.
        const auto millis = std::chrono::ceil<Millis>(left).count();
        count = ::epoll_wait(fd_.get(),
                             events_.data(),
                             static_cast<int>(events_.size()),
                             until ? static_cast<int>(std::min<Millis::rep>(millis, 60'000)) : -1);
    }
    return {events_.data(), static_cast<std::size_t>(std::max(0, count))};
}

} // namespace squall::net
