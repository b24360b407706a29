#include "canned.h"

#include "server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace squall::bench {
namespace {

constexpr std::size_t buffer_size = 128U << 10U;
constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"; // RFC 9113, 3.4
constexpr std::string_view empty_line = "\r\n\r\n";
constexpr std::size_t frame_head_size = 9;

enum Type : std::uint8_t { data = 0, headers = 1, settings = 4, ping = 6, goaway = 7 };

constexpr std::uint8_t acknowledged = 1;
constexpr std::uint8_t end_stream = 1;
constexpr std::uint8_t end_headers = 4;

std::uint32_t big_endian(std::string_view bytes) {
    std::uint32_t value = 0;
    for (const char byte : bytes)
        value = value << 8U | static_cast<std::uint8_t>(byte);
    return value;
}

void put(std::string& out, std::uint64_t value, unsigned bytes) {
    while (bytes-- > 0)
        out += static_cast<char>(value >> 8U * bytes & 0xffU);
}

void put_frame(std::string& out,
               Type type,
               std::uint8_t flags,
               std::uint32_t stream,
               std::string_view payload) {
    put(out, payload.size(), 3);
    put(out, type, 1);
    put(out, flags, 1);
    put(out, stream, 4);
    out += payload;
}

// A field of HPACK's static table, not indexed (RFC 7541, 6.2.2; the index has a prefix of 4 bits).
void put_field(std::string& out, unsigned index, std::string_view value) {
    if (index < 15)
        put(out, index, 1);
    else
        put(out, 15U << 8U | (index - 15), 2);
    put(out, value.size(), 1);
    out += value;
}

} // namespace

Canned::Canned(Epoll& epoll, int status, std::string_view body)
    : epoll_(epoll), http2_body_(body), buffer_(buffer_size) {
    const std::string code = std::to_string(status);
    const std::string size = std::to_string(body.size());
    const std::string begin = "HTTP/1.1 " + code + " Canned\r\nContent-Type: text/plain\r\n";
    const std::string end = "Content-Length: " + size + "\r\n\r\n" + std::string(body);
    answer_ = begin + end;
    last_answer_ = begin + "Connection: close\r\n" + end;
    put_field(http2_head_, 8, code); // :status
    put_field(http2_head_, 31, "text/plain");
    put_field(http2_head_, 28, size);
}

void Canned::accepted(int fd) {
    entry_of(connections_, fd) = Connection();
    // The request is often there already.
    if (answer_all(fd))
        epoll_.add(fd, EPOLLIN);
    else
        ::close(fd);
}

void Canned::happened(int fd, std::uint32_t /*events*/) {
    if (!answer_all(fd)) ::close(fd);
}

bool Canned::answer_all(int fd) {
    Connection& connection = connections_[static_cast<std::size_t>(fd)];
    const std::size_t before = connection.rest.size();
    std::memcpy(buffer_.data(), connection.rest.data(), before);
    const auto got = ::recv(fd, buffer_.data() + before, buffer_.size() - before, 0);
    if (got <= 0) return got < 0 && errno == EAGAIN;
    std::string_view input(buffer_.data(), before + static_cast<std::size_t>(got));
    out_.clear();
    if (connection.is_new && preface.starts_with(input.substr(0, preface.size()))) {
        if (input.size() < preface.size()) {
            connection.rest = input;
            return true;
        }
        connection.is_http2 = true;
        input.remove_prefix(preface.size());
        put_frame(out_, settings, 0, 0, {});
    }
    connection.is_new = false;
    const bool goes_on = connection.is_http2 ? take_http2(input) : take_http1(input);
    connection.rest = input;
    if (out_.empty()) return goes_on;
    // Whoever asks for more than a socket holds and does not read is not measured here.
    const auto sent = ::send(fd, out_.data(), out_.size(), MSG_NOSIGNAL);
    return goes_on && sent == static_cast<ssize_t>(out_.size());
}

bool Canned::take_http1(std::string_view& input) {
    for (auto end = input.find(empty_line); end != std::string_view::npos;
         end = input.find(empty_line)) {
        const std::string_view head = input.substr(0, end);
        input.remove_prefix(end + empty_line.size());
        if (head.find("onnection: close") != std::string_view::npos) {
            out_ += last_answer_;
            return false;
        }
        out_ += answer_;
    }
    return true;
}

bool Canned::take_http2(std::string_view& input) {
    while (input.size() >= frame_head_size) {
        const std::size_t size = big_endian(input.substr(0, 3));
        if (input.size() < frame_head_size + size) break;
        const auto type = static_cast<std::uint8_t>(input[3]);
        const auto flags = static_cast<std::uint8_t>(input[4]);
        const std::uint32_t stream = big_endian(input.substr(5, 4)) & 0x7fffffffU;
        const std::string_view payload = input.substr(frame_head_size, size);
        input.remove_prefix(frame_head_size + size);
        if (type == goaway) return false;
        if ((type == headers || type == data) && (flags & end_stream) != 0) {
            put_frame(out_, headers, end_headers, stream, http2_head_);
            put_frame(out_, data, end_stream, stream, http2_body_);
        } else if (type == settings && (flags & acknowledged) == 0) {
            put_frame(out_, settings, acknowledged, 0, {});
        } else if (type == ping && (flags & acknowledged) == 0) {
            put_frame(out_, ping, acknowledged, 0, payload);
        }
    }
    return true;
}

} // namespace squall::bench
