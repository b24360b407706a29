// The sockets of the lab's load balancers, on a thread of its own: what hangs or floods there keeps
// nothing else waiting. The thread lives in the network of the lab's VPC, where targets are; the
// sockets that it listens on were made in the caller's. Each request is passed on as one piece, on
// a connection of its own, so that a target's trouble is seen by the next request and not by the
// next connection.
#pragma once

#include "elb/traffic.h"
#include "squall/base/fd.h"
#include "squall/transport/http_server.h"

#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace squall::lab::elb {

class DataPlane final : public Traffic {
public:
    // Requests on their way through one listener; more are answered with 503.
    static constexpr std::size_t requests_max = 2000;
    // The largest request; the largest response is transport's (64 MB).
    static constexpr std::size_t body_max = 8U << 20U;

    // `home` is the loop whose thread calls, and on which answers come; it outlives this.
    // `network_namespace` is where targets are.
    [[nodiscard]] static Result<std::unique_ptr<DataPlane>> start(transport::Loop& home,
                                                                  int network_namespace);
    ~DataPlane() override;

    [[nodiscard]] Result<std::uint16_t> open(const std::string& listener_arn,
                                             std::uint16_t port) override;
    void close(const std::string& listener_arn) override;
    void route(Route route) override;
    void check(const CheckOrder& order, std::function<void(CheckOutcome)> done) override;
    [[nodiscard]] Counts counts(const std::string& listener_arn) override;

private:
    // One listener; belongs to the thread, but for what it counts.
    struct Door {
        Route route;
        std::size_t next = 0; // of the targets
        std::size_t requests = 0;
        std::shared_ptr<Counts> counts;
        std::unique_ptr<transport::HttpServer> server;
    };

    explicit DataPlane(transport::Loop& home) : home_(home) {}

    void pass(const std::string& listener_arn,
              const wire::HttpRequest& request,
              transport::Responder responder);
    void answered(const std::string& listener_arn,
                  const Result<wire::HttpResponse>& result,
                  Steady::duration took,
                  transport::Responder responder);
    void count(Counts& counts, const std::function<void(Counts&)>& change);

    transport::Loop& home_;
    transport::Loop loop_;
    std::map<std::string, Door> doors_; // by listener; the thread's
    std::mutex mutex_;                  // over what is counted
    std::map<std::string, std::shared_ptr<Counts>> counts_;
    std::thread thread_;
};

} // namespace squall::lab::elb
