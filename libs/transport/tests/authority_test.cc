// A server that speaks TLS with a certificate of an authority of ours, and one who asks it.
#include "squall/transport/authority.h"

#include "squall/base/temporary_folder.h"
#include "squall/transport/http_client.h"
#include "squall/transport/http_server.h"
#include "squall/transport/socket.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

namespace squall::transport {
namespace {

class AuthorityTest : public ::testing::Test {
protected:
    AuthorityTest() {
        EXPECT_TRUE(write_file(folder_.path() / "ca.pem", authority_.certificate_pem()));
    }

    ~AuthorityTest() override {
        loop_.stop();
        if (thread_.joinable()) thread_.join();
    }

    void serve(const std::vector<std::string>& names,
               const Validity& validity,
               decltype(ServerLimits::tls_for) tls_for = {}) {
        const auto issued = authority_.issue(names, validity).value();
        auto socket = listen_tcp("127.0.0.1", 0).value();
        url_.scheme = "https";
        url_.host = "127.0.0.1";
        url_.port = port_of(socket).value();
        ServerLimits limits;
        limits.tls = TlsIdentity::make(issued.certificate_pem, issued.key_pem).value();
        limits.tls_for = std::move(tls_for);
        server_.emplace(
            loop_,
            std::move(socket),
            [](const wire::HttpRequest& request, Responder responder) {
                responder.respond({200, {}, request.body + request.body});
            },
            limits);
        thread_ = std::thread([this] { loop_.run(); });
    }

    Result<wire::HttpResponse> post(const std::string& host, std::string body = "x") {
        ClientSettings settings;
        settings.ca_file = folder_.path() / "ca.pem";
        HttpClient client(settings);
        url_.host = host;
        return client.send(url_, {"POST", "/", {}, std::move(body)}, Deadline::in(Seconds(20)));
    }

    const WallTime now_ = Wall::now();
    const Validity lifetime_ = Authority::lifetime(now_);
    TemporaryFolder folder_;
    Authority authority_ = Authority::make(lifetime_).value();
    Loop loop_;
    std::optional<HttpServer> server_;
    std::thread thread_;
    wire::Url url_;
};

TEST_F(AuthorityTest, VouchesForAServerThatSpeaksTls) {
    serve({"localhost", "*.us-east-1.amazonaws.com"}, lifetime_);
    const std::string body(300'000, 'b');
    const auto answer = post("localhost", body);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, body + body);
}

TEST_F(AuthorityTest, IsNotThatOfWhoeverShowsAnAddressAnotherCertificate) {
    const auto other = Authority::make(lifetime_, "Another").value();
    const auto issued = other.issue({"localhost"}, lifetime_).value();
    const auto identity = TlsIdentity::make(issued.certificate_pem, issued.key_pem).value();
    serve({"localhost"}, lifetime_, [identity](const std::string& address) {
        return address == "127.0.0.1" ? identity : nullptr;
    });
    const auto answer = post("localhost");
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().message.find("certificate"), std::string::npos)
        << answer.error().message;
}

TEST_F(AuthorityTest, VouchesForNoOtherName) {
    serve({"*.us-east-1.amazonaws.com"}, lifetime_);
    const auto answer = post("localhost");
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().message.find("hostname mismatch"), std::string::npos)
        << answer.error().message;
}

TEST_F(AuthorityTest, CanIssueWhatHasExpired) {
    serve({"localhost"}, {now_ - Seconds(20), now_ - Seconds(10)});
    const auto answer = post("localhost");
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().message.find("certificate has expired"), std::string::npos)
        << answer.error().message;
}

TEST_F(AuthorityTest, IsTrustedByNobodyWhoDoesNotHaveIt) {
    serve({"localhost"}, lifetime_);
    const auto other = Authority::make(lifetime_).value();
    ASSERT_TRUE(write_file(folder_.path() / "ca.pem", other.certificate_pem()));
    EXPECT_FALSE(post("localhost"));
}

} // namespace
} // namespace squall::transport
