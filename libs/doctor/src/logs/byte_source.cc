#include "squall/doctor/byte_source.h"

#include "squall/base/fd.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace squall::doctor {
namespace {

class FdSource final : public ByteSource {
public:
    explicit FdSource(Fd fd) : owned_(std::move(fd)), fd_(owned_.get()) {}

    explicit FdSource(int borrowed) : fd_(borrowed) {}

    Result<std::size_t> read(std::span<char> into) override {
        for (;;) {
            const ssize_t got = ::read(fd_, into.data(), into.size());
            if (got >= 0) return static_cast<std::size_t>(got);
            if (errno != EINTR) return fail(Errc::failed, "reading: {}", errno_text(errno));
        }
    }

private:
    Fd owned_;
    int fd_;
};

class TextSource final : public ByteSource {
public:
    explicit TextSource(std::string text) : text_(std::move(text)) {}

    Result<std::size_t> read(std::span<char> into) override {
        const auto size = std::min(into.size(), text_.size() - given_);
        std::memcpy(into.data(), text_.data() + given_, size);
        given_ += size;
        return size;
    }

private:
    std::string text_;
    std::size_t given_ = 0;
};

// What is not undone here, and who undoes it.
struct Packing {
    std::string_view begins;
    std::string_view name;
    std::string_view program;
};

constexpr std::array<Packing, 7> packings{{{"PK\x03\x04", "a zip archive", "unzip"},
                                           {"\xFD\x37zXZ", "compressed by xz", "unxz"},
                                           {"BZh", "compressed by bzip2", "bunzip2"},
                                           {"\x28\xB5\x2F\xFD", "compressed by zstd", "unzstd"},
                                           {"\x04\x22\x4D\x18", "compressed by lz4", "unlz4"},
                                           {"7z\xBC\xAF", "a 7z archive", "7z x"},
                                           {"Rar!\x1A", "a rar archive", "unrar x"}}};

constexpr std::size_t packing_size = 10;

const Packing* packing_of(std::string_view bytes) {
    for (const Packing& packing : packings) {
        if (!bytes.starts_with(packing.begins)) continue;
        // Letters alone may be a log's: "BZh91AY&SY", a level between.
        if (packing.begins == "BZh"
            && bytes.substr(std::min<std::size_t>(4, bytes.size())) != "1AY&SY")
            continue;
        return &packing;
    }
    return nullptr;
}

class Decompressed final : public ByteSource {
public:
    explicit Decompressed(ByteSourcePtr bytes) : bytes_(std::move(bytes)) {}

    ~Decompressed() override {
        if (is_gzip_) inflateEnd(&stream_);
    }

    Decompressed(const Decompressed&) = delete;
    Decompressed& operator=(const Decompressed&) = delete;

    Result<std::size_t> read(std::span<char> into) override {
        if (!has_begun_) {
            if (auto begun = begin(); !begun) return fail(begun.error());
        }
        return is_gzip_ ? inflated(into) : plain(into);
    }

private:
    Result<void> begin() {
        has_begun_ = true;
        // A few bytes tell; a pipe may give them one by one.
        while (held() < packing_size && !is_at_end_) {
            if (auto filled = fill(); !filled) return filled;
        }
        const std::string_view head(buffer_.data() + begin_, std::min(held(), packing_size));
        if (const Packing* packing = packing_of(head))
            return fail(Errc::failed,
                        "it is {}, and only gzip is undone here: `{} FILE` first, then --log the "
                        "logs in it, or --bundle what is a tar archive",
                        packing->name,
                        packing->program);
        is_gzip_ = held() >= 2 && buffer_[begin_] == '\x1f' && buffer_[begin_ + 1] == '\x8b';
        if (!is_gzip_) return {};
        constexpr int gzip_window = 15 + 16;
        if (inflateInit2(&stream_, gzip_window) != Z_OK)
            return fail(Errc::failed, "no memory to decompress");
        return {};
    }

    [[nodiscard]] std::size_t held() const { return end_ - begin_; }

    Result<void> fill() {
        if (begin_ > 0) {
            std::memmove(buffer_.data(), buffer_.data() + begin_, held());
            end_ -= begin_;
            begin_ = 0;
        }
        const auto got = bytes_->read(std::span(buffer_.data() + end_, buffer_.size() - end_));
        if (!got) return fail(got.error());
        is_at_end_ = *got == 0;
        end_ += *got;
        return {};
    }

    Result<std::size_t> plain(std::span<char> into) {
        if (held() == 0) return is_at_end_ ? Result<std::size_t>(0U) : bytes_->read(into);
        const auto size = std::min(into.size(), held());
        std::memcpy(into.data(), buffer_.data() + begin_, size);
        begin_ += size;
        return size;
    }

    Result<std::size_t> inflated(std::span<char> into) {
        stream_.next_out =
            reinterpret_cast<Bytef*>(into.data()); // NOLINT: zlib's bytes are unsigned
        stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(into.size(), 1U << 30U));
        const auto wanted = stream_.avail_out;
        while (stream_.avail_out == wanted && !is_over_) {
            if (held() == 0 && !is_at_end_) {
                if (auto filled = fill(); !filled) return fail(filled.error());
            }
            if (held() == 0) {
                if (!is_within_) break;
                return fail(Errc::failed, "the compressed file is cut short: its end is missing");
            }
            stream_.next_in = reinterpret_cast<Bytef*>(buffer_.data() + begin_); // NOLINT: as above
            stream_.avail_in = static_cast<uInt>(held());
            const int code = inflate(&stream_, Z_NO_FLUSH);
            begin_ = end_ - stream_.avail_in;
            const bool has_more = stream_.avail_out != wanted;
            if (code == Z_STREAM_END) {
                // Rolls that were appended to each other.
                is_over_ = inflateReset(&stream_) != Z_OK;
                has_ended_once_ = true;
                is_within_ = false;
            } else if (code == Z_OK || code == Z_BUF_ERROR) {
                is_within_ = true;
            } else if (!is_within_ && has_ended_once_) {
                is_over_ = true; // what lies behind the last of them is none
            } else if (!has_more) {
                // What there was before has been given.
                return fail(Errc::failed, "the compressed file is damaged");
            }
        }
        return static_cast<std::size_t>(wanted - stream_.avail_out);
    }

    ByteSourcePtr bytes_;
    std::vector<char> buffer_ = std::vector<char>(256U << 10U);
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool has_begun_ = false;
    bool is_at_end_ = false;
    bool is_gzip_ = false;
    bool is_over_ = false;
    bool is_within_ = false;      // a member has begun and not ended
    bool has_ended_once_ = false; // a member
    z_stream stream_{};
};

bool is_compressed(int fd) {
    std::array<char, packing_size> magic{};
    const ssize_t got = ::pread(fd, magic.data(), magic.size(), 0);
    const std::string_view head(magic.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return head.starts_with("\x1f\x8b") || packing_of(head) != nullptr;
}

} // namespace

ByteSourcePtr source_of(int fd) { return std::make_unique<FdSource>(fd); }

ByteSourcePtr source_of_text(std::string text) {
    return std::make_unique<TextSource>(std::move(text));
}

ByteSourcePtr decompressed(ByteSourcePtr bytes) {
    return std::make_unique<Decompressed>(std::move(bytes));
}

Result<OpenedFile> open_log(const Path& path, std::uint64_t budget) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!fd) {
        const int number = errno;
        return fail(number == ENOENT ? Errc::not_found : Errc::failed,
                    "reading {}: {}",
                    path.string(),
                    errno_text(number));
    }

    struct stat info {};

    if (::fstat(fd.get(), &info) != 0)
        return fail(Errc::failed, "reading {}: {}", path.string(), errno_text(errno));
    if (S_ISDIR(info.st_mode))
        return fail(Errc::invalid_input,
                    "{} is a folder without logs that are known by name: name the files",
                    path.string());
    if (!S_ISREG(info.st_mode) && !S_ISFIFO(info.st_mode) && !S_ISCHR(info.st_mode))
        return fail(Errc::invalid_input, "{} is no file that can be read", path.string());
    const auto size = static_cast<std::uint64_t>(std::max<off_t>(info.st_size, 0));
    std::uint64_t skipped = 0;
    if (S_ISREG(info.st_mode) && size > budget && !is_compressed(fd.get())) {
        skipped = size - budget;
        if (::lseek(fd.get(), static_cast<off_t>(skipped), SEEK_SET) < 0)
            return fail(Errc::failed, "reading {}: {}", path.string(), errno_text(errno));
    }
    return OpenedFile{decompressed(std::make_unique<FdSource>(std::move(fd))), skipped};
}

bool is_archive(const Path& path) {
    constexpr std::size_t magic_at = 257; // POSIX's header of a member
    constexpr std::string_view magic = "ustar";
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) return false;
    const auto opened = open_log(path, ~std::uint64_t{0});
    if (!opened) return false;
    std::array<char, magic_at + magic.size()> header{};
    std::size_t held = 0;
    while (held < header.size()) {
        const auto got = opened->bytes->read(std::span(header).subspan(held));
        if (!got || *got == 0) return false;
        held += *got;
    }
    return std::string_view(header.data() + magic_at, magic.size()) == magic;
}

} // namespace squall::doctor
