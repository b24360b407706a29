// The archive that is being written: tar and gzip, as it goes. A file is gone with its object
// unless it was finished.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/file.h"

#include <cstdint>
#include <memory>

struct archive;

namespace squall::doctor {

class ArchiveFile {
public:
    // Of mode 0600. Fails with conflict where there is something already.
    [[nodiscard]] static Result<ArchiveFile> create(const Path& path);
    // Into a pipe; borrows the descriptor.
    [[nodiscard]] static Result<ArchiveFile> stream(int fd);
    ArchiveFile(ArchiveFile&&) = default;
    ArchiveFile& operator=(ArchiveFile&&) = delete;
    ~ArchiveFile();

    [[nodiscard]] Result<void>
    add(const std::string& name, std::string_view text, WallTime changed);
    // The whole of a file, from its beginning on; borrows the descriptor.
    [[nodiscard]] Result<void> add_file(const std::string& name, int fd, WallTime changed);
    // Writes what is left, to disk; gives the size.
    [[nodiscard]] Result<std::uint64_t> finish();

private:
    struct Closed {
        void operator()(archive* writer) const;
    };

    ArchiveFile(Path path, Fd fd);
    [[nodiscard]] Result<void> open();
    [[nodiscard]] Result<void> begin(const std::string& name, std::uint64_t size, WallTime changed);
    [[nodiscard]] Result<void> write(std::string_view text);
    [[nodiscard]] tl::unexpected<Error> problem() const;

    Path path_;
    Fd fd_;
    std::unique_ptr<archive, Closed> writer_;
    bool is_stream_ = false;
    bool is_finished_ = false;
};

} // namespace squall::doctor
