// What RFC 9113 does not allow, said by hand.
#include "http2/fields.h"
#include "http2/frame.h"
#include "http2_wire.h"

namespace squall::http::http2 {
namespace {

std::string frame(FrameType type, int flags, std::uint32_t id, const std::string& payload = "") {
    Pieces pieces;
    put_frame(pieces, type, flags, id, payload);
    std::string bytes;
    pieces.append_to(bytes);
    return bytes;
}

std::string bytes(std::initializer_list<int> values) {
    std::string text;
    for (const int value : values)
        text += static_cast<char>(value);
    return text;
}

std::string field(const std::string& name, const std::string& value) {
    std::string block;
    write_plain(name, value, block);
    return block;
}

const std::string begin = std::string(preface) + frame(FrameType::settings, 0, 0);
const int whole = flag_end_headers | flag_end_stream;
const std::string get = bytes({0x82, 0x86, 0x84}) + field(":authority", "a"); // GET, http, /
const std::string post = bytes({0x83, 0x86, 0x84}) + field(":authority", "a");

std::string headers(int flags, std::uint32_t id, const std::string& block) {
    return frame(FrameType::headers, flags, id, block);
}

struct Bad {
    const char* what;
    std::string bytes; // after the preface, and, of most, SETTINGS
    Code code;
    bool is_of_stream = false; // only one stream is wrong
};

// What a session has said, frame by frame.
struct Said {
    std::vector<Frame> frames;
    std::string bytes;

    [[nodiscard]] std::optional<Code> code(FrameType type) const {
        for (const Frame& one : frames) {
            if (one.type != type) continue;
            return static_cast<Code>(
                read_u32(one.payload.substr(type == FrameType::goaway ? 4 : 0)));
        }
        return std::nullopt;
    }

    [[nodiscard]] bool has_answer(std::uint32_t id) const {
        return std::any_of(frames.begin(), frames.end(), [id](const Frame& one) {
            return one.type == FrameType::headers && one.stream == id;
        });
    }
};

class Raw {
public:
    explicit Raw(bool is_to_all) {
        treater.treatment.answer =
            std::make_shared<const Answer>(503, FieldList{}, std::string("chaos"));
        if (is_to_all) treater.to_all = treater.treatment.answer;
    }

    void say(const std::string& text, std::size_t step = std::string::npos) {
        if (!session) session = make_session2(treater, counts, {});
        for (std::size_t at = 0; at < text.size(); at += std::min(step, text.size())) {
            const std::string part = text.substr(at, step);
            std::size_t taken = 0;
            while (taken < part.size()) {
                Effects effects;
                taken += session->from_client(std::string_view(part).substr(taken), {}, effects);
                effects.to_client.append_to(told);
                if (effects.client != Close::none) closes = effects.client;
            }
        }
    }

    [[nodiscard]] Said said() const {
        Said result;
        std::string_view rest = told;
        FrameReader reader;
        while (reader.next(rest) == FrameReader::Found::frame)
            result.frames.push_back(reader.frame());
        return result;
    }

    Treats treater;
    Counts counts;
    std::unique_ptr<Session> session;
    std::string told;
    Close closes = Close::none;
};

std::vector<Bad> bad_ones() {
    const auto stream = true;
    const auto setting = [](int name, std::uint32_t value) {
        std::string text = bytes({0, name, 0, 0, 0, 0});
        write_u32(text.data() + 2, value);
        return frame(FrameType::settings, 0, 0, text);
    };
    const auto request = [](const std::string& block) {
        return headers(whole, 1, block);
    };
    const std::string body = headers(flag_end_headers, 1, post);
    return {
        {"a frame that is too large",
         bytes({0, 0x40, 1, 0, 0, 0, 0, 0, 1}),
         Code::frame_size_error},
        {"DATA of no stream", frame(FrameType::data, 0, 0, "x"), Code::protocol_error},
        {"DATA of an idle stream", frame(FrameType::data, 0, 1, "x"), Code::protocol_error},
        {"DATA of a closed stream",
         request(get) + frame(FrameType::data, flag_end_stream, 1, "x"),
         Code::stream_closed,
         stream},
        {"more padding than DATA",
         body + frame(FrameType::data, flag_padded, 1, bytes({5, 1, 2})),
         Code::protocol_error},
        {"HEADERS of no stream", headers(whole, 0, get), Code::protocol_error},
        {"HEADERS of an even stream", headers(whole, 2, get), Code::protocol_error},
        {"HEADERS of an older stream",
         headers(whole, 5, get) + headers(whole, 3, get),
         Code::stream_closed},
        {"HEADERS of a closed stream", request(get) + request(get), Code::stream_closed},
        {"more padding than HEADERS",
         headers(whole | flag_padded, 1, bytes({9, 0x82})),
         Code::protocol_error},
        {"HEADERS too short for their priority",
         headers(whole | flag_priority, 1, bytes({0, 0, 0, 0})),
         Code::frame_size_error},
        {"a block that cannot be read", request(bytes({0x80})), Code::compression_error},
        {"an entry that no table has", request(bytes({0xff, 0x7f})), Code::compression_error},
        {"a block that ends within a field",
         request(bytes({0x00, 0x05, 'a'})),
         Code::compression_error},
        {"CONTINUATION of nothing",
         frame(FrameType::continuation, flag_end_headers, 1, get),
         Code::protocol_error},
        {"CONTINUATION of another stream",
         headers(flag_end_stream, 1, get) + frame(FrameType::continuation, flag_end_headers, 3),
         Code::protocol_error},
        {"another frame within a block",
         headers(flag_end_stream, 1, get) + frame(FrameType::ping, 0, 0, "12345678"),
         Code::protocol_error},
        {"an unknown frame within a block",
         headers(flag_end_stream, 1, get) + frame(static_cast<FrameType>(0x33), 0, 1),
         Code::protocol_error},
        {"SETTINGS of a stream", frame(FrameType::settings, 0, 1), Code::protocol_error},
        {"SETTINGS of half a setting",
         frame(FrameType::settings, 0, 0, "1234567"),
         Code::frame_size_error},
        {"SETTINGS in an acknowledgement",
         frame(FrameType::settings, flag_ack, 0, "123456"),
         Code::frame_size_error},
        {"ENABLE_PUSH of 2", setting(2, 2), Code::protocol_error},
        {"INITIAL_WINDOW_SIZE above its limit", setting(4, 0x80000000), Code::flow_control_error},
        {"MAX_FRAME_SIZE below its limit", setting(5, 16383), Code::protocol_error},
        {"MAX_FRAME_SIZE above its limit", setting(5, 1U << 24U), Code::protocol_error},
        {"PING of a stream", frame(FrameType::ping, 0, 1, "12345678"), Code::protocol_error},
        {"PING of another size", frame(FrameType::ping, 0, 0, "1234"), Code::frame_size_error},
        {"GOAWAY of a stream", frame(FrameType::goaway, 0, 1, "12345678"), Code::protocol_error},
        {"GOAWAY of another size", frame(FrameType::goaway, 0, 0, "1234"), Code::frame_size_error},
        {"RST_STREAM of no stream",
         frame(FrameType::rst_stream, 0, 0, "1234"),
         Code::protocol_error},
        {"RST_STREAM of an idle stream",
         frame(FrameType::rst_stream, 0, 1, "1234"),
         Code::protocol_error},
        {"RST_STREAM of another size",
         body + frame(FrameType::rst_stream, 0, 1, "123"),
         Code::frame_size_error},
        {"PRIORITY of no stream", frame(FrameType::priority, 0, 0, "12345"), Code::protocol_error},
        {"PRIORITY of another size",
         body + frame(FrameType::priority, 0, 1, "1234"),
         Code::frame_size_error,
         stream},
        {"PUSH_PROMISE of a client",
         body + frame(FrameType::push_promise, flag_end_headers, 1, bytes({0, 0, 0, 2}) + get),
         Code::protocol_error},
        {"WINDOW_UPDATE of another size",
         frame(FrameType::window_update, 0, 0, "123"),
         Code::frame_size_error},
        {"WINDOW_UPDATE by nothing",
         frame(FrameType::window_update, 0, 0, bytes({0, 0, 0, 0})),
         Code::protocol_error},
        {"WINDOW_UPDATE of a stream by nothing",
         body + frame(FrameType::window_update, 0, 1, bytes({0, 0, 0, 0})),
         Code::protocol_error,
         stream},
        {"WINDOW_UPDATE of an idle stream",
         frame(FrameType::window_update, 0, 1, bytes({0, 0, 0, 1})),
         Code::protocol_error},
        {"a window above its limit",
         frame(FrameType::window_update, 0, 0, bytes({0x7f, 0xff, 0xff, 0xff})),
         Code::flow_control_error},
        {"a stream's window above its limit",
         body + frame(FrameType::window_update, 0, 1, bytes({0x7f, 0xff, 0xff, 0xff})),
         Code::flow_control_error,
         stream},
        {"a name in upper case", request(get + field("X-A", "b")), Code::protocol_error, stream},
        {"a name with a space", request(get + field("x a", "b")), Code::protocol_error, stream},
        {"a value with a line feed",
         request(get + field("x", "a\nb")),
         Code::protocol_error,
         stream},
        {"a value with space around it",
         request(get + field("x", " a")),
         Code::protocol_error,
         stream},
        {"connection", request(get + field("connection", "close")), Code::protocol_error, stream},
        {"transfer-encoding",
         request(get + field("transfer-encoding", "chunked")),
         Code::protocol_error,
         stream},
        {"te", request(get + field("te", "gzip")), Code::protocol_error, stream},
        {"no :path", request(bytes({0x82, 0x86})), Code::protocol_error, stream},
        {"an empty :path",
         request(bytes({0x82, 0x86}) + field(":path", "")),
         Code::protocol_error,
         stream},
        {":method twice", request(bytes({0x82}) + get), Code::protocol_error, stream},
        {":status in a request", request(get + bytes({0x88})), Code::protocol_error, stream},
        {"a pseudo-header that nobody knows",
         request(field(":protocol", "websocket") + get),
         Code::protocol_error,
         stream},
        {"a pseudo-header behind others",
         request(bytes({0x82, 0x86}) + field("x", "y") + bytes({0x84})),
         Code::protocol_error,
         stream},
        {"CONNECT with a path",
         request(field(":method", "CONNECT") + get.substr(1)),
         Code::protocol_error,
         stream},
        {"Host that differs", request(get + field("host", "b")), Code::protocol_error, stream},
        {"a length that is no number",
         request(get + field("content-length", "+5")),
         Code::protocol_error,
         stream},
        {"two lengths",
         request(get + field("content-length", "0") + field("content-length", "0")),
         Code::protocol_error,
         stream},
        {"a length without a body",
         request(get + field("content-length", "5")),
         Code::protocol_error,
         stream},
    };
}

TEST(Http2Malformed, IsRefusedAsTheRfcSays) {
    for (const bool is_to_all : {false, true}) {
        for (const Bad& bad : bad_ones()) {
            for (const std::size_t step : {std::string::npos, std::size_t{1}}) {
                SCOPED_TRACE(bad.what);
                Raw raw(is_to_all);
                raw.say(begin + bad.bytes, step);
                // A connection that goes on answers the next request.
                if (bad.is_of_stream) raw.say(headers(whole, 101, get));
                const Said said = raw.said();
                const auto type = bad.is_of_stream ? FrameType::rst_stream : FrameType::goaway;
                EXPECT_EQ(said.code(type), bad.code);
                EXPECT_EQ(said.has_answer(101), bad.is_of_stream);
                EXPECT_EQ(raw.closes, bad.is_of_stream ? Close::none : Close::finish);
                EXPECT_EQ(raw.session->is_over(), !bad.is_of_stream);
            }
        }
    }
}

TEST(Http2Malformed, WhatFollowsThePrefaceIsSettings) {
    Raw raw(/*is_to_all=*/false);
    raw.say(std::string(preface) + headers(whole, 1, get));
    EXPECT_EQ(raw.said().code(FrameType::goaway), Code::protocol_error);
}

TEST(Http2Malformed, BodiesAreAsLongAsTheySay) {
    for (const int length : {3, 5}) {
        Raw raw(/*is_to_all=*/false);
        raw.treater.treatment = {}; // it is forwarded
        raw.say(
            begin
            + headers(flag_end_headers, 1, post + field("content-length", std::to_string(length)))
            + frame(FrameType::data, flag_end_stream, 1, "four"));
        EXPECT_EQ(raw.said().code(FrameType::rst_stream), Code::protocol_error) << length;
    }
}

TEST(Http2Malformed, MoreThanAWindowIsRefused) {
    const std::string part(frame_size_max, 'x');
    Raw raw(/*is_to_all=*/false);
    raw.treater.treatment = {};
    std::string body;
    for (std::size_t sent = 0; sent <= stream_window; sent += part.size())
        body += frame(FrameType::data, 0, 1, part);
    raw.say(begin + headers(flag_end_headers, 1, post) + body);
    EXPECT_EQ(raw.said().code(FrameType::rst_stream), Code::flow_control_error);

    Raw all(/*is_to_all=*/false);
    all.treater.treatment = {};
    body.clear();
    for (std::uint32_t id = 1; id < 20; id += 2) {
        body += headers(flag_end_headers, id, post);
        for (std::size_t sent = 0; sent < stream_window; sent += part.size())
            body += frame(FrameType::data, 0, id, part);
    }
    all.say(begin + body);
    EXPECT_EQ(all.said().code(FrameType::goaway), Code::flow_control_error);
}

TEST(Http2Malformed, ABlockWithoutEndIsCutOff) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, frame_size_max}) {
        Raw raw(/*is_to_all=*/false);
        std::string flood = headers(flag_end_stream, 1, get);
        for (int number = 0; number < 100; ++number)
            flood += frame(FrameType::continuation, 0, 1, std::string(size, '\x10'));
        raw.say(begin + flood);
        EXPECT_EQ(raw.said().code(FrameType::goaway), Code::enhance_your_calm) << size;
    }
}

TEST(Http2Malformed, FieldsWithoutMeasureAreAnswered431) {
    Raw raw(/*is_to_all=*/false);
    // One large entry of the table, which a few bytes name again and again.
    std::string block = get + bytes({0x40, 1, 'x', 0x7f, 0xa1, 0x1e}) + std::string(4000, 'v');
    raw.say(begin + headers(whole, 1, block + std::string(1000, '\xbe')));
    raw.say(headers(whole, 3, get));
    const Said said = raw.said();
    EXPECT_TRUE(said.has_answer(1));
    EXPECT_NE(raw.told.find("431"), std::string::npos);
    EXPECT_TRUE(said.has_answer(3)) << "the table is still in step";
}

TEST(Http2Malformed, StreamsBeyondTheLimitAreRefused) {
    Raw raw(/*is_to_all=*/false);
    raw.treater.treatment.delay = Millis(1000);
    std::string flood = begin;
    for (std::uint32_t number = 0; number <= streams_max; ++number)
        flood += headers(whole, 1 + 2 * number, get);
    raw.say(flood);
    EXPECT_EQ(raw.said().code(FrameType::rst_stream), Code::refused_stream);
    EXPECT_EQ(raw.counts.delayed, streams_max);
}

// Streams that are begun and given up at once are no more than the bytes that they came in.
TEST(Http2Malformed, StreamsThatAreGivenUpLeaveNothing) {
    Raw raw(/*is_to_all=*/false);
    raw.treater.treatment.delay = Millis(1000);
    raw.say(begin);
    for (std::uint32_t number = 0; number < 5000; ++number)
        raw.say(headers(whole, 1 + 2 * number, get)
                + frame(FrameType::rst_stream, 0, 1 + 2 * number, bytes({0, 0, 0, 8})));
    EXPECT_EQ(raw.said().code(FrameType::rst_stream), std::nullopt) << "none was one too many";
    EXPECT_EQ(raw.session->next_deadline(), std::nullopt);
    EXPECT_EQ(raw.closes, Close::none);
}

// Answers to what floods in are bounded: a client that does not read is not read from.
TEST(Http2Malformed, AFloodOfRequestsWaitsForItsReader) {
    Raw raw(/*is_to_all=*/true);
    std::string flood;
    for (std::uint32_t number = 0; number < 20'000; ++number)
        flood += headers(whole, 1 + 2 * number, get);
    raw.say(begin);
    Effects effects;
    const std::size_t taken = raw.session->from_client(flood, {}, effects);
    EXPECT_LT(taken, flood.size());
    EXPECT_LT(effects.to_client.size(), answers_size_max + 1000);
}

} // namespace
} // namespace squall::http::http2
