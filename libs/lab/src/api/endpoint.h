// The lab's AWS endpoint, without a socket: tells the service and operation of a request, checks
// its signature, calls the service, and writes the answer in the caller's protocol.
#pragma once

#include "api/call.h"
#include "api/key_ring.h"

namespace squall::lab {

// What a request asks for, before anybody has looked at who asks.
struct Dispatched {
    std::string service;
    std::string operation;
    wire::Protocol protocol = wire::Protocol::json_1_1;
    wire::QueryParameters form; // of the query and ec2 protocols, once it is parsed
};

// A link that SNS sends to those whom it notifies: who has it may follow it, without a signature.
[[nodiscard]] bool is_mailed_link(const wire::HttpRequest& request);

// What signatures and host names call a service that IAM calls so.
[[nodiscard]] std::string_view signing_name(std::string_view service);

// By X-Amz-Target, else by the signature's scope, else by Version and Action: the order that one
// endpoint for all services needs.
[[nodiscard]] Result<Dispatched, wire::ServiceError> dispatch(const wire::HttpRequest& request);

class Endpoint {
public:
    // How far the clock of a caller may be off (AWS: 5 minutes, more for some services).
    static constexpr Seconds clock_skew_max{300};
    // The largest body that comes out of a compressed one: far above what any service takes.
    static constexpr std::size_t inflated_max = 16U << 20U;

    Endpoint(const KeyRing& keys, std::string default_region)
        : keys_(keys), default_region_(std::move(default_region)) {}

    // Says no to a call before its service sees it, or nothing.
    using Guard = std::function<std::optional<wire::ServiceError>(const ApiCall&)>;

    void add_service(const std::string& name, Service service);
    // Guards are asked in the order in which they were added.
    void add_guard(Guard guard);
    [[nodiscard]] wire::HttpResponse handle(const wire::HttpRequest& request, WallTime now) const;

    // Who signed this request. For what is no API call: the agents' websockets.
    [[nodiscard]] Result<Principal, wire::ServiceError>
    authenticate(const wire::HttpRequest& request, WallTime now) const;

    // The parts of handle(), for what answers later or not at all. An error of decode() is already
    // in the caller's protocol.
    [[nodiscard]] Result<ApiCall, wire::HttpResponse> decode(const wire::HttpRequest& request,
                                                             WallTime now) const;
    [[nodiscard]] Result<ApiCall, wire::HttpResponse> decode_s3(const wire::HttpRequest& request,
                                                                WallTime now) const;
    [[nodiscard]] std::optional<wire::ServiceError> refusal(const ApiCall& call) const;
    // What the service says, without asking the guards.
    [[nodiscard]] Answer ask(const ApiCall& call) const;
    [[nodiscard]] wire::HttpResponse answer(const ApiCall& call) const;
    [[nodiscard]] static wire::HttpResponse encode(const ApiCall& call, const Answer& answer);

private:
    const KeyRing& keys_;
    std::string default_region_;
    std::map<std::string, Service, std::less<>> services_;
    std::vector<Guard> guards_;
};

} // namespace squall::lab
