#include "grpc.h"
#include "message.h"
#include "session2_state.h"

#include <algorithm>

namespace squall::http::http2 {
namespace {

constexpr std::size_t known_size_max = 512;

std::shared_ptr<const Answer> too_large_answer() {
    return std::make_shared<const Answer>(431,
                                          FieldList{{"Content-Type", "text/plain"}},
                                          "the request's fields are more than 64 KiB\n");
}

} // namespace

void Session2::greet(Effects& effects) {
    if (!is_greeted_) client_.greet(effects.to_client);
    is_greeted_ = true;
}

void Session2::on_client(const Event& event, SteadyTime now, Effects& effects) {
    switch (event.kind) {
    case Event::Kind::headers:
        return on_request(event, now, effects);
    case Event::Kind::data:
        return on_request_data(event, effects);
    case Event::Kind::reset:
        return on_client_reset(event, effects);
    case Event::Kind::window:
        return on_client_window(event, effects);
    case Event::Kind::settings:
        if (!widen_all(/*is_to_client=*/true, event.window_change))
            return fail(Code::flow_control_error, "a stream's window is too large", effects);
        return flush_all(/*is_to_client=*/true, effects);
    case Event::Kind::pinged:
        if (is_leaving_) leave(Code::no_error, effects);
        return;
    case Event::Kind::stream_broken:
        if (event.stream > last_stream_)
            return fail(Code::protocol_error, "a stream that was not begun", effects);
        ++counts_.refused;
        if (Stream* stream = find(event.stream)) break_stream(*stream, event.code, effects);
        return;
    case Event::Kind::broken:
        return fail(event.code, event.why, effects);
    case Event::Kind::goaway: // it will end by itself
    case Event::Kind::more:
        return;
    }
}

// False where the connection is over.
bool Session2::read_fields(std::string_view block, bool& is_too_large, Effects& effects) {
    fields_.clear();
    const auto outcome = client_.read(block, fields_);
    if (outcome == FieldReader::Outcome::broken) {
        fail(Code::compression_error, "a header block that cannot be read", effects);
        return false;
    }
    is_too_large = outcome == FieldReader::Outcome::too_large;
    if (answer_to_all_ && changes_table(block)) known_.block.clear();
    return true;
}

void Session2::on_request(const Event& event, SteadyTime now, Effects& effects) {
    const std::uint32_t id = event.stream;
    if (id % 2 == 0)
        return fail(Code::protocol_error, "a client's stream with an even number", effects);
    if (id <= last_stream_) return on_request_trailers(event, effects);
    last_stream_ = id;
    if (answer_to_all_ && event.ends && !leaves_after_ && event.bytes == known_.block
        && !event.bytes.empty()
        && answer_at_once(id, *answer_to_all_, known_.is_head, known_.is_grpc, effects.to_client)) {
        ++counts_.requests;
        bool has_met = false;
        counts_.meet(&Counts::answered, has_met);
        return;
    }
    bool is_too_large = false;
    if (!read_fields(event.bytes, is_too_large, effects) || is_ignored(id)) return;
    if (streams_.size() >= streams_max)
        return reset_client_stream(id, Code::refused_stream, effects);
    if (!is_too_large) return begin(event, now, effects);
    ++counts_.refused;
    Stream& stream = streams_[id];
    stream.id = id;
    stream.request_is_whole = event.ends;
    stream.to_client.window = client_.first_window();
    answer(stream, too_large_answer(), effects);
}

void Session2::begin(const Event& event, SteadyTime now, Effects& effects) {
    const std::uint32_t id = event.stream;
    const bool is_malformed = read_request(fields_, head_) != nullptr;
    const bool has_length = head_.framing.kind == Framing::Kind::length;
    if (is_malformed || (event.ends && has_length && head_.framing.length != 0)) {
        ++counts_.refused;
        return reset_client_stream(id, Code::protocol_error, effects);
    }
    ++counts_.requests;
    const bool is_head = head_.method == "HEAD";
    const bool asks_grpc = is_grpc(head_.field("content-type").value_or(""));
    Treatment treatment;
    if (answer_to_all_) {
        treatment.answer = answer_to_all_;
        if (event.bytes.size() <= known_size_max && !changes_table(event.bytes))
            known_ = {std::string(event.bytes), is_head, asks_grpc};
    } else if (is_armed_) {
        treatment = treater_.treat(head_);
    }
    const bool is_at_once =
        treatment.answer && treatment.delay <= Millis(0) && !treatment.reset_after_accept;
    bool has_met_fault = false;
    if (is_at_once) counts_.meet(&Counts::answered, has_met_fault);
    if (is_at_once && event.ends
        && answer_at_once(id, *treatment.answer, is_head, asks_grpc, effects.to_client))
        return;
    Stream& stream = streams_[id];
    stream.id = id;
    stream.treatment = std::move(treatment);
    stream.is_head = is_head;
    stream.is_connect = head_.method == "CONNECT";
    stream.is_grpc = asks_grpc;
    stream.has_met_fault = has_met_fault;
    stream.request_is_whole = stream.to_application.ends = event.ends;
    if (has_length) stream.left = head_.framing.length;
    stream.to_client.window = client_.first_window();
    if (is_at_once) return answer(stream, stream.treatment.answer, effects);
    stream.request = std::move(fields_);
    if (stream.treatment.reset_after_accept) {
        wait(stream,
             std::max(now, accepted_ + *stream.treatment.reset_after_accept),
             Stream::Wait::reset);
        return deadline_passed(now, effects);
    }
    if (!stream.treatment.answer) return forward(stream, effects);
    counts_.meet(&Counts::delayed, stream.has_met_fault);
    wait(stream, now + stream.treatment.delay, Stream::Wait::answer);
}

void Session2::on_request_trailers(const Event& event, Effects& effects) {
    bool is_too_large = false;
    if (!read_fields(event.bytes, is_too_large, effects)) return;
    Stream* stream = find(event.stream);
    if (stream == nullptr) {
        if (!is_ignored(event.stream))
            fail(Code::stream_closed, "HEADERS of a stream that is closed", effects);
        return;
    }
    Code code = Code::no_error;
    if (stream->request_is_whole)
        code = Code::stream_closed;
    else if (is_too_large || !event.ends || check_trailers(fields_) != nullptr
             || (stream->left.value_or(0) != 0 && !stream->is_answered))
        code = Code::protocol_error;
    if (code != Code::no_error) {
        ++counts_.refused;
        return break_stream(*stream, code, effects);
    }
    stream->request_is_whole = stream->to_application.ends = true;
    if (!fields_.empty() && !stream->is_answered)
        stream->to_application.trailers = std::move(fields_);
    flush_to_application(*stream, effects);
    settle(*stream, effects);
}

void Session2::on_request_data(const Event& event, Effects& effects) {
    if (event.stream > last_stream_ || event.stream % 2 == 0)
        return fail(Code::protocol_error, "DATA of a stream that was not begun", effects);
    Stream* const found = find(event.stream);
    if (found == nullptr) {
        client_.credit(event.size, effects.to_client);
        if (!is_ignored(event.stream))
            put_reset(effects.to_client, event.stream, Code::stream_closed);
        return;
    }
    Stream& stream = *found;
    Code code = Code::no_error;
    if (stream.request_is_whole)
        code = Code::stream_closed;
    else if (!stream.from_client.take(event.size))
        code = Code::flow_control_error;
    else if (stream.left && !stream.is_answered // a client may stop when it has its answer
             && (event.bytes.size() > *stream.left
                 || (event.ends && event.bytes.size() != *stream.left)))
        code = Code::protocol_error;
    if (code != Code::no_error) {
        ++counts_.refused;
        client_.credit(event.size, effects.to_client);
        return break_stream(stream, code, effects);
    }
    if (stream.left) *stream.left -= std::min<std::uint64_t>(event.bytes.size(), *stream.left);
    stream.request_is_whole = event.ends;
    std::size_t gone = event.size - event.bytes.size(); // padding
    Way& way = stream.to_application;
    if (stream.is_answered || way.is_over) {
        gone = event.size;
    } else if (stream.application_id == 0) {
        way.data += event.bytes;
        way.ends = event.ends;
    } else {
        gone += way.pass(event, application_, stream.application_id, effects.to_application);
    }
    client_.credit(gone, effects.to_client);
    if (!event.ends) stream.from_client.give_back(gone, stream.id, effects.to_client);
    settle(stream, effects);
}

void Session2::on_client_reset(const Event& event, Effects& effects) {
    if (event.stream > last_stream_)
        return fail(Code::protocol_error, "RST_STREAM of a stream that was not begun", effects);
    Stream* const stream = find(event.stream);
    if (stream == nullptr) return;
    if (stream->application_id != 0
        && !(stream->to_application.is_over && stream->response_is_whole))
        put_reset(effects.to_application, stream->application_id, event.code);
    erase(*stream, effects);
}

void Session2::on_client_window(const Event& event, Effects& effects) {
    if (event.stream == 0) return flush_all(/*is_to_client=*/true, effects);
    if (event.stream > last_stream_)
        return fail(Code::protocol_error, "WINDOW_UPDATE of a stream that was not begun", effects);
    Stream* const stream = find(event.stream);
    if (stream == nullptr) return;
    stream->to_client.window += event.increment;
    if (stream->to_client.window > stream_id_max) {
        ++counts_.refused;
        return break_stream(*stream, Code::flow_control_error, effects);
    }
    flush_to_client(*stream, effects);
    settle(*stream, effects);
}

void Session2::forward(Stream& stream, Effects& effects) {
    stream.is_forwarded = true;
    if (application_is_wrong_) return answer_wrong(stream, effects);
    // The client may try it again elsewhere: nobody has seen it.
    if (application_is_gone_) return break_stream(stream, Code::refused_stream, effects);
    if (!application_is_open_) {
        application_is_open_ = effects.open_application = true;
        application_.greet(effects.to_application);
    }
    waiting_.push_back(stream.id);
    send_waiting(effects);
}

void Session2::send_waiting(Effects& effects) {
    while (!waiting_.empty() && application_.has_settings() && !application_is_gone_
           && by_application_.size() < application_.streams_allowed()) {
        Stream* const stream = find(waiting_.front());
        waiting_.pop_front();
        // Of one that the client has given up there is nothing left.
        if (stream != nullptr && !stream->is_answered) send_request(*stream, effects);
    }
}

void Session2::send_request(Stream& stream, Effects& effects) {
    stream.application_id = next_application_id_;
    next_application_id_ += 2;
    by_application_.emplace(stream.application_id, stream.id);
    Way& way = stream.to_application;
    way.window = application_.first_window();
    way.is_over = way.ends && way.is_drained();
    std::string block;
    if (is_armed_) {
        for (const auto& [name, value] : added_)
            stream.request.add(name, value);
    }
    application_.writer().write(stream.request, block);
    put_headers(effects.to_application, stream.application_id, block, way.is_over);
    stream.request = {};
    flush_to_application(stream, effects);
}

} // namespace squall::http::http2
