// Reads one large answer and throws it away inside the kernel, so that reading costs next to
// nothing. Prints one line of JSON.
#include "net.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <string>

namespace squall::bench {
namespace {

constexpr const char* usage = "bench-sink HOST PORT BYTES";
constexpr int patience_ms = 30'000;
constexpr std::size_t room = 1U << 20U;

void wait_for(int fd, short what) {
    pollfd one{fd, what, 0};
    if (::poll(&one, 1, patience_ms) != 1) give_up("waiting for the answer");
}

// How many of the body's bytes came.
std::uint64_t read_answer(int fd, std::uint64_t wanted) {
    std::string buffer(room, '\0');
    std::string head;
    std::uint64_t got_of_body = 0;
    bool is_in_body = false;
    while (got_of_body < wanted) {
        wait_for(fd, POLLIN);
        // With MSG_TRUNC bytes of a stream are dropped, not copied (tcp(7)).
        const auto got = ::recv(fd, buffer.data(), buffer.size(), is_in_body ? MSG_TRUNC : 0);
        if (got < 0 && errno == EAGAIN) continue;
        if (got <= 0) break;
        const auto size = static_cast<std::size_t>(got);
        if (is_in_body) {
            got_of_body += size;
            continue;
        }
        head.append(buffer, 0, size);
        const auto end = head.find("\r\n\r\n");
        if (end == std::string::npos) continue;
        is_in_body = true;
        got_of_body = head.size() - end - 4;
    }
    return got_of_body;
}

int measure(std::span<char*> arguments) {
    const auto word = [&](std::size_t place) {
        return argument(arguments, place, usage);
    };
    const std::uint64_t wanted = number(word(3));
    const int fd = begin_connecting(word(1), static_cast<std::uint16_t>(number(word(2))));
    if (fd < 0) give_up("connecting");
    wait_for(fd, POLLOUT);
    const std::string request =
        "GET /" + std::to_string(wanted) + " HTTP/1.1\r\nHost: bench\r\n\r\n";
    const std::uint64_t begun = now_ns();
    if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL)
        != static_cast<ssize_t>(request.size()))
        give_up("asking");
    const std::uint64_t got = read_answer(fd, wanted);
    const double seconds = static_cast<double>(now_ns() - begun) / 1e9;
    std::printf(
        "{\"bytes\": %llu, \"seconds\": %.4f}\n", static_cast<unsigned long long>(got), seconds);
    return 0;
}

} // namespace
} // namespace squall::bench

int main(int argc, char** argv) {
    return squall::bench::measure({argv, static_cast<std::size_t>(argc)});
}
