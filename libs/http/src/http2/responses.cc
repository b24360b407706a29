#include "grpc.h"
#include "message.h"
#include "rewrite.h"
#include "session2_state.h"

#include <algorithm>

namespace squall::http::http2 {

void Session2::on_application(const Event& event, SteadyTime now, Effects& effects) {
    switch (event.kind) {
    case Event::Kind::headers:
        return on_response(event, now, effects);
    case Event::Kind::data:
        return on_response_data(event, effects);
    case Event::Kind::reset:
        return on_application_reset(event, effects);
    case Event::Kind::window:
        return on_application_window(event, effects);
    case Event::Kind::settings:
        if (!widen_all(/*is_to_client=*/false, event.window_change))
            return on_application_broken(event, effects);
        flush_all(/*is_to_client=*/false, effects);
        return send_waiting(effects);
    case Event::Kind::goaway:
        return on_application_goaway(event, effects);
    case Event::Kind::stream_broken:
        if (Stream* stream = find_application(event.stream)) refuse_response(*stream, effects);
        return;
    case Event::Kind::broken:
        return on_application_broken(event, effects);
    case Event::Kind::pinged:
    case Event::Kind::more:
        return;
    }
}

void Session2::on_response(const Event& event, SteadyTime now, Effects& effects) {
    fields_.clear();
    const auto outcome = application_.read(event.bytes, fields_);
    if (outcome == FieldReader::Outcome::broken) return on_application_broken(event, effects);
    Stream* const found = find_application(event.stream);
    if (found == nullptr) return; // it has not heard yet that nobody wants it
    Stream& stream = *found;
    if (outcome == FieldReader::Outcome::too_large || stream.response_is_whole)
        return refuse_response(stream, effects);
    if (stream.response_has_head) return on_response_trailers(stream, event, effects);
    const ResponseStatus said = read_response(fields_);
    if (said.problem != nullptr) return refuse_response(stream, effects);
    if (said.status < 200) {
        if (event.ends) return refuse_response(stream, effects);
        std::string block;
        client_.writer().write(fields_, block);
        return put_headers(effects.to_client, stream.id, block, /*ends=*/false);
    }
    stream.response_has_head = true;
    stream.response_is_whole = stream.to_client.ends = event.ends;
    if (stream.treatment.reset == ResetAt::request) {
        counts_.meet(&Counts::reset, stream.has_met_fault);
        return end(Close::reset, effects);
    }
    if (stream.treatment.delay <= Millis(0)) return begin_response(stream, fields_, effects);
    counts_.meet(&Counts::delayed, stream.has_met_fault);
    stream.response = std::move(fields_);
    stream.to_client.is_held = true;
    wait(stream, now + stream.treatment.delay, Stream::Wait::response);
}

// The stream may be gone afterwards.
void Session2::begin_response(Stream& stream, const FieldBlock& fields, Effects& effects) {
    const int status = read_response(fields).status;
    Treatment& treatment = stream.treatment;
    Way& way = stream.to_client;
    way.is_held = false;
    if (stream.is_connect && status / 100 == 2) {
        ++counts_.upgraded;
        treatment = {};
    }
    Rewritten made;
    const FieldBlock* head = &fields;
    if (treatment.changes_response()) {
        counts_.meet(&Counts::changed, stream.has_met_fault);
        Treatment wanted = treatment;
        if (stream.is_grpc && wanted.status && status == 200
            && is_grpc(fields.find("content-type").value_or(""))) {
            stream.grpc_status = wanted.status;
            wanted.status.reset();
        }
        made = rewrite(fields, status, stream.is_head, wanted);
        // No body follows a head that is the whole response: its status is in it.
        if (stream.grpc_status && fields.find("grpc-status")) {
            made.head = with_grpc_status(made.head, *stream.grpc_status);
            stream.grpc_status.reset();
        }
        head = &made.head;
    } else if (!stream.has_met_fault && !treatment.reset) {
        ++counts_.untouched;
    }
    if (made.replaces) {
        stream.drops_body = true;
        const std::size_t dropped = way.drop();
        application_.credit(dropped, effects.to_application);
        if (!stream.response_is_whole)
            stream.from_application.give_back(
                dropped, stream.application_id, effects.to_application);
        way.body = made.body && !made.body->empty() ? made.body : nullptr;
        way.ends = way.ends || !stream.is_grpc; // whose trailers are awaited
    }
    if (way.ends) finish_response(stream);
    way.is_over = way.ends && way.is_drained();
    std::string block;
    client_.writer().write(*head, block);
    put_headers(effects.to_client, stream.id, block, way.is_over);
    if (treatment.reset == ResetAt::response && !way.data.empty())
        return reset_in_mid_body(stream, way.data, effects);
    flush_to_client(stream, effects);
    settle(stream, effects);
}

// Nothing more comes: what is to be the end of it, if that is not the application's.
void Session2::finish_response(Stream& stream) {
    Way& way = stream.to_client;
    way.ends = true;
    if (stream.drops_body && !stream.is_grpc) way.trailers.reset();
    if (stream.grpc_status)
        way.trailers = with_grpc_status(way.trailers.value_or(FieldBlock()), *stream.grpc_status);
}

void Session2::on_response_trailers(Stream& stream, const Event& event, Effects& effects) {
    if (!event.ends || check_trailers(fields_) != nullptr) return refuse_response(stream, effects);
    stream.response_is_whole = true;
    if (!fields_.empty()) stream.to_client.trailers = std::move(fields_);
    if (stream.to_client.is_held)
        stream.to_client.ends = true; // its head decides what becomes of it
    else if (!stream.to_client.is_over)
        finish_response(stream);
    flush_to_client(stream, effects);
    settle(stream, effects);
}

void Session2::on_response_data(const Event& event, Effects& effects) {
    Stream* const found = find_application(event.stream);
    if (found == nullptr) return application_.credit(event.size, effects.to_application);
    Stream& stream = *found;
    if (!stream.response_has_head || stream.response_is_whole
        || !stream.from_application.take(event.size)) {
        application_.credit(event.size, effects.to_application);
        return refuse_response(stream, effects);
    }
    Way& way = stream.to_client;
    const bool is_marked = stream.treatment.reset == ResetAt::response && !way.is_held;
    if (is_marked && !event.bytes.empty()) return reset_in_mid_body(stream, event.bytes, effects);
    stream.response_is_whole = event.ends;
    std::size_t gone = event.size - event.bytes.size(); // padding
    if (stream.drops_body || way.is_over) {
        gone = event.size;
        if (event.ends && !way.ends) finish_response(stream);
        flush_to_client(stream, effects);
    } else if (event.ends && !way.is_held && stream.grpc_status) {
        way.data += event.bytes;
        finish_response(stream);
        flush_to_client(stream, effects);
    } else {
        gone += way.pass(event, client_, stream.id, effects.to_client);
    }
    application_.credit(gone, effects.to_application);
    if (!event.ends)
        stream.from_application.give_back(gone, stream.application_id, effects.to_application);
    settle(stream, effects);
}

void Session2::reset_in_mid_body(Stream& stream, std::string_view bytes, Effects& effects) {
    counts_.meet(&Counts::reset, stream.has_met_fault);
    // Some of it, and never all.
    const auto room =
        std::max<std::int64_t>(0, std::min(stream.to_client.window, client_.window()));
    const auto size = std::min({bytes.size() / 2, static_cast<std::size_t>(room), frame_size_max});
    if (size > 0)
        put_frame(effects.to_client, FrameType::data, flag_none, stream.id, bytes.substr(0, size));
    end(Close::reset_when_delivered, effects);
}

void Session2::on_application_reset(const Event& event, Effects& effects) {
    Stream* const stream = find_application(event.stream);
    if (stream == nullptr) return;
    stream->response_is_whole = stream->to_application.is_over = true;
    const std::size_t dropped = stream->to_application.drop();
    client_.credit(dropped, effects.to_client);
    if (!stream->request_is_whole)
        stream->from_client.give_back(dropped, stream->id, effects.to_client);
    Way& way = stream->to_client;
    if (!way.is_over) {
        // Without an error it only says that the rest of the request is not wanted.
        if (event.code != Code::no_error && !way.is_held) {
            application_.credit(way.drop(), effects.to_application);
            way.body.reset();
            way.trailers.reset();
            way.ends = false;
        }
        way.reset = event.code;
        flush_to_client(*stream, effects);
    } else if (!stream->request_is_whole) {
        way.reset = event.code;
        put_reset(effects.to_client, stream->id, event.code);
    }
    settle(*stream, effects);
}

void Session2::on_application_window(const Event& event, Effects& effects) {
    if (event.stream == 0) return flush_all(/*is_to_client=*/false, effects);
    Stream* const stream = find_application(event.stream);
    if (stream == nullptr) return;
    stream->to_application.window += event.increment;
    if (stream->to_application.window > stream_id_max) return refuse_response(*stream, effects);
    flush_to_application(*stream, effects);
    settle(*stream, effects);
}

void Session2::on_application_goaway(const Event& event, Effects& effects) {
    if (event.last == stream_id_max) { // the end is near, and not yet there
        if (!leaves_after_) put_goaway(effects.to_client, stream_id_max, event.code);
        return;
    }
    application_is_gone_ = true;
    for (auto at = streams_.begin(); at != streams_.end();) {
        Stream& stream = (at++)->second;
        if (!stream.is_forwarded || stream.is_answered) continue;
        const bool is_seen = stream.application_id != 0 && stream.application_id <= event.last;
        if (is_seen) continue;
        // The client may try it again elsewhere: nobody has looked at it.
        reset_client_stream(stream.id, Code::refused_stream, effects);
        erase(stream, effects);
    }
    leave(event.code, effects);
}

void Session2::on_application_broken(const Event& event, Effects& effects) {
    ++counts_.application_unclear;
    application_is_wrong_ = application_is_gone_ = true;
    if (application_.has_settings()) {
        put_goaway(effects.to_application, 0, event.code, event.why);
        effects.application = Close::finish;
        cut_off_responses(effects);
        return leave(Code::no_error, effects);
    }
    effects.to_application.clear();
    effects.application = Close::reset;
    for (auto at = streams_.begin(); at != streams_.end();) {
        Stream& stream = (at++)->second;
        if (stream.is_forwarded && !stream.is_answered) answer_wrong(stream, effects);
    }
}

// What the application has not finished will never be.
void Session2::cut_off_responses(Effects& effects) {
    for (auto at = streams_.begin(); at != streams_.end();) {
        Stream& stream = (at++)->second;
        if (!stream.is_forwarded || stream.is_answered) continue;
        stream.to_application.is_over = true;
        if (stream.response_is_whole) {
            settle(stream, effects);
            continue;
        }
        stream.response_is_whole = true;
        stream.to_client.reset = Code::internal_error;
        flush_to_client(stream, effects);
        settle(stream, effects);
    }
}

// The application has broken the rules in a stream of this client's.
void Session2::refuse_response(Stream& stream, Effects& effects) {
    ++counts_.application_unclear;
    break_stream(stream, Code::internal_error, effects);
}

} // namespace squall::http::http2
