#include "lookup.h"

#include "dns_socket.h"
#include "endpoint_text.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <ares.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <map>

namespace squall::transport {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// c-ares doubles it for the second try: ten seconds for both, as Go's resolver takes for its two.
constexpr int first_try_ms = 3300;
constexpr int tries = 2;
constexpr std::size_t dns_head_size = 12;
constexpr int code_server_failure = 2;
constexpr int code_not_implemented = 4;
constexpr int code_refused = 5;

// A descriptor of c-ares's that is waited for; ours is a duplicate, which is closed with it.
struct Watch {
    Watch(asio::io_context& context, int fd) : descriptor(context, ::dup(fd)) {}

    asio::posix::stream_descriptor descriptor;
    bool is_over = false;
};

using WatchPtr = std::shared_ptr<Watch>;

} // namespace

struct Lookup::Parts : std::enable_shared_from_this<Lookup::Parts> {
    Parts(asio::io_context& on, Done when_done)
        : context(on), done(std::move(when_done)), timer(on) {}

    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;

    ~Parts() { end(); }

    void start(const std::string& host, std::uint16_t port);
    void answered(int answer, ares_addrinfo* info);

    void note(const char* call) {
        problem.call = call;
        problem.os_error = errno;
    }

    void watch(int fd, bool readable, bool writable);
    void wait(int fd, const WatchPtr& watch, asio::posix::stream_descriptor::wait_type type);
    void wait_for_timeout();
    // Whatever c-ares has been given to do: is it over now?
    void settle();
    void end();
    [[nodiscard]] NetProblem told(int answer) const;

    asio::io_context& context;
    Done done;
    asio::steady_timer timer;
    ares_channel channel = nullptr;
    std::map<int, WatchPtr> watches;
    std::vector<Endpoint> found;
    NetProblem problem;
    int dns_code = 0; // of the last answer
    std::optional<int> status;
};

namespace {

Lookup::Parts& parts_of(void* data);

// What c-ares does with sockets, so that we know which one failed, where, and how.
ares_socket_t on_socket(int family, int type, int protocol, void* data) {
    const ares_socket_t fd = open_dns_socket(family, type, protocol);
    if (fd < 0) parts_of(data).note("socket");
    return fd;
}

int on_close(ares_socket_t fd, void* /*data*/) { return ::close(fd); }

int on_connect(ares_socket_t fd, const sockaddr* address, ares_socklen_t size, void* data) {
    auto& parts = parts_of(data);
    parts.problem.peer = address_text(address, size);
    const int done = ::connect(fd, address, size);
    if (done != 0 && errno != EINPROGRESS) {
        const int number = errno;
        parts.note("connect");
        errno = number;
        return done;
    }
    const int number = errno;
    parts.problem.local = local_text(fd);
    errno = number;
    return done;
}

// NOLINTNEXTLINE(readability-function-size): c-ares has so many parameters
ares_ssize_t on_receive(ares_socket_t fd,
                        void* buffer,
                        std::size_t size,
                        int flags,
                        sockaddr* from,
                        ares_socklen_t* from_size,
                        void* data) {
    const ssize_t got = ::recvfrom(fd, buffer, size, flags, from, from_size);
    auto& parts = parts_of(data);
    if (got < 0 && errno != EAGAIN && errno != EINTR) {
        const int number = errno;
        parts.note("read");
        errno = number;
    }
    if (got >= static_cast<ssize_t>(dns_head_size))
        parts.dns_code = static_cast<const unsigned char*>(buffer)[3] & 0xf;
    return got;
}

ares_ssize_t on_send(ares_socket_t fd, const iovec* parts, int count, void* data) {
    const ares_ssize_t sent = send_to_dns(fd, parts, count);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        const int number = errno;
        parts_of(data).note("write");
        errno = number;
    }
    return sent;
}

constexpr ares_socket_functions socket_functions{
    on_socket, on_close, on_connect, on_receive, on_send};

void on_state(void* data, ares_socket_t fd, int readable, int writable) {
    parts_of(data).watch(fd, readable != 0, writable != 0);
}

void on_addresses(void* data, int status, int /*timeouts*/, ares_addrinfo* info) {
    parts_of(data).answered(status, info);
}

Lookup::Parts& parts_of(void* data) { return *static_cast<Lookup::Parts*>(data); }

} // namespace

void Lookup::Parts::start(const std::string& host, std::uint16_t port) {
    problem.step = NetProblem::Step::look_up;
    problem.host = host;
    ares_options options{};
    options.timeout = first_try_ms;
    options.tries = tries;
    options.sock_state_cb = &on_state;
    options.sock_state_cb_data = this;
    const bool is_ready =
        resolver_ready()
        && ares_init_options(
               &channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB)
               == ARES_SUCCESS;
    if (!is_ready) {
        // It reads its settings first, which takes a file.
        note("socket");
        channel = nullptr;
        status = ARES_ENOTINITIALIZED;
        return asio::post(context, [self = shared_from_this()] { self->settle(); });
    }
    ares_set_socket_functions(channel, &socket_functions, this);
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = ARES_AI_NUMERICSERV;
    ares_getaddrinfo(
        channel, host.c_str(), std::to_string(port).c_str(), &hints, &on_addresses, this);
    asio::post(context, [self = shared_from_this()] { self->settle(); });
}

void Lookup::Parts::answered(int answer, ares_addrinfo* info) {
    status = answer;
    if (info == nullptr) return;
    for (const auto* node = info->nodes; node != nullptr; node = node->ai_next)
        found.emplace_back(node->ai_addr, static_cast<std::size_t>(node->ai_addrlen));
    ares_freeaddrinfo(info);
}

void Lookup::Parts::watch(int fd, bool readable, bool writable) {
    if (const auto known = watches.find(fd); known != watches.end()) {
        known->second->is_over = true;
        known->second->descriptor.close();
        watches.erase(known);
    }
    if (!readable && !writable) return;
    const auto made = watches[fd] = std::make_shared<Watch>(context, fd);
    if (readable) wait(fd, made, asio::posix::stream_descriptor::wait_read);
    if (writable) wait(fd, made, asio::posix::stream_descriptor::wait_write);
}

void Lookup::Parts::wait(int fd,
                         const WatchPtr& watch,
                         asio::posix::stream_descriptor::wait_type type) {
    watch->descriptor.async_wait(
        type, [self = shared_from_this(), fd, watch, type](error_code error) {
            if (error || watch->is_over || self->channel == nullptr) return;
            const bool is_read = type == asio::posix::stream_descriptor::wait_read;
            ares_process_fd(
                self->channel, is_read ? fd : ARES_SOCKET_BAD, is_read ? ARES_SOCKET_BAD : fd);
            if (!watch->is_over) self->wait(fd, watch, type);
            self->settle();
        });
}

void Lookup::Parts::wait_for_timeout() {
    timeval left{};
    if (ares_timeout(channel, nullptr, &left) == nullptr) return;
    timer.expires_after(Seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec) + Millis(1));
    timer.async_wait([self = shared_from_this()](error_code cancelled) {
        if (cancelled || self->channel == nullptr) return;
        ares_process_fd(self->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        self->settle();
    });
}

void Lookup::Parts::settle() {
    if (!done) return;
    if (!status) return wait_for_timeout();
    const auto tell = std::exchange(done, nullptr);
    const int answer = *status;
    end();
    if (found.empty()) return tell(fail(told(answer)));
    tell(std::move(found));
}

void Lookup::Parts::end() {
    done = nullptr;
    timer.cancel();
    for (auto& [fd, one] : watches) {
        one->is_over = true;
        one->descriptor.close();
    }
    watches.clear();
    if (channel != nullptr) ares_destroy(std::exchange(channel, nullptr));
}

NetProblem Lookup::Parts::told(int answer) const {
    NetProblem told = problem;
    const bool has_no_answer = dns_code == code_server_failure || dns_code == code_not_implemented
                               || dns_code == code_refused;
    switch (answer) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_ENONAME:
        told.what = NetProblem::What::no_such_host;
        break;
    case ARES_ETIMEOUT:
        told.what = NetProblem::What::timed_out;
        break;
    case ARES_ESERVFAIL:
    case ARES_EREFUSED:
    case ARES_ENOTIMP:
    case ARES_EFORMERR:
    case ARES_EBADRESP:
        told.what = NetProblem::What::misbehaving;
        break;
    default:
        // c-ares says the same of every server that it gave up.
        told.what = has_no_answer        ? NetProblem::What::misbehaving
                    : told.os_error != 0 ? NetProblem::What::system
                                         : NetProblem::What::other;
    }
    told.text = ares_strerror(answer);
    return told;
}

Lookup::Lookup(asio::io_context& context, const std::string& host, std::uint16_t port, Done done) {
    const auto parts = std::make_shared<Parts>(context, std::move(done));
    parts_ = parts;
    parts->start(host, port);
}

Lookup::~Lookup() {
    if (const auto parts = parts_.lock()) parts->end();
}

NetProblem Lookup::timed_out() const {
    const auto parts = parts_.lock();
    NetProblem told = parts ? parts->problem : NetProblem{};
    told.what = NetProblem::What::timed_out;
    // Whose patience ended was not the resolver's.
    told.local.clear();
    told.peer.clear();
    return told;
}

} // namespace squall::transport
