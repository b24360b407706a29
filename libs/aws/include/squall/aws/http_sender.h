// The edge between this library and the network: one HTTP exchange. Everything above it runs in
// tests against a sender in memory.
#pragma once

#include "squall/aws/environment.h"
#include "squall/base/clock.h"
#include "squall/transport/http_client.h"
#include "squall/wire/http_message.h"

#include <stop_token>

namespace squall::aws {

// May be called from several threads at once. Any HTTP status is a result.
class HttpSender {
public:
    HttpSender() = default;
    HttpSender(const HttpSender&) = delete;
    HttpSender& operator=(const HttpSender&) = delete;
    virtual ~HttpSender() = default;

    [[nodiscard]] virtual Result<wire::HttpResponse> send(const wire::Url& server,
                                                          const wire::HttpRequest& request,
                                                          Deadline deadline,
                                                          std::stop_token stop) = 0;
};

// Over sockets and TLS, with kept connections. Deadlines are those of the system's steady clock.
class NetworkSender final : public HttpSender {
public:
    explicit NetworkSender(transport::ClientSettings settings)
        : proxy_(settings.proxy), client_(std::move(settings)) {}

    // The refusal of a proxy is an error that names it, not an answer of AWS.
    [[nodiscard]] Result<wire::HttpResponse> send(const wire::Url& server,
                                                  const wire::HttpRequest& request,
                                                  Deadline deadline,
                                                  std::stop_token stop) override;

private:
    transport::ProxySettings proxy_;
    transport::HttpClient client_;
};

// HTTPS_PROXY, HTTP_PROXY, NO_PROXY (lower case first, as curl), AWS_CA_BUNDLE and SSL_CERT_FILE of
// `environment`.
[[nodiscard]] transport::ClientSettings settings_through_proxies(const Environment& environment);

// For link-local addresses such as instance metadata: never through a proxy, which would answer
// with its own machine's identity.
[[nodiscard]] transport::ClientSettings direct_settings(Millis connect_timeout);

} // namespace squall::aws
