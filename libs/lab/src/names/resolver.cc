#include "names/resolver.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace squall::lab::names {
namespace {

constexpr std::size_t datagram_max = 4096;
constexpr int datagrams_at_once = 64; // then others on the loop have their turn
constexpr Seconds client_patience{10};
constexpr std::size_t length_size = 2; // of what stands before each message on TCP

std::string text_of(const sockaddr_storage& address) {
    std::array<char, INET_ADDRSTRLEN> text{};
    const auto& in = reinterpret_cast<const sockaddr_in&>(address);
    return ::inet_ntop(AF_INET, &in.sin_addr, text.data(), text.size()) == nullptr ? std::string()
                                                                                   : text.data();
}

} // namespace

struct Resolver::Client {
    Client(transport::Loop& loop, Fd socket) : fd(std::move(socket)), idle(loop) {}

    Fd fd;
    std::string address;
    std::string received;
    transport::Timer idle;
    std::unique_ptr<transport::ReadWatch> watch;
};

Resolver::Resolver(transport::Loop& loop, Sockets sockets, Zone zone, Knows knows)
    : loop_(loop),
      sockets_(std::move(sockets)),
      zone_(std::move(zone)),
      knows_(std::move(knows)),
      udp_watch_(loop, sockets_.udp.get(), [this] { answer_datagrams(); }),
      tcp_watch_(loop, sockets_.tcp.get(), [this] { accept(); }) {}

Resolver::~Resolver() = default;

std::string Resolver::reply(std::string_view message, const std::string& asker) const {
    return reply_to(message, [&](const Question& question) {
        return knows_(asker) ? zone_.answer(question) : Reply{Rcode::no_such_name, {}};
    });
}

void Resolver::answer_datagrams() {
    for (int i = 0; i < datagrams_at_once; ++i) {
        std::array<char, datagram_max> buffer{};
        sockaddr_storage asker{};
        socklen_t size = sizeof asker;
        const ssize_t got = ::recvfrom(sockets_.udp.get(),
                                       buffer.data(),
                                       buffer.size(),
                                       MSG_DONTWAIT,
                                       reinterpret_cast<sockaddr*>(&asker),
                                       &size);
        if (got < 0 && errno != EINTR) return;
        if (got <= 0) continue;
        const std::string text =
            reply({buffer.data(), static_cast<std::size_t>(got)}, text_of(asker));
        if (text.empty()) continue;
        // Who does not hear it asks again.
        [[maybe_unused]] const ssize_t ignored = ::sendto(sockets_.udp.get(),
                                                          text.data(),
                                                          text.size(),
                                                          MSG_DONTWAIT,
                                                          reinterpret_cast<sockaddr*>(&asker),
                                                          size);
    }
}

void Resolver::accept() {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    Fd socket(::accept4(sockets_.tcp.get(),
                        reinterpret_cast<sockaddr*>(&from),
                        &size,
                        SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket || clients_.size() >= clients_max) return;
    const int number = socket.get();
    auto& client = clients_[number] = std::make_unique<Client>(loop_, std::move(socket));
    client->address = text_of(from);
    client->watch =
        std::make_unique<transport::ReadWatch>(loop_, number, [this, number] { read(number); });
    client->idle.start(client_patience, [this, number] { clients_.erase(number); });
}

void Resolver::read(int number) {
    Client& client = *clients_.at(number);
    std::array<char, datagram_max> buffer{};
    const ssize_t got = ::recv(number, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        clients_.erase(number);
        return;
    }
    client.received.append(buffer.data(), static_cast<std::size_t>(got));
    while (client.received.size() >= length_size) {
        const std::size_t size =
            static_cast<std::size_t>(static_cast<std::uint8_t>(client.received[0]) << 8U
                                     | static_cast<std::uint8_t>(client.received[1]));
        if (client.received.size() < length_size + size) break;
        const std::string text =
            reply(std::string_view(client.received).substr(length_size, size), client.address);
        client.received.erase(0, length_size + size);
        std::string framed{static_cast<char>(text.size() >> 8U),
                           static_cast<char>(text.size() & 0xffU)};
        framed += text;
        // A client that asks and does not read is none.
        if (text.empty()
            || ::send(number, framed.data(), framed.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                   != static_cast<ssize_t>(framed.size())) {
            clients_.erase(number);
            return;
        }
        client.idle.start(client_patience, [this, number] { clients_.erase(number); });
    }
}

} // namespace squall::lab::names
