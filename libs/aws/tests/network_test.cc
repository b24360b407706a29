#include "squall/aws/http_sender.h"
#include "squall/aws/session.h"
#include "squall/transport/http_server.h"
#include "squall/transport/socket.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace squall::aws {
namespace {

// An HTTP server on loopback that answers ECS's ListClusters, in its own thread.
class LoopbackEcs {
public:
    LoopbackEcs() {
        Fd socket = transport::listen_tcp("127.0.0.1", 0).value();
        port_ = transport::port_of(socket).value();
        server_.emplace(loop_,
                        std::move(socket),
                        [this](const wire::HttpRequest& request, transport::Responder responder) {
                            const bool is_signed =
                                wire::header_value(request.headers, "Authorization")
                                    .starts_with("AWS4-HMAC-SHA256 Credential=AKIDNET/");
                            if (++requests == 1) return responder.respond({503, {}, ""});
                            responder.respond({is_signed ? 200 : 403, {}, R"({"clusterArns":[]})"});
                        });
        thread_ = std::jthread([this] { loop_.run(); });
    }

    LoopbackEcs(const LoopbackEcs&) = delete;
    LoopbackEcs& operator=(const LoopbackEcs&) = delete;

    ~LoopbackEcs() {
        loop_.stop();
        thread_.join();
        server_.reset();
    }

    [[nodiscard]] std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }

    std::atomic<int> requests = 0;

private:
    transport::Loop loop_;
    std::optional<transport::HttpServer> server_;
    std::uint16_t port_ = 0;
    std::jthread thread_;
};

// An HTTP server on loopback that answers everything with a page of its own.
class LoopbackPage {
public:
    LoopbackPage() {
        Fd socket = transport::listen_tcp("127.0.0.1", 0).value();
        port_ = transport::port_of(socket).value();
        server_.emplace(
            loop_, std::move(socket), [](const wire::HttpRequest&, transport::Responder responder) {
                responder.respond({403, {{"Content-Type", "text/html"}}, "<html>no</html>"});
            });
        thread_ = std::jthread([this] { loop_.run(); });
    }

    LoopbackPage(const LoopbackPage&) = delete;
    LoopbackPage& operator=(const LoopbackPage&) = delete;

    ~LoopbackPage() {
        loop_.stop();
        thread_.join();
        server_.reset();
    }

    [[nodiscard]] std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }

private:
    transport::Loop loop_;
    std::optional<transport::HttpServer> server_;
    std::uint16_t port_ = 0;
    std::jthread thread_;
};

TEST(NetworkSender, CarriesASessionsCallsOverRealSocketsAndRepeatsThem) {
    LoopbackEcs ecs;
    SystemClock clock;
    SessionOptions options;
    options.environment = Environment{{"AWS_ACCESS_KEY_ID", "AKIDNET"},
                                      {"AWS_SECRET_ACCESS_KEY", "s"},
                                      {"AWS_REGION", "us-east-1"},
                                      {"AWS_ENDPOINT_URL", ecs.url()}};
    // A repetition without a wait: the jitter of a backoff is tested with a clock of our own.
    options.retry.backoff_max = Millis(0);
    const auto session = Session::open(options, clock, Deadline::in(Seconds(20)), {}).value();
    const auto answer = session->client().call_json(
        ServiceId::ecs, "ListClusters", {}, Deadline::in(Seconds(20)), {});
    ASSERT_TRUE(answer) << to_error(answer.error()).message;
    EXPECT_EQ(ecs.requests, 2);
    EXPECT_EQ(session->client().call_counts().at("ecs:ListClusters"), 2U);
}

TEST(NetworkSender, SaysWhoDoesNotAnswer) {
    const auto port = transport::port_of(transport::listen_tcp("127.0.0.1", 0).value()).value();
    NetworkSender sender(direct_settings(Seconds(1)));
    const auto answer =
        sender.send(wire::parse_url(fmt::format("http://127.0.0.1:{}", port)).value(),
                    {},
                    Deadline::in(Seconds(20)),
                    {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::unavailable);
}

TEST(NetworkSender, TakesTheRefusalOfAProxyForNoAnswerOfAws) {
    const LoopbackPage proxy;
    transport::ClientSettings settings;
    settings.proxy.for_http = proxy.url();
    NetworkSender sender(settings);
    const auto answer = sender.send(wire::parse_url("http://ecs.example").value(),
                                    {"POST", "/", {}, "{}"},
                                    Deadline::in(Seconds(20)),
                                    {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::denied) << "it would say so again";
    EXPECT_NE(answer.error().message.find(proxy.url()), std::string::npos);
    NetworkSender direct(direct_settings(Seconds(1)));
    const auto page = direct.send(wire::parse_url(proxy.url()).value(),
                                  {"POST", "/", {}, "{}"},
                                  Deadline::in(Seconds(20)),
                                  {});
    EXPECT_EQ(page.value().status, 403) << "without a proxy it is an answer";
}

TEST(NetworkSender, RefusesAProxyThatItCannotSpeakToWithoutTellingItsPassword) {
    transport::ClientSettings settings;
    settings.proxy.for_http = "https://user:pa55word@proxy.example:1";
    NetworkSender sender(settings);
    const auto answer = sender.send(
        wire::parse_url("http://ecs.example").value(), {}, Deadline::in(Seconds(20)), {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::invalid_input);
    EXPECT_NE(answer.error().message.find("@proxy.example:1"), std::string::npos);
    EXPECT_EQ(answer.error().message.find("pa55word"), std::string::npos);
}

TEST(NetworkSettings, FollowTheEnvironmentThatIsGiven) {
    const auto settings = settings_through_proxies(Environment{{"HTTPS_PROXY", "http://upper:1"},
                                                               {"https_proxy", "http://lower:1"},
                                                               {"HTTP_PROXY", "http://plain:1"},
                                                               {"NO_PROXY", "localhost"},
                                                               {"AWS_CA_BUNDLE", "/ca.pem"}});
    EXPECT_EQ(settings.proxy.for_https, "http://lower:1");
    EXPECT_EQ(settings.proxy.for_http, "http://plain:1");
    EXPECT_EQ(settings.proxy.except, "localhost");
    EXPECT_EQ(settings.ca_file, Path("/ca.pem"));
}

TEST(NetworkSettings, MetadataIsNeverAskedThroughAProxy) {
    const auto settings = direct_settings(Seconds(1));
    EXPECT_FALSE(settings.proxy.proxy_for(wire::parse_url("http://169.254.169.254").value()));
    EXPECT_EQ(settings.connect_timeout, Seconds(1));
}

TEST(Environment, IsReadFromTheProcessAndEmptyCountsAsUnset) {
    EXPECT_TRUE(Environment::from_process().get("PATH"));
    const Environment environment({{"A", "1"}, {"EMPTY", ""}, {"T", "True"}});
    EXPECT_EQ(environment.get("A"), "1");
    EXPECT_EQ(environment.get("EMPTY"), std::nullopt);
    EXPECT_EQ(environment.get_or("EMPTY", "x"), "x");
    EXPECT_TRUE(environment.is_true("T"));
    EXPECT_FALSE(environment.is_true("A"));
}

} // namespace
} // namespace squall::aws
