#include "cloud/go_words.h"

#include "squall/base/time_text.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace squall::labhost {
namespace {

using transport::NetProblem;
using transport::TlsVerdict;
using Step = NetProblem::Step;
using What = NetProblem::What;

const WallTime now = parse_time("2026-06-30T17:02:14Z").value();
const std::string url = "https://ecs.us-east-1.amazonaws.com/";

NetProblem problem(Step step, What what) {
    NetProblem made;
    made.step = step;
    made.what = what;
    made.host = "ecs.us-east-1.amazonaws.com";
    made.local = "10.0.1.10:40222";
    made.peer = step == Step::look_up ? "10.0.0.2:53" : "10.0.0.12:443";
    return made;
}

NetProblem system_problem(Step step, std::string call, int number) {
    auto made = problem(step, What::system);
    made.call = std::move(call);
    made.os_error = number;
    return made;
}

TEST(GoWords, TellWhatBecameOfALookUp) {
    const std::string begin = "dial tcp: lookup ecs.us-east-1.amazonaws.com on 10.0.0.2:53: ";
    EXPECT_EQ(go_text(problem(Step::look_up, What::no_such_host), now), begin + "no such host");
    EXPECT_EQ(go_text(problem(Step::look_up, What::misbehaving), now),
              begin + "server misbehaving");
    EXPECT_EQ(go_text(problem(Step::look_up, What::timed_out), now),
              begin + "read udp 10.0.1.10:40222->10.0.0.2:53: i/o timeout");
    EXPECT_EQ(go_text(system_problem(Step::look_up, "read", ECONNREFUSED), now),
              begin + "read udp 10.0.1.10:40222->10.0.0.2:53: read: connection refused");
    EXPECT_EQ(go_text(system_problem(Step::look_up, "socket", EMFILE), now),
              begin + "dial udp 10.0.0.2:53: socket: too many open files");
    auto patience = problem(Step::look_up, What::timed_out);
    patience.local.clear();
    patience.peer.clear();
    EXPECT_EQ(go_text(patience, now), "dial tcp: lookup ecs.us-east-1.amazonaws.com: i/o timeout");
}

TEST(GoWords, TellWhatBecameOfAConnection) {
    EXPECT_EQ(go_text(problem(Step::connect, What::timed_out), now),
              "dial tcp 10.0.0.12:443: i/o timeout");
    for (const auto& [number, words] : {std::pair(ECONNREFUSED, "connect: connection refused"),
                                        std::pair(EHOSTUNREACH, "connect: no route to host"),
                                        std::pair(ENETUNREACH, "connect: network is unreachable")})
        EXPECT_EQ(go_text(system_problem(Step::connect, "connect", number), now),
                  std::string("dial tcp 10.0.0.12:443: ") + words);
    EXPECT_EQ(go_text(system_problem(Step::connect, "socket", EMFILE), now),
              "dial tcp 10.0.0.12:443: socket: too many open files");
    EXPECT_EQ(go_text(system_problem(Step::exchange, "read", ECONNRESET), now),
              "read tcp 10.0.1.10:40222->10.0.0.12:443: read: connection reset by peer");
    EXPECT_EQ(go_text(problem(Step::exchange, What::closed), now), "EOF");
}

TEST(GoWords, TellWhyACertificateIsNotAccepted) {
    const std::string begin = "tls: failed to verify certificate: x509: ";
    auto refused = problem(Step::tls, What::certificate);
    refused.verdict.valid_from = now + std::chrono::hours(1);
    refused.verdict.valid_until = now - std::chrono::hours(1);
    refused.verdict.names = {"*.eu-west-1.amazonaws.com", "sts.amazonaws.com"};
    const auto words = [&](TlsVerdict::Kind kind) {
        refused.verdict.kind = kind;
        return go_text(refused, now);
    };
    EXPECT_EQ(words(TlsVerdict::Kind::unknown_authority),
              begin + "certificate signed by unknown authority");
    EXPECT_EQ(words(TlsVerdict::Kind::too_early),
              begin
                  + "certificate has expired or is not yet valid: current time "
                    "2026-06-30T17:02:14Z is before 2026-06-30T18:02:14Z");
    EXPECT_EQ(words(TlsVerdict::Kind::too_late),
              begin
                  + "certificate has expired or is not yet valid: current time "
                    "2026-06-30T17:02:14Z is after 2026-06-30T16:02:14Z");
    EXPECT_EQ(words(TlsVerdict::Kind::wrong_name),
              begin
                  + "certificate is valid for *.eu-west-1.amazonaws.com, sts.amazonaws.com, not "
                    "ecs.us-east-1.amazonaws.com");
}

TEST(GoWords, TellWhatElseTlsMayMeet) {
    EXPECT_EQ(go_text(problem(Step::tls, What::timed_out), now), "net/http: TLS handshake timeout");
    EXPECT_EQ(go_text(problem(Step::tls, What::closed), now), "EOF");
    auto other = problem(Step::tls, What::other);
    other.text = "wrong version number (SSL routines)";
    EXPECT_EQ(go_text(other, now), "tls: first record does not look like a TLS handshake");
}

TEST(GoWords, NameTheRequestAndTheProxyThatWasInItsWay) {
    EXPECT_EQ(go_request_text("Post", url, problem(Step::connect, What::timed_out), now),
              "Post \"https://ecs.us-east-1.amazonaws.com/\": dial tcp 10.0.0.12:443: i/o timeout");
    auto proxy = system_problem(Step::connect, "connect", ECONNREFUSED);
    proxy.is_on_way_to_proxy = true;
    EXPECT_EQ(go_request_text("Post", url, proxy, now),
              "Post \"https://ecs.us-east-1.amazonaws.com/\": proxyconnect tcp: dial tcp "
              "10.0.0.12:443: connect: connection refused");
    EXPECT_EQ(go_request_text("Get", "http://169.254.169.254/latest/", proxy, now),
              "Get \"http://169.254.169.254/latest/\": dial tcp 10.0.0.12:443: connect: "
              "connection refused");
    auto tunnel = problem(Step::tunnel, What::status);
    tunnel.status = 407;
    tunnel.reason = "Proxy Authentication Required";
    EXPECT_EQ(go_request_text("Post", url, tunnel, now),
              "Post \"https://ecs.us-east-1.amazonaws.com/\": Proxy Authentication Required");
}

TEST(GoWords, HaveOneTextForEveryRefusedUpgrade) {
    auto refused = problem(Step::exchange, What::status);
    refused.status = 403;
    EXPECT_EQ(go_websocket_text(refused, now), "websocket: bad handshake");
    EXPECT_EQ(go_websocket_text(problem(Step::tls, What::timed_out), now),
              "read tcp 10.0.1.10:40222->10.0.0.12:443: i/o timeout");
}

TEST(GoWords, KnowWhichErrorsAnOperationsModelHas) {
    EXPECT_TRUE(is_modelled("RegisterContainerInstance", "ClientException"));
    EXPECT_TRUE(is_modelled("RegisterContainerInstance", "InvalidParameterException"));
    EXPECT_FALSE(is_modelled("RegisterContainerInstance", "AccessDeniedException"));
    EXPECT_TRUE(is_modelled("SubmitTaskStateChange", "AccessDeniedException"));
    EXPECT_FALSE(is_modelled("DiscoverPollEndpoint", "InvalidParameterException"));
}

} // namespace
} // namespace squall::labhost
