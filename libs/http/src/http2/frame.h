// Frames of HTTP/2: found in bytes that come piece by piece, and written (RFC 9113, 4 and 6).
#pragma once

#include "squall/http/pieces.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace squall::http::http2 {

enum class FrameType : std::uint8_t {
    data = 0,
    headers = 1,
    priority = 2,
    rst_stream = 3,
    settings = 4,
    push_promise = 5,
    ping = 6,
    goaway = 7,
    window_update = 8,
    continuation = 9,
};

enum : std::uint8_t {
    flag_none = 0,
    flag_ack = 1,
    flag_end_stream = 1,
    flag_end_headers = 4,
    flag_padded = 8,
    flag_priority = 0x20,
};

// RFC 9113, 7.
enum class Code : std::uint32_t {
    no_error = 0,
    protocol_error = 1,
    internal_error = 2,
    flow_control_error = 3,
    stream_closed = 5,
    frame_size_error = 6,
    refused_stream = 7,
    cancel = 8,
    compression_error = 9,
    enhance_your_calm = 11,
    http_1_1_required = 13,
};

inline constexpr std::size_t frame_header_size = 9;
// Of a payload: the least that everybody takes, and the most that we take.
inline constexpr std::size_t frame_size_max = 16384;
inline constexpr std::uint32_t stream_id_max = 0x7fffffff;

struct Frame {
    FrameType type{};
    std::uint8_t flags = 0;
    std::uint32_t stream = 0;
    std::string_view payload;

    [[nodiscard]] bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};

[[nodiscard]] std::uint32_t read_u32(std::string_view bytes); // of its first four
void write_u32(char* at, std::uint32_t value);

// Nine bytes.
void write_frame_header(char* at, std::size_t size, FrameType type, int flags, std::uint32_t id);

void put_frame(
    Pieces& out, FrameType type, int flags, std::uint32_t id, std::string_view payload = {});
void put_reset(Pieces& out, std::uint32_t id, Code code);
void put_window_update(Pieces& out, std::uint32_t id, std::uint32_t increment);
void put_goaway(Pieces& out, std::uint32_t last, Code code, std::string_view why = {});
// HEADERS, and as many CONTINUATIONs as it takes.
void put_headers(Pieces& out, std::uint32_t id, std::string_view block, bool ends);

class FrameReader {
public:
    enum class Found { more, frame, too_large };

    // Takes from the front of `input`. A frame is valid until the next call; its payload lies in
    // the input, or, where it came in pieces, in this object (is_borrowed() says which).
    [[nodiscard]] Found next(std::string_view& input);

    [[nodiscard]] const Frame& frame() const { return frame_; }

    [[nodiscard]] bool is_borrowed() const { return kept_.empty(); }

    // What has been taken of a frame that is not whole, or too large.
    [[nodiscard]] std::string_view held() const { return kept_; }

private:
    [[nodiscard]] Found read(std::string_view bytes, std::size_t& size);

    Frame frame_;
    std::string kept_;
    bool is_given_ = false; // what is kept has been looked at
};

} // namespace squall::http::http2
