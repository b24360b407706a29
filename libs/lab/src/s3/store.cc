#include "s3/store.h"

#include <fstream>

namespace squall::lab::s3 {

StoredBytes::StoredBytes(StoredBytes&& other) noexcept
    : file_(std::exchange(other.file_, {})), size_(std::exchange(other.size_, 0)) {}

StoredBytes& StoredBytes::operator=(StoredBytes&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(size_, other.size_);
    return *this;
}

StoredBytes::~StoredBytes() {
    std::error_code ignored;
    if (!file_.empty()) std::filesystem::remove(file_, ignored);
}

Result<std::string> StoredBytes::read(std::size_t offset, std::size_t count) const {
    std::string bytes(count, '\0');
    std::ifstream in(file_, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(offset));
    in.read(bytes.data(), static_cast<std::streamsize>(count));
    if (!in) return fail(Errc::failed, "reading {} bytes of {} failed", count, file_.string());
    return bytes;
}

Result<StoredBytes> Store::keep(std::string_view bytes) {
    if (auto made = make_directories(folder_, 0700); !made) return fail(made.error());
    Path file = folder_ / std::to_string(++last_file_);
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    StoredBytes kept(std::move(file), bytes.size());
    if (!out)
        return fail(Errc::failed, "writing {} bytes to {} failed", bytes.size(), folder_.string());
    return kept;
}

} // namespace squall::lab::s3
