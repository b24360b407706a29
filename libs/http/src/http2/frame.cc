#include "frame.h"

#include <algorithm>

namespace squall::http::http2 {
namespace {

std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}

} // namespace

std::uint32_t read_u32(std::string_view bytes) {
    return byte_at(bytes, 0) << 24U | byte_at(bytes, 1) << 16U | byte_at(bytes, 2) << 8U
           | byte_at(bytes, 3);
}

void write_u32(char* at, std::uint32_t value) {
    at[0] = static_cast<char>(value >> 24U);
    at[1] = static_cast<char>(value >> 16U);
    at[2] = static_cast<char>(value >> 8U);
    at[3] = static_cast<char>(value);
}

void write_frame_header(char* at, std::size_t size, FrameType type, int flags, std::uint32_t id) {
    at[0] = static_cast<char>(size >> 16U);
    at[1] = static_cast<char>(size >> 8U);
    at[2] = static_cast<char>(size);
    at[3] = static_cast<char>(type);
    at[4] = static_cast<char>(flags);
    write_u32(at + 5, id);
}

void put_frame(Pieces& out, FrameType type, int flags, std::uint32_t id, std::string_view payload) {
    char* at = out.add(frame_header_size + payload.size());
    write_frame_header(at, payload.size(), type, flags, id);
    std::copy(payload.begin(), payload.end(), at + frame_header_size);
}

void put_reset(Pieces& out, std::uint32_t id, Code code) {
    char* at = out.add(frame_header_size + 4);
    write_frame_header(at, 4, FrameType::rst_stream, flag_none, id);
    write_u32(at + frame_header_size, static_cast<std::uint32_t>(code));
}

void put_window_update(Pieces& out, std::uint32_t id, std::uint32_t increment) {
    char* at = out.add(frame_header_size + 4);
    write_frame_header(at, 4, FrameType::window_update, flag_none, id);
    write_u32(at + frame_header_size, increment);
}

void put_goaway(Pieces& out, std::uint32_t last, Code code, std::string_view why) {
    char* at = out.add(frame_header_size + 8 + why.size());
    write_frame_header(at, 8 + why.size(), FrameType::goaway, flag_none, 0);
    write_u32(at + frame_header_size, last);
    write_u32(at + frame_header_size + 4, static_cast<std::uint32_t>(code));
    std::copy(why.begin(), why.end(), at + frame_header_size + 8);
}

void put_headers(Pieces& out, std::uint32_t id, std::string_view block, bool ends) {
    auto type = FrameType::headers;
    int flags = ends ? flag_end_stream : flag_none;
    while (block.size() > frame_size_max) {
        put_frame(out, type, flags, id, block.substr(0, frame_size_max));
        block.remove_prefix(frame_size_max);
        type = FrameType::continuation;
        flags = flag_none;
    }
    put_frame(out, type, flags | flag_end_headers, id, block);
}

FrameReader::Found FrameReader::read(std::string_view bytes, std::size_t& size) {
    size = frame_header_size;
    if (bytes.size() < frame_header_size) return Found::more;
    const std::size_t payload =
        byte_at(bytes, 0) << 16U | byte_at(bytes, 1) << 8U | byte_at(bytes, 2);
    if (payload > frame_size_max) return Found::too_large;
    size += payload;
    if (bytes.size() < size) return Found::more;
    frame_.type = static_cast<FrameType>(bytes[3]);
    frame_.flags = static_cast<std::uint8_t>(bytes[4]);
    frame_.stream = read_u32(bytes.substr(5)) & stream_id_max;
    frame_.payload = bytes.substr(frame_header_size, payload);
    return Found::frame;
}

FrameReader::Found FrameReader::next(std::string_view& input) {
    // A buffer that was needed once is not kept by a connection that may live for days.
    if (is_given_) std::string().swap(kept_);
    is_given_ = false;
    std::size_t size = 0;
    if (kept_.empty()) {
        const Found found = read(input, size);
        if (found == Found::frame) {
            input.remove_prefix(size);
            return found;
        }
        kept_ = input.substr(0, frame_size_max + frame_header_size);
        input.remove_prefix(kept_.size());
        return found;
    }
    // First as much as tells its size, then the rest.
    for (;;) {
        const Found found = read(kept_, size);
        if (found != Found::more) {
            is_given_ = found == Found::frame;
            return found;
        }
        const auto more = input.substr(0, size - kept_.size());
        if (more.empty()) return Found::more;
        kept_ += more;
        input.remove_prefix(more.size());
    }
}

} // namespace squall::http::http2
