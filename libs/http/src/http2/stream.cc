#include "stream.h"

#include <algorithm>

namespace squall::http::http2 {

std::size_t Way::flush(Peer& to, std::uint32_t id, Pieces& out) {
    if (is_over || is_held) return 0;
    const std::string_view rest = body ? std::string_view(*body).substr(body_at) : data;
    std::size_t at = 0;
    while (at < rest.size()) {
        const std::int64_t room = std::min(window, to.window());
        if (room <= 0) break;
        const auto size =
            std::min({rest.size() - at, static_cast<std::size_t>(room), frame_size_max});
        is_over = ends && !trailers && at + size == rest.size();
        put_frame(
            out, FrameType::data, is_over ? flag_end_stream : flag_none, id, rest.substr(at, size));
        window -= static_cast<std::int64_t>(size);
        to.use_window(size);
        at += size;
    }
    const bool is_all = at == rest.size();
    const std::size_t gone = body ? 0 : at;
    if (body)
        body_at += at;
    else
        data.erase(0, at);
    if (!is_all) return gone;
    body.reset();
    // A buffer that was needed once is not kept by a stream that may live for days.
    std::string().swap(data);
    if (ends && !is_over) {
        if (trailers) {
            std::string block;
            to.writer().write(*trailers, block);
            put_headers(out, id, block, /*ends=*/true);
            trailers.reset();
        } else {
            put_frame(out, FrameType::data, flag_end_stream, id);
        }
        is_over = true;
    }
    if (reset) {
        put_reset(out, id, *reset);
        is_over = true;
    }
    return gone;
}

std::size_t Way::pass(const Event& event, Peer& to, std::uint32_t id, Pieces& out) {
    ends = ends || event.ends;
    const auto size = static_cast<std::int64_t>(event.bytes.size());
    if (is_over || is_held || !is_drained() || size > std::min(window, to.window())) {
        data += event.bytes;
        return flush(to, id, out);
    }
    if (size == 0 && !ends) return 0;
    char* at = out.add(frame_header_size);
    write_frame_header(at, event.bytes.size(), FrameType::data, ends ? flag_end_stream : 0, id);
    if (event.is_borrowed)
        out.borrow(event.bytes);
    else
        out.copy(event.bytes);
    window -= size;
    to.use_window(event.bytes.size());
    is_over = ends;
    return event.bytes.size();
}

std::size_t Way::drop() {
    const std::size_t size = data.size();
    std::string().swap(data);
    return size;
}

void Allowance::give_back(std::size_t size, std::uint32_t id, Pieces& out) {
    owed += size;
    if (owed < stream_window / 2) return;
    put_window_update(out, id, static_cast<std::uint32_t>(owed));
    left += static_cast<std::int64_t>(owed);
    owed = 0;
}

} // namespace squall::http::http2
