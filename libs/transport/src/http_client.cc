#include "squall/transport/http_client.h"

#include "dialler.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <boost/asio/post.hpp>

#include <map>
#include <mutex>

namespace squall::transport {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// AWS's front ends close a quiet connection after about a minute.
constexpr Seconds idle_max{45};
constexpr std::size_t idle_connections_max = 8;

// A connection with an event loop to itself, driven from the caller's thread.
struct Line {
    asio::io_context context{1};
    ClientConnection connection{context};
    SteadyTime idle_since;
    bool used_before = false;

    // Lets the pending operation run until it ends (true), or the time or the caller's patience
    // does (false).
    bool drive(Deadline deadline, const std::stop_token& stop) {
        context.restart();
        const std::stop_callback on_stop(
            stop, [this] { asio::post(context, [this] { connection.close(); }); });
        if (deadline.is_never())
            context.run();
        else
            context.run_until(deadline.when());
        if (!context.stopped()) {
            connection.close();
            context.run();
            return false;
        }
        return !stop.stop_requested();
    }
};

Error ended(const std::stop_token& stop, const std::string& doing, const std::string& origin) {
    if (stop.stop_requested())
        return {Errc::interrupted, fmt::format("stopped while {} {}", doing, origin)};
    return {Errc::timed_out, fmt::format("{} {} took too long", doing, origin)};
}

// The proxy that the settings name for this server. No secrets of its URL in what is said of it.
Result<std::optional<wire::Url>> proxy_of(const ProxySettings& settings, const wire::Url& server) {
    const auto text = settings.proxy_for(server);
    if (!text) return std::nullopt;
    auto url = wire::parse_url(*text);
    if (url && url->scheme == "http") return std::optional(std::move(*url));
    const auto [scheme, rest] = split_once(*text, ':');
    const auto at = rest.rfind('@');
    const std::string shown =
        at == std::string_view::npos ? *text : fmt::format("{}://…{}", scheme, rest.substr(at));
    return fail(
        Errc::invalid_input,
        "the proxy '{}' of the environment (HTTPS_PROXY, HTTP_PROXY) cannot be used: it has "
        "to be http://HOST:PORT",
        shown);
}

} // namespace

struct HttpClient::Parts {
    explicit Parts(ClientSettings given) : settings(std::move(given)) {}

    using LinePtr = std::unique_ptr<Line>;

    ClientSettings settings;
    std::mutex mutex; // guards what follows
    std::map<std::string, std::vector<LinePtr>> idle;
    std::shared_ptr<TlsTrust> trust;

    Result<std::shared_ptr<TlsTrust>> find_trust();
    LinePtr take_idle(const std::string& key);
    void put_idle(const std::string& key, LinePtr line);
    Result<LinePtr> open(const wire::Url& server,
                         const std::optional<wire::Url>& proxy,
                         Deadline deadline,
                         const std::stop_token& stop);
    Result<void>
    dial(Line& line, const wire::Url& url, Deadline deadline, const std::stop_token& stop) const;
    Result<void> open_tunnel(Line& line,
                             const wire::Url& server,
                             const wire::Url& proxy,
                             Deadline deadline,
                             const std::stop_token& stop);
    Result<void>
    start_tls(Line& line, const wire::Url& server, Deadline deadline, const std::stop_token& stop);
};

Result<std::shared_ptr<TlsTrust>> HttpClient::Parts::find_trust() {
    const std::lock_guard lock(mutex);
    if (trust) return trust;
    const auto file = settings.ca_file ? settings.ca_file : find_ca_file();
    if (!file) {
        return fail(Errc::invalid_input,
                    "no file with trusted certificates was found: install ca-certificates, or name "
                    "one with AWS_CA_BUNDLE");
    }
    auto read = TlsTrust::from_file(*file);
    if (!read)
        return fail(Errc::invalid_input,
                    "reading trusted certificates from {}: {} (AWS_CA_BUNDLE names the file)",
                    file->string(),
                    read.error().message);
    trust = *read;
    return trust;
}

HttpClient::Parts::LinePtr HttpClient::Parts::take_idle(const std::string& key) {
    const std::lock_guard lock(mutex);
    auto& lines = idle[key];
    while (!lines.empty()) {
        LinePtr line = std::move(lines.back());
        lines.pop_back();
        if (Steady::now() - line->idle_since < idle_max && !line->connection.is_stale())
            return line;
    }
    return nullptr;
}

void HttpClient::Parts::put_idle(const std::string& key, LinePtr line) {
    const std::lock_guard lock(mutex);
    auto& lines = idle[key];
    line->idle_since = Steady::now();
    line->used_before = true;
    if (lines.size() < idle_connections_max) lines.push_back(std::move(line));
}

Result<void> HttpClient::Parts::dial(Line& line,
                                     const wire::Url& url,
                                     Deadline deadline,
                                     const std::stop_token& stop) const {
    std::vector<Endpoint> endpoints;
    if (url.scheme == "unix") {
        auto endpoint = unix_endpoint(url.host);
        if (!endpoint) return fail(endpoint.error());
        endpoints.push_back(*endpoint);
    } else {
        auto resolved = resolve(url.host, url.port, deadline, stop);
        if (!resolved) return fail(resolved.error());
        endpoints = std::move(*resolved);
    }
    std::string why = "no address";
    for (const auto& endpoint : endpoints) {
        error_code error = asio::error::timed_out;
        line.connection.connect(endpoint, [&](error_code result) { error = result; });
        const bool ran = line.drive(deadline.sooner(Deadline::in(settings.connect_timeout)), stop);
        if (!error) return {};
        if (stop.stop_requested() || deadline.passed())
            return fail(ended(stop, "connecting to", url.origin()));
        why = ran ? error.message()
                  : fmt::format("no answer within {}", short_duration(settings.connect_timeout));
    }
    return fail(Errc::unavailable, "connecting to {}: {}", url.origin(), why);
}

Result<void> HttpClient::Parts::open_tunnel(Line& line,
                                            const wire::Url& server,
                                            const wire::Url& proxy,
                                            Deadline deadline,
                                            const std::stop_token& stop) {
    wire::HttpRequest connect{
        "CONNECT", host_and_port(server), {{"Host", host_and_port(server)}}, {}};
    for (auto& header : proxy_authorization(proxy))
        connect.headers.push_back(std::move(header));
    ExchangeResult result;
    result.error = asio::error::timed_out;
    line.connection.exchange(
        connect, 64U << 10U, [&](ExchangeResult got) { result = std::move(got); });
    if (!line.drive(deadline, stop))
        return fail(ended(stop, "opening a tunnel through the proxy", proxy.origin()));
    if (result.error)
        return fail(Errc::unavailable,
                    "the proxy {} gave no answer for {}: {}",
                    proxy.origin(),
                    server.origin(),
                    result.error.message());
    if (const int status = result.response.status; status != 200) {
        // A proxy that says no says so again; one that cannot reach the server may yet.
        return fail(status >= 500 ? Errc::unavailable : Errc::denied,
                    "the proxy {} refuses a tunnel to {}: HTTP {}",
                    proxy.origin(),
                    server.origin(),
                    status);
    }
    return {};
}

Result<void> HttpClient::Parts::start_tls(Line& line,
                                          const wire::Url& server,
                                          Deadline deadline,
                                          const std::stop_token& stop) {
    auto authorities = find_trust();
    if (!authorities) return fail(authorities.error());
    error_code error = asio::error::timed_out;
    line.connection.start_tls(
        **authorities, server.host, [&](error_code result) { error = result; });
    if (!line.drive(deadline, stop))
        return fail(ended(stop, "the TLS handshake with", server.origin()));
    if (!error) return {};
    const std::string problem = line.connection.tls_verdict().text;
    // What is wrong with the other side's TLS or its certificate does not get better by asking
    // again; a connection that broke off may.
    if (problem.empty()) {
        return fail(is_tls_error(error) ? Errc::denied : Errc::unavailable,
                    "the TLS handshake with {} failed: {}",
                    server.origin(),
                    error.message());
    }
    return fail(Errc::denied,
                "the certificate of {} is not accepted: {}; nothing was sent (trusted are the "
                "authorities in {}: AWS_CA_BUNDLE names another file)",
                server.origin(),
                problem,
                settings.ca_file.value_or(find_ca_file().value_or(Path())).string());
}

Result<HttpClient::Parts::LinePtr> HttpClient::Parts::open(const wire::Url& server,
                                                           const std::optional<wire::Url>& proxy,
                                                           Deadline deadline,
                                                           const std::stop_token& stop) {
    auto line = std::make_unique<Line>();
    if (auto dialled = dial(*line, proxy.value_or(server), deadline, stop); !dialled) {
        if (!proxy) return fail(dialled.error());
        return fail(fmt::format("the proxy for {}", server.origin()), dialled.error());
    }
    if (proxy && server.is_tls()) {
        if (auto tunnel = open_tunnel(*line, server, *proxy, deadline, stop); !tunnel)
            return fail(tunnel.error());
    }
    if (server.is_tls()) {
        if (auto secured = start_tls(*line, server, deadline, stop); !secured)
            return fail(secured.error());
    }
    return line;
}

HttpClient::HttpClient(ClientSettings settings)
    : parts_(std::make_unique<Parts>(std::move(settings))) {}

HttpClient::~HttpClient() = default;

Result<wire::HttpResponse> HttpClient::send(const wire::Url& server,
                                            const wire::HttpRequest& request,
                                            Deadline deadline,
                                            std::stop_token stop) {
    auto found = proxy_of(parts_->settings.proxy, server);
    if (!found) return fail(found.error());
    const std::optional<wire::Url> proxy = std::move(*found);
    wire::HttpRequest outgoing = request;
    if (!wire::has_header(outgoing.headers, "Host"))
        outgoing.headers.insert(outgoing.headers.begin(), {"Host", server.host_header()});
    if (proxy && !server.is_tls()) {
        outgoing.target = server.origin() + request.target;
        for (auto& header : proxy_authorization(*proxy))
            wire::set_header(outgoing.headers, header.name, std::move(header.value));
    }
    const std::string key = server.origin() + (proxy ? " by " + proxy->origin() : "");
    while (true) {
        Parts::LinePtr line = parts_->take_idle(key);
        if (!line) {
            auto opened = parts_->open(server, proxy, deadline, stop);
            if (!opened) return fail(opened.error());
            line = std::move(*opened);
        }
        ExchangeResult result;
        result.error = asio::error::timed_out;
        line->connection.exchange(outgoing, parts_->settings.response_max, [&](ExchangeResult got) {
            result = std::move(got);
        });
        if (!line->drive(deadline, stop))
            return fail(ended(stop, "waiting for an answer of", server.origin()));
        if (!result.error) {
            if (result.kept_alive) parts_->put_idle(key, std::move(line));
            return std::move(result.response);
        }
        // The server closed a kept connection while the request was on its way: nothing was
        // answered, try a new one.
        if (line->used_before && !result.answer_started) continue;
        return fail(
            Errc::failed, "{} broke off its answer: {}", server.origin(), result.error.message());
    }
}

void send_async(Loop& loop,
                const wire::Url& server,
                wire::HttpRequest request,
                Millis timeout,
                std::function<void(Result<wire::HttpResponse>)> done) {
    struct Call {
        explicit Call(Loop& on) : connection(on.context()), timer(on) {}

        ClientConnection connection;
        Timer timer;
        bool timed_out = false;
    };

    const auto endpoint = server.scheme == "unix" ? unix_endpoint(server.host)
                                                  : numeric_endpoint(server.host, server.port);
    if (!endpoint || server.is_tls()) {
        const Error error =
            endpoint ? Error{Errc::invalid_input, "TLS is not spoken here"} : endpoint.error();
        loop.post([done = std::move(done), error] { done(fail(error)); });
        return;
    }
    if (!wire::has_header(request.headers, "Host"))
        request.headers.insert(request.headers.begin(), {"Host", server.host_header()});
    if (!wire::has_header(request.headers, "Connection"))
        request.headers.push_back({"Connection", "close"});
    auto call = std::make_shared<Call>(loop);
    call->timer.start(timeout, [weak = std::weak_ptr(call)] {
        if (const auto pending = weak.lock()) {
            pending->timed_out = true;
            pending->connection.close();
        }
    });
    const std::string origin = server.origin();
    const auto give_up = [call, done, origin](Errc code, const std::string& why) {
        if (call->timed_out)
            done(fail(Errc::timed_out, "{} took too long", origin));
        else
            done(fail(code, "{}: {}", origin, why));
    };
    call->connection.connect(
        *endpoint, [call, done, give_up, request = std::move(request)](error_code error) {
            if (error) return give_up(Errc::unavailable, error.message());
            call->connection.exchange(
                request, 64U << 20U, [call, done, give_up](ExchangeResult result) {
                    call->timer.cancel();
                    if (result.error) return give_up(Errc::failed, result.error.message());
                    done(std::move(result.response));
                });
        });
}

} // namespace squall::transport
