#include "squall/http/session2.h"

#include "session2_state.h"

#include <algorithm>
#include <utility>

namespace squall::http {

std::unique_ptr<Session> make_session2(Treater& treater, Counts& counts, SteadyTime accepted) {
    return std::make_unique<http2::Session2>(treater, counts, accepted);
}

namespace http2 {

std::size_t Session2::from_client(std::string_view bytes, SteadyTime now, Effects& effects) {
    if (is_over_) return bytes.size(); // read away, so that our last words are not lost to a reset
    std::string_view input = bytes;
    greet(effects);
    const std::size_t skipped = std::min(preface_left_, input.size());
    preface_left_ -= skipped;
    input.remove_prefix(skipped);
    while (!is_over_ && effects.to_client.size() < answers_size_max) {
        const Event event = client_.next(input, effects.to_client);
        if (event.kind == Event::Kind::more) break;
        on_client(event, now, effects);
        end_if_left(effects);
    }
    return is_over_ ? bytes.size() : bytes.size() - input.size();
}

std::size_t Session2::from_application(std::string_view bytes, SteadyTime now, Effects& effects) {
    std::string_view input = bytes;
    while (!is_over_ && !application_is_wrong_) {
        const Event event = application_.next(input, effects.to_application);
        if (event.kind == Event::Kind::more) break;
        on_application(event, now, effects);
        end_if_left(effects);
    }
    return bytes.size();
}

void Session2::client_ended(Effects& effects) {
    client_has_ended_ = true;
    if (is_over_) return;
    // Requests that will never be whole; the others may still be answered.
    for (auto at = streams_.begin(); at != streams_.end();) {
        Stream& stream = (at++)->second;
        if (stream.request_is_whole) continue;
        if (stream.application_id != 0)
            put_reset(effects.to_application, stream.application_id, Code::cancel);
        erase(stream, effects);
    }
    leaves_after_ = std::min(leaves_after_.value_or(last_stream_), last_stream_);
    end_if_left(effects);
}

void Session2::application_ended(Effects& effects) {
    if (is_over_ || application_is_wrong_) return;
    application_is_gone_ = true;
    if (!application_.has_settings()) {
        Event event;
        event.why = "it closed the connection without a word";
        on_application_broken(event, effects);
        return end_if_left(effects);
    }
    // Nobody is there to be told anything.
    effects.to_application.clear();
    effects.application = Close::reset;
    cut_off_responses(effects);
    leave(Code::no_error, effects);
    end_if_left(effects);
}

void Session2::application_failed(Effects& effects) {
    if (is_over_) return;
    ++counts_.application_unreachable;
    // Without us the client would have been refused by a reset.
    end(Close::reset, effects);
}

void Session2::deadline_passed(SteadyTime now, Effects& effects) {
    while (!is_over_ && !dues_.empty() && dues_.begin()->first <= now) {
        Stream& stream = *find(dues_.begin()->second);
        switch (stop_waiting(stream)) {
        case Stream::Wait::response: {
            const FieldBlock fields = std::move(stream.response);
            begin_response(stream, fields, effects);
            break;
        }
        case Stream::Wait::answer:
            counts_.meet(&Counts::answered, stream.has_met_fault);
            answer(stream, stream.treatment.answer, effects);
            break;
        case Stream::Wait::reset:
            counts_.meet(&Counts::reset, stream.has_met_fault);
            return end(Close::reset, effects);
        case Stream::Wait::nothing:
            break;
        }
    }
    end_if_left(effects);
}

std::optional<SteadyTime> Session2::next_deadline() const {
    if (is_over_ || dues_.empty()) return std::nullopt;
    return dues_.begin()->first;
}

void Session2::disarm(Effects& effects) {
    if (is_over_ || !is_armed_) return;
    is_armed_ = false;
    answer_to_all_.reset();
    for (auto at = streams_.begin(); at != streams_.end() && !is_over_;) {
        Stream& stream = (at++)->second;
        if (stream.response_has_head && stream.wait != Stream::Wait::response) continue;
        if (!stream.is_answered) stream.treatment = {};
        const auto waited = stop_waiting(stream);
        if (waited == Stream::Wait::response) {
            const FieldBlock fields = std::move(stream.response);
            begin_response(stream, fields, effects);
        } else if (waited != Stream::Wait::nothing) {
            forward(stream, effects);
        }
    }
    if (is_over_ || leaves_after_) return;
    // What the client has begun before it hears of the end is still taken: its answer to the PING
    // says that it has heard (RFC 9113, 6.8).
    greet(effects);
    is_leaving_ = true;
    put_goaway(effects.to_client, stream_id_max, Code::no_error);
    put_frame(effects.to_client, FrameType::ping, flag_none, 0, "squall->");
}

Stream* Session2::find(std::uint32_t id) {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : &found->second;
}

Stream* Session2::find_application(std::uint32_t id) {
    const auto found = by_application_.find(id);
    return found == by_application_.end() ? nullptr : find(found->second);
}

void Session2::wait(Stream& stream, SteadyTime until, Stream::Wait why) {
    stream.wait = why;
    stream.due = until;
    dues_.emplace(until, stream.id);
}

Stream::Wait Session2::stop_waiting(Stream& stream) {
    if (stream.wait != Stream::Wait::nothing) dues_.erase({stream.due, stream.id});
    return std::exchange(stream.wait, Stream::Wait::nothing);
}

void Session2::flush_to_client(Stream& stream, Effects& effects) {
    const std::size_t gone = stream.to_client.flush(client_, stream.id, effects.to_client);
    if (gone == 0) return;
    application_.credit(gone, effects.to_application);
    if (!stream.response_is_whole)
        stream.from_application.give_back(gone, stream.application_id, effects.to_application);
}

void Session2::flush_to_application(Stream& stream, Effects& effects) {
    if (stream.application_id == 0) return;
    const std::size_t gone =
        stream.to_application.flush(application_, stream.application_id, effects.to_application);
    if (gone == 0) return;
    client_.credit(gone, effects.to_client);
    if (!stream.request_is_whole) stream.from_client.give_back(gone, stream.id, effects.to_client);
}

void Session2::flush_all(bool is_to_client, Effects& effects) {
    // Each in its turn: the first would else have all that a window gives.
    std::vector<std::uint32_t> ids;
    const auto add = [&](auto from, auto until) {
        for (; from != until; ++from) {
            const Stream& stream = from->second;
            const Way& way = is_to_client ? stream.to_client : stream.to_application;
            if (!way.is_drained()) ids.push_back(from->first);
        }
    };
    const auto middle = streams_.upper_bound(turn_);
    add(middle, streams_.end());
    add(streams_.begin(), middle);
    for (const std::uint32_t id : ids) {
        Stream& stream = *find(id);
        if (is_to_client)
            flush_to_client(stream, effects);
        else
            flush_to_application(stream, effects);
        turn_ = id;
        settle(stream, effects);
        if ((is_to_client ? client_ : application_).window() <= 0) return;
    }
}

bool Session2::widen_all(bool is_to_client, std::int64_t change) {
    return std::all_of(streams_.begin(), streams_.end(), [&](auto& entry) {
        Way& way = is_to_client ? entry.second.to_client : entry.second.to_application;
        way.window += change;
        return way.window <= stream_id_max;
    });
}

void Session2::settle(Stream& stream, Effects& effects) {
    if (!stream.is_done()) return;
    const bool is_open_there =
        stream.application_id != 0 && !(stream.to_application.is_over && stream.response_is_whole);
    if (is_open_there && !application_is_gone_)
        put_reset(effects.to_application, stream.application_id, Code::cancel);
    if (stream.to_client.reset) were_reset_[resets_++ % were_reset_.size()] = stream.id;
    erase(stream, effects);
}

void Session2::erase(Stream& stream, Effects& effects) {
    stop_waiting(stream);
    client_.credit(stream.to_application.drop(), effects.to_client);
    if (application_is_open_) application_.credit(stream.to_client.drop(), effects.to_application);
    by_application_.erase(stream.application_id);
    // An application that is not ready must not be a reason to remember what was given up.
    if (stream.is_forwarded && stream.application_id == 0) std::erase(waiting_, stream.id);
    streams_.erase(stream.id);
    send_waiting(effects);
}

void Session2::break_stream(Stream& stream, Code code, Effects& effects) {
    reset_client_stream(stream.id, code, effects);
    if (stream.application_id != 0 && !(stream.to_application.is_over && stream.response_is_whole))
        put_reset(effects.to_application, stream.application_id, Code::cancel);
    erase(stream, effects);
}

void Session2::reset_client_stream(std::uint32_t id, Code code, Effects& effects) {
    put_reset(effects.to_client, id, code);
    were_reset_[resets_++ % were_reset_.size()] = id;
}

bool Session2::is_ignored(std::uint32_t id) const {
    if (leaves_after_ && id > *leaves_after_) return true;
    return std::find(were_reset_.begin(), were_reset_.end(), id) != were_reset_.end();
}

void Session2::leave(Code code, Effects& effects) {
    if (is_over_ || leaves_after_) return;
    leaves_after_ = last_stream_;
    put_goaway(effects.to_client, last_stream_, code);
}

void Session2::fail(Code code, const char* why, Effects& effects) {
    ++counts_.refused;
    put_goaway(effects.to_client, last_stream_, code, why);
    if (!streams_.empty()) effects.application = Close::reset;
    end(Close::finish, effects);
}

void Session2::end_if_left(Effects& effects) {
    if (!is_over_ && leaves_after_ && streams_.empty()) end(Close::finish, effects);
}

void Session2::end(Close how, Effects& effects) {
    is_over_ = true;
    effects.client = how;
    if (effects.application == Close::none)
        effects.application = how == Close::finish ? Close::finish : Close::reset;
}

} // namespace http2
} // namespace squall::http
