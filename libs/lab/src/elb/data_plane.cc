#include "elb/data_plane.h"

#include "elb/forwarding.h"
#include "squall/base/text.h"
#include "squall/transport/http_client.h"
#include "squall/transport/socket.h"

#include <sched.h>

#include <cerrno>
#include <future>

namespace squall::lab::elb {
namespace {

constexpr std::uint16_t first_free_port = 1024; // below it, ports are root's

wire::Url url_of(const Endpoint& endpoint, const std::string& target) {
    wire::Url url;
    url.scheme = "http";
    url.host = endpoint.address;
    url.port = endpoint.port;
    url.target = target;
    return url;
}

// Root=1-67891233-abcdef012345678912345678
std::string new_trace_id() {
    const auto seconds =
        std::chrono::duration_cast<Seconds>(Wall::now().time_since_epoch()).count();
    return fmt::format("Root=1-{:08x}-{}", seconds, random_hex(24));
}

} // namespace

Result<std::unique_ptr<DataPlane>> DataPlane::start(transport::Loop& home, int network_namespace) {
    std::unique_ptr<DataPlane> plane(new DataPlane(home));
    std::promise<int> entered;
    auto outcome = entered.get_future();
    plane->thread_ = std::thread([&entered, network_namespace, plane = plane.get()] {
        const bool is_inside = ::setns(network_namespace, CLONE_NEWNET) == 0;
        entered.set_value(is_inside ? 0 : errno);
        if (!is_inside) return;
        plane->loop_.run();
        // On their own thread, as everything about them.
        plane->doors_.clear();
    });
    if (const int number = outcome.get(); number != 0)
        return fail(Errc::failed,
                    "entering the lab's network for its load balancers: {}",
                    errno_text(number));
    return plane;
}

DataPlane::~DataPlane() {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
}

Result<std::uint16_t> DataPlane::open(const std::string& listener_arn, std::uint16_t port) {
    auto socket = transport::listen_tcp("127.0.0.1", port < first_free_port ? 0 : port);
    if (!socket) socket = transport::listen_tcp("127.0.0.1", 0);
    if (!socket) return fail(socket.error());
    const auto open = transport::port_of(*socket);
    if (!open) return fail(open.error());
    auto counts = std::make_shared<Counts>();
    counts_[listener_arn] = counts;
    loop_.post([this, listener_arn, counts, fd = std::make_shared<Fd>(std::move(*socket))] {
        Door& door = doors_[listener_arn];
        door.counts = counts;
        transport::ServerLimits limits;
        limits.body_max = body_max;
        door.server = std::make_unique<transport::HttpServer>(
            loop_,
            std::move(*fd),
            [this, listener_arn](const wire::HttpRequest& request, transport::Responder responder) {
                pass(listener_arn, request, std::move(responder));
            },
            limits);
    });
    return *open;
}

void DataPlane::close(const std::string& listener_arn) {
    counts_.erase(listener_arn);
    loop_.post([this, listener_arn] { doors_.erase(listener_arn); });
}

void DataPlane::route(Route route) {
    loop_.post([this, route = std::move(route)] {
        const auto door = doors_.find(route.listener_arn);
        if (door != doors_.end()) door->second.route = route;
    });
}

void DataPlane::check(const CheckOrder& order, std::function<void(CheckOutcome)> done) {
    loop_.post([this, order, done = std::move(done)] {
        const wire::Url url = url_of(order.endpoint, order.path);
        transport::send_async(
            loop_,
            url,
            {"GET",
             order.path,
             {{"Host", url.host_header()}, {"User-Agent", "ELB-HealthChecker/2.0"}},
             {}},
            order.timeout,
            [this, done](const Result<wire::HttpResponse>& result) {
                CheckOutcome outcome;
                if (result)
                    outcome = {CheckOutcome::Kind::answered, result->status};
                else if (result.error().code == Errc::timed_out)
                    outcome.kind = CheckOutcome::Kind::timed_out;
                home_.post([done, outcome] { done(outcome); });
            });
    });
}

Counts DataPlane::counts(const std::string& listener_arn) {
    const auto found = counts_.find(listener_arn);
    if (found == counts_.end()) return {};
    const std::lock_guard lock(mutex_);
    return *found->second;
}

void DataPlane::count(Counts& counts, const std::function<void(Counts&)>& change) {
    const std::lock_guard lock(mutex_);
    change(counts);
}

void DataPlane::pass(const std::string& listener_arn,
                     const wire::HttpRequest& request,
                     transport::Responder responder) {
    Door& door = doors_.at(listener_arn);
    count(*door.counts, [](Counts& counts) { ++counts.requests; });
    if (responder.wants_websocket())
        return responder.respond({501,
                                  {{"Content-Type", "text/plain"}},
                                  "The lab's load balancers pass no WebSockets on.\n"});
    if (door.route.targets.empty() || door.requests >= requests_max) {
        count(*door.counts, [](Counts& counts) { ++counts.elb_503; });
        return responder.respond(own_answer(503));
    }
    const Endpoint& target = door.route.targets[door.next++ % door.route.targets.size()];
    ++door.requests;
    transport::send_async(
        loop_,
        url_of(target, request.target),
        forwarded(request, door.route.port, new_trace_id()),
        door.route.idle_timeout,
        [this, listener_arn, responder = std::move(responder), began = Steady::now()](
            const Result<wire::HttpResponse>& result) {
            answered(listener_arn, result, Steady::now() - began, responder);
        });
}

void DataPlane::answered(const std::string& listener_arn,
                         const Result<wire::HttpResponse>& result,
                         Steady::duration took,
                         transport::Responder responder) {
    const auto door = doors_.find(listener_arn);
    if (door == doors_.end()) return responder.hang_up(); // deleted meanwhile
    --door->second.requests;
    const bool is_late = !result && result.error().code == Errc::timed_out;
    count(*door->second.counts, [&](Counts& counts) {
        if (result) {
            ++counts.target_answers[static_cast<std::size_t>(result->status / 100 % 6)];
            counts.response_seconds += std::chrono::duration<double>(took).count();
            return;
        }
        ++(is_late ? counts.elb_504 : counts.elb_502);
        if (result.error().code == Errc::unavailable) ++counts.connection_errors;
    });
    responder.respond(result ? handed_on(*result) : own_answer(is_late ? 504 : 502));
}

} // namespace squall::lab::elb
