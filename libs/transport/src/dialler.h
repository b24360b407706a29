// The way to a server, on a loop: its address, a connection to it or to its proxy, the proxy's
// tunnel, and TLS. Internal to this library.
#pragma once

#include "client_connection.h"
#include "lookup.h"
#include "squall/transport/async_client.h"

namespace squall::transport {

// HOST:PORT, as CONNECT and the Host header of proxies want it.
[[nodiscard]] std::string host_and_port(const wire::Url& url);
// The header for the user and password of a proxy's URL; nothing where it has none.
[[nodiscard]] wire::Headers proxy_authorization(const wire::Url& proxy);
// What an error of a connection between these ends is, while `call` was under way.
[[nodiscard]] NetProblem
problem_of(const boost::system::error_code& error, NetProblem::Step step, const char* call);

class Dialler : public std::enable_shared_from_this<Dialler> {
public:
    struct Order {
        wire::Url server;
        std::optional<wire::Url> proxy;
        std::shared_ptr<TlsTrust> trust; // for https
        Millis connect_timeout{0};
        Millis tls_timeout{0};
    };

    using Connection = std::shared_ptr<ClientConnection>;
    using Done = std::function<void(Result<Connection, NetProblem>)>;

    Dialler(Loop& loop, Order order);

    // `done` is called once, later.
    void start(Done done);
    // Now; `done` hears that it timed out where it was.
    void give_up();

private:
    void look_up();
    void connect_next(std::optional<NetProblem> before);
    void connected();
    void open_tunnel();
    void start_tls();
    void finish();
    void fail_with(NetProblem problem);
    [[nodiscard]] NetProblem with_ends(NetProblem problem) const;

    [[nodiscard]] const wire::Url& first() const {
        return order_.proxy ? *order_.proxy : order_.server;
    }

    Loop& loop_;
    Order order_;
    Done done_;
    Timer timer_;
    std::unique_ptr<Lookup> lookup_;
    std::vector<Endpoint> endpoints_;
    std::size_t next_ = 0;
    Connection connection_;
    std::string peer_;
    NetProblem::Step step_ = NetProblem::Step::look_up;
};

} // namespace squall::transport
