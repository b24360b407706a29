// One client's connection and the one behind it to the application: bytes and the time in, bytes
// and wishes out. It sees no socket and no clock, and allocates as little as it can for what passes
// through.
//
// Whoever owns the sockets offers bytes; what is not taken is to be offered again after anything
// else was done with the session, and nothing more is to be read meanwhile: that is how a slow
// reader pushes back. For one thread at a time.
#pragma once

#include "squall/base/clock.h"
#include "squall/http/pieces.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace squall::http {

// What has come of the exchanges (in HTTP/2: of the streams); of one thread's sessions together.
struct Counts {
    std::uint64_t requests = 0;
    std::uint64_t met = 0;       // that met a fault; each once, whatever it met
    std::uint64_t untouched = 0; // passed through as they were
    std::uint64_t answered = 0;  // by the proxy itself: the application never saw them
    std::uint64_t changed = 0;   // the application's answer, changed
    std::uint64_t delayed = 0;
    std::uint64_t reset = 0;   // by a treatment
    std::uint64_t refused = 0; // no HTTP, or not as a careful server takes it
    std::uint64_t application_unreachable = 0;
    std::uint64_t application_unclear = 0; // an answer that is no HTTP
    std::uint64_t upgraded = 0;            // what became a tunnel

    // A request has met a fault, and how; `has_met` is the request's.
    void meet(std::uint64_t Counts::*how, bool& has_met) {
        ++(this->*how);
        if (!std::exchange(has_met, true)) ++met;
    }
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

class Session {
public:
    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    virtual ~Session() = default;

    // While it is armed, each request that the application gets has this field as well, after its
    // own. To be called before any bytes were taken.
    virtual void add_to_requests(std::string name, std::string value) = 0;

    // These give how many bytes they took.
    [[nodiscard]] virtual std::size_t
    from_client(std::string_view bytes, SteadyTime now, Effects& effects) = 0;
    [[nodiscard]] virtual std::size_t
    from_application(std::string_view bytes, SteadyTime now, Effects& effects) = 0;

    // FIN, after all the bytes before it were taken.
    virtual void client_ended(Effects& effects) = 0;
    virtual void application_ended(Effects& effects) = 0;
    // It could not be opened.
    virtual void application_failed(Effects& effects) = 0;

    // When next_deadline() has come.
    virtual void deadline_passed(SteadyTime now, Effects& effects) = 0;

    [[nodiscard]] virtual std::optional<SteadyTime> next_deadline() const = 0;

    // From now on everything passes as it is, what waits goes on at once, and the connection ends
    // as soon as its client can know that it does.
    virtual void disarm(Effects& effects) = 0;

    // What the client has still to say must be read away before its connection is closed: else the
    // kernel answers it with a reset, and our last words may be lost to that.
    [[nodiscard]] virtual bool needs_linger() const = 0;

    // Both sides have been asked to close: nothing more will come of it.
    [[nodiscard]] virtual bool is_over() const = 0;
};

} // namespace squall::http
