// Chunks of whole records out of a stream of bytes: colours and NULs taken out; UTF-16 made
// UTF-8, and journald's lists of bytes made strings.
#pragma once

#include "squall/doctor/byte_source.h"

#include <string>
#include <string_view>
#include <vector>

namespace squall::doctor {

class TextChunks {
public:
    static constexpr std::size_t chunk_size = 1U << 20U;
    // A record that does not fit is cut in two.
    static constexpr std::size_t record_max = 64U << 10U;

    explicit TextChunks(ByteSource& bytes) : bytes_(bytes) {}

    // The next whole lines; empty at the end. The last chunk may lack its last line's end. Valid
    // until the next call.
    [[nodiscard]] std::string_view next();

    // How far it has come, in bytes of the source.
    [[nodiscard]] std::uint64_t size() const { return size_; }

    // Why there is no more, where that is not the end.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

private:
    enum class Encoding { unknown, bytes, utf16_little, utf16_big };

    void fill();
    void find_encoding();
    std::string_view cleaned(std::string_view text);
    std::string_view without_controls(std::string_view text);
    [[nodiscard]] std::size_t end_of_records(std::string_view text) const;

    ByteSource& bytes_;
    std::vector<char> buffer_ = std::vector<char>(chunk_size + record_max);
    std::size_t begin_ = 0; // of what has not been given
    std::size_t end_ = 0;
    bool is_at_end_ = false;
    Encoding encoding_ = Encoding::unknown;
    std::string raw_;   // an odd byte, and half a surrogate pair
    std::string clean_; // a chunk that had to be changed
    std::uint64_t size_ = 0;
    std::string trouble_;
};

} // namespace squall::doctor
