#include "peer.h"

#include "squall/http/session2.h"

#include <array>

namespace squall::http::http2 {
namespace {

constexpr std::int64_t window_max = 0x7fffffff;
constexpr std::uint32_t window_of_all = 65535; // RFC 9113, 6.9.2
// Of a header block, in its compressed form; a block in more pieces is an attack.
constexpr std::size_t block_size_max = field_list_max;
constexpr std::size_t block_frames_max = 64;

enum : std::uint16_t {
    setting_header_table_size = 1,
    setting_enable_push = 2,
    setting_max_concurrent_streams = 3,
    setting_initial_window_size = 4,
    setting_max_frame_size = 5,
    setting_max_header_list_size = 6,
};

Event broken(Code code, const char* why) {
    Event event;
    event.kind = Event::Kind::broken;
    event.code = code;
    event.why = why;
    return event;
}

Event of_stream(Event::Kind kind, const Frame& frame, Code code = Code::no_error) {
    Event event;
    event.kind = kind;
    event.stream = frame.stream;
    event.code = code;
    return event;
}

void put_setting(std::string& into, std::uint16_t name, std::uint32_t value) {
    std::array<char, 6> bytes{};
    bytes[0] = static_cast<char>(name >> 8U);
    bytes[1] = static_cast<char>(name);
    write_u32(bytes.data() + 2, value);
    into.append(bytes.data(), bytes.size());
}

// False where the padding is not inside.
bool take_padding(const Frame& frame, std::string_view& payload) {
    if (!frame.has(flag_padded)) return true;
    if (payload.empty()) return false;
    const std::size_t padding = static_cast<unsigned char>(payload.front());
    payload.remove_prefix(1);
    if (padding > payload.size()) return false;
    payload.remove_suffix(padding);
    return true;
}

} // namespace

void Peer::greet(Pieces& out) const {
    if (role_ == Role::application) out.copy(preface);
    std::string settings;
    if (role_ == Role::application)
        put_setting(settings, setting_enable_push, 0);
    else
        put_setting(settings, setting_max_concurrent_streams, streams_max);
    put_setting(settings, setting_initial_window_size, stream_window);
    put_setting(settings, setting_max_header_list_size, field_list_max);
    put_frame(out, FrameType::settings, flag_none, 0, settings);
    put_window_update(out, 0, connection_window - window_of_all);
}

Event Peer::next(std::string_view& input, Pieces& out) {
    for (;;) {
        const auto found = frames_.next(input);
        if (found == FrameReader::Found::more) return {};
        if (found == FrameReader::Found::too_large)
            return broken(Code::frame_size_error, "a frame of more than 16384 bytes");
        const Frame& frame = frames_.frame();
        if (!has_settings_ && (frame.type != FrameType::settings || frame.has(flag_ack)))
            return broken(Code::protocol_error, "the first frame is not SETTINGS");
        if (block_stream_ != 0
            && (frame.type != FrameType::continuation || frame.stream != block_stream_))
            return broken(Code::protocol_error, "a header block is not continued");
        const Event event = take(frame, out);
        if (event.kind != Event::Kind::more) return event;
    }
}

Event Peer::take(const Frame& frame, Pieces& out) {
    switch (frame.type) {
    case FrameType::data:
        return take_data(frame);
    case FrameType::headers:
        return take_headers(frame);
    case FrameType::continuation:
        return take_continuation(frame);
    case FrameType::settings:
        return take_settings(frame, out);
    case FrameType::window_update:
        return take_window_update(frame);
    case FrameType::ping:
        return take_ping(frame, out);
    case FrameType::goaway:
        return take_goaway(frame);
    case FrameType::rst_stream: {
        if (frame.stream == 0) return broken(Code::protocol_error, "RST_STREAM of no stream");
        if (frame.payload.size() != 4)
            return broken(Code::frame_size_error, "RST_STREAM of another size");
        return of_stream(Event::Kind::reset, frame, static_cast<Code>(read_u32(frame.payload)));
    }
    case FrameType::priority:
        if (frame.stream == 0) return broken(Code::protocol_error, "PRIORITY of no stream");
        if (frame.payload.size() != 5)
            return of_stream(Event::Kind::stream_broken, frame, Code::frame_size_error);
        return {};
    case FrameType::push_promise:
        return broken(Code::protocol_error, "PUSH_PROMISE is not allowed");
    }
    return {}; // what is not known is passed over
}

Event Peer::take_data(const Frame& frame) {
    if (frame.stream == 0) return broken(Code::protocol_error, "DATA of no stream");
    may_send_ -= static_cast<std::int64_t>(frame.payload.size());
    if (may_send_ < 0)
        return broken(Code::flow_control_error, "more DATA than the connection's window");
    Event event = of_stream(Event::Kind::data, frame);
    event.bytes = frame.payload;
    if (!take_padding(frame, event.bytes))
        return broken(Code::protocol_error, "DATA with more padding than there is");
    event.size = frame.payload.size();
    event.ends = frame.has(flag_end_stream);
    event.is_borrowed = frames_.is_borrowed();
    return event;
}

Event Peer::take_headers(const Frame& frame) {
    if (frame.stream == 0) return broken(Code::protocol_error, "HEADERS of no stream");
    std::string_view block = frame.payload;
    if (!take_padding(frame, block))
        return broken(Code::protocol_error, "HEADERS with more padding than there is");
    if (frame.has(flag_priority)) {
        if (block.size() < 5) return broken(Code::frame_size_error, "HEADERS without a priority");
        block.remove_prefix(5);
    }
    if (!frame.has(flag_end_headers)) {
        block_ = block;
        block_stream_ = frame.stream;
        block_ends_ = frame.has(flag_end_stream);
        block_frames_ = 1;
        return {};
    }
    Event event = of_stream(Event::Kind::headers, frame);
    event.bytes = block;
    event.ends = frame.has(flag_end_stream);
    return event;
}

Event Peer::take_continuation(const Frame& frame) {
    if (block_stream_ == 0) return broken(Code::protocol_error, "CONTINUATION of no header block");
    if (++block_frames_ > block_frames_max || block_.size() + frame.payload.size() > block_size_max)
        return broken(Code::enhance_your_calm, "a header block without end");
    block_ += frame.payload;
    if (!frame.has(flag_end_headers)) return {};
    Event event = of_stream(Event::Kind::headers, frame);
    event.bytes = block_;
    event.ends = block_ends_;
    block_stream_ = 0;
    return event;
}

Event Peer::take_settings(const Frame& frame, Pieces& out) {
    if (frame.stream != 0) return broken(Code::protocol_error, "SETTINGS of a stream");
    if (frame.has(flag_ack)) {
        if (!frame.payload.empty())
            return broken(Code::frame_size_error, "an acknowledgement with SETTINGS");
        return {};
    }
    if (frame.payload.size() % 6 != 0)
        return broken(Code::frame_size_error, "SETTINGS of another size");
    Event result;
    result.kind = Event::Kind::settings;
    for (auto rest = frame.payload; !rest.empty(); rest.remove_prefix(6)) {
        const std::uint32_t name = read_u32(rest) >> 16U;
        const Event event =
            take_setting(static_cast<std::uint16_t>(name), read_u32(rest.substr(2)));
        if (event.kind == Event::Kind::broken) return event;
        result.window_change += event.window_change;
    }
    has_settings_ = true;
    put_frame(out, FrameType::settings, flag_ack, 0);
    return result;
}

Event Peer::take_setting(std::uint16_t name, std::uint32_t value) {
    Event event;
    switch (name) {
    case setting_header_table_size:
        writer_.set_table_size(value);
        break;
    case setting_enable_push:
        // We push nothing; and a server may not allow it to us.
        if (value > 1 || (value == 1 && role_ == Role::application))
            return broken(Code::protocol_error, "ENABLE_PUSH is neither 0 nor 1");
        break;
    case setting_max_concurrent_streams:
        streams_allowed_ = value;
        break;
    case setting_initial_window_size:
        if (value > window_max)
            return broken(Code::flow_control_error, "INITIAL_WINDOW_SIZE is too large");
        event.window_change = std::int64_t{value} - first_window_;
        first_window_ = value;
        break;
    case setting_max_frame_size:
        // What we send fits the least that it may be.
        if (value < frame_size_max || value > 0xffffff)
            return broken(Code::protocol_error, "MAX_FRAME_SIZE is out of range");
        break;
    default:
        break;
    }
    return event;
}

Event Peer::take_window_update(const Frame& frame) {
    if (frame.payload.size() != 4)
        return broken(Code::frame_size_error, "WINDOW_UPDATE of another size");
    Event event = of_stream(Event::Kind::window, frame);
    event.increment = read_u32(frame.payload) & stream_id_max;
    if (frame.stream != 0) {
        if (event.increment == 0)
            return of_stream(Event::Kind::stream_broken, frame, Code::protocol_error);
        return event;
    }
    if (event.increment == 0) return broken(Code::protocol_error, "WINDOW_UPDATE by nothing");
    window_ += event.increment;
    if (window_ > window_max)
        return broken(Code::flow_control_error, "the connection's window is too large");
    return event;
}

Event Peer::take_ping(const Frame& frame, Pieces& out) {
    if (frame.stream != 0) return broken(Code::protocol_error, "PING of a stream");
    if (frame.payload.size() != 8) return broken(Code::frame_size_error, "PING of another size");
    if (frame.has(flag_ack)) return of_stream(Event::Kind::pinged, frame);
    put_frame(out, FrameType::ping, flag_ack, 0, frame.payload);
    return {};
}

Event Peer::take_goaway(const Frame& frame) {
    if (frame.stream != 0) return broken(Code::protocol_error, "GOAWAY of a stream");
    if (frame.payload.size() < 8) return broken(Code::frame_size_error, "GOAWAY of another size");
    Event event = of_stream(Event::Kind::goaway, frame);
    event.last = read_u32(frame.payload) & stream_id_max;
    event.code = static_cast<Code>(read_u32(frame.payload.substr(4)));
    return event;
}

void Peer::credit(std::size_t size, Pieces& out) {
    credit_ += size;
    if (credit_ < connection_window / 2) return;
    put_window_update(out, 0, static_cast<std::uint32_t>(credit_));
    may_send_ += static_cast<std::int64_t>(credit_);
    credit_ = 0;
}

} // namespace squall::http::http2
