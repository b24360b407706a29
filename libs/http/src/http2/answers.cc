#include "session2_state.h"
#include "squall/http/reason.h"

#include <algorithm>

namespace squall::http::http2 {

// Most streams are no more than this: no state, and one copy. False where the windows do not take
// all of it, or it does not fit into two frames.
bool Session2::answer_at_once(
    std::uint32_t id, const Answer& answer, bool is_head, bool is_grpc, Pieces& out) {
    const std::string& block = is_grpc ? answer.grpc_block() : answer.field_block();
    std::string_view body;
    if (!is_head && !is_grpc && has_content(answer.status())) body = answer.body();
    const auto size = static_cast<std::int64_t>(body.size());
    if (block.size() > frame_size_max || body.size() > frame_size_max
        || size > std::min(client_.window(), client_.first_window()))
        return false;
    const std::size_t headers_size = frame_header_size + block.size();
    char* at = out.add(headers_size + (body.empty() ? 0 : frame_header_size + body.size()));
    const int flags = flag_end_headers | (body.empty() ? flag_end_stream : flag_none);
    write_frame_header(at, block.size(), FrameType::headers, flags, id);
    std::copy(block.begin(), block.end(), at + frame_header_size);
    if (body.empty()) return true;
    at += headers_size;
    write_frame_header(at, body.size(), FrameType::data, flag_end_stream, id);
    std::copy(body.begin(), body.end(), at + frame_header_size);
    client_.use_window(body.size());
    return true;
}

// Counting is the caller's. What the client has still to say is read away.
void Session2::answer(Stream& stream,
                      const std::shared_ptr<const Answer>& answer,
                      Effects& effects) {
    stream.is_answered = true;
    stream.request = {};
    const std::string& block = stream.is_grpc ? answer->grpc_block() : answer->field_block();
    const bool has_body = !stream.is_head && !stream.is_grpc && has_content(answer->status())
                          && !answer->body().empty();
    put_headers(effects.to_client, stream.id, block, !has_body);
    stream.to_client.ends = true;
    stream.to_client.is_over = !has_body;
    if (has_body) stream.to_client.body = {answer, &answer->body()};
    Way& way = stream.to_application;
    way.trailers.reset();
    const std::size_t dropped = way.drop();
    client_.credit(dropped, effects.to_client);
    if (!stream.request_is_whole)
        stream.from_client.give_back(dropped, stream.id, effects.to_client);
    flush_to_client(stream, effects);
    settle(stream, effects);
}

void Session2::answer_wrong(Stream& stream, Effects& effects) {
    answer(stream,
           std::make_shared<const Answer>(
               502,
               FieldList{{"Content-Type", "text/plain; charset=utf-8"}},
               "502 Bad Gateway\nThe application behind Squall's fault proxy does not speak HTTP/2 "
               "in clear text (h2c): use HTTP/1.1 with it.\n"),
           effects);
}

} // namespace squall::http::http2
