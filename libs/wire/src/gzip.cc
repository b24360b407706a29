#include "squall/wire/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

namespace squall::wire {
namespace {

// The largest window, and 16 for gzip's own header and checksum instead of zlib's.
constexpr int gzip_window = MAX_WBITS + 16;
constexpr std::size_t piece_size = std::size_t{64} << 10U;

// zlib promises not to write to it.
Bytef* input_of(std::string_view text) {
    return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
}

uInt size_of(std::string_view text) {
    SQUALL_ASSERT(text.size() <= std::numeric_limits<uInt>::max());
    return static_cast<uInt>(text.size());
}

} // namespace

std::string gzip(std::string_view text) {
    z_stream stream{};
    constexpr int memory_level = 8;
    SQUALL_ASSERT(deflateInit2(&stream,
                               Z_DEFAULT_COMPRESSION,
                               Z_DEFLATED,
                               gzip_window,
                               memory_level,
                               Z_DEFAULT_STRATEGY)
                  == Z_OK);
    stream.next_in = input_of(text);
    stream.avail_in = size_of(text);
    // With room for everything, one call does it all.
    std::string compressed(deflateBound(&stream, stream.avail_in), '\0');
    stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
    stream.avail_out = size_of(compressed);
    const int ended = deflate(&stream, Z_FINISH);
    compressed.resize(stream.total_out);
    deflateEnd(&stream);
    SQUALL_ASSERT(ended == Z_STREAM_END);
    return compressed;
}

Result<std::string> gunzip(std::string_view compressed, std::size_t size_max) {
    if (compressed.size() > std::numeric_limits<uInt>::max())
        return fail(Errc::invalid_input, "the gzip body is over 4 GiB");
    z_stream stream{};
    SQUALL_ASSERT(inflateInit2(&stream, gzip_window) == Z_OK);
    stream.next_in = input_of(compressed);
    stream.avail_in = size_of(compressed);
    std::string text;
    std::array<char, piece_size> piece{};
    int state = Z_OK;
    while (state == Z_OK && text.size() <= size_max) {
        stream.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream.avail_out = piece.size();
        state = inflate(&stream, Z_NO_FLUSH);
        text.append(piece.data(), piece.size() - stream.avail_out);
    }
    const bool has_more = stream.avail_in > 0;
    inflateEnd(&stream);
    if (text.size() > size_max)
        return fail(Errc::invalid_input, "the gzip body unpacks to more than {} bytes", size_max);
    if (state == Z_BUF_ERROR) return fail(Errc::invalid_input, "the gzip body breaks off");
    if (state != Z_STREAM_END) return fail(Errc::invalid_input, "the body is no gzip");
    if (has_more) return fail(Errc::invalid_input, "there are bytes behind the gzip body");
    return text;
}

} // namespace squall::wire
