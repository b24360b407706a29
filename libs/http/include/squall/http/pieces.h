// Bytes on their way out, in order, some of them borrowed: what passes through unchanged is not
// copied. For one thread at a time.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace squall::http {

class Pieces {
public:
    // Seen, not kept: the bytes must stay where they are until the pieces have been sent or kept.
    void borrow(std::string_view bytes);
    void copy(std::string_view bytes);
    // Room for so many bytes of its own, to be filled before anything else is done with it.
    [[nodiscard]] char* add(std::size_t size);

    [[nodiscard]] std::size_t size() const { return size_; }

    [[nodiscard]] bool empty() const { return size_ == 0; }

    // Fills as many as there are, for writev; gives how many it filled.
    [[nodiscard]] std::size_t gather(std::span<iovec> into) const;

    // All from byte `from` on.
    void append_to(std::string& text, std::size_t from = 0) const;

    void clear();

private:
    struct Piece {
        const char* borrowed = nullptr; // null: `size` bytes of owned_ from `begin` on
        std::size_t begin = 0;
        std::size_t size = 0;
    };

    [[nodiscard]] std::string_view view(const Piece& piece) const;

    std::vector<Piece> pieces_;
    std::string owned_;
    std::size_t size_ = 0;
};

} // namespace squall::http
