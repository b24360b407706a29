#include "squall/proxy/proxy.h"

#include "loop.h"
#include "squall/net/tcp.h"

namespace squall::proxy {

Result<std::unique_ptr<Proxy>> Proxy::open(const Settings& settings, fault::FaultSet& faults) {
    auto listener = net::listen_tcp(settings.listen);
    if (!listener) return fail(listener.error());
    const auto address = net::Address::of_socket(listener->get());
    if (!address) return fail(address.error());
    auto epoll = net::Epoll::make();
    if (!epoll) return fail(epoll.error());
    auto loop = std::make_unique<Loop>(
        std::move(*epoll), std::move(*listener), *address, settings.application, faults);
    return std::unique_ptr<Proxy>(new Proxy(std::move(loop))); // NOLINT: its constructor is private
}

Proxy::Proxy(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

Proxy::~Proxy() = default;

const net::Address& Proxy::address() const { return loop_->address(); }

void Proxy::serve(std::optional<SteadyTime> end, int wake) { loop_->serve(end, wake); }

void Proxy::disarm() { loop_->disarm(); }

const Counts& Proxy::counts() const { return loop_->counts(); }

std::size_t Proxy::connections() const { return loop_->connections(); }

} // namespace squall::proxy
