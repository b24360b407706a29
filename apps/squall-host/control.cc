#include "control.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace squall::host_app {
namespace {

constexpr std::size_t clients_max = 16;
constexpr std::size_t question_max = 256;
constexpr std::size_t answer_max = 64U << 10U;
constexpr Millis who_is_there{200};

Result<sockaddr_un> address_of(const Path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string text = path.string();
    if (text.size() >= sizeof address.sun_path)
        return fail(Errc::invalid_input,
                    "{} is too long for a unix socket ({} bytes at most): choose a shorter --run",
                    text,
                    sizeof address.sun_path - 1);
    std::memcpy(address.sun_path, text.data(), text.size());
    return address;
}

const sockaddr* plain(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address); // NOLINT: the sockets API's own way
}

} // namespace

ControlSocket::ControlSocket(net::Epoll epoll, Fd listener, Path path)
    : epoll_(std::move(epoll)), listener_(std::move(listener)), path_(std::move(path)) {}

ControlSocket::~ControlSocket() {
    if (!listener_) return;
    static_cast<void>(::unlink(path_.c_str()));
    static_cast<void>(::rmdir(path_.parent_path().c_str())); // if nothing was counted there
}

Result<ControlSocket> ControlSocket::open(const Path& path) {
    const auto address = address_of(path);
    if (!address) return fail(address.error());
    if (auto made = make_directories(path.parent_path(), 0700); !made) return fail(made.error());
    if (ask(path, "status", who_is_there))
        return fail(Errc::conflict, "{}: this run's proxy is there already", path.string());
    static_cast<void>(::unlink(path.c_str())); // of one that was killed
    Fd listener(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!listener || ::bind(listener.get(), plain(*address), sizeof *address) != 0
        || ::listen(listener.get(), clients_max) != 0)
        return fail(Errc::failed, "listening on {}: {}", path.string(), errno_text(errno));
    auto epoll = net::Epoll::make();
    if (!epoll) return fail(epoll.error());
    if (!epoll->add(listener.get(), EPOLLIN))
        return fail(Errc::failed, "watching {}: {}", path.string(), errno_text(errno));
    return ControlSocket(std::move(*epoll), std::move(listener), path);
}

void ControlSocket::serve(const std::function<std::string(std::string_view)>& answer) {
    bool is_anybody_new = false;
    for (const auto& event : epoll_.wait(Steady::now())) {
        if (net::fd_of(event) == listener_.get()) {
            is_anybody_new = true;
            continue;
        }
        std::array<char, question_max> question{};
        const auto got = ::recv(net::fd_of(event), question.data(), question.size(), 0);
        if (got > 0) {
            const std::string text = answer({question.data(), static_cast<std::size_t>(got)});
            static_cast<void>(::send(net::fd_of(event), text.data(), text.size(), MSG_NOSIGNAL));
        }
        clients_.erase(net::fd_of(event));
    }
    // Only now: a descriptor that was closed above must not be somebody else's among these events.
    if (is_anybody_new) let_in();
}

void ControlSocket::let_in() {
    Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!client || !epoll_.add(client.get(), EPOLLIN)) return;
    if (clients_.size() >= clients_max) clients_.erase(clients_.begin());
    const int number = client.get();
    clients_.emplace(number, std::move(client));
}

Result<Answer> ask(const Path& path, std::string_view question, Millis patience) {
    const auto address = address_of(path);
    if (!address) return fail(address.error());
    Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    const timeval limit{patience.count() / 1000, patience.count() % 1000 * 1000};
    for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO})
        static_cast<void>(::setsockopt(socket.get(), SOL_SOCKET, option, &limit, sizeof limit));
    if (::connect(socket.get(), plain(*address), sizeof *address) != 0)
        return fail(Errc::not_found, "nobody listens on {}", path.string());
    ucred peer{};
    socklen_t size = sizeof peer;
    static_cast<void>(::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size));
    Answer answer{{}, peer.pid};
    if (::send(socket.get(), question.data(), question.size(), MSG_NOSIGNAL) < 0) return answer;
    answer.text.resize(answer_max);
    const auto got = ::recv(socket.get(), answer.text.data(), answer.text.size(), 0);
    answer.text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, got)));
    return answer;
}

} // namespace squall::host_app
