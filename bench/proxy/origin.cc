#include "origin.h"

#include "server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

namespace squall::bench {
namespace {

constexpr std::size_t bytes_size = 1U << 20U;
constexpr std::string_view short_answer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 31\r\n\r\n"
    "the application, and it is well";
constexpr std::string_view last_short_answer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n"
    "Content-Length: 31\r\n\r\nthe application, and it is well";
constexpr std::string_view empty_line = "\r\n\r\n";

std::string long_head(std::uint64_t size) {
    return "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: "
           + std::to_string(size) + "\r\n\r\n";
}

} // namespace

Origin::Origin(Epoll& epoll) : epoll_(epoll), bytes_(bytes_size, 'x') {}

void Origin::accepted(int fd) {
    entry_of(connections_, fd) = Connection();
    epoll_.add(fd, EPOLLIN | EPOLLOUT | EPOLLET);
}

void Origin::happened(int fd, std::uint32_t /*events*/) {
    Connection& connection = connections_[static_cast<std::size_t>(fd)];
    if (read_all(fd, connection) && answer_all(fd, connection)) return;
    ::close(fd);
}

bool Origin::read_all(int fd, Connection& connection) {
    std::array<char, 16U << 10U> buffer{};
    for (;;) {
        const auto got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got < 0) return errno == EAGAIN;
        if (got == 0) return false;
        connection.in.append(buffer.data(), static_cast<std::size_t>(got));
        if (static_cast<std::size_t>(got) < buffer.size()) return true;
    }
}

bool Origin::answer_all(int fd, Connection& connection) {
    if (!send_body(fd, connection)) return false;
    while (connection.left == 0) {
        const auto end = connection.in.find(empty_line);
        if (end == std::string::npos) return true;
        const std::string_view head = std::string_view(connection.in).substr(0, end);
        const auto path = head.find('/');
        if (path == std::string_view::npos) return false;
        connection.left = number(head.data() + path + 1);
        connection.closes = head.find("onnection: close") != std::string_view::npos;
        connection.in.erase(0, end + empty_line.size());
        const std::string long_answer = connection.left == 0 ? "" : long_head(connection.left);
        const std::string_view answer = connection.left > 0 ? std::string_view(long_answer)
                                        : connection.closes ? last_short_answer
                                                            : short_answer;
        const int more = connection.left == 0 ? 0 : MSG_MORE;
        if (::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL | more)
            != static_cast<ssize_t>(answer.size()))
            return false;
        if (!send_body(fd, connection)) return false;
    }
    return true;
}

bool Origin::send_body(int fd, Connection& connection) {
    while (connection.left > 0) {
        const std::size_t size = std::min<std::uint64_t>(connection.left, bytes_.size());
        const auto sent = ::send(fd, bytes_.data(), size, MSG_NOSIGNAL);
        if (sent < 0) return errno == EAGAIN;
        connection.left -= static_cast<std::uint64_t>(sent);
    }
    return !connection.closes;
}

} // namespace squall::bench
