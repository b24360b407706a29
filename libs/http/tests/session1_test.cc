#include "treatments.h"
#include "wire.h"

#include <fmt/format.h>

#include <random>

namespace squall::http {
namespace {

const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

std::string post(const std::string& body) {
    return "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size())
           + "\r\n\r\n" + body;
}

TEST(Untouched, RequestsAndResponsesPassByteForByte) {
    Wire wire;
    const std::string odd = "GET /%20 HTTP/1.1\r\nhOST:a\r\nX-Odd:   1  \r\n\r\n";
    const std::string answer = "HTTP/1.1 200 Fine, thanks\r\nx-a:b\r\nCONTENT-length: 3\r\n\r\nabc";
    wire.client(odd);
    EXPECT_EQ(wire.take_application(), odd);
    EXPECT_EQ(wire.opened, 1);
    wire.application(answer);
    EXPECT_EQ(wire.take_client(), answer);
    wire.client(get);
    wire.application(ok);
    EXPECT_EQ(wire.opened, 1) << "one connection to the application for each of a client";
    EXPECT_EQ(wire.counts.untouched, 2U);
    EXPECT_EQ(wire.client_closes, Close::none);
}

TEST(AddedField, StandsAfterThoseOfEachRequestWhileItIsArmed) {
    Wire wire;
    wire.session.add_to_requests("X-Forwarded-For", "10.0.0.7");
    const std::string first = "GET / HTTP/1.1\r\nHost: a\r\nx-forwarded-for: 1.2.3.4\r\n\r\n";
    wire.client(first + post("body"));
    EXPECT_EQ(wire.take_application(),
              "GET / HTTP/1.1\r\nHost: a\r\nx-forwarded-for: 1.2.3.4\r\n"
              "X-Forwarded-For: 10.0.0.7\r\n\r\n");
    wire.application(ok);
    EXPECT_EQ(wire.take_application(),
              "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
              "X-Forwarded-For: 10.0.0.7\r\n\r\nbody");
    wire.application(ok);
    EXPECT_EQ(wire.take_client(), ok + ok);
    EXPECT_EQ(wire.counts.untouched, 2U);
    wire.disarm();
    wire.client(get);
    EXPECT_EQ(wire.take_application(), get);
}

// Requests and responses of all kinds, cut anywhere: what goes in comes out.
TEST(Untouched, ConversationsComeOutAsTheyWentIn) {
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto below = [&](std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
    };
    const auto chunked = [&](std::size_t chunks) {
        std::string text;
        for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
            const std::size_t size = 1 + below(40);
            text += fmt::format("{:x};n={}\r\n{}\r\n", size, chunk, std::string(size, 'c'));
        }
        return text + "0\r\nX-Trailer: t\r\n\r\n";
    };
    for (int round = 0; round < 300; ++round) {
        Wire wire;
        std::string requests;
        std::string responses;
        const std::size_t exchanges = 1 + below(5);
        const std::size_t step = 1 + below(60);
        for (std::size_t number = 0; number < exchanges; ++number) {
            const std::size_t kind = below(4);
            const std::string request =
                kind == 0   ? get
                : kind == 1 ? "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
                : kind == 2 ? post(std::string(below(100), 'b'))
                            : "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  + chunked(below(4));
            const std::size_t form = below(4);
            std::string response =
                below(3) == 0 ? "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" : "";
            if (kind == 1)
                response += "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n";
            else if (form == 0)
                response += "HTTP/1.1 204 No Content\r\n\r\n";
            else if (form == 1)
                response += "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n";
            else if (form == 2)
                response +=
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(below(4));
            else
                response += ok;
            requests += request;
            responses += response;
            wire.client(request, step);
            wire.application(response, 1 + below(60));
        }
        ASSERT_EQ(wire.to_application, requests);
        ASSERT_EQ(wire.to_client, responses);
        ASSERT_EQ(wire.client_closes, Close::none);
        ASSERT_EQ(wire.counts.requests, exchanges);
    }
}

// An application that took the offer would be beyond all faults.
TEST(Untouched, OffersOfHttp2AreDeclined) {
    Wire wire;
    wire.client("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, x\r\n"
                "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nAccept: */*\r\n\r\n");
    EXPECT_EQ(wire.take_application(),
              "GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nAccept: */*\r\n\r\n");
    wire.application(ok);
    EXPECT_EQ(wire.take_client(), ok);
    Wire changed(with_status(503));
    changed.client("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                   "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n");
    EXPECT_EQ(changed.take_application(), get);
    changed.application(ok);
    EXPECT_TRUE(changed.take_client().starts_with("HTTP/1.1 503 "))
        << "no upgrade: its status can be replaced";
}

TEST(Pipelined, RequestsReachTheApplicationOneAfterAnother) {
    Wire wire;
    wire.client(get + post("body") + get);
    EXPECT_EQ(wire.take_application(), get);
    wire.application(ok);
    EXPECT_EQ(wire.take_application(), post("body"));
    wire.application(ok);
    EXPECT_EQ(wire.take_application(), get);
    wire.application(ok);
    EXPECT_EQ(wire.take_client(), ok + ok + ok);
}

TEST(Answered, RequestsNeverReachTheApplication) {
    Wire wire(answering(503));
    const std::string said = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\n"
                             "Content-Length: 5\r\n\r\nchaos";
    wire.client(get + get);
    EXPECT_EQ(wire.take_client(), said + said);
    wire.client(post(std::string(100, 'x')) + get, 7);
    EXPECT_EQ(wire.take_client(), said + said) << "the body was read away, the connection in step";
    EXPECT_EQ(wire.to_application, "");
    EXPECT_EQ(wire.opened, 0);
    EXPECT_EQ(wire.counts.answered, 4U);
    EXPECT_EQ(wire.client_closes, Close::none);
}

TEST(Answered, HeadsGetAHeadAndStatusesWithoutBodyNone) {
    Wire wire(answering(503));
    wire.client("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + get);
    const std::string both = wire.take_client();
    EXPECT_EQ(both.find("chaos"), both.rfind("chaos")) << "one body for two answers";
    EXPECT_NE(both.find("Content-Length: 5\r\n\r\nHTTP/1.1"), std::string::npos);
    for (const int status : {204, 304}) {
        Wire none(answering(status));
        none.client(get);
        EXPECT_EQ(none.to_client.find("Content-Length"), std::string::npos) << status;
        EXPECT_TRUE(none.to_client.ends_with("\r\n\r\n")) << status;
    }
    Wire reset_content(answering(205));
    reset_content.client(get);
    EXPECT_TRUE(reset_content.to_client.ends_with("Content-Length: 0\r\n\r\n"));
    Wire many(answering(429));
    many.client(get);
    EXPECT_TRUE(many.to_client.starts_with("HTTP/1.1 429 Too Many Requests\r\n"));
}

TEST(Answered, ClosesWhereTheClientDoesOrNobodyCouldTellWhatFollows) {
    for (const std::string request :
         {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
          "GET / HTTP/1.0\r\n\r\n",
          "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"}) {
        Wire wire(answering(500));
        wire.client(request);
        EXPECT_NE(wire.to_client.find("Connection: close\r\n"), std::string::npos) << request;
        EXPECT_EQ(wire.client_closes, Close::finish) << request;
        EXPECT_TRUE(wire.session.is_over());
        wire.client("more that is read away");
        EXPECT_EQ(wire.waiting_of_client(), "");
    }
}

TEST(Changed, StatusesKeepTheBodyAndItsFraming) {
    Wire wire(with_status(503));
    wire.client(get);
    wire.application("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: 1\r\n\r\nok");
    EXPECT_EQ(wire.take_client(),
              "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\nX: 1\r\n\r\nok");
    wire.client(get);
    wire.application("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
                     3);
    EXPECT_EQ(wire.take_client(),
              "HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n"
              "2\r\nok\r\n0\r\n\r\n");
    EXPECT_EQ(wire.counts.changed, 2U);
}

TEST(Changed, StatusesWithAndWithoutABodyAreFramedForWhatTheyAre) {
    Wire wire(with_status(503));
    wire.client(get);
    wire.application("HTTP/1.1 304 Not Modified\r\nETag: x\r\nContent-Length: 700\r\n\r\n");
    EXPECT_EQ(wire.take_client(),
              "HTTP/1.1 503 Service Unavailable\r\nETag: x\r\nContent-Length: 0\r\n\r\n");
    wire.client(get);
    wire.application("HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(wire.take_client(), "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    Wire none(with_status(204));
    none.client(get);
    none.application(ok);
    EXPECT_EQ(none.take_client(), "HTTP/1.1 204 No Content\r\n\r\n");
    none.client(get);
    EXPECT_EQ(none.take_application(), get + get) << "in step";
}

TEST(Changed, HeadsAndInterimResponsesAreInStepToo) {
    Wire wire(with_status(500));
    wire.client("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    wire.application("HTTP/1.1 200 OK\r\nContent-Length: 700\r\n\r\n");
    EXPECT_EQ(wire.take_client(),
              "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 700\r\n\r\n");
    wire.client("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    wire.application("HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(wire.take_client(), "HTTP/1.1 100 Continue\r\n\r\n");
    wire.client("hi");
    wire.application(ok);
    EXPECT_TRUE(wire.take_client().starts_with("HTTP/1.1 500 "));
}

TEST(Changed, BodiesAreReplacedWhateverTheirFramingWas) {
    const std::string replaced = "HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 3\r\n\r\nnew";
    for (const std::string& original :
         {"HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 20000\r\n\r\n" + std::string(20'000, 'A'),
          std::string("HTTP/1.1 200 OK\r\nX: 1\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n"
                      "5\r\nhello\r\n0\r\nT: 1\r\n\r\n"),
          "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nX: 1\r\nContent-Length: 39\r\n"
          "Content-MD5: abc\r\n\r\n"
              + std::string(39, 'z')}) {
        Wire wire(with_body("new"));
        wire.client(get);
        wire.application(original, 1000);
        EXPECT_EQ(wire.take_client(), replaced);
        wire.client(get);
        wire.application(original);
        EXPECT_EQ(wire.take_client(), replaced) << "the next exchange is in step";
    }
    Wire head(with_body("new"));
    head.client("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    head.application("HTTP/1.1 200 OK\r\nContent-Length: 700\r\n\r\n");
    EXPECT_EQ(head.take_client(), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
}

TEST(Changed, FieldsArePutInPlaceOfThoseOfTheSameName) {
    Treatment treatment;
    treatment.fields =
        std::make_shared<const FieldList>(FieldList{{"x-a", "new"}, {"X-B", "added"}});
    Wire wire(treatment);
    wire.client(get);
    wire.application("HTTP/1.1 200 OK\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 2\r\n\r\nok");
    EXPECT_EQ(wire.take_client(),
              "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx-a: new\r\nX-B: added\r\n\r\nok");
}

TEST(Delayed, ResponsesBeginWhenTheirDelayHasPassedAndNotBefore) {
    Wire wire(delayed(Millis(2000)));
    wire.client(get + get);
    EXPECT_EQ(wire.take_application(), get) << "the application has the request at once";
    wire.pass(Millis(300));
    wire.application(ok);
    EXPECT_EQ(wire.session.next_deadline(), wire.now + Millis(2000));
    wire.pass(Millis(1999));
    EXPECT_EQ(wire.take_client(), "");
    EXPECT_EQ(wire.take_application(), "") << "the second waits behind the first";
    wire.pass(Millis(1));
    EXPECT_EQ(wire.take_client(), ok);
    EXPECT_EQ(wire.take_application(), get);
    EXPECT_EQ(wire.counts.delayed, 1U);
}

TEST(Delayed, AnswersOfTheProxyWaitAsWell) {
    Wire wire(delayed(Millis(100), answering(503)));
    wire.client(post("12345"));
    wire.pass(Millis(99));
    EXPECT_EQ(wire.take_client(), "");
    wire.pass(Millis(1));
    EXPECT_TRUE(wire.take_client().starts_with("HTTP/1.1 503"));
    EXPECT_EQ(wire.waiting_of_client(), "");
    EXPECT_EQ(wire.counts.delayed + wire.counts.answered, 2U);
    EXPECT_EQ(wire.counts.met, 1U) << "one request, whatever it met";
}

TEST(Delayed, ResponsesWhoseConnectionEndsMeanwhileAreStillWhole) {
    Wire wire(delayed(Millis(100)));
    wire.client(get);
    wire.application("HTTP/1.0 200 OK\r\n\r\n");
    wire.application_ends();
    EXPECT_EQ(wire.client_closes, Close::none);
    wire.pass(Millis(100));
    EXPECT_EQ(wire.take_client(), "HTTP/1.0 200 OK\r\n\r\n");
    EXPECT_EQ(wire.client_closes, Close::finish);
}

TEST(Reset, ComesAfterTheApplicationHasTheRequest) {
    Treatment treatment;
    treatment.reset = ResetAt::request;
    Wire wire(treatment);
    wire.client(post("pay"));
    EXPECT_EQ(wire.take_application(), post("pay"));
    EXPECT_EQ(wire.client_closes, Close::none);
    wire.application(ok);
    EXPECT_EQ(wire.client_closes, Close::reset);
    EXPECT_EQ(wire.take_client(), "");
    EXPECT_EQ(wire.counts.reset, 1U);
}

TEST(Reset, ComesInTheMiddleOfTheBody) {
    Treatment treatment;
    treatment.reset = ResetAt::response;
    Wire wire(treatment);
    wire.client(get);
    wire.application("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789");
    EXPECT_EQ(wire.take_client(), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234");
    EXPECT_EQ(wire.client_closes, Close::reset_when_delivered);
}

TEST(Reset, ComesSoLongAfterTheAcceptAndTheApplicationSeesNothing) {
    Treatment treatment;
    treatment.reset_after_accept = Millis(1000);
    Wire wire(treatment);
    wire.pass(Millis(300));
    wire.client(post("body"));
    wire.pass(Millis(699));
    EXPECT_EQ(wire.client_closes, Close::none);
    wire.pass(Millis(1));
    EXPECT_EQ(wire.client_closes, Close::reset);
    EXPECT_EQ(wire.to_application + wire.to_client, "");
    Wire late(treatment);
    late.pass(Millis(1500));
    late.client(get);
    EXPECT_EQ(late.client_closes, Close::reset) << "at once, when its time was before";
    Wire mended(treatment);
    mended.client(post("body"));
    mended.disarm();
    EXPECT_EQ(mended.take_application(), post("body"));
}

TEST(Upgraded, ConnectionsBecomeTunnels) {
    Wire wire(with_status(503));
    wire.treater.treatment = {};
    const std::string ask = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                            "Upgrade: websocket\r\n\r\n";
    const std::string agree = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
    wire.client(ask + "early");
    wire.application(agree + "\x81\x02hi");
    EXPECT_EQ(wire.take_client(), agree + "\x81\x02hi");
    EXPECT_EQ(wire.take_application(), ask + "early");
    wire.client("GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(wire.take_application(), "GET / HTTP/1.1\r\n\r\n") << "whatever it looks like";
    wire.client_ends();
    EXPECT_EQ(wire.application_closes, Close::finish);
    EXPECT_EQ(wire.client_closes, Close::none) << "a half of it lives on";
    wire.application("last words");
    wire.application_ends();
    EXPECT_EQ(wire.take_client(), "last words");
    EXPECT_EQ(wire.client_closes, Close::finish);
    EXPECT_EQ(wire.counts.upgraded, 1U);
}

TEST(HalfClosed, ClientsStillGetTheirAnswer) {
    Wire wire;
    wire.client(get);
    wire.client_ends();
    EXPECT_EQ(wire.application_closes, Close::finish) << "the application sees what it would see";
    EXPECT_EQ(wire.client_closes, Close::none);
    wire.application(ok);
    EXPECT_EQ(wire.take_client(), ok);
    EXPECT_EQ(wire.client_closes, Close::finish);
    Wire answered(delayed(Millis(10), answering(503)));
    answered.client(get);
    answered.client_ends();
    answered.pass(Millis(10));
    EXPECT_TRUE(answered.take_client().starts_with("HTTP/1.1 503"));
    EXPECT_EQ(answered.client_closes, Close::finish);
}

TEST(Application, ThatHangsUpIsSeenToHangUp) {
    Wire middle;
    middle.client(get);
    middle.application("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012");
    middle.application_ends();
    EXPECT_EQ(middle.client_closes, Close::finish);
    EXPECT_TRUE(middle.to_client.ends_with("012"));
    Wire unreachable;
    unreachable.client(get);
    unreachable.application_fails();
    EXPECT_EQ(unreachable.client_closes, Close::reset);
    EXPECT_EQ(unreachable.counts.application_unreachable, 1U);
    Wire idle;
    idle.client(get);
    idle.application(ok);
    idle.application_ends();
    EXPECT_EQ(idle.client_closes, Close::finish);
    Wire closes;
    closes.client(get);
    closes.application("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    EXPECT_EQ(closes.client_closes, Close::finish);
}

TEST(Application, ThatSpeaksNoHttpIsPassedOn) {
    Wire wire(with_status(503));
    wire.client(get);
    wire.application("220 mail ESMTP\r\n", 5);
    wire.application("more\r\n");
    EXPECT_EQ(wire.take_client(), "220 mail ESMTP\r\nmore\r\n");
    EXPECT_EQ(wire.counts.application_unclear, 1U);
}

TEST(Refused, RequestsGetACarefulServersAnswerAndTheConnectionEnds) {
    for (const std::string request : {"GET / HTTP/1.1\r\n\r\n",
                                      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                                      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x"}) {
        Wire wire;
        wire.client(request);
        EXPECT_TRUE(wire.to_client.starts_with("HTTP/1.1 400 Bad Request\r\n")) << wire.to_client;
        EXPECT_NE(wire.to_client.find("Connection: close"), std::string::npos);
        EXPECT_EQ(wire.to_application, "");
        EXPECT_EQ(wire.client_closes, Close::finish);
    }
    Wire chunk;
    chunk.client("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz");
    EXPECT_TRUE(chunk.to_client.starts_with("HTTP/1.1 400"));
    EXPECT_EQ(chunk.application_closes, Close::reset) << "its request will never be whole";
}

TEST(Disarmed, SessionsGiveTheTrueAnswerAndEndWithIt) {
    Wire idle(answering(503));
    idle.client(get);
    EXPECT_TRUE(idle.take_client().starts_with("HTTP/1.1 503"));
    idle.disarm();
    EXPECT_TRUE(idle.session.is_idle());
    idle.client(get);
    EXPECT_EQ(idle.take_application(), get);
    idle.application(ok);
    EXPECT_EQ(idle.take_client(),
              "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    EXPECT_EQ(idle.client_closes, Close::finish);

    Wire waits(delayed(Millis(60'000)));
    waits.client(get);
    waits.application(ok);
    waits.disarm();
    EXPECT_TRUE(waits.take_client().ends_with("\r\n\r\nok")) << "at once";
    EXPECT_EQ(waits.counts.delayed, 1U);
    EXPECT_EQ(waits.counts.untouched, 0U) << "one request is counted once";

    Wire held(delayed(Millis(60'000), answering(503)));
    held.client(post("body"));
    held.disarm();
    EXPECT_EQ(held.take_application(), post("body")) << "what the application was kept from";
    held.application(ok);
    EXPECT_TRUE(held.take_client().starts_with("HTTP/1.1 200 OK"));
    EXPECT_EQ(held.counts.delayed, 1U);
    EXPECT_EQ(held.counts.untouched + held.counts.answered, 0U);

    Wire under_way(with_status(503));
    under_way.client(get);
    under_way.disarm();
    under_way.application(ok);
    EXPECT_TRUE(under_way.take_client().starts_with("HTTP/1.1 200 OK"));
}

} // namespace
} // namespace squall::http
