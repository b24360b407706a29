#include "http2_wire.h"
#include "treatments.h"

#include <random>

namespace squall::http {
namespace {

const Fields ok{{":status", "200"}, {"x-app", "yes"}};

Treatment resetting(ResetAt at) {
    Treatment treatment;
    treatment.reset = at;
    return treatment;
}

Fields with(Fields fields, const std::string& name, const std::string& value) {
    for (auto& field : fields) {
        if (field.first == name) {
            field.second = value;
            return fields;
        }
    }
    fields.emplace_back(name, value);
    return fields;
}

// Says the same to everybody.
void answer_all(Http2Wire& wire,
                const Fields& fields,
                const std::string& body,
                const Fields& trailers) {
    wire.application.on_whole = [&wire, fields, body, trailers](std::int32_t id, const Message&) {
        wire.application.respond(id, fields, body, trailers);
    };
}

TEST(Http2, RequestsAndResponsesComeOutAsTheyWentIn) {
    Http2Wire wire;
    answer_all(wire, with(ok, "set-cookie", "a=b"), "hello", {{"x-trailer", "t"}});
    const auto id = wire.client.request(
        with(post_fields, "cookie", "c=d"), "body", {{"x-request-trailer", "r"}});
    wire.pump();
    const Message& seen = wire.application.messages.at(1);
    EXPECT_EQ(seen.fields, with(post_fields, "cookie", "c=d"));
    EXPECT_EQ(seen.body, "body");
    EXPECT_EQ(seen.trailer("x-request-trailer"), "r");
    const Message& got = wire.client.messages.at(id);
    EXPECT_EQ(got.fields, with(ok, "set-cookie", "a=b"));
    EXPECT_EQ(got.body, "hello");
    EXPECT_EQ(got.trailer("x-trailer"), "t");
    EXPECT_TRUE(got.is_whole);
    EXPECT_EQ(wire.counts.untouched, 1U);
    EXPECT_EQ(wire.opened, 1);
    EXPECT_EQ(wire.treater.last_target, "/p");
    EXPECT_EQ(wire.treater.last_host, "a") << "the authority is what Host would be";
}

TEST(Http2, AnAddedFieldStandsAfterThoseOfEachRequest) {
    Http2Wire wire;
    wire.session().add_to_requests("X-Forwarded-For", "2001:db8::7");
    answer_all(wire, ok, "hello", {});
    const auto id = wire.client.request(with(post_fields, "cookie", "c=d"), "body", {});
    wire.pump();
    EXPECT_EQ(wire.application.messages.at(1).fields,
              with(with(post_fields, "cookie", "c=d"), "x-forwarded-for", "2001:db8::7"));
    EXPECT_TRUE(wire.client.messages.at(id).is_whole);
    EXPECT_EQ(wire.counts.untouched, 1U);
}

// Exchanges of all kinds at a time, cut anywhere, through windows of any size.
TEST(Http2, ConversationsComeOutAsTheyWentIn) {
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto below = [&](std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
    };
    const auto window = [&] {
        return static_cast<std::uint32_t>(below(3) == 0 ? 1 + below(50) : 1 + below(200'000));
    };
    for (int round = 0; round < 60; ++round) {
        const auto streams = static_cast<std::uint32_t>(1 + below(6));
        Http2Wire wire({}, window(), window(), streams);
        wire.step = 1 + below(below(2) == 0 ? 40 : 20'000);

        struct Exchange {
            std::string asked;
            std::string told;
            Fields asked_trailers;
            Fields told_trailers;
            bool is_head = false;
            bool has_interim = false;
        };

        std::map<std::string, Exchange> exchanges;
        wire.application.on_whole = [&](std::int32_t id, const Message& message) {
            const Exchange& wanted = exchanges.at(message.field(":path"));
            EXPECT_EQ(message.body, wanted.asked);
            EXPECT_EQ(message.trailers, wanted.asked_trailers);
            if (wanted.has_interim) wire.application.interim(id, {{":status", "103"}});
            wire.application.respond(id, ok, wanted.told, wanted.told_trailers);
        };
        std::map<std::int32_t, std::string> paths;
        const std::size_t count = 1 + below(12);
        for (std::size_t number = 0; number < count; ++number) {
            const std::string path = "/" + std::to_string(number);
            Exchange& one = exchanges[path];
            one.is_head = below(5) == 0;
            one.has_interim = below(3) == 0;
            if (!one.is_head) {
                one.asked = std::string(below(2) * below(3000), 'q');
                one.told = std::string(below(2) * below(5000), 'r');
                if (below(3) == 0) one.asked_trailers = {{"x-asked", path}};
                if (below(3) == 0) one.told_trailers = {{"x-told", path}};
            }
            const auto id = wire.client.request({{":method", one.is_head ? "HEAD" : "PUT"},
                                                 {":scheme", "http"},
                                                 {":authority", "a"},
                                                 {":path", path}},
                                                one.asked,
                                                one.asked_trailers);
            paths[id] = path;
            if (below(2) == 0) wire.pump();
        }
        wire.pump();
        for (const auto& [id, path] : paths) {
            const Message& got = wire.client.messages[id];
            const Exchange& wanted = exchanges.at(path);
            ASSERT_TRUE(got.is_whole) << path;
            ASSERT_EQ(got.fields, ok);
            ASSERT_EQ(got.body, wanted.told);
            ASSERT_EQ(got.trailers, wanted.told_trailers);
            ASSERT_EQ(got.interim.empty(), !wanted.has_interim);
        }
        ASSERT_EQ(wire.counts.untouched, count);
        ASSERT_EQ(wire.counts.requests, count);
        ASSERT_EQ(wire.client_closes, Close::none);
    }
}

TEST(Http2, LargeBodiesPassBothWaysAtOnce) {
    Http2Wire wire;
    const std::string large(3'000'000, 'x');
    answer_all(wire, ok, large, {});
    const auto first = wire.client.request(post_fields, large);
    const auto second = wire.client.request(post_fields, large);
    wire.pump();
    EXPECT_EQ(wire.application.messages.at(1).body, large);
    EXPECT_EQ(wire.client.messages.at(first).body, large);
    EXPECT_EQ(wire.client.messages.at(second).body, large);
}

TEST(Http2, AnswersNeverReachTheApplication) {
    for (const bool is_to_all : {false, true}) {
        Http2Wire wire(answering(503));
        if (is_to_all) wire.treater.to_all = wire.treater.treatment.answer;
        std::vector<std::int32_t> ids;
        for (int number = 0; number < 5; ++number)
            ids.push_back(wire.client.request(get_fields));
        const auto posted = wire.client.request(post_fields, std::string(400'000, 'b'));
        const auto head = wire.client.request(with(get_fields, ":method", "HEAD"));
        wire.pump();
        ids.push_back(wire.client.request(get_fields));
        ids.push_back(posted);
        wire.pump();
        for (const auto id : ids) {
            const Message& got = wire.client.messages.at(id);
            EXPECT_EQ(got.field(":status"), "503");
            EXPECT_EQ(got.field("content-length"), "5");
            EXPECT_EQ(got.field("content-type"), "text/plain");
            EXPECT_EQ(got.body, "chaos");
            EXPECT_TRUE(got.is_whole);
        }
        EXPECT_EQ(wire.client.messages.at(head).body, "");
        EXPECT_EQ(wire.client.messages.at(head).field("content-length"), "5");
        EXPECT_TRUE(wire.client.messages.at(head).is_whole);
        EXPECT_EQ(wire.opened, 0);
        EXPECT_EQ(wire.counts.answered, 8U);
        EXPECT_EQ(wire.counts.requests, 8U);
    }
}

TEST(Http2, StatusesWithoutContentHaveNone) {
    for (const int status : {204, 205, 304}) {
        Http2Wire wire(answering(status));
        const auto id = wire.client.request(get_fields);
        wire.pump();
        EXPECT_EQ(wire.client.messages.at(id).body, "");
        EXPECT_TRUE(wire.client.messages.at(id).is_whole) << status;
    }
}

TEST(Http2, AnswersWaitForTheClientsWindow) {
    Http2Wire wire(answering(503, std::string(50'000, 'x')), 7);
    wire.treater.to_all = wire.treater.treatment.answer;
    const auto first = wire.client.request(get_fields);
    const auto second = wire.client.request(get_fields);
    wire.pump();
    EXPECT_EQ(wire.client.messages.at(first).body.size(), 50'000U);
    EXPECT_EQ(wire.client.messages.at(second).body.size(), 50'000U);
}

TEST(Http2, ClientsOfGrpcGetAStatusOfTheirs) {
    const std::map<int, std::string> wanted{
        {400, "13"}, {401, "16"}, {403, "7"}, {404, "12"}, {429, "14"}, {503, "14"}, {500, "2"}};
    for (const auto& [status, code] : wanted) {
        Http2Wire wire(answering(status));
        const auto id = wire.client.request(grpc_fields, std::string(5, '\0'));
        wire.pump();
        const Message& got = wire.client.messages.at(id);
        EXPECT_EQ(got.field(":status"), "200");
        EXPECT_EQ(got.field("content-type"), "application/grpc");
        EXPECT_EQ(got.field("grpc-status"), code);
        EXPECT_NE(got.field("grpc-message"), "");
        EXPECT_EQ(got.body, "");
        EXPECT_TRUE(got.is_whole);
    }
}

TEST(Http2, AStatusOfGrpcIsReplacedInItsTrailers) {
    const Fields grpc_ok{{":status", "200"}, {"content-type", "application/grpc+proto"}};
    for (const bool is_delayed : {false, true}) {
        Http2Wire wire(delayed(Millis(is_delayed ? 10 : 0), with_status(503)));
        answer_all(wire, grpc_ok, "message", {{"grpc-status", "0"}, {"x-t", "1"}});
        const auto id = wire.client.request(grpc_fields, "ask");
        wire.pump();
        if (is_delayed) wire.pass(Millis(10));
        const Message& got = wire.client.messages.at(id);
        EXPECT_EQ(got.field(":status"), "200");
        EXPECT_EQ(got.body, "message");
        EXPECT_EQ(got.trailers.size(), 3U);
        EXPECT_EQ(got.trailer("grpc-status"), "14");
        EXPECT_EQ(got.trailer("x-t"), "1");
    }
    Http2Wire only_head(with_status(404));
    answer_all(only_head, with(grpc_ok, "grpc-status", "5"), "", {});
    const auto id = only_head.client.request(grpc_fields, "ask");
    only_head.pump();
    EXPECT_EQ(only_head.client.messages.at(id).field("grpc-status"), "12");
    EXPECT_TRUE(only_head.client.messages.at(id).trailers.empty());
    Http2Wire without(with_status(404));
    answer_all(without, grpc_ok, "message", {});
    const auto other = without.client.request(grpc_fields, "ask");
    without.pump();
    EXPECT_EQ(without.client.messages.at(other).trailer("grpc-status"), "12");
    EXPECT_EQ(without.client.messages.at(other).body, "message");
}

TEST(Http2, AStatusCanBeReplacedAndTheBodyKept) {
    Http2Wire wire(with_status(503));
    answer_all(wire, ok, "body", {{"x-t", "1"}});
    const auto id = wire.client.request(get_fields);
    wire.pump();
    const Message& got = wire.client.messages.at(id);
    EXPECT_EQ(got.field(":status"), "503");
    EXPECT_EQ(got.field("x-app"), "yes");
    EXPECT_EQ(got.body, "body");
    EXPECT_EQ(got.trailer("x-t"), "1");
    EXPECT_EQ(wire.counts.changed, 1U);
}

TEST(Http2, BodiesAndFieldsAreReplaced) {
    Treatment treatment = with_body("oops");
    treatment.fields = std::make_shared<const FieldList>(FieldList{{"X-App", "chaos"}});
    for (const bool is_delayed : {false, true}) {
        Http2Wire wire(delayed(Millis(is_delayed ? 10 : 0), treatment));
        answer_all(wire,
                   with(ok, "content-length", "900000"),
                   std::string(900'000, 'x'),
                   {{"x-digest", "of the body"}});
        const auto id = wire.client.request(get_fields);
        const auto head = wire.client.request(with(get_fields, ":method", "HEAD"));
        wire.pump();
        if (is_delayed) wire.pass(Millis(10));
        const Message& got = wire.client.messages.at(id);
        EXPECT_EQ(got.field("content-length"), "4");
        EXPECT_EQ(got.field("x-app"), "chaos");
        EXPECT_EQ(got.body, "oops");
        EXPECT_TRUE(got.is_whole);
        EXPECT_TRUE(got.trailers.empty());
        EXPECT_EQ(wire.client.messages.at(head).body, "");
        EXPECT_EQ(wire.application.messages.size(), 2U);
        // The application could say all of it: nothing of it is left in its windows.
        EXPECT_EQ(nghttp2_session_get_outbound_queue_size(wire.application.session()), 0U);
    }
}

TEST(Http2, ADelayHoldsOneResponseAndNoOther) {
    Http2Wire wire(delayed(Millis(100)));
    answer_all(wire, ok, std::string(500'000, 'x'), {{"x-t", "1"}});
    const auto slow = wire.client.request(get_fields);
    wire.pump();
    EXPECT_TRUE(wire.application.messages.at(1).is_whole) << "the application has it at once";
    wire.treater.treatment = {};
    const auto quick = wire.client.request(get_fields);
    wire.pump();
    EXPECT_TRUE(wire.client.messages[quick].is_whole);
    EXPECT_TRUE(wire.client.messages[slow].fields.empty());
    wire.pass(Millis(99));
    EXPECT_TRUE(wire.client.messages[slow].fields.empty());
    wire.pass(Millis(1));
    EXPECT_EQ(wire.client.messages[slow].body.size(), 500'000U);
    EXPECT_EQ(wire.client.messages[slow].trailer("x-t"), "1");
    EXPECT_EQ(wire.session().next_deadline(), std::nullopt);
}

TEST(Http2, ResetsOfStreamsPassBothWays) {
    Http2Wire wire;
    const auto given_up = wire.client.request(post_fields, "begin", {}, /*ends=*/false);
    wire.pump();
    wire.client.reset(given_up, NGHTTP2_CANCEL);
    wire.pump();
    EXPECT_EQ(wire.application.messages.at(1).reset, NGHTTP2_CANCEL);
    wire.application.on_whole = [&](std::int32_t id, const Message&) {
        wire.application.respond(id, ok, "some", {}, /*ends=*/false);
    };
    const auto broken = wire.client.request(get_fields);
    wire.pump();
    EXPECT_EQ(wire.client.messages.at(broken).body, "some");
    wire.application.reset(3, NGHTTP2_INTERNAL_ERROR);
    wire.pump();
    EXPECT_EQ(wire.client.messages.at(broken).reset, NGHTTP2_INTERNAL_ERROR);
    EXPECT_EQ(wire.client_closes, Close::none);
}

TEST(Http2, StreamsGoOnInBothDirections) {
    Http2Wire wire;
    const auto id = wire.client.request(grpc_fields, "one", {}, /*ends=*/false);
    wire.pump();
    wire.application.respond(1, ok, "first", {{"grpc-status", "0"}}, /*ends=*/false);
    wire.pump();
    EXPECT_EQ(wire.client.messages.at(id).body, "first");
    wire.client.add(id, "two", /*ends=*/false);
    wire.pump();
    EXPECT_EQ(wire.application.messages.at(1).body, "onetwo");
    wire.application.add(1, "second", /*ends=*/true);
    wire.client.add(id, "", /*ends=*/true);
    wire.pump();
    EXPECT_EQ(wire.client.messages.at(id).body, "firstsecond");
    EXPECT_EQ(wire.client.messages.at(id).trailer("grpc-status"), "0");
}

TEST(Http2, TheApplicationsLimitOfStreamsIsKept) {
    Http2Wire wire({}, 65535, 65535, 2);
    std::vector<std::int32_t> ids;
    for (int number = 0; number < 10; ++number)
        ids.push_back(wire.client.request(post_fields, "body"));
    wire.pump();
    EXPECT_EQ(wire.application.messages.size(), 2U);
    for (std::int32_t number = 0; number < 10; ++number) {
        wire.application.respond(1 + 2 * number, ok, "done");
        wire.pump();
    }
    for (const auto id : ids)
        EXPECT_EQ(wire.client.messages.at(id).body, "done");
}

TEST(Http2, AConnectionIsResetWhereAFaultWantsIt) {
    Http2Wire at_request(resetting(ResetAt::request));
    answer_all(at_request, ok, "body", {});
    const auto id = at_request.client.request(get_fields);
    at_request.pump();
    EXPECT_EQ(at_request.client_closes, Close::reset);
    EXPECT_TRUE(at_request.client.messages[id].fields.empty());
    EXPECT_EQ(at_request.application.messages.size(), 1U);

    for (const bool is_delayed : {false, true}) {
        Http2Wire in_body(delayed(Millis(is_delayed ? 10 : 0), resetting(ResetAt::response)));
        answer_all(in_body, ok, "0123456789", {});
        const auto cut = in_body.client.request(get_fields);
        in_body.pump();
        if (is_delayed) in_body.pass(Millis(10));
        EXPECT_EQ(in_body.client_closes, Close::reset_when_delivered);
        EXPECT_EQ(in_body.client.messages.at(cut).body, "01234");
    }

    Treatment treatment;
    treatment.reset_after_accept = Millis(50);
    Http2Wire later(treatment);
    later.client.request(get_fields);
    later.pump();
    EXPECT_EQ(later.client_closes, Close::none);
    later.pass(Millis(50));
    EXPECT_EQ(later.client_closes, Close::reset);
    EXPECT_EQ(later.opened, 0);
    EXPECT_EQ(later.counts.reset, 1U);
}

TEST(Http2, AnApplicationWithoutHttp2IsNamed) {
    Http2Wire wire;
    const auto id = wire.client.request(post_fields, "body");
    wire.is_raw = true;
    wire.pump();
    wire.application_says("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    const auto later = wire.client.request(get_fields);
    wire.pump();
    for (const auto one : {id, later}) {
        EXPECT_EQ(wire.client.messages.at(one).field(":status"), "502");
        EXPECT_NE(wire.client.messages.at(one).body.find("does not speak HTTP/2"),
                  std::string::npos);
    }
    EXPECT_EQ(wire.counts.application_unclear, 1U);
    EXPECT_EQ(wire.application_closes, Close::reset);
}

TEST(Http2, WhatTheApplicationCutsOffIsCutOff) {
    Http2Wire wire;
    const auto whole = wire.client.request(get_fields);
    const auto half = wire.client.request(get_fields);
    wire.pump();
    wire.application.respond(1, ok, "whole");
    wire.application.respond(3, ok, "half", {}, /*ends=*/false);
    wire.pump();
    wire.application_ends();
    EXPECT_EQ(wire.client.messages.at(whole).body, "whole");
    EXPECT_EQ(wire.client.messages.at(half).body, "half");
    EXPECT_EQ(wire.client.messages.at(half).reset, NGHTTP2_INTERNAL_ERROR);
    EXPECT_EQ(wire.client_closes, Close::finish);
    ASSERT_EQ(wire.client.goaways.size(), 1U);
}

TEST(Http2, AGoawayOfTheApplicationsTellsWhatMayBeTriedAgain) {
    Http2Wire wire;
    const auto seen = wire.client.request(get_fields);
    const auto unseen = wire.client.request(get_fields);
    wire.pump();
    wire.application.goaway(1, NGHTTP2_NO_ERROR);
    wire.pump();
    EXPECT_EQ(wire.client.messages[unseen].reset, NGHTTP2_REFUSED_STREAM);
    EXPECT_EQ(wire.client_closes, Close::none);
    wire.application.respond(1, ok, "seen");
    wire.pump();
    EXPECT_EQ(wire.client.messages.at(seen).body, "seen");
    EXPECT_EQ(wire.client_closes, Close::finish);
}

TEST(Http2, AtTheEndEverybodyGetsTheTrueAnswer) {
    Http2Wire wire(delayed(Millis(1000), answering(503)));
    answer_all(wire, ok, "true", {});
    const auto waits = wire.client.request(post_fields, "body");
    wire.pump();
    wire.treater.treatment = delayed(Millis(1000), with_status(404));
    const auto held = wire.client.request(get_fields);
    wire.pump();
    EXPECT_EQ(wire.opened, 1);
    wire.disarm();
    for (const auto id : {waits, held}) {
        EXPECT_EQ(wire.client.messages.at(id).field(":status"), "200");
        EXPECT_EQ(wire.client.messages.at(id).body, "true");
    }
    EXPECT_EQ(wire.application.messages.at(3).body, "body");
    EXPECT_EQ(wire.counts.delayed, 2U);
    EXPECT_EQ(wire.counts.met, wire.counts.requests);
    EXPECT_EQ(wire.counts.untouched + wire.counts.answered, 0U) << "each is counted once";
    // It said that the end is near, and, when that was heard, that it is there.
    ASSERT_EQ(wire.client.goaways.size(), 2U);
    EXPECT_EQ(wire.client.goaways[0].first, 0x7fffffff);
    EXPECT_EQ(wire.client.goaways[1].first, held);
    EXPECT_EQ(wire.client_closes, Close::finish);
}

TEST(Http2, WhoseConnectionWasAnsweredByItselfIsForwardedAfterTheEnd) {
    Http2Wire wire(answering(503));
    wire.treater.to_all = wire.treater.treatment.answer;
    answer_all(wire, ok, "true", {});
    for (int number = 0; number < 3; ++number)
        wire.client.request(with(get_fields, "x-indexed", "by the table"));
    wire.pump();
    // The client has not yet heard of the end: this one comes first.
    const auto late = wire.client.request(with(get_fields, "x-indexed", "by the table"));
    wire.let_client_speak();
    wire.disarm();
    EXPECT_EQ(wire.client.messages.at(late).field(":status"), "200");
    EXPECT_EQ(wire.application.messages.at(1).field("x-indexed"), "by the table");
    EXPECT_EQ(wire.client_closes, Close::finish);
}

TEST(Http2, AHalfClosedClientStillGetsItsAnswers) {
    Http2Wire wire(delayed(Millis(10)));
    answer_all(wire, ok, "late", {});
    const auto id = wire.client.request(get_fields);
    wire.pump();
    wire.client_ends();
    EXPECT_EQ(wire.client_closes, Close::none);
    wire.pass(Millis(10));
    EXPECT_EQ(wire.client.messages.at(id).body, "late");
    EXPECT_EQ(wire.client_closes, Close::finish);
}

TEST(Http2, TunnelsPassThrough) {
    Http2Wire wire(with_status(503));
    const auto id = wire.client.request(
        {{":method", "CONNECT"}, {":authority", "b:1"}}, "in", {}, /*ends=*/false);
    wire.pump();
    EXPECT_EQ(wire.application.messages.at(1).field(":authority"), "b:1");
    wire.application.respond(1, ok, "out", {}, /*ends=*/false);
    wire.pump();
    EXPECT_EQ(wire.application.messages.at(1).body, "in");
    EXPECT_EQ(wire.client.messages.at(id).body, "out");
    EXPECT_EQ(wire.client.messages.at(id).field(":status"), "200") << "it is no answer any more";
}

} // namespace
} // namespace squall::http
