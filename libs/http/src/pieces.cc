#include "squall/http/pieces.h"

#include <algorithm>

namespace squall::http {

std::string_view Pieces::view(const Piece& piece) const {
    return piece.borrowed != nullptr ? std::string_view(piece.borrowed, piece.size)
                                     : std::string_view(owned_).substr(piece.begin, piece.size);
}

void Pieces::borrow(std::string_view bytes) {
    if (bytes.empty()) return;
    size_ += bytes.size();
    if (!pieces_.empty()) {
        Piece& last = pieces_.back();
        // A head and the body behind it: one piece, since they lie in one buffer.
        if (last.borrowed != nullptr && last.borrowed + last.size == bytes.data()) {
            last.size += bytes.size();
            return;
        }
    }
    pieces_.push_back({bytes.data(), 0, bytes.size()});
}

void Pieces::copy(std::string_view bytes) {
    if (!bytes.empty()) std::copy(bytes.begin(), bytes.end(), add(bytes.size()));
}

char* Pieces::add(std::size_t size) {
    size_ += size;
    const std::size_t begin = owned_.size();
    owned_.resize(begin + size);
    if (!pieces_.empty() && pieces_.back().borrowed == nullptr)
        pieces_.back().size += size;
    else
        pieces_.push_back({nullptr, begin, size});
    return owned_.data() + begin;
}

std::size_t Pieces::gather(std::span<iovec> into) const {
    const std::size_t count = std::min(into.size(), pieces_.size());
    for (std::size_t number = 0; number < count; ++number) {
        const std::string_view bytes = view(pieces_[number]);
        // writev does not write there.
        into[number] = {const_cast<char*>(bytes.data()), bytes.size()}; // NOLINT
    }
    return count;
}

void Pieces::append_to(std::string& text, std::size_t from) const {
    for (const Piece& piece : pieces_) {
        const std::string_view bytes = view(piece);
        if (from >= bytes.size()) {
            from -= bytes.size();
            continue;
        }
        text += bytes.substr(from);
        from = 0;
    }
}

void Pieces::clear() {
    pieces_.clear();
    owned_.clear();
    size_ = 0;
}

} // namespace squall::http
