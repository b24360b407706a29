#include "squall/base/text.h"
#include "squall/transport/async_client.h"
#include "squall/transport/http_client.h"
#include "squall/transport/http_server.h"
#include "squall/transport/socket.h"

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <future>
#include <thread>

namespace squall::transport {
namespace {

// A server on its own thread, on a loopback port the kernel chose.
class RunningServer {
public:
    explicit RunningServer(HttpServer::Handler handler, ServerLimits limits = {}) {
        Fd socket = listen_tcp("127.0.0.1", 0).value();
        port_ = port_of(socket).value();
        server_.emplace(loop_, std::move(socket), std::move(handler), limits);
        thread_ = std::jthread([this] { loop_.run(); });
    }

    RunningServer(const RunningServer&) = delete;
    RunningServer& operator=(const RunningServer&) = delete;

    ~RunningServer() {
        loop_.stop();
        thread_.join();
        server_.reset();
    }

    [[nodiscard]] wire::Url url(const std::string& target = "/") const {
        return wire::parse_url(fmt::format("http://127.0.0.1:{}{}", port_, target)).value();
    }

    Loop& loop() { return loop_; }

private:
    Loop loop_;
    std::optional<HttpServer> server_;
    std::uint16_t port_ = 0;
    std::jthread thread_;
};

void echo(wire::HttpRequest request, Responder responder) {
    responder.respond({200,
                       {{"X-Method", request.method}, {"X-Target", request.target}},
                       std::move(request.body)});
}

HttpClient direct_client() { return HttpClient(ClientSettings{}); }

Deadline soon() { return Deadline::in(Seconds(20)); }

TEST(HttpClient, CarriesMethodTargetHeadersAndBodyBothWays) {
    RunningServer server(echo);
    HttpClient client(ClientSettings{});
    const auto answer =
        client.send(server.url(), {"POST", "/a?b=c", {{"X-Amz-Target", "T"}}, "hello"}, soon())
            .value();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "hello");
    EXPECT_EQ(wire::header_value(answer.headers, "x-method"), "POST");
    EXPECT_EQ(wire::header_value(answer.headers, "x-target"), "/a?b=c");
}

TEST(HttpServer, CanFailOnPurpose) {
    RunningServer server([](const wire::HttpRequest& request, Responder responder) {
        if (request.target == "/half")
            return responder.respond_in_part({200, {}, "a whole answer"}, 7);
        responder.hang_up();
    });
    HttpClient client(ClientSettings{});
    EXPECT_FALSE(client.send(server.url("/half"), {"POST", "/half", {}, "x"}, soon()));
    EXPECT_FALSE(client.send(server.url("/none"), {"POST", "/none", {}, "x"}, soon()));
}

TEST(HttpClient, KeepsItsConnection) {
    const Fd listening = listen_tcp("127.0.0.1", 0).value();
    // Accepts one connection, ever, and answers two requests on it.
    std::jthread server([&] {
        pollfd waited{listening.get(), POLLIN, 0};
        ::poll(&waited, 1, -1);
        const Fd connection(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
        for (int i = 0; i < 2; ++i) {
            std::string head;
            char byte = 0;
            while (head.find("\r\n\r\n") == std::string::npos
                   && ::read(connection.get(), &byte, 1) == 1)
                head.push_back(byte);
            const std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
            ASSERT_EQ(::write(connection.get(), answer.data(), answer.size()),
                      static_cast<ssize_t>(answer.size()));
        }
    });
    HttpClient client(ClientSettings{});
    const auto url =
        wire::parse_url(fmt::format("http://127.0.0.1:{}", port_of(listening).value())).value();
    EXPECT_EQ(client.send(url, {}, soon()).value().body, "x");
    EXPECT_EQ(client.send(url, {}, soon()).value().body, "x");
}

TEST(HttpClient, ReplacesAConnectionThatTheServerClosedWhileItWasIdle) {
    RunningServer server(echo, {.idle_max = Millis(20)});
    HttpClient client(ClientSettings{});
    EXPECT_TRUE(client.send(server.url(), {"POST", "/", {}, "one"}, soon()));
    // The server's own idle timer ends the connection; the next request must not notice.
    std::promise<void> closed;
    server.loop().post([&] {
        auto timer = std::make_shared<Timer>(server.loop());
        timer->start(Millis(100), [&closed, timer] { closed.set_value(); });
    });
    closed.get_future().wait();
    EXPECT_EQ(client.send(server.url(), {"POST", "/", {}, "two"}, soon()).value().body, "two");
}

TEST(HttpClient, GivesUpAtItsDeadline) {
    std::vector<Responder> held;
    RunningServer server(
        [&](wire::HttpRequest, Responder responder) { held.push_back(std::move(responder)); });
    HttpClient client(ClientSettings{});
    const auto answer = client.send(server.url(), {}, Deadline::in(Millis(50)));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::timed_out);
}

TEST(HttpClient, EndsAtOnceWhenAStopIsAskedFor) {
    std::vector<Responder> held;
    std::stop_source stop;
    RunningServer server([&](wire::HttpRequest, Responder responder) {
        held.push_back(std::move(responder));
        stop.request_stop();
    });
    HttpClient client(ClientSettings{});
    const auto answer = client.send(server.url(), {}, Deadline::never(), stop.get_token());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::interrupted);
}

TEST(HttpClient, SaysWhoDidNotAnswer) {
    HttpClient client(ClientSettings{});
    // A port that was free a moment ago, and that nobody listens on.
    const auto port = port_of(listen_tcp("127.0.0.1", 0).value()).value();
    const auto answer =
        client.send(wire::parse_url(fmt::format("http://127.0.0.1:{}", port)).value(), {}, soon());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::unavailable);
    EXPECT_EQ(answer.error().message,
              fmt::format("connecting to http://127.0.0.1:{}: Connection refused", port));
}

TEST(HttpClient, ResolvesLocalhostWithoutTheCLibrary) {
    RunningServer server(echo);
    HttpClient client(ClientSettings{});
    auto url = server.url();
    url.host = "localhost";
    EXPECT_EQ(client.send(url, {"POST", "/", {}, "x"}, soon()).value().body, "x");
}

TEST(HttpClient, RefusesAnAnswerLargerThanItsLimit) {
    RunningServer server([](wire::HttpRequest, Responder responder) {
        responder.respond({200, {}, std::string(2000, 'x')});
    });
    ClientSettings settings;
    settings.response_max = 1000;
    HttpClient client(settings);
    EXPECT_FALSE(client.send(server.url(), {}, soon()));
}

TEST(HttpClient, SendsHttpThroughAProxyWithTheWholeUrl) {
    RunningServer proxy(echo);
    ClientSettings settings;
    settings.proxy.for_http = proxy.url().origin();
    HttpClient client(settings);
    const auto answer = client
                            .send(wire::parse_url("http://ecs.example:8080").value(),
                                  {"POST", "/x", {}, ""},
                                  soon())
                            .value();
    EXPECT_EQ(wire::header_value(answer.headers, "X-Target"), "http://ecs.example:8080/x");
}

TEST(HttpClient, AsksAProxyForATunnelAndSaysWhenItRefuses) {
    RunningServer proxy([](wire::HttpRequest request, Responder responder) {
        responder.respond({request.method == "CONNECT" ? 407 : 200, {}, ""});
    });
    ClientSettings settings;
    settings.proxy.for_https = proxy.url().origin();
    HttpClient client(settings);
    const auto answer = client.send(wire::parse_url("https://ecs.example").value(), {}, soon());
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().message.find("refuses a tunnel to https://ecs.example: HTTP 407"),
              std::string::npos)
        << answer.error().message;
}

TEST(ProxySettings, LeaveOutWhatNoProxyNames) {
    const ProxySettings settings{
        "proxy:3128", "http://proxy:3128", "localhost,.internal,10.0.0.0/8, 169.254.169.254,h:81"};
    const auto proxied = [&](const char* url) {
        return settings.proxy_for(wire::parse_url(url).value()).has_value();
    };
    EXPECT_EQ(settings.proxy_for(wire::parse_url("https://a.example").value()),
              "http://proxy:3128");
    EXPECT_FALSE(proxied("http://localhost"));
    EXPECT_FALSE(proxied("https://vpce.internal"));
    EXPECT_FALSE(proxied("https://internal"));
    EXPECT_TRUE(proxied("https://notinternal"));
    EXPECT_FALSE(proxied("http://10.20.30.40"));
    EXPECT_TRUE(proxied("http://11.20.30.40"));
    EXPECT_FALSE(proxied("http://169.254.169.254"));
    EXPECT_FALSE(proxied("http://h:81"));
    EXPECT_TRUE(proxied("http://h:82"));
    EXPECT_FALSE((ProxySettings{"p", "p", "*"}.proxy_for(wire::parse_url("http://x").value())));
}

TEST(HttpServer, AnswersTooLargeABodyWith413) {
    RunningServer server(echo, {.body_max = 100});
    EXPECT_EQ(direct_client()
                  .send(server.url(), {"POST", "/", {}, std::string(101, 'x')}, soon())
                  .value()
                  .status,
              413);
    EXPECT_EQ(direct_client()
                  .send(server.url(), {"POST", "/", {}, std::string(100, 'x')}, soon())
                  .value()
                  .status,
              200);
}

TEST(HttpServer, Answers500WhenItsHandlerForgets) {
    RunningServer server([](wire::HttpRequest, const Responder&) {});
    EXPECT_EQ(direct_client().send(server.url(), {}, soon()).value().status, 500);
}

TEST(HttpServer, ServesUnixSockets) {
    const Path path = fmt::format("/tmp/squall-transport-test-{}", random_hex(8));
    Loop loop;
    {
        HttpServer server(loop, listen_unix(path).value(), echo);
        std::jthread thread([&] { loop.run(); });
        const auto url = wire::parse_url("unix:" + path.string()).value();
        EXPECT_EQ(direct_client().send(url, {"POST", "/x", {}, "hello"}, soon()).value().body,
                  "hello");
        EXPECT_EQ(listen_unix(path).error().code, Errc::conflict);
        loop.stop();
    }
    EXPECT_TRUE(listen_unix(path)) << "a socket nobody listens on is replaced";
    std::filesystem::remove(path);
}

TEST(SendAsync, AnswersOnTheLoop) {
    RunningServer server(echo);
    Loop loop;
    Result<wire::HttpResponse> answer = fail(Errc::failed, "never called");
    send_async(loop,
               server.url(),
               {"POST", "/", {}, "x"},
               Seconds(10),
               [&](Result<wire::HttpResponse> got) {
                   answer = std::move(got);
                   loop.stop();
               });
    loop.run();
    EXPECT_EQ(answer.value().body, "x");
}

TEST(SendAsync, GivesUpAfterItsTimeout) {
    std::vector<Responder> held;
    RunningServer server(
        [&](wire::HttpRequest, Responder responder) { held.push_back(std::move(responder)); });
    Loop loop;
    Result<wire::HttpResponse> answer = fail(Errc::failed, "never called");
    send_async(loop, server.url(), {}, Millis(30), [&](Result<wire::HttpResponse> got) {
        answer = std::move(got);
        loop.stop();
    });
    loop.run();
    EXPECT_EQ(answer.error().code, Errc::timed_out);
}

// What a client saw of one websocket, in order.
struct Transcript {
    std::vector<std::string> messages;
    std::string end;
};

// Connects, lets `use` act on the open socket, and runs until the connection is over.
Transcript talk(const wire::Url& url, const std::function<void(WebSocketPtr)>& use) {
    Loop loop;
    Transcript transcript;
    WebSocketPtr kept;
    AsyncClient client(loop, {});
    client.connect_websocket(
        url,
        {{"X-Test", "1"}},
        Seconds(10),
        {[&](std::string_view text) { transcript.messages.emplace_back(text); },
         [&](const std::string& reason) {
             transcript.end = reason;
             loop.stop();
         }},
        [&](Result<WebSocketPtr, NetProblem> opened) {
            if (!opened) {
                transcript.end =
                    fmt::format("HTTP {}: {}", opened.error().status, opened.error().body);
                return loop.stop();
            }
            kept = *opened;
            use(kept);
        });
    loop.run();
    return transcript;
}

// A server that answers each message with its text reversed, and closes on "bye".
void reverse(wire::HttpRequest request, Responder responder) {
    if (!responder.wants_websocket())
        return responder.respond({400, {}, R"({"AccessDeniedException":"no"})"});
    if (request.target == "/refused")
        return responder.respond({403, {}, R"({"AccessDeniedException":"not you"})"});
    auto self = std::make_shared<std::weak_ptr<WebSocket>>();
    const auto socket =
        responder.accept_websocket({[self](std::string_view text) {
                                        const auto socket_now = self->lock();
                                        if (!socket_now) return;
                                        if (text == "bye")
                                            return socket_now->close(1000, "as asked");
                                        if (text == "drop") return socket_now->drop();
                                        socket_now->send(std::string(text.rbegin(), text.rend()));
                                    },
                                    [](const std::string&) {
                                    }});
    *self = socket;
    socket->send("welcome");
}

TEST(WebSocket, CarriesMessagesOfAnySizeBothWaysInOrder) {
    RunningServer server(reverse);
    const std::string large(300'000, 'a');
    const auto transcript = talk(server.url("/ws?x=1"), [&](const WebSocketPtr& socket) {
        socket->send("abc");
        socket->send(large + "b");
        socket->send("bye");
    });
    EXPECT_EQ(transcript.messages, (std::vector<std::string>{"welcome", "cba", "b" + large}));
    EXPECT_EQ(transcript.end, "closed with 1000 as asked");
}

TEST(WebSocket, SaysWhenTheOtherEndVanishes) {
    RunningServer server(reverse);
    const auto transcript =
        talk(server.url("/ws"), [](const WebSocketPtr& socket) { socket->send("drop"); });
    EXPECT_EQ(transcript.end, "end of stream");
}

TEST(WebSocket, CarriesARefusalsStatusAndBody) {
    RunningServer server(reverse);
    const auto transcript = talk(server.url("/refused"), [](const WebSocketPtr&) {});
    EXPECT_NE(transcript.end.find(R"(HTTP 403: {"AccessDeniedException":"not you"})"),
              std::string::npos)
        << transcript.end;
}

TEST(WebSocket, AMessageOverTheLimitEndsTheConnection) {
    RunningServer server(reverse);
    const auto transcript = talk(server.url("/ws"), [](const WebSocketPtr& socket) {
        socket->send(std::string(WebSocket::message_max + 1, 'x'));
    });
    EXPECT_NE(transcript.end, "");
    EXPECT_EQ(transcript.messages, std::vector<std::string>{"welcome"});
}

TEST(WebSocket, AClientCanCloseToo) {
    RunningServer server(reverse);
    const auto transcript =
        talk(server.url("/ws"), [](const WebSocketPtr& socket) { socket->close(1000, "enough"); });
    EXPECT_EQ(transcript.end.substr(0, 16), "closed with 1000");
}

TEST(Timer, ForgetsWhatWasPendingWhenItIsStartedAgain) {
    Loop loop;
    Timer timer(loop);
    int first = 0;
    timer.start(Millis(0), [&] { ++first; });
    timer.start(Millis(1), [&] { loop.stop(); });
    loop.run();
    EXPECT_EQ(first, 0);
}

TEST(ReadWatch, CallsBackUntilItIsDestroyed) {
    Loop loop;
    auto pipe = make_pipe().value();
    std::string seen;
    std::optional<ReadWatch> watch;
    watch.emplace(loop, pipe.read_end.get(), [&] {
        char byte = 0;
        ASSERT_EQ(::read(pipe.read_end.get(), &byte, 1), 1);
        seen.push_back(byte);
        if (seen.size() == 2) {
            watch.reset();
            loop.stop();
        }
    });
    ASSERT_EQ(::write(pipe.write_end.get(), "abc", 3), 3);
    loop.run();
    EXPECT_EQ(seen, "ab");
}

} // namespace
} // namespace squall::transport
