#include "squall/http/chunk_reader.h"

#include "squall/http/characters.h"

namespace squall::http {
namespace {

constexpr std::size_t digits_max = 15; // 4 bits each: no overflow

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

} // namespace

void ChunkReader::refuse(std::string_view why) {
    state_ = State::refused;
    refusal_ = Refusal{400, why};
}

void ChunkReader::take_digit(char c) {
    const int value = hex_value(c);
    if (value >= 0) {
        if (++digits_ > digits_max) return refuse("a chunk size that is too large");
        left_ = left_ * 16 + static_cast<std::uint64_t>(value);
        return;
    }
    if (digits_ == 0) return refuse("a chunk size that is no number");
    if (c == '\r') {
        state_ = State::size_end;
    } else if (c == ';' || is_blank(c)) {
        blanks_only_ = c != ';';
        state_ = State::extension;
    } else {
        refuse("a chunk size that is no number");
    }
}

void ChunkReader::step(char c) {
    switch (state_) {
    case State::size:
        return take_digit(c);
    case State::extension:
        if (c == '\r') {
            state_ = State::size_end;
        } else if (blanks_only_ && !is_blank(c) && c != ';') {
            refuse("something else after a chunk size");
        } else if (c != '\t' && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)) {
            refuse("a control character in a chunk extension");
        } else if (c == ';') {
            blanks_only_ = false;
        }
        return;
    case State::size_end:
        if (c != '\n') return refuse("a carriage return without a line feed");
        digits_ = framing_ = 0;
        state_ = left_ == 0 ? State::trailer : State::data;
        return;
    case State::data_return:
        if (c != '\r') return refuse("a chunk that is longer than it says");
        state_ = State::data_end;
        return;
    case State::data_end:
        if (c != '\n') return refuse("a chunk that is longer than it says");
        framing_ = 0;
        state_ = State::size;
        return;
    case State::trailer:
        if (c == '\r') {
            state_ = State::last_end;
        } else if (characters::all_are({&c, 1}, characters::in_token)) {
            state_ = State::trailer_line;
        } else {
            refuse("a trailer that is no header line");
        }
        return;
    case State::trailer_line:
        if (c == '\r') {
            state_ = State::trailer_end;
        } else if (c != '\t' && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)) {
            refuse("a control character in a trailer");
        }
        return;
    case State::trailer_end:
        if (c != '\n') return refuse("a carriage return without a line feed");
        state_ = State::trailer;
        return;
    case State::last_end:
        if (c != '\n') return refuse("a carriage return without a line feed");
        state_ = State::ended;
        return;
    case State::data:
    case State::ended:
    case State::refused:
        return;
    }
}

ChunkReader::Taken ChunkReader::take(std::string_view input) {
    std::size_t at = 0;
    while (at < input.size() && state_ != State::ended && state_ != State::refused) {
        if (state_ == State::data) {
            const auto size =
                static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - at));
            left_ -= size;
            if (left_ == 0) state_ = State::data_return;
            return {at + size, input.substr(at, size)};
        }
        const bool is_in_trailers = state_ >= State::trailer;
        if (++framing_ > (is_in_trailers ? trailers_max : chunk_line_max)) {
            refuse("framing of a chunked body that is too long");
            break;
        }
        step(input[at++]);
    }
    if (state_ == State::refused) return {};
    return {at, {}};
}

} // namespace squall::http
