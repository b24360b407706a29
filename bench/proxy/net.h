// Sockets of the programs that measure: IPv4, non-blocking, as few system calls as there can be.
// Descriptors are plain numbers here: what is measured against must cost nothing that it need not.
// What cannot be set up ends the program with a message, since a measurement that is not set up
// right has no figures. For one thread.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace squall::bench {

[[noreturn]] void give_up(const char* doing);

// The argument at this place; the program ends with `usage` when there is none.
const char* argument(std::span<char*> arguments, std::size_t place, const char* usage);
std::uint64_t number(const char* text);

// Of the steady clock.
std::uint64_t now_ns();
// By how much the time of day is ahead of it: whether anybody has set the clock meanwhile.
std::int64_t day_offset_ns();

// As many as the kernel lets us have.
void raise_descriptor_limit();

// On every address.
int listen_on(std::uint16_t port);
// -1 when nobody waits.
int accept_one(int listener);
// Under way when it returns; -1 when it cannot be begun.
int begin_connecting(const char* host, std::uint16_t port);

class Epoll {
public:
    Epoll();
    void add(int fd, std::uint32_t events) const;
    // Without a time: for ever.
    std::span<const epoll_event> wait(std::optional<std::uint64_t> timeout_ns = std::nullopt);

private:
    int fd_;
    std::vector<epoll_event> events_;
};

} // namespace squall::bench
