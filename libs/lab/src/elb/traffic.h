// Who carries the requests and the health checks of load balancers: sockets, as elb::Service sees
// them. All of it is called on the loop's thread, and nothing of it blocks.
#pragma once

#include "elb/target_health.h"
#include "squall/base/result.h"

#include <functional>

namespace squall::lab::elb {

struct Endpoint {
    std::string address; // numeric
    std::uint16_t port = 0;

    bool operator==(const Endpoint&) const = default;
};

// Where a listener's requests go.
struct Route {
    std::string listener_arn;
    std::string target_group_arn;
    std::vector<Endpoint> targets; // one after the other
    Seconds idle_timeout{60};
    std::uint16_t port = 80; // that the listener says it has

    bool operator==(const Route&) const = default;
};

struct CheckOrder {
    Endpoint endpoint;
    std::string path;
    Seconds timeout{5};
};

// What went through since the listener was opened, under the names that CloudWatch has for it.
struct Counts {
    std::uint64_t requests = 0;
    std::uint64_t target_answers[6] = {}; // by the first digit of their status
    std::uint64_t elb_502 = 0;
    std::uint64_t elb_503 = 0;
    std::uint64_t elb_504 = 0;
    std::uint64_t connection_errors = 0;
    double response_seconds = 0; // of all answers of targets together
};

class Traffic {
public:
    Traffic(const Traffic&) = delete;
    Traffic& operator=(const Traffic&) = delete;
    virtual ~Traffic() = default;

    // Listens on 127.0.0.1 of the machine: at this port where it is free and not root's alone, else
    // at any. The port.
    [[nodiscard]] virtual Result<std::uint16_t> open(const std::string& listener_arn,
                                                     std::uint16_t port) = 0;
    virtual void close(const std::string& listener_arn) = 0;
    virtual void route(Route route) = 0;
    // `done` is called later, on the loop's thread.
    virtual void check(const CheckOrder& order, std::function<void(CheckOutcome)> done) = 0;
    [[nodiscard]] virtual Counts counts(const std::string& listener_arn) = 0;

protected:
    Traffic() = default;
};

} // namespace squall::lab::elb
