#include "squall/http/head.h"

#include <gtest/gtest.h>

#include <string>

namespace squall::http {
namespace {

using Kind = Framing::Kind;

RequestHead request(const std::string& bytes) {
    RequestHead head;
    static std::string kept; // the views point into it
    kept = bytes;
    const auto refusal = head.read(kept);
    EXPECT_FALSE(refusal) << refusal->why << ": " << bytes;
    return head;
}

int refused(const std::string& bytes) {
    HeadFinder finder;
    const auto found = finder.look(bytes);
    if (found == HeadFinder::Found::refused) return finder.refusal().status;
    EXPECT_EQ(found, HeadFinder::Found::whole) << bytes;
    RequestHead head;
    const auto refusal = head.read(std::string_view(bytes).substr(0, finder.size()));
    return refusal ? refusal->status : 0;
}

std::string get(const std::string& fields) {
    return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

TEST(RequestHead, IsReadWithItsFieldsInOrder) {
    const auto head = request("POST /a?b=c HTTP/1.1\r\nHost: example\r\nX-One:1\r\n"
                              "x-two: \t two  \r\nEmpty:\r\nContent-Length: 12\r\n\r\n");
    EXPECT_EQ(head.method, "POST");
    EXPECT_EQ(head.target, "/a?b=c");
    EXPECT_EQ(head.version, Version::http_1_1);
    ASSERT_EQ(head.fields.size(), 5U);
    EXPECT_EQ(head.fields[2].value, "two");
    EXPECT_EQ(head.field("X-TWO"), "two");
    EXPECT_EQ(head.field("empty"), "");
    EXPECT_EQ(head.field("none"), std::nullopt);
    EXPECT_EQ(head.framing, (Framing{Kind::length, 12}));
    EXPECT_TRUE(head.keeps_alive);
}

TEST(RequestHead, SaysWhetherItsConnectionIsKept) {
    const auto keeps = [](const std::string& version, const std::string& connection) {
        return request("GET / HTTP/" + version + "\r\nHost: a\r\n" + connection + "\r\n")
            .keeps_alive;
    };
    EXPECT_TRUE(keeps("1.1", ""));
    EXPECT_FALSE(keeps("1.1", "Connection: close\r\n"));
    EXPECT_FALSE(keeps("1.1", "Connection: Upgrade, CLOSE\r\n"));
    EXPECT_FALSE(keeps("1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
    EXPECT_FALSE(keeps("1.0", ""));
    EXPECT_TRUE(keeps("1.0", "Connection: Keep-Alive\r\n"));
    EXPECT_TRUE(keeps("1.7", ""));
}

TEST(RequestHead, KnowsAnUpgradeAndAnExpectation) {
    EXPECT_TRUE(
        request(get("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n")).asks_upgrade);
    EXPECT_FALSE(request(get("Upgrade: websocket\r\n")).asks_upgrade);
    const std::string offer = get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n");
    EXPECT_TRUE(request(offer).offers_http2);
    EXPECT_FALSE(request(offer).asks_upgrade) << "it is answered as HTTP/1.1";
    EXPECT_TRUE(request(get("Expect: 100-Continue\r\n")).expects_continue);
    EXPECT_FALSE(request(get("Expect: more\r\n")).expects_continue);
}

TEST(RequestHead, IsRefusedWhereTwoReadersCouldDisagree) {
    for (const std::string fields : {
             "Content-Length: 5\r\nContent-Length: 5\r\n",
             "Content-Length: 5\r\nContent-Length: 6\r\n",
             "Content-Length: 5, 5\r\n",
             "Content-Length: +5\r\n",
             "Content-Length: -5\r\n",
             "Content-Length: 0x5\r\n",
             "Content-Length: 5 5\r\n",
             "Content-Length:\r\n",
             "Content-Length: 99999999999999999999\r\n",
             "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
             "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
             "Transfer-Encoding: chunked, chunked\r\n",
             "Transfer-Encoding: chunked, gzip\r\n",
             "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n",
             "Transfer-Encoding: gzip\r\n",
             "Transfer-Encoding:\r\n",
             "Transfer-Encoding : chunked\r\n",
             " Folded: 1\r\n",
             "A: 1\r\n folded\r\n",
             "A: 1\r\n\tfolded\r\n",
             "no colon\r\n",
             ": no name\r\n",
             "na me: 1\r\n",
             "A: x\ry\r\n",
             "A\r: x\r\n",
             "Host: b\r\n",
         })
        EXPECT_EQ(refused(get(fields)), 400) << fields;
    EXPECT_EQ(refused(get(std::string("A: x\0y\r\n", 8))), 400);
    EXPECT_EQ(refused(get("A: \x7f\r\n")), 400);
    EXPECT_EQ(refused(get("Transfer-Encoding: xchunked\r\n")), 501);
    EXPECT_EQ(refused(get("Transfer-Encoding: \"chunked\"\r\n")), 501);
    EXPECT_EQ(refused("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
    EXPECT_EQ(refused("GET / HTTP/1.1\r\n\r\n"), 400) << "no Host";
    EXPECT_EQ(refused("GET / HTTP/1.0\r\n\r\n"), 0);
    EXPECT_EQ(refused(get("Transfer-Encoding: gzip, chunked\r\n")), 0);
    EXPECT_EQ(refused(get("Transfer-Encoding: Chunked\r\n")), 0);
}

TEST(RequestHead, IsRefusedForItsFirstLine) {
    for (const std::string line : {"GET /",
                                   "GET",
                                   "/ HTTP/1.1",
                                   "GET  / HTTP/1.1",
                                   "GET / HTTP/1.1 ",
                                   " GET / HTTP/1.1",
                                   "GET\t/\tHTTP/1.1",
                                   "G(T / HTTP/1.1",
                                   "GET /a b HTTP/1.1",
                                   "GET /\x01 HTTP/1.1",
                                   "GET / http/1.1",
                                   "GET / HTTP/11",
                                   "GET / HTTP/1.1x"})
        EXPECT_EQ(refused(line + "\r\nHost: a\r\n\r\n"), 400) << line;
    EXPECT_EQ(refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
    EXPECT_EQ(refused("GET / HTTP/1.1\nHost: a\r\n\r\n"), 400) << "a bare line feed";
    EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: a\n\r\n"), 400);
}

TEST(HeadFinder, FindsTheEndHoweverTheBytesAreCut) {
    const std::string bytes = get("A: 1\r\n");
    const std::string more = bytes + "body\r\n\r\n";
    for (std::size_t step = 1; step <= more.size(); ++step) {
        HeadFinder finder;
        auto found = HeadFinder::Found::not_yet;
        for (std::size_t size = step; found == HeadFinder::Found::not_yet; size += step)
            found = finder.look(std::string_view(more).substr(0, size));
        EXPECT_EQ(found, HeadFinder::Found::whole);
        EXPECT_EQ(finder.size(), bytes.size()) << step;
    }
}

TEST(HeadFinder, GivesUpOnAHeadThatIsTooLong) {
    HeadFinder finder;
    EXPECT_EQ(finder.look("GET /" + std::string(head_size_max, 'a')), HeadFinder::Found::refused);
    EXPECT_EQ(finder.refusal().status, 431);
    std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (std::size_t count = 0; count < head_fields_max; ++count)
        many += "A: 1\r\n";
    EXPECT_EQ(refused(many + "\r\n"), 431);
}

ResponseHead response(const std::string& bytes, std::string_view method = "GET") {
    ResponseHead head;
    static std::string kept;
    kept = bytes;
    const auto refusal = head.read(kept, method);
    EXPECT_FALSE(refusal) << refusal->why << ": " << bytes;
    return head;
}

TEST(ResponseHead, IsReadWithAndWithoutAReason) {
    EXPECT_EQ(response("HTTP/1.1 404 Not  Found\r\n\r\n").reason, "Not  Found");
    EXPECT_EQ(response("HTTP/1.1 404 \r\n\r\n").status, 404);
    EXPECT_EQ(response("HTTP/1.0 599\r\n\r\n").status, 599);
}

TEST(ResponseHead, HasTheFramingThatItsRequestAndStatusGiveIt) {
    const std::string length = "Content-Length: 5\r\n\r\n";
    const std::string chunked = "Transfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(response("HTTP/1.1 200 OK\r\n" + length).framing, (Framing{Kind::length, 5}));
    EXPECT_EQ(response("HTTP/1.1 200 OK\r\n" + chunked).framing.kind, Kind::chunked);
    for (const std::string status : {"204 No", "304 Not", "101 Go", "100 Go", "103 Go"}) {
        EXPECT_EQ(response("HTTP/1.1 " + status + "\r\n" + length).framing.kind, Kind::none);
        EXPECT_EQ(response("HTTP/1.1 " + status + "\r\n" + chunked).framing.kind, Kind::none);
    }
    EXPECT_EQ(response("HTTP/1.1 200 OK\r\n" + length, "HEAD").framing.kind, Kind::none);
    EXPECT_EQ(response("HTTP/1.1 200 OK\r\n" + length, "CONNECT").framing.kind, Kind::none);
    EXPECT_EQ(response("HTTP/1.1 400 No\r\n" + length, "CONNECT").framing.length, 5U);
    const auto until_close = response("HTTP/1.1 200 OK\r\n\r\n");
    EXPECT_EQ(until_close.framing.kind, Kind::until_close);
    EXPECT_FALSE(until_close.keeps_alive);
    const auto both = response("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" + chunked);
    EXPECT_EQ(both.framing.kind, Kind::chunked);
    EXPECT_FALSE(both.keeps_alive);
    EXPECT_EQ(response("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n").framing.kind,
              Kind::until_close);
}

TEST(ResponseHead, IsRefusedWhenItIsNone) {
    for (const std::string bytes : {"HTTP/1.1 20 OK\r\n\r\n",
                                    "HTTP/1.1 2000 OK\r\n\r\n",
                                    "HTTP/1.1 abc\r\n\r\n",
                                    "HTTP/1.1 099 OK\r\n\r\n",
                                    "HTTP/1.1\r\n\r\n",
                                    "ICY 200 OK\r\n\r\n",
                                    "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                                    "HTTP/1.1 200 OK\r\nA : x\r\n\r\n"}) {
        ResponseHead head;
        EXPECT_TRUE(head.read(bytes, "GET")) << bytes;
    }
}

} // namespace
} // namespace squall::http
