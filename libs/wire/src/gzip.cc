#include "squall/wire/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

namespace squall::wire {
namespace {

// zlib: a window of 32 KB, and a header of gzip's and of nothing else.
constexpr int gzip_only = 16 + MAX_WBITS;

class Inflater {
public:
    Inflater() : is_ready_(::inflateInit2(&stream_, gzip_only) == Z_OK) {}

    ~Inflater() {
        if (is_ready_) ::inflateEnd(&stream_);
    }

    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    Result<std::string> inflate(std::string_view compressed, std::size_t size_max) {
        if (!is_ready_ || compressed.size() > std::numeric_limits<uInt>::max())
            return fail(Errc::failed, "there is no memory to inflate a body");
        // zlib does not write there; its interface is older than const.
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data())); // NOLINT
        stream_.avail_in = static_cast<uInt>(compressed.size());
        std::string plain;
        std::array<unsigned char, 16384> chunk{};
        for (;;) {
            stream_.next_out = chunk.data();
            stream_.avail_out = static_cast<uInt>(chunk.size());
            const int result = ::inflate(&stream_, Z_NO_FLUSH);
            const std::size_t got = chunk.size() - stream_.avail_out;
            if (plain.size() + got > size_max)
                return fail(Errc::invalid_input, "the body holds more than {} bytes", size_max);
            plain.append(reinterpret_cast<const char*>(chunk.data()), got);
            if (result == Z_STREAM_END) break;
            if (result != Z_OK || (got == 0 && stream_.avail_in == 0))
                return fail(Errc::invalid_input, "the body is not gzip, or not all of it");
        }
        if (stream_.avail_in != 0)
            return fail(Errc::invalid_input, "something follows the gzip in the body");
        return plain;
    }

private:
    z_stream stream_{};
    bool is_ready_;
};

} // namespace

Result<std::string> inflate_gzip(std::string_view compressed, std::size_t size_max) {
    return Inflater().inflate(compressed, size_max);
}

} // namespace squall::wire
