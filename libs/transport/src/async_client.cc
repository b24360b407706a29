#include "squall/transport/async_client.h"

#include "dialler.h"
#include "endpoint_text.h"
#include "squall/base/text.h"
#include "websocket_session.h"

namespace squall::transport {

using Step = NetProblem::Step;
using What = NetProblem::What;

struct AsyncClient::Parts {
    Parts(Loop& on, Settings given) : loop(on), settings(std::move(given)) {}

    Loop& loop;
    Settings settings;
    std::shared_ptr<TlsTrust> trust; // once it is needed

    void find_trust() {
        if (trust) return;
        const auto file = settings.ca_file ? settings.ca_file : find_ca_file();
        if (file) trust = TlsTrust::from_file(*file).value_or(nullptr);
        if (!trust) trust = TlsTrust::of_nobody();
    }

    // Nothing where the proxy's URL cannot be meant.
    std::shared_ptr<Dialler> dialler(const wire::Url& server) {
        Dialler::Order order{
            server, std::nullopt, nullptr, settings.connect_timeout, settings.tls_timeout};
        if (const auto proxy = settings.proxy.proxy_for(server)) {
            auto url = wire::parse_url(*proxy);
            if (!url || url->scheme != "http") return nullptr;
            order.proxy = std::move(*url);
        }
        if (server.is_tls()) find_trust();
        order.trust = trust;
        return std::make_shared<Dialler>(loop, std::move(order));
    }

    // What a proxy wants of a request that it does not only pass on.
    void address(wire::HttpRequest& request, const wire::Url& server) const {
        const auto proxy = settings.proxy.proxy_for(server);
        const auto url =
            proxy && !server.is_tls() ? wire::parse_url(*proxy) : Result<wire::Url>(fail(Error{}));
        if (!wire::has_header(request.headers, "Host"))
            request.headers.insert(request.headers.begin(), {"Host", server.host_header()});
        if (!wire::has_header(request.headers, "Connection"))
            request.headers.push_back({"Connection", "close"});
        if (!url) return;
        request.target = server.origin() + request.target;
        for (auto& header : proxy_authorization(*url))
            request.headers.push_back(std::move(header));
    }
};

namespace {

NetProblem bad_proxy() {
    NetProblem problem;
    problem.is_on_way_to_proxy = true;
    problem.text = "invalid proxy address: it has to be http://HOST:PORT";
    return problem;
}

NetProblem late_answer() {
    NetProblem problem;
    problem.step = Step::exchange;
    problem.what = What::timed_out;
    return problem;
}

// What is under way until `done` has been called.
template <class Got>
struct Attempt {
    explicit Attempt(Loop& loop) : timer(loop) {}

    Timer timer;
    // It has this, and what is pending on the loop has it.
    std::weak_ptr<Dialler> dialler;
    std::shared_ptr<ClientConnection> connection;
    std::shared_ptr<WebSocketSession> session;
    std::function<void(Result<Got, NetProblem>)> done;
    std::string peer;
    std::string local;

    void note_ends(int socket) {
        local = local_text(socket);
        sockaddr_storage storage{};
        socklen_t size = sizeof storage;
        auto* address = reinterpret_cast<sockaddr*>(&storage);
        if (::getpeername(socket, address, &size) == 0) peer = address_text(address, size);
    }

    void end(Result<Got, NetProblem> result) {
        const auto tell = std::exchange(done, nullptr);
        timer.cancel();
        if (connection) connection->close();
        if (!tell) return;
        if (!result && result.error().step == Step::exchange) {
            result.error().peer = peer;
            result.error().local = local;
        }
        tell(std::move(result));
    }

    void give_up() {
        if (!done) return;
        // A dialler says where it was.
        if (const auto under_way = dialler.lock(); under_way && !connection)
            return under_way->give_up();
        const auto dropped = session;
        end(fail(late_answer()));
        if (dropped) dropped->drop();
    }
};

} // namespace

AsyncClient::AsyncClient(Loop& loop, Settings settings)
    : parts_(std::make_unique<Parts>(loop, std::move(settings))) {}

AsyncClient::~AsyncClient() = default;

void AsyncClient::send(const wire::Url& server,
                       wire::HttpRequest request,
                       Millis timeout,
                       std::function<void(Result<wire::HttpResponse, NetProblem>)> done) {
    auto attempt = std::make_shared<Attempt<wire::HttpResponse>>(parts_->loop);
    attempt->done = std::move(done);
    const auto dialler = parts_->dialler(server);
    attempt->dialler = dialler;
    if (!dialler) return parts_->loop.post([attempt] { attempt->end(fail(bad_proxy())); });
    attempt->timer.start(timeout, [weak = std::weak_ptr(attempt)] {
        if (const auto pending = weak.lock()) pending->give_up();
    });
    parts_->address(request, server);
    dialler->start(
        [attempt, request = std::move(request), response_max = parts_->settings.response_max](
            Result<Dialler::Connection, NetProblem> dialled) {
            if (!dialled) return attempt->end(fail(std::move(dialled.error())));
            attempt->connection = *dialled;
            attempt->note_ends(attempt->connection->descriptor());
            attempt->connection->exchange(request, response_max, [attempt](ExchangeResult result) {
                if (result.error)
                    return attempt->end(fail(problem_of(
                        result.error, Step::exchange, result.was_written ? "read" : "write")));
                attempt->end(std::move(result.response));
            });
        });
}

void AsyncClient::connect_websocket(const wire::Url& server,
                                    const wire::Headers& headers,
                                    Millis timeout,
                                    WebSocketEvents events,
                                    std::function<void(Result<WebSocketPtr, NetProblem>)> on_open) {
    auto attempt = std::make_shared<Attempt<WebSocketPtr>>(parts_->loop);
    attempt->done = std::move(on_open);
    const auto dialler = parts_->dialler(server);
    attempt->dialler = dialler;
    if (!dialler) return parts_->loop.post([attempt] { attempt->end(fail(bad_proxy())); });
    attempt->timer.start(timeout, [weak = std::weak_ptr(attempt)] {
        if (const auto pending = weak.lock()) pending->give_up();
    });
    dialler->start([attempt, server, headers, events = std::move(events)](
                       Result<Dialler::Connection, NetProblem> dialled) mutable {
        if (!dialled) return attempt->end(fail(std::move(dialled.error())));
        attempt->connection = *dialled;
        attempt->note_ends((*dialled)->descriptor());
        attempt->session =
            std::make_shared<WebSocketSession>((*dialled)->release(), std::move(events));
        attempt->session->handshake(server, headers, [attempt](const UpgradeOutcome& outcome) {
            const WebSocketPtr session = std::exchange(attempt->session, nullptr);
            if (!outcome.error) return attempt->end(session);
            auto problem = problem_of(outcome.error, Step::exchange, "read");
            if (outcome.status != 0) problem.what = What::status;
            problem.status = outcome.status;
            problem.body = outcome.body;
            attempt->end(fail(std::move(problem)));
        });
    });
}

} // namespace squall::transport
