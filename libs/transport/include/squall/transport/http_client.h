// HTTP/1.1 requests: over TCP, TLS and unix sockets, through proxies, with connections kept alive.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/file.h"
#include "squall/transport/loop.h"
#include "squall/wire/http_message.h"

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace squall::transport {

// As curl and the SDKs read HTTPS_PROXY, HTTP_PROXY and NO_PROXY (either case; lower first).
struct ProxySettings {
    std::string for_https;
    std::string for_http;
    std::string except; // comma-separated hosts, .domains, addresses, CIDR blocks for IPv4, or *

    [[nodiscard]] static ProxySettings from_environment();
    // The proxy for a URL, or nothing for a direct connection.
    [[nodiscard]] std::optional<std::string> proxy_for(const wire::Url& url) const;
};

struct ClientSettings {
    ProxySettings proxy;
    // Certificates of the authorities to trust. Nothing: the first of find_ca_file()'s places that
    // exists.
    std::optional<Path> ca_file;
    Millis connect_timeout = Seconds(10); // for each address a name resolves to
    std::size_t response_max = 64U << 20U;
};

// AWS_CA_BUNDLE, SSL_CERT_FILE, then where Debian, Amazon Linux, SUSE and Alpine keep their bundle.
[[nodiscard]] std::optional<Path> find_ca_file();

// Blocking. May be used from several threads at once; each call has a connection to itself.
class HttpClient {
public:
    explicit HttpClient(ClientSettings settings);
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;
    ~HttpClient();

    // Any HTTP status is a result; errors are: no connection (unavailable), `deadline` (timed_out),
    // a stop (interrupted), an answer that is not HTTP (failed). A kept connection that the server
    // had closed meanwhile is replaced once, without a word.
    [[nodiscard]] Result<wire::HttpResponse> send(const wire::Url& server,
                                                  const wire::HttpRequest& request,
                                                  Deadline deadline,
                                                  std::stop_token stop = {});

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

// One request on a loop, without blocking it: a connection for itself, numeric http:// or unix:
// addresses only.
void send_async(Loop& loop,
                const wire::Url& server,
                wire::HttpRequest request,
                Millis timeout,
                std::function<void(Result<wire::HttpResponse>)> done);

} // namespace squall::transport
