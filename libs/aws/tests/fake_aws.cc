#include "fake_aws.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/wire/gzip.h"
#include "squall/wire/protocol.h"
#include "squall/wire/sigv4.h"

#include <gtest/gtest.h>

#include <array>
#include <ctime>

namespace squall::aws {
namespace {

// The service that speaks so, by what its wire says of it: a target, or a version.
const Service& service_with(std::string_view Service::*member, std::string_view value) {
    for (std::size_t i = 0; i < service_count; ++i) {
        const Service& candidate = service(static_cast<ServiceId>(i));
        if (candidate.*member == value) return candidate;
    }
    SQUALL_ASSERT(false); // a service that is called
    return service(ServiceId::sts);
}

wire::Protocol protocol_of(const std::string& operation) {
    return service_with(&Service::name, split_once(operation, ':').first).protocol;
}

Received read(const wire::Url& server, const wire::HttpRequest& request, Millis patience) {
    Received received;
    received.server = server;
    received.request = request;
    received.patience = patience;
    std::string body = request.body;
    if (wire::header_value(request.headers, "Content-Encoding") == "gzip")
        body = wire::gunzip(body, std::size_t{10} << 20U).value();
    const auto target = wire::header_value(request.headers, "X-Amz-Target");
    if (!target.empty()) {
        const auto [prefix, operation] = split_once(target, '.');
        const Service& called = service_with(&Service::target, prefix);
        EXPECT_EQ(wire::header_value(request.headers, "Content-Type"),
                  wire::content_type(called.protocol));
        received.operation = fmt::format("{}:{}", called.name, operation);
        received.input = json::parse_object(body).value();
        return received;
    }
    received.form = wire::QueryParameters::parse(body).value();
    const Service& called = service_with(&Service::version, received.form.get("Version"));
    received.operation = fmt::format("{}:{}", called.name, received.form.get("Action"));
    return received;
}

} // namespace

std::string http_date(WallTime when) {
    const std::time_t seconds = Wall::to_time_t(when);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 64> buffer{};
    const auto size =
        std::strftime(buffer.data(), buffer.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return {buffer.data(), size};
}

wire::HttpResponse json_answer(const json::Object& body) {
    return {200, {{"Content-Type", "application/x-amz-json-1.1"}}, json::text(body)};
}

wire::HttpResponse xml_answer(const std::string& body) {
    return {200, {{"Content-Type", "text/xml"}}, body};
}

wire::HttpResponse error_answer(const Received& received,
                                const std::string& code,
                                const std::string& message,
                                int status) {
    return wire::error_response(
        protocol_of(received.operation), {code, message, status}, "request-1");
}

tl::unexpected<Error> connection_lost() {
    return fail(Errc::unavailable, "connecting to the fake: Connection refused");
}

void FakeAws::add_key(const std::string& id, Key key) {
    const std::lock_guard lock(mutex_);
    keys_[id] = std::move(key);
}

void FakeAws::on(const std::string& operation, Handler handler) {
    const std::lock_guard lock(mutex_);
    handlers_[operation] = std::move(handler);
}

void FakeAws::on_first(int times, const std::string& operation, Handler handler) {
    const std::lock_guard lock(mutex_);
    first_[operation] = {std::move(handler), times};
}

void FakeAws::throttle(Rate rate) {
    const std::lock_guard lock(mutex_);
    pace_.emplace(rate);
}

WallTime FakeAws::time() const {
    return WallTime(FakeClock::start_of_wall) + (clock_.now() - SteadyTime(std::chrono::hours(1)))
           + offset_;
}

std::vector<Received> FakeAws::received() const {
    const std::lock_guard lock(mutex_);
    return received_;
}

std::vector<Received> FakeAws::received(const std::string& operation) const {
    std::vector<Received> matching;
    for (auto& one : received()) {
        if (one.operation == operation) matching.push_back(one);
    }
    return matching;
}

int FakeAws::throttled() const {
    const std::lock_guard lock(mutex_);
    return throttled_;
}

// As AWS checks a signature: the key, the token, the time, then the signature itself.
std::optional<wire::HttpResponse> FakeAws::refusal(const Received& received) const {
    if (received.operation == "sts:AssumeRoleWithWebIdentity") return std::nullopt;
    const auto& request = received.request;
    const auto header = wire::header_value(request.headers, "Authorization");
    if (header.empty())
        return error_answer(received, "MissingAuthenticationTokenException", "Missing token");
    const auto authorization = wire::parse_authorization(header).value();
    const auto found = keys_.find(authorization.access_key_id);
    if (found == keys_.end()) {
        return error_answer(received,
                            "UnrecognizedClientException",
                            "The security token included in the request is invalid.");
    }
    const Key& key = found->second;
    if (wire::header_value(request.headers, "X-Amz-Security-Token") != key.token)
        return error_answer(received, "UnrecognizedClientException", "The token is invalid.");
    if (key.expires && *key.expires <= time())
        return error_answer(received, "ExpiredTokenException", "The token is expired");
    const auto signed_at = parse_time(wire::header_value(request.headers, "X-Amz-Date")).value();
    if (signed_at < time() - std::chrono::minutes(5)
        || signed_at > time() + std::chrono::minutes(5)) {
        return error_answer(
            received, "InvalidSignatureException", "Signature expired or not yet current");
    }
    if (!wire::signature_matches(request, authorization, key.secret))
        return error_answer(received, "InvalidSignatureException", "The signature is wrong.");
    return std::nullopt;
}

FakeAws::Handler FakeAws::handler_for(const std::string& operation) {
    if (const auto first = first_.find(operation);
        first != first_.end() && first->second.left > 0) {
        --first->second.left;
        return first->second.handler;
    }
    const auto handler = handlers_.find(operation);
    return handler == handlers_.end() ? Handler() : handler->second;
}

Result<wire::HttpResponse> FakeAws::answer(const Received& received) {
    Handler handler;
    {
        const std::lock_guard lock(mutex_);
        received_.push_back(received);
        if (const auto refused = refusal(received)) return *refused;
        if (pace_ && !pace_->reserve(clock_.now(), clock_.now())) {
            ++throttled_;
            return error_answer(received, "ThrottlingException", "Rate exceeded");
        }
        handler = handler_for(received.operation);
    }
    if (!handler) return error_answer(received, "UnknownOperationException", "Unknown operation");
    return handler(received);
}

Result<wire::HttpResponse> FakeAws::send(const wire::Url& server,
                                         const wire::HttpRequest& request,
                                         Deadline deadline,
                                         std::stop_token stop) {
    if (stop.stop_requested()) return fail(Errc::interrupted, "stopped");
    if (deadline.passed(clock_.now())) return fail(Errc::timed_out, "too late");
    const Millis patience = deadline.left(clock_.now());
    auto result = answer(read(server, request, patience));
    if (result) result->headers.push_back({"Date", http_date(time())});
    return result;
}

World::World()
    : client(
        {aws, credentials, traffic, clock},
        Endpoints::resolve("us-east-1", Environment(), SharedConfig::load(Environment()).value())
            .value()) {
    aws.add_key("AKIDWORLD", {"world-secret", "", std::nullopt});
}

} // namespace squall::aws
