// A session that speaks HTTP/2 (RFC 9113) with a client that begins with the preface, and with an
// application that is taken to understand it too.
//
// The two connections are ended here, each with settings, windows and header tables of its own;
// streams are forwarded one by one, and none holds up another. What is kept of a stream's body is
// what its window allows: stream_window bytes of one stream, connection_window of all together.
// As long as every request gets the same answer from the proxy, streams cost next to nothing.
#pragma once

#include "squall/http/session.h"
#include "squall/http/treatment.h"

#include <memory>

namespace squall::http {

// RFC 9113, 3.4.
inline constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline constexpr std::uint32_t stream_window = 256U << 10U;   // bytes that a side may send us ahead
inline constexpr std::uint32_t connection_window = 1U << 20U; // the same, of all its streams
inline constexpr std::uint32_t streams_max = 1024;            // of one client, at a time
inline constexpr std::size_t field_list_max = 64U << 10U;     // bytes, as RFC 9113, 10.5.1 counts

// The client's bytes begin with the preface. Treater and counts outlive the session.
[[nodiscard]] std::unique_ptr<Session>
make_session2(Treater& treater, Counts& counts, SteadyTime accepted);

} // namespace squall::http
