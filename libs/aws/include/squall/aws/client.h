// One AWS call from its parameters to its answer: signed, paced, repeated where that helps,
// decoded. Blocking; may be used from several threads at once.
#pragma once

#include "squall/aws/credentials.h"
#include "squall/aws/endpoint.h"
#include "squall/aws/error.h"
#include "squall/aws/http_sender.h"
#include "squall/aws/retry.h"
#include "squall/aws/traffic.h"
#include "squall/base/json.h"
#include "squall/wire/query.h"
#include "squall/wire/xml.h"

#include <map>
#include <stop_token>
#include <string>
#include <string_view>

namespace squall::aws {

// What a client works with; all of it must outlive the client.
struct ClientParts {
    HttpSender& sender;
    CredentialsProvider& credentials; // empty keys: calls go out unsigned
    Traffic& traffic;
    Clock& clock;
};

// What few calls have beside their input.
struct CallOptions {
    // For how long the service may hold its answer back, as a long poll wants it: an attempt may
    // take so much longer.
    Millis held_for{0};
    std::string_view content_encoding; // of a body that is compressed: "gzip"
};

class Client {
public:
    Client(ClientParts parts, Endpoints endpoints, RetrySettings retry = {})
        : parts_(parts), endpoints_(std::move(endpoints)), retry_(retry) {}

    // For services that speak JSON. An answer that is no JSON object is an error.
    [[nodiscard]] Outcome<json::Value> call_json(ServiceId id,
                                                 std::string_view operation,
                                                 const json::Object& input,
                                                 Deadline deadline,
                                                 std::stop_token stop,
                                                 CallOptions options = {});

    // For services that speak query or ec2. An answer that is no XML is an error.
    [[nodiscard]] Outcome<wire::XmlDocument> call_query(ServiceId id,
                                                        std::string_view action,
                                                        wire::QueryParameters parameters,
                                                        Deadline deadline,
                                                        std::stop_token stop);

    // `body` as it goes over the wire; the answer as it came. For operations that answer nothing.
    [[nodiscard]] Outcome<std::string> call_text(ServiceId id,
                                                 std::string_view operation,
                                                 std::string body,
                                                 Deadline deadline,
                                                 std::stop_token stop,
                                                 CallOptions options = {});

    // As Traffic's.
    [[nodiscard]] Wall::duration server_ahead() const { return parts_.traffic.server_ahead(); }

    // Requests that all clients of this traffic have sent, by "service:Operation".
    [[nodiscard]] std::map<std::string, std::uint64_t> call_counts() const {
        return parts_.traffic.counts().by_operation();
    }

    [[nodiscard]] const std::string& region() const { return endpoints_.region(); }

private:
    struct Call;
    struct Attempt;

    Outcome<Credentials> may_go(const Call& call);
    wire::HttpRequest request_for(const Call& call) const;
    Attempt attempt(Call& call);
    void explain(const Call& call, const Attempt& attempt, ApiError& error);
    std::string caller(const Call& call);
    bool repaired(Call& call, const Attempt& attempt, ApiError& error);
    std::optional<Millis>
    delay_before_retry(Call& call, const wire::Headers& headers, ApiError& error);

    ClientParts parts_;
    Endpoints endpoints_;
    RetrySettings retry_;
};

// The form body of an action of a query or ec2 service, for call_text.
[[nodiscard]] std::string
form_body(ServiceId id, std::string_view action, wire::QueryParameters parameters);

} // namespace squall::aws
