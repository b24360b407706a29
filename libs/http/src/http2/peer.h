// One of the two connections of a session: the client's, or the application's. It reads frames,
// does what concerns the connection as a whole by itself (SETTINGS, PING, the connection's windows,
// header blocks in pieces), and gives the rest, checked, as events. It knows nothing of streams'
// states.
#pragma once

#include "fields.h"
#include "frame.h"
#include "squall/http/session2.h"

namespace squall::http::http2 {

enum class Role { client, application };

struct Event {
    enum class Kind {
        more,          // the input has been taken
        headers,       // bytes: a whole block, which must be read by Peer::read()
        data,          // bytes: without padding
        reset,         // code
        window,        // of the stream, or, with stream 0, of the connection: there is more
        settings,      // perhaps other windows: window_change applies to every stream
        pinged,        // a PING of ours came back
        goaway,        // code, last
        stream_broken, // code: of this stream only
        broken,        // code, why: the connection cannot go on
    };

    Kind kind = Kind::more;
    std::uint32_t stream = 0;
    bool ends = false; // END_STREAM
    Code code = Code::no_error;
    const char* why = "";
    std::string_view bytes;      // until the next event is asked for
    bool is_borrowed = false;    // they lie in the input
    std::size_t size = 0;        // of data: what it takes of windows, padding too
    std::uint32_t increment = 0; // of a stream's window
    std::int64_t window_change = 0;
    std::uint32_t last = 0;
};

class Peer {
public:
    explicit Peer(Role role) : role_(role) {}

    // The first words to it.
    void greet(Pieces& out) const;

    // What it has to be told at once goes to `out`.
    [[nodiscard]] Event next(std::string_view& input, Pieces& out);

    // Each block, in the order that they came.
    [[nodiscard]] FieldReader::Outcome read(std::string_view block, FieldBlock& into) {
        return reader_.read(block, into);
    }

    [[nodiscard]] FieldWriter& writer() { return writer_; }

    // So many bytes of DATA have gone on, or away: it may send as many again. A share of the
    // stream's window is counted by the caller.
    void credit(std::size_t size, Pieces& out);

    // It has said what it allows; before, it may be something that does not speak HTTP/2.
    [[nodiscard]] bool has_settings() const { return has_settings_; }

    // Bytes of DATA that it takes of all streams, and, of one that begins.
    [[nodiscard]] std::int64_t window() const { return window_; }

    void use_window(std::size_t size) { window_ -= static_cast<std::int64_t>(size); }

    [[nodiscard]] std::int64_t first_window() const { return first_window_; }

    [[nodiscard]] std::uint32_t streams_allowed() const { return streams_allowed_; }

private:
    [[nodiscard]] Event take(const Frame& frame, Pieces& out);
    [[nodiscard]] Event take_data(const Frame& frame);
    [[nodiscard]] Event take_headers(const Frame& frame);
    [[nodiscard]] Event take_continuation(const Frame& frame);
    [[nodiscard]] Event take_settings(const Frame& frame, Pieces& out);
    [[nodiscard]] Event take_setting(std::uint16_t name, std::uint32_t value);
    [[nodiscard]] Event take_window_update(const Frame& frame);
    [[nodiscard]] Event take_ping(const Frame& frame, Pieces& out);
    [[nodiscard]] Event take_goaway(const Frame& frame);

    Role role_;
    FrameReader frames_;
    FieldReader reader_;
    FieldWriter writer_;
    bool has_settings_ = false;

    // A header block that comes in pieces.
    std::string block_;
    std::uint32_t block_stream_ = 0; // 0: none
    bool block_ends_ = false;
    std::size_t block_frames_ = 0;

    std::int64_t window_ = 65535;
    std::int64_t first_window_ = 65535;
    std::uint32_t streams_allowed_ = stream_id_max;
    std::int64_t may_send_ = connection_window; // to us, of all streams
    std::size_t credit_ = 0;
};

} // namespace squall::http::http2
