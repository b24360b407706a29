// One client's connection that speaks HTTP/1.x, and the one behind it to the application: bytes
// and the time in, bytes and wishes out. It sees no socket and no clock, and allocates nothing for
// what passes through. What no treatment touches goes through byte for byte.
//
// Whoever owns the sockets offers bytes; what is not taken is to be offered again after anything
// else was done with the session, and nothing more is to be read meanwhile: that is how a slow
// reader pushes back. For one thread at a time.
#pragma once

#include "squall/http/pieces.h"
#include "squall/http/reader.h"
#include "squall/http/treatment.h"

#include <optional>
#include <string>

namespace squall::http {

// What has come of the exchanges; of one thread's sessions together.
struct Counts {
    std::uint64_t requests = 0;
    std::uint64_t untouched = 0; // passed through as they were
    std::uint64_t answered = 0;  // by the proxy itself: the application never saw them
    std::uint64_t changed = 0;   // the application's answer, changed
    std::uint64_t delayed = 0;
    std::uint64_t reset = 0;   // by a treatment
    std::uint64_t refused = 0; // no HTTP, or not as a careful server takes it
    std::uint64_t application_unreachable = 0;
    std::uint64_t application_unclear = 0; // an answer that is no HTTP: passed on as it was
    std::uint64_t upgraded = 0;            // connections that became tunnels
};

enum class Close {
    none,
    finish,               // send what there is to send, then FIN
    reset,                // RST, at once
    reset_when_delivered, // RST, when the other side has what was sent before
};

// What a call asks for; the owner clears it before each.
struct Effects {
    void clear() {
        to_client.clear();
        to_application.clear();
        open_application = false;
        client = application = Close::none;
    }

    Pieces to_client;
    Pieces to_application;
    bool open_application = false;
    Close client = Close::none;
    Close application = Close::none;
};

// A client that asks for more answers than it reads is asked to wait: bytes of one call, beyond
// which no further request is begun.
inline constexpr std::size_t answers_size_max = 256U << 10U;

class Session1 {
public:
    // Both outlive the session.
    Session1(Treater& treater, Counts& counts, SteadyTime accepted)
        : treater_(treater), counts_(counts), accepted_(accepted) {}

    // These give how many bytes they took.
    [[nodiscard]] std::size_t from_client(std::string_view bytes, SteadyTime now, Effects& effects);
    [[nodiscard]] std::size_t
    from_application(std::string_view bytes, SteadyTime now, Effects& effects);

    // FIN, after all the bytes before it were taken.
    void client_ended(Effects& effects);
    void application_ended(Effects& effects);
    // It could not be opened.
    void application_failed(Effects& effects);

    // When next_deadline() has come.
    void deadline_passed(SteadyTime now, Effects& effects);

    [[nodiscard]] std::optional<SteadyTime> next_deadline() const { return due_; }

    // From now on everything passes as it is, what waits goes on at once, and the connection ends
    // with the exchange that it is in, or its next.
    void disarm(Effects& effects);

    // Nothing is under way: it may be closed without anybody losing an answer.
    [[nodiscard]] bool is_idle() const {
        return !in_exchange_ && !requests_.is_within() && !is_tunnel_;
    }

    // From now on bytes pass in both directions as they come, whatever they are; for a connection
    // that speaks something else. To be called before any bytes were taken.
    void pass_all(Effects& effects);

    // What the client has still to say must be read away before its connection is closed: else the
    // kernel answers it with a reset, and our last words may be lost to that.
    [[nodiscard]] bool needs_linger() const { return needs_linger_; }

    // Both sides have been asked to close: nothing more will come of it.
    [[nodiscard]] bool is_over() const { return is_over_; }

private:
    // What due_ is for.
    enum class Wait { nothing, answer, reset, response };

    // These give false when they can take no more for now.
    bool take_request_head(std::string_view& input, SteadyTime now, Effects& effects);
    bool take_request_body(std::string_view& input, Effects& effects);
    bool take_response(std::string_view& input, SteadyTime now, Effects& effects);
    bool take_response_head(SteadyTime now, Effects& effects);

    void forward(Effects& effects);
    void answer(Effects& effects);
    void refuse(const Refusal& refusal, Effects& effects);
    void pass_head(const ResponseHead& head, bool is_borrowed, Effects& effects);
    void pass_body(Effects& effects);
    void pass_held(Effects& effects);
    void hold(std::string_view head, SteadyTime until, Wait why);
    Wait stop_waiting(); // for what it was
    void end_exchange(Effects& effects);
    void end(Close how, Effects& effects);

    // The application has not been told of the request, and need not be.
    [[nodiscard]] bool holds_request() const {
        return wait_ == Wait::answer || wait_ == Wait::reset;
    }

    Treater& treater_;
    Counts& counts_;
    SteadyTime accepted_;
    RequestReader requests_;
    ResponseReader responses_;
    bool is_armed_ = true;
    bool is_over_ = false;
    bool needs_linger_ = false;
    bool is_tunnel_ = false;
    bool application_is_open_ = false;
    bool client_has_ended_ = false;
    bool application_has_ended_ = false;

    // The exchange that is under way.
    bool in_exchange_ = false;
    bool is_forwarded_ = false; // the application has the request, or is getting it
    bool request_is_whole_ = false;
    bool response_has_begun_ = false; // its final head has gone to the client
    bool response_is_whole_ = false;
    bool drops_body_ = false; // what the application says has been replaced
    bool is_last_ = false;    // the connection ends with it
    Treatment treatment_;
    std::string method_;
    std::string held_; // a head that waits: the response's (Wait::response), or the request's
    std::optional<SteadyTime> due_;
    Wait wait_ = Wait::nothing;
};

} // namespace squall::http
