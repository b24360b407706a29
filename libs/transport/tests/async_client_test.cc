// Requests and websockets on a loop, over TLS and through proxies; and what is said of those that
// fail.
#include "squall/transport/async_client.h"

#include "squall/base/temporary_folder.h"
#include "squall/transport/authority.h"
#include "squall/transport/http_server.h"
#include "squall/transport/socket.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace squall::transport {
namespace {

using Step = NetProblem::Step;
using What = NetProblem::What;

// A server and a client on one loop.
class AsyncClientTest : public ::testing::Test {
protected:
    AsyncClientTest() {
        EXPECT_TRUE(write_file(folder_.path() / "ca.pem", authority_.certificate_pem()));
        settings_.ca_file = folder_.path() / "ca.pem";
        settings_.connect_timeout = settings_.tls_timeout = Seconds(10);
    }

    void serve(HttpServer::Handler handler, bool is_tls) {
        auto socket = listen_tcp("127.0.0.1", 0).value();
        port_ = port_of(socket).value();
        ServerLimits limits;
        if (is_tls) {
            const auto issued = authority_.issue({"localhost"}, lifetime_).value();
            limits.tls = TlsIdentity::make(issued.certificate_pem, issued.key_pem).value();
        }
        server_.emplace(loop_, std::move(socket), std::move(handler), limits);
    }

    wire::Url url(const std::string& scheme, const std::string& host) const {
        return wire::parse_url(fmt::format("{}://{}:{}/x", scheme, host, port_)).value();
    }

    Result<wire::HttpResponse, NetProblem> send(const wire::Url& to, Millis timeout = Seconds(20)) {
        AsyncClient client(loop_, settings_);
        std::optional<Result<wire::HttpResponse, NetProblem>> got;
        client.send(to, {"POST", to.target, {}, "body"}, timeout, [&](auto answer) {
            got = std::move(answer);
            loop_.stop();
        });
        loop_.run();
        return std::move(*got);
    }

    const Validity lifetime_ = Authority::lifetime(Wall::now());
    TemporaryFolder folder_;
    Authority authority_ = Authority::make(lifetime_).value();
    AsyncClient::Settings settings_;
    Loop loop_;
    std::optional<HttpServer> server_;
    std::uint16_t port_ = 0;
};

void echo(const wire::HttpRequest& request, Responder responder) {
    responder.respond({200, {{"X-Target", request.target}}, request.body});
}

TEST_F(AsyncClientTest, AsksByNameAndOverTls) {
    serve(echo, /*is_tls=*/true);
    const auto answer = send(url("https", "localhost"));
    ASSERT_TRUE(answer) << answer.error().text;
    EXPECT_EQ(answer->body, "body");
}

TEST_F(AsyncClientTest, TellsACertificateThatItDoesNotTrust) {
    serve(echo, /*is_tls=*/true);
    settings_.ca_file = "/nonexistent";
    const auto answer = send(url("https", "localhost"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().step, Step::tls);
    EXPECT_EQ(answer.error().what, What::certificate);
    EXPECT_EQ(answer.error().verdict.kind, TlsVerdict::Kind::unknown_authority);
}

TEST_F(AsyncClientTest, TellsACertificateForAnotherName) {
    serve(echo, /*is_tls=*/true);
    const auto answer = send(url("https", "127.0.0.1"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().verdict.kind, TlsVerdict::Kind::wrong_name);
    EXPECT_EQ(answer.error().verdict.names, std::vector<std::string>{"localhost"});
}

TEST_F(AsyncClientTest, TellsWhoRefusedAConnection) {
    auto socket = listen_tcp("127.0.0.1", 0).value();
    port_ = port_of(socket).value();
    socket.reset();
    const auto answer = send(url("http", "127.0.0.1"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().step, Step::connect);
    EXPECT_EQ(answer.error().what, What::system);
    EXPECT_EQ(answer.error().os_error, ECONNREFUSED);
    EXPECT_EQ(answer.error().peer, fmt::format("127.0.0.1:{}", port_));
}

TEST_F(AsyncClientTest, GivesUpATlsHandshakeThatNobodyAnswers) {
    const auto socket = listen_tcp("127.0.0.1", 0).value();
    port_ = port_of(socket).value();
    settings_.tls_timeout = Millis(20);
    const auto answer = send(url("https", "127.0.0.1"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().step, Step::tls);
    EXPECT_EQ(answer.error().what, What::timed_out);
    EXPECT_FALSE(answer.error().local.empty());
}

TEST_F(AsyncClientTest, GivesUpARequestThatNobodyAnswers) {
    std::vector<Responder> held;
    serve([&](const wire::HttpRequest&, Responder responder) { held.push_back(responder); },
          /*is_tls=*/false);
    const auto answer = send(url("http", "127.0.0.1"), Millis(30));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().step, Step::exchange);
    EXPECT_EQ(answer.error().what, What::timed_out);
}

TEST_F(AsyncClientTest, TellsAServerThatEndsTheConnection) {
    serve([](const wire::HttpRequest&, Responder responder) { responder.hang_up(); },
          /*is_tls=*/false);
    const auto answer = send(url("http", "127.0.0.1"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().step, Step::exchange);
    EXPECT_EQ(answer.error().what, What::closed);
}

TEST_F(AsyncClientTest, AsksAProxyForATunnelAndTellsItsRefusal) {
    std::string seen;
    serve(
        [&](const wire::HttpRequest& request, Responder responder) {
            seen = request.method + " " + request.target + " "
                   + std::string(wire::header_value(request.headers, "Proxy-Authorization"));
            responder.respond({407, {}, ""});
        },
        /*is_tls=*/false);
    settings_.proxy.for_https = fmt::format("http://me:secret@127.0.0.1:{}", port_);
    const auto answer = send(wire::parse_url("https://ecs.us-east-1.amazonaws.com/").value());
    ASSERT_FALSE(answer);
    EXPECT_EQ(seen, "CONNECT ecs.us-east-1.amazonaws.com:443 Basic bWU6c2VjcmV0");
    EXPECT_EQ(answer.error().step, Step::tunnel);
    EXPECT_EQ(answer.error().what, What::status);
    EXPECT_EQ(answer.error().reason, "Proxy Authentication Required");
}

TEST_F(AsyncClientTest, TellsThatItWasTheProxyThatIsNotThere) {
    auto socket = listen_tcp("127.0.0.1", 0).value();
    settings_.proxy.for_http = fmt::format("http://127.0.0.1:{}", port_of(socket).value());
    socket.reset();
    const auto answer = send(wire::parse_url("http://169.254.169.254/").value());
    ASSERT_FALSE(answer);
    EXPECT_TRUE(answer.error().is_on_way_to_proxy);
    EXPECT_EQ(answer.error().os_error, ECONNREFUSED);
}

TEST_F(AsyncClientTest, GivesAProxyTheWholeUrlOfAPlainRequest) {
    serve(echo, /*is_tls=*/false);
    settings_.proxy.for_http = fmt::format("http://127.0.0.1:{}", port_);
    const auto answer = send(wire::parse_url("http://169.254.169.254/latest").value());
    ASSERT_TRUE(answer);
    EXPECT_EQ(wire::header_value(answer->headers, "X-Target"), "http://169.254.169.254/latest");
}

TEST_F(AsyncClientTest, CarriesAWebSocketOverTlsBothWays) {
    WebSocketPtr ours;
    serve(
        [&](const wire::HttpRequest&, Responder responder) {
            ours =
                responder.accept_websocket({[&](std::string_view text) {
                                                ours->send(std::string(text.rbegin(), text.rend()));
                                            },
                                            [](const std::string&) {
                                            }});
        },
        /*is_tls=*/true);
    AsyncClient client(loop_, settings_);
    WebSocketPtr theirs;
    const std::string large(200'000, 'a');
    std::string received;
    std::string end;
    client.connect_websocket(url("https", "localhost"),
                             {},
                             Seconds(10),
                             {[&](std::string_view text) {
                                  received = text;
                                  theirs->close(1000, "enough");
                              },
                              [&](const std::string& reason) {
                                  end = reason;
                                  loop_.stop();
                              }},
                             [&](Result<WebSocketPtr, NetProblem> opened) {
                                 ASSERT_TRUE(opened) << opened.error().text;
                                 theirs = *opened;
                                 theirs->send(large + "b");
                             });
    loop_.run();
    EXPECT_EQ(received, "b" + large);
    EXPECT_EQ(end, "closed with 1000 enough");
}

TEST_F(AsyncClientTest, ForgetsWhatIsUnderWayWhenItsLoopEnds) {
    serve(echo, /*is_tls=*/true);
    AsyncClient client(loop_, settings_);
    bool is_told = false;
    client.send(url("https", "localhost"), {}, Seconds(10), [&](auto) { is_told = true; });
    loop_.stop();
    loop_.run();
    EXPECT_FALSE(is_told);
}

} // namespace
} // namespace squall::transport
