// Bytes of a log, read forwards, from wherever they come: a file, a pipe, a member of an archive;
// decompressed on the way where they are gzip. Nothing is ever held whole.
#pragma once

#include "squall/base/file.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace squall::doctor {

class ByteSource {
public:
    ByteSource() = default;
    ByteSource(const ByteSource&) = delete;
    ByteSource& operator=(const ByteSource&) = delete;
    virtual ~ByteSource() = default;

    // Some bytes, as they come; 0 at the end. An error is final.
    [[nodiscard]] virtual Result<std::size_t> read(std::span<char> into) = 0;
};

using ByteSourcePtr = std::unique_ptr<ByteSource>;

struct OpenedFile {
    ByteSourcePtr bytes;
    // What lies before the first byte that `bytes` gives, because it was over the budget. Only of
    // files that can be read from anywhere.
    std::uint64_t skipped = 0;
};

// A file, from its last `budget` bytes on. Something compressed, or a pipe, comes whole. Nothing
// but regular files, pipes and character devices is opened.
[[nodiscard]] Result<OpenedFile> open_log(const Path& path, std::uint64_t budget);
// A tar archive, compressed or not? False of what cannot be read, or only once.
[[nodiscard]] bool is_archive(const Path& path);
// Borrows the descriptor.
[[nodiscard]] ByteSourcePtr source_of(int fd);
[[nodiscard]] ByteSourcePtr source_of_text(std::string text);
// Decompresses where the bytes begin as gzip does (several members too), else gives them as they
// are. What ends in the middle gives what there is. What is packed otherwise (zip, xz, bzip2, …) is
// an error that says how to unpack it.
[[nodiscard]] ByteSourcePtr decompressed(ByteSourcePtr bytes);

} // namespace squall::doctor
