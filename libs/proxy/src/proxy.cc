#include "squall/proxy/proxy.h"

#include "loop.h"

namespace squall::proxy {

Result<std::unique_ptr<Proxy>> Proxy::open(Settings settings, fault::FaultSet& faults) {
    auto epoll = net::Epoll::make();
    if (!epoll) return fail(epoll.error());
    auto loop = std::make_unique<Loop>(std::move(*epoll), std::move(settings), faults);
    return std::unique_ptr<Proxy>(new Proxy(std::move(loop))); // NOLINT: its constructor is private
}

Proxy::Proxy(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

Proxy::~Proxy() = default;

void Proxy::serve(std::optional<SteadyTime> end, int wake) { loop_->serve(end, wake); }

void Proxy::disarm() { loop_->disarm(); }

const Counts& Proxy::counts() const { return loop_->counts(); }

void Proxy::count_apart(const net::Address& client) { loop_->count_apart(client); }

const Counts& Proxy::counted_apart() const { return loop_->counted_apart(); }

bool Proxy::is_over() const { return loop_->is_over(); }

std::size_t Proxy::connections() const { return loop_->connections(); }

} // namespace squall::proxy
