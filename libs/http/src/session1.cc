#include "squall/http/session1.h"

#include "rewrite.h"
#include "squall/base/result.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace squall::http {

std::size_t Session1::from_client(std::string_view bytes, SteadyTime now, Effects& effects) {
    if (is_over_) return bytes.size(); // read away, so that our last words are not lost to a reset
    if (is_tunnel_) {
        effects.to_application.borrow(bytes);
        return bytes.size();
    }
    std::string_view input = bytes;
    while (!is_over_ && effects.to_client.size() < answers_size_max
           && (in_exchange_ ? take_request_body(input, effects)
                            : take_request_head(input, now, effects))) {
    }
    return is_over_ ? bytes.size() : bytes.size() - input.size();
}

bool Session1::take_request_head(std::string_view& input, SteadyTime now, Effects& effects) {
    const Item item = requests_.next(input);
    if (item == Item::more) return false;
    if (item == Item::refused) {
        refuse(requests_.refusal(), effects);
        return false;
    }
    const RequestHead& head = requests_.head();
    ++counts_.requests;
    treatment_ = is_armed_ ? treater_.treat(head) : Treatment();
    in_exchange_ = true;
    is_forwarded_ = request_is_whole_ = response_has_begun_ = response_is_whole_ = false;
    drops_body_ = has_met_fault_ = false;
    is_last_ = !head.keeps_alive;
    method_ = head.method;
    if (treatment_.reset_after_accept) {
        hold(head.raw, std::max(now, accepted_ + *treatment_.reset_after_accept), Wait::reset);
        deadline_passed(now, effects);
        return false;
    }
    if (!treatment_.answer) {
        pass_request_head(head, effects);
        forward(effects);
        return true;
    }
    // Whoever waits for 100 does not send the body after a final answer, or does: nobody can tell
    // where the next request begins. A client of HTTP/1.0 is not told that more may follow.
    is_last_ = is_last_ || head.expects_continue || head.version == Version::http_1_0;
    if (treatment_.delay <= Millis(0)) {
        answer(effects);
        return true;
    }
    counts_.meet(&Counts::delayed, has_met_fault_);
    hold(head.raw, now + treatment_.delay, Wait::answer);
    return false;
}

void Session1::pass_request_head(const RequestHead& head, Effects& effects) {
    if (is_armed_ && head.offers_http2 && !treater_.treats_nothing())
        effects.to_application.copy(with_fields(without_offer(head), added_));
    else if (is_armed_ && !added_.empty())
        effects.to_application.copy(with_fields(std::string(head.raw), added_));
    else
        effects.to_application.borrow(head.raw);
}

void Session1::hold(std::string_view head, SteadyTime until, Wait why) {
    held_ = head;
    due_ = until;
    wait_ = why;
}

Session1::Wait Session1::stop_waiting() {
    due_.reset();
    return std::exchange(wait_, Wait::nothing);
}

bool Session1::take_request_body(std::string_view& input, Effects& effects) {
    if (request_is_whole_ || holds_request()) return false;
    const Item item = requests_.next(input);
    switch (item) {
    case Item::body:
        if (is_forwarded_) effects.to_application.borrow(requests_.body().raw());
        return true;
    case Item::end:
        request_is_whole_ = true;
        if (!response_is_whole_) return false;
        end_exchange(effects);
        return true;
    case Item::refused:
        refuse(requests_.refusal(), effects);
        return false;
    case Item::head:
    case Item::more:
        break;
    }
    return false;
}

// The request goes to the application: its head has just been put on its way.
void Session1::forward(Effects& effects) {
    is_forwarded_ = true;
    if (!application_is_open_) effects.open_application = true;
    application_is_open_ = true;
    responses_.expect(method_);
}

void Session1::answer(Effects& effects) {
    counts_.meet(&Counts::answered, has_met_fault_);
    effects.to_client.copy(treatment_.answer->bytes(method_ == "HEAD", is_last_));
    response_has_begun_ = response_is_whole_ = true;
    // The rest of the body is read and dropped, and so is what follows a last answer.
    if (is_last_ || client_has_ended_) {
        needs_linger_ = !request_is_whole_ && requests_.head().framing.kind != Framing::Kind::none;
        return end(Close::finish, effects);
    }
    if (request_is_whole_) end_exchange(effects);
}

void Session1::refuse(const Refusal& refusal, Effects& effects) {
    ++counts_.refused;
    // The application has a request that will never be whole.
    if (in_exchange_ && is_forwarded_) effects.application = Close::reset;
    if (response_has_begun_) return end(Close::reset, effects);
    const Answer said(
        refusal.status, {{"Content-Type", "text/plain"}}, fmt::format("{}\n", refusal.why));
    effects.to_client.copy(said.bytes(/*is_to_head=*/false, /*closes=*/true));
    needs_linger_ = true;
    end(Close::finish, effects);
}

std::size_t Session1::from_application(std::string_view bytes, SteadyTime now, Effects& effects) {
    if (is_over_) return bytes.size();
    if (is_tunnel_) {
        effects.to_client.borrow(bytes);
        return bytes.size();
    }
    std::string_view input = bytes;
    while (!is_over_ && !is_tunnel_ && take_response(input, now, effects)) {
    }
    if (is_over_) return bytes.size();
    if (is_tunnel_) {
        effects.to_client.borrow(input);
        return bytes.size();
    }
    return bytes.size() - input.size();
}

bool Session1::take_response(std::string_view& input, SteadyTime now, Effects& effects) {
    if (wait_ == Wait::response) return false;
    if (!in_exchange_ || !is_forwarded_ || response_is_whole_) {
        if (input.empty()) return false;
        // What nobody asked for, such as a 408 before it hangs up: the client's to judge.
        ++counts_.application_unclear;
        is_tunnel_ = true;
        return false;
    }
    switch (responses_.next(input)) {
    case Item::head:
        return take_response_head(now, effects);
    case Item::body:
        pass_body(effects);
        return true;
    case Item::end:
        response_is_whole_ = true;
        if (request_is_whole_)
            end_exchange(effects);
        else if (is_last_)
            end(Close::finish, effects);
        return false;
    case Item::refused:
        ++counts_.application_unclear;
        if (response_has_begun_) {
            // In the middle of a body whose end cannot be found: as it comes, until it ends.
            is_tunnel_ = true;
            return false;
        }
        effects.to_client.copy(responses_.refused_bytes());
        is_tunnel_ = true;
        return false;
    case Item::more:
        break;
    }
    return false;
}

bool Session1::take_response_head(SteadyTime now, Effects& effects) {
    const ResponseHead& head = responses_.head();
    if (head.is_interim()) {
        // Its place may be another head's before the effects are carried out.
        effects.to_client.copy(head.raw);
        return true;
    }
    const bool is_connected = method_ == "CONNECT" && head.status >= 200 && head.status < 300;
    if (head.status == 101 || is_connected) {
        ++counts_.upgraded;
        effects.to_client.borrow(head.raw);
        is_tunnel_ = true;
        return false;
    }
    if (treatment_.reset == ResetAt::request) {
        counts_.meet(&Counts::reset, has_met_fault_);
        end(Close::reset, effects);
        return false;
    }
    if (treatment_.delay > Millis(0)) {
        counts_.meet(&Counts::delayed, has_met_fault_);
        hold(head.raw, now + treatment_.delay, Wait::response);
        return false;
    }
    pass_head(head, /*is_borrowed=*/true, effects);
    return true;
}

void Session1::pass_head(const ResponseHead& head, bool is_borrowed, Effects& effects) {
    response_has_begun_ = true;
    const bool says_close = !is_armed_ && head.keeps_alive && !is_last_;
    is_last_ = is_last_ || says_close || !head.keeps_alive;
    if (!treatment_.changes_response() && !says_close) {
        if (!has_met_fault_ && !treatment_.reset) ++counts_.untouched;
        if (is_borrowed)
            effects.to_client.borrow(head.raw);
        else
            effects.to_client.copy(head.raw);
        return;
    }
    if (treatment_.changes_response())
        counts_.meet(&Counts::changed, has_met_fault_);
    else if (!has_met_fault_)
        ++counts_.untouched;
    const Rewritten made = rewrite(head, method_, treatment_, says_close);
    effects.to_client.copy(made.head);
    effects.to_client.copy(made.content);
    drops_body_ = made.replaces;
}

void Session1::pass_body(Effects& effects) {
    const std::string_view raw = responses_.body().raw();
    if (treatment_.reset == ResetAt::response) {
        counts_.meet(&Counts::reset, has_met_fault_);
        // Some of it, and never all: framing in front of the content counts as some.
        effects.to_client.borrow(raw.substr(0, raw.size() / 2));
        return end(Close::reset_when_delivered, effects);
    }
    if (!drops_body_) effects.to_client.borrow(raw);
}

void Session1::pass_held(Effects& effects) {
    stop_waiting();
    ResponseHead head;
    const auto refusal = head.read(held_, method_);
    SQUALL_ASSERT(!refusal); // it has been read once
    pass_head(head, /*is_borrowed=*/false, effects);
    if (application_has_ended_) application_ended(effects);
}

void Session1::client_ended(Effects& effects) {
    client_has_ended_ = true;
    if (is_over_) return;
    if (is_tunnel_ || (in_exchange_ && is_forwarded_)) {
        // The application sees what it would have seen.
        effects.application = Close::finish;
        return;
    }
    if (in_exchange_ && holds_request()) return; // it may still be listening
    end(Close::finish, effects);
}

void Session1::application_ended(Effects& effects) {
    application_has_ended_ = true;
    if (is_over_ || wait_ == Wait::response) return;
    if (is_tunnel_) {
        effects.client = Close::finish;
        return;
    }
    // The end of a body without other end, of an answer cut short, or of a connection that was
    // idle: the client sees the same.
    end(Close::finish, effects);
}

void Session1::application_failed(Effects& effects) {
    if (is_over_) return;
    ++counts_.application_unreachable;
    // Without us the client would have been refused by a reset.
    end(Close::reset, effects);
}

void Session1::deadline_passed(SteadyTime now, Effects& effects) {
    if (is_over_ || !due_ || now < *due_) return;
    if (wait_ == Wait::response) return pass_held(effects);
    if (stop_waiting() == Wait::answer) return answer(effects);
    counts_.meet(&Counts::reset, has_met_fault_);
    end(Close::reset, effects);
}

void Session1::disarm(Effects& effects) {
    is_armed_ = false;
    if (is_over_ || is_tunnel_ || !in_exchange_ || response_has_begun_) return;
    treatment_ = {};
    if (wait_ == Wait::response) return pass_held(effects);
    if (!holds_request()) return;
    stop_waiting();
    effects.to_application.copy(held_);
    forward(effects);
    if (client_has_ended_) effects.application = Close::finish;
}

void Session1::pass_all(Effects& effects) {
    is_tunnel_ = true;
    effects.open_application = !application_is_open_;
    application_is_open_ = true;
}

void Session1::end_exchange(Effects& effects) {
    in_exchange_ = false;
    if (is_last_ || client_has_ended_) end(Close::finish, effects);
}

void Session1::end(Close how, Effects& effects) {
    is_over_ = true;
    effects.client = how;
    if (effects.application == Close::none)
        effects.application = how == Close::finish ? Close::finish : Close::reset;
}

} // namespace squall::http
