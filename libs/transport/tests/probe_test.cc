#include "squall/transport/probe.h"

#include "squall/base/temporary_folder.h"
#include "squall/transport/http_server.h"
#include "squall/transport/socket.h"
#include "tls_server.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace squall::transport {
namespace {

Deadline soon() { return Deadline::in(Seconds(20)); }

ProbeOrder order_for(const std::string& url) {
    ProbeOrder order;
    order.url = wire::parse_url(url).value();
    order.look_up = [](const std::string& name, Deadline) {
        return name.ends_with(".test") || name == "127.0.0.1"
                   ? NameAnswer{{"127.0.0.1"}, Trouble::none, ""}
                   : NameAnswer{{}, Trouble::no_such_name, "not known"};
    };
    return order;
}

Probed probe_tls(const CertificateWish& wish, const std::string& host, bool is_trusted = true) {
    const TlsServer server(wish);
    const TemporaryFolder folder;
    const TlsServer other(CertificateWish{});
    auto order = order_for(fmt::format("https://{}:{}", host, server.port()));
    order.ca_file = folder.file("ca.pem", is_trusted ? server.certificate() : other.certificate());
    return probe(order, soon());
}

TEST(Probe, GoesAsFarAsTheHandshakeWhereThereIsNothingToSay) {
    const auto probed = probe_tls({}, "ecs.test");
    EXPECT_TRUE(probed.is_well()) << probed.error;
    EXPECT_EQ(probed.step, Step::tls);
    ASSERT_EQ(probed.steps.size(), 3U);
    ASSERT_EQ(probed.attempts.size(), 1U);
    EXPECT_EQ(probed.attempts.front().address.rfind("127.0.0.1:", 0), 0U);
}

TEST(Probe, TellsCertificatesApart) {
    using std::chrono::hours;
    EXPECT_EQ(probe_tls({}, "other.test").trouble, Trouble::wrong_name);
    EXPECT_EQ(probe_tls({"ecs.test", hours(-3), hours(-2)}, "ecs.test").trouble, Trouble::expired);
    EXPECT_EQ(probe_tls({"ecs.test", hours(2), hours(3)}, "ecs.test").trouble,
              Trouble::not_yet_valid);
    const auto untrusted = probe_tls({"proxy.corp"}, "proxy.corp.test", /*is_trusted=*/false);
    EXPECT_EQ(untrusted.trouble, Trouble::untrusted);
    EXPECT_EQ(untrusted.step, Step::tls);
    EXPECT_EQ(
        untrusted.certificate.rfind("subject CN=proxy.corp, issuer CN=proxy.corp, valid from", 0),
        0U)
        << untrusted.certificate;
}

TEST(Probe, NamesTheFileWithAuthoritiesThatIsNotThere) {
    auto order = order_for("https://ecs.test");
    const TlsServer server(CertificateWish{});
    order.url.port = server.port();
    order.ca_file = "/nowhere/ca.pem";
    const auto probed = probe(order, soon());
    EXPECT_EQ(probed.trouble, Trouble::no_authorities);
    EXPECT_EQ(probed.error.rfind("/nowhere/ca.pem: ", 0), 0U);
}

TEST(Probe, TellsATlsHandshakeWithSomethingElseFromARefusal) {
    Loop loop;
    Fd socket = listen_tcp("127.0.0.1", 0).value();
    const auto port = port_of(socket).value();
    HttpServer server(loop, std::move(socket), [](const wire::HttpRequest&, Responder responder) {
        responder.respond({200, {}, ""});
    });
    std::jthread thread([&] { loop.run(); });
    const TemporaryFolder folder;
    auto order = order_for(fmt::format("https://ecs.test:{}", port));
    order.ca_file = folder.file("ca.pem", TlsServer(CertificateWish{}).certificate());
    const auto probed = probe(order, soon());
    EXPECT_EQ(probed.step, Step::tls);
    EXPECT_EQ(probed.trouble, Trouble::handshake);
    loop.stop();
}

TEST(Probe, SaysWhatAProxyAnswers) {
    Loop loop;
    Fd socket = listen_tcp("127.0.0.1", 0).value();
    const auto port = port_of(socket).value();
    std::string target;
    HttpServer server(
        loop, std::move(socket), [&](const wire::HttpRequest& request, Responder responder) {
            target = request.method + " " + request.target;
            responder.respond({407, {}, ""});
        });
    std::jthread thread([&] { loop.run(); });
    auto order = order_for("https://ecs.eu-west-1.amazonaws.com");
    order.proxy = wire::parse_url(fmt::format("http://proxy.test:{}", port)).value();
    const auto probed = probe(order, soon());
    EXPECT_EQ(probed.step, Step::tunnel);
    EXPECT_EQ(probed.trouble, Trouble::refused_by_proxy);
    EXPECT_EQ(probed.proxy_status, 407);
    loop.stop();
    thread.join();
    EXPECT_EQ(target, "CONNECT ecs.eu-west-1.amazonaws.com:443");
}

TEST(Probe, TellsRefusalsFromSilence) {
    std::uint16_t closed = 0;
    {
        const Fd socket = listen_tcp("127.0.0.1", 0).value();
        closed = port_of(socket).value();
    }
    const auto refused = probe(order_for(fmt::format("http://ecs.test:{}", closed)), soon());
    EXPECT_EQ(refused.step, Step::connect);
    EXPECT_EQ(refused.trouble, Trouble::refused);

    const Fd silent = listen_tcp("127.0.0.1", 0).value();
    auto order = order_for(fmt::format("http://ecs.test:{}", port_of(silent).value()));
    order.request = wire::HttpRequest{};
    order.step_max = Millis(50);
    const auto unanswered = probe(order, soon());
    EXPECT_EQ(unanswered.step, Step::exchange);
    EXPECT_EQ(unanswered.trouble, Trouble::timed_out);
    EXPECT_EQ(unanswered.error, "no answer within 50ms");
}

TEST(Probe, TriesEveryAddressAndTakesOneThatAnswers) {
    const Fd listening = listen_tcp("127.0.0.1", 0).value();
    auto order = order_for(fmt::format("http://ecs.test:{}", port_of(listening).value()));
    order.look_up = [](const std::string&, Deadline) {
        return NameAnswer{{"127.0.0.2", "127.0.0.1"}, Trouble::none, ""};
    };
    const auto probed = probe(order, soon());
    EXPECT_TRUE(probed.is_well()) << probed.error;
    ASSERT_EQ(probed.attempts.size(), 2U);
    EXPECT_EQ(probed.attempts[0].trouble, Trouble::refused);
    EXPECT_EQ(probed.attempts[1].trouble, Trouble::none);
}

TEST(Probe, StopsAtANameThatNobodyKnows) {
    const auto probed = probe(order_for("http://nobody.example"), soon());
    EXPECT_EQ(probed.step, Step::look_up);
    EXPECT_EQ(probed.trouble, Trouble::no_such_name);
    EXPECT_TRUE(probed.attempts.empty());
}

TEST(Probe, OfAUnixSocketThatIsNotThereSaysSo) {
    const TemporaryFolder folder;
    const auto missing = probe(order_for("unix:" + (folder / "none.sock").string()), soon());
    EXPECT_EQ(missing.trouble, Trouble::missing);
    static_cast<void>(listen_unix(folder / "left.sock").value());
    const auto refused = probe(order_for("unix:" + (folder / "left.sock").string()), soon());
    EXPECT_EQ(refused.trouble, Trouble::refused);
}

TEST(LookUp, OfANameGivesItsAddresses) {
    // In /etc/hosts of every machine.
    const auto found = look_up("localhost", soon());
    EXPECT_EQ(found.trouble, Trouble::none) << found.error;
    EXPECT_NE(std::find(found.addresses.begin(), found.addresses.end(), "127.0.0.1"),
              found.addresses.end());
}

TEST(LookUp, OfANumericAddressIsItself) {
    EXPECT_EQ(look_up("10.0.0.1", soon()).addresses, std::vector<std::string>{"10.0.0.1"});
    EXPECT_EQ(look_up("::1", soon()).addresses, std::vector<std::string>{"::1"});
}

} // namespace
} // namespace squall::transport
