// Result<T>: what a call that can fail at run time returns. Never dropped silently ([[nodiscard]]),
// never thrown. Error says what was tried, on what, and what to do next, in words for an operator.
#pragma once

#include <fmt/format.h>
#include <tl/expected.hpp>

#include <string>
#include <utility>

namespace squall {

// Only what a caller branches on.
enum class Errc {
    invalid_input, // the user, or a peer, said something that cannot be meant
    not_found,
    refused,     // a guard said no
    denied,      // credentials or permissions
    unavailable, // the other side is not there, or not now
    timed_out,
    interrupted, // a stop was asked for
    conflict,    // somebody else holds it
    failed,      // everything else: the message is all there is
};

struct Error {
    Errc code = Errc::failed;
    std::string message;
};

template <class T, class E = Error>
class [[nodiscard]] Result : public tl::expected<T, E> {
public:
    using tl::expected<T, E>::expected;
};

template <class... Args>
[[nodiscard]] tl::unexpected<Error>
fail(Errc code, fmt::format_string<Args...> text, Args&&... args) {
    return tl::unexpected<Error>(Error{code, fmt::format(text, std::forward<Args>(args)...)});
}

// Passes an error on as it is.
template <class E>
[[nodiscard]] tl::unexpected<E> fail(E error) {
    return tl::unexpected<E>(std::move(error));
}

// Passes an error on, with what was being done put in front: "reading /x: no such file".
[[nodiscard]] tl::unexpected<Error> fail(std::string_view doing, Error error);

// The text of errno for people: "No such file or directory". Safe from every thread.
[[nodiscard]] std::string errno_text(int number);

} // namespace squall

// A broken invariant: stays on in release and ends the process. Bad input is never an assert.
#define SQUALL_ASSERT(condition)                                                                   \
    do {                                                                                           \
        if (!(condition)) ::squall::assertion_failed(#condition, __FILE__, __LINE__);              \
    } while (false)

namespace squall {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}
