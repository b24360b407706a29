// Follows a chunked body through its bytes without changing them (RFC 9112, 7.1): where its data
// lies, and where it ends, trailers included. For one thread at a time.
#pragma once

#include "squall/http/head.h"

namespace squall::http {

inline constexpr std::size_t chunk_line_max = 4096; // a size with its extensions
inline constexpr std::size_t trailers_max = 64U << 10U;

class ChunkReader {
public:
    // Bytes taken from the front of the input. `data` lies within them: the part that is the
    // body's own, of one chunk at the most; empty where only framing was taken.
    struct Taken {
        std::size_t size = 0;
        std::string_view data;
    };

    // Takes no more than one chunk's data, and the framing before it. Of size 0 when the input is
    // empty, the body has ended, or it is refused.
    [[nodiscard]] Taken take(std::string_view input);

    [[nodiscard]] bool has_ended() const { return state_ == State::ended; }

    [[nodiscard]] const std::optional<Refusal>& refusal() const { return refusal_; }

private:
    enum class State {
        size,         // hexadecimal digits
        extension,    // after them, until the carriage return
        size_end,     // the line feed
        data,         // `left_` bytes
        data_return,  // its carriage return
        data_end,     // and line feed
        trailer,      // at the beginning of a line
        trailer_line, // within one
        trailer_end,  // the line feed of one
        last_end,     // the line feed of the empty line that ends all
        ended,
        refused,
    };

    void step(char c);
    void take_digit(char c);
    void refuse(std::string_view why);

    State state_ = State::size;
    std::uint64_t left_ = 0;
    std::size_t digits_ = 0;
    std::size_t framing_ = 0; // bytes of this line, or of the trailers
    bool blanks_only_ = false;
    std::optional<Refusal> refusal_;
};

} // namespace squall::http
