// One exchange on its way through a session of HTTP/2.
#pragma once

#include "peer.h"
#include "squall/http/treatment.h"

namespace squall::http::http2 {

// What is still to go to one side within a stream, in this order: data, trailers or end, reset.
struct Way {
    // As far as the windows let it. Gives how many bytes of `data` have gone.
    std::size_t flush(Peer& to, std::uint32_t id, Pieces& out);
    // One DATA frame's content, which goes out at once where it can. Gives how many bytes need not
    // wait any more.
    std::size_t pass(const Event& event, Peer& to, std::uint32_t id, Pieces& out);
    // Drops the data. Gives how much it was.
    std::size_t drop();

    [[nodiscard]] bool is_drained() const { return data.empty() && !body && !trailers; }

    std::int64_t window = 0;                 // what the stream's receiver takes
    std::string data;                        // what its windows did not take yet
    std::shared_ptr<const std::string> body; // instead of data, from body_at on
    std::size_t body_at = 0;
    std::optional<FieldBlock> trailers;
    std::optional<Code> reset;
    bool ends = false;    // nothing more will be put here
    bool is_held = false; // its head has not gone yet
    bool is_over = false; // the receiver knows its end
};

// What the sender of a stream may send.
struct Allowance {
    // False where it is more than allowed.
    [[nodiscard]] bool take(std::size_t size) {
        left -= static_cast<std::int64_t>(size);
        return left >= 0;
    }

    // So much of it has gone on, or away.
    void give_back(std::size_t size, std::uint32_t id, Pieces& out);

    std::int64_t left = stream_window;
    std::size_t owed = 0;
};

struct Stream {
    // What it waits for.
    enum class Wait { nothing, answer, reset, response };

    // The application has not been told of it, and need not be.
    [[nodiscard]] bool holds_request() const { return wait == Wait::answer || wait == Wait::reset; }

    // Nothing more will come of it, on either side.
    [[nodiscard]] bool is_done() const {
        const bool is_done_there =
            application_id == 0 || (to_application.is_over && response_is_whole);
        return to_client.is_over && ((request_is_whole && is_done_there) || to_client.reset);
    }

    std::uint32_t id = 0;             // the client's
    std::uint32_t application_id = 0; // 0: the application has not been told of it
    Treatment treatment;
    bool is_head = false;
    bool is_connect = false;
    bool is_grpc = false;
    bool request_is_whole = false;
    bool is_forwarded = false;      // it is the application that answers
    bool is_answered = false;       // by us
    bool response_has_head = false; // the final one
    bool response_is_whole = false;
    bool has_met_fault = false;        // and is counted as that, whatever becomes of it
    bool drops_body = false;           // what the application says has been replaced
    std::optional<int> grpc_status;    // the HTTP status that its trailers are to tell of
    std::optional<std::uint64_t> left; // of the body, as content-length says
    FieldBlock request;                // until the application is told of it
    FieldBlock response;               // a head that is held
    Way to_client;
    Way to_application;
    Allowance from_client;
    Allowance from_application;
    Wait wait = Wait::nothing;
    SteadyTime due{};
};

} // namespace squall::http::http2
